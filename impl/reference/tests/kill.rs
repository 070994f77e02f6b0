//! Processes are killed before each shared operation of a put or a get, and at random moments;
//! the others go on, and nothing is lost, doubled or torn.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::alarm;

mod killing;

use killing::{child, each_operation, told, was_killed};
use procession_reference::fault::die_before;
use procession_reference::{GetError, JoinError, JoinableQueue, Queue, QueueOptions};

/// Much longer than any recovery, so that only what would be a hang fails.
const LONG: Duration = Duration::from_secs(20);

fn main() {
    if killing::is_asked_for("kill") {
        return;
    }
    // Whatever hangs, ends by this signal and so fails.
    alarm::set(300);
    let mut kills = 0;
    for maxsize in [0, 2] {
        kills += told("put, by operation", each_operation(|n| put_killed(n, maxsize)));
        kills += told("get, by operation", each_operation(|n| get_killed(n, maxsize)));
    }
    kills += told("growth, by operation", each_operation(growth_killed));
    kills += told("task_done, by operation", each_operation(worker_killed));
    kills += told("the last producer, by operation", each_operation(last_producer_killed));
    let rounds: Vec<_> = (0..100).map(random_kill).collect();
    kills += told("both sides, at random", rounds.iter().filter(|round| round.0).count());
    let lost: usize = rounds.iter().map(|round| round.1).sum();
    println!("both sides, at random: {lost} items went with killed consumers, at most one with each");
    assert!(kills > 200, "only {kills} processes were killed: the fault points are off");
    println!("test kill ... ok ({kills} processes killed)");
}

/// An item that shows if it was torn: who, which, and as many equal bytes as it says.
type Item = (u32, u32, Vec<u8>);

fn item(who: u32, which: u32, len: usize) -> Item {
    (who, which, vec![(who * 7 + which) as u8; len])
}

fn check(received: &Item) -> (u32, u32) {
    let (who, which, bytes) = received;
    assert_eq!(*bytes, vec![(who * 7 + which) as u8; bytes.len()], "torn");
    (*who, *which)
}

/// Numbers from 0 on, in order.
fn is_prefix(numbers: &[u32]) -> bool {
    numbers.iter().copied().eq(0..numbers.len() as u32)
}

const EACH: u32 = 4;

fn put_killed(n: u64, maxsize: i64) -> bool {
    let queue = Queue::<Item>::bounded(maxsize).unwrap();
    let victim = child(|| {
        die_before(n);
        (0..EACH).for_each(|which| queue.put(&item(1, which, 20)).unwrap());
    });
    let survivor = child(|| (0..EACH).for_each(|which| queue.put(&item(2, which, 20)).unwrap()));
    let mut got: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut take = |timeout| match queue.get_timeout(timeout) {
        Ok(received) => {
            let (who, which) = check(&received);
            got.entry(who).or_default().push(which);
            Some(who)
        }
        Err(GetError::Empty) => None,
        Err(error) => panic!("{error}"),
    };
    let mut from_survivor = 0;
    while from_survivor < EACH {
        let who = take(LONG).expect("the survivor's items never came");
        from_survivor += u32::from(who == 2);
    }
    // The victim may still be waiting for room.
    let mut killed = None;
    while killed.is_none() || take(Duration::ZERO).is_some() {
        while take(Duration::ZERO).is_some() {}
        if killed.is_none() && (maxsize == 0 || queue.is_empty().unwrap()) {
            let status = waitpid(victim, Some(WaitPidFlag::WNOHANG)).unwrap();
            killed = match status {
                WaitStatus::StillAlive => None,
                WaitStatus::Signaled(..) => Some(true),
                other => Some(!matches!(other, WaitStatus::Exited(_, 0))),
            };
        }
    }
    assert!(!was_killed(survivor));
    assert_eq!(got[&2], (0..EACH).collect::<Vec<_>>());
    let from_victim = got.get(&1).cloned().unwrap_or_default();
    assert!(is_prefix(&from_victim), "{from_victim:?}");
    let killed = killed.unwrap();
    assert!(killed || from_victim.len() == EACH as usize);
    assert_eq!(queue.len(), Ok(0));
    // The bound is not worn down: as many fit as before.
    if maxsize > 0 {
        (0..maxsize).for_each(|which| queue.try_put(&item(3, which as u32, 1)).unwrap());
        assert_eq!(queue.is_full(), Ok(true));
    }
    killed
}

fn get_killed(n: u64, maxsize: i64) -> bool {
    let queue = Queue::<Item>::bounded(maxsize).unwrap();
    let acknowledged = Queue::<u32>::new().unwrap();
    let victim = child(|| {
        die_before(n);
        for _ in 0..3 {
            let (_, which) = check(&queue.get().unwrap());
            // The acknowledgements are not under test.
            die_before_never(|| acknowledged.put(&which).unwrap());
        }
    });
    let producer = child(|| (0..6).for_each(|which| queue.put(&item(1, which, 20)).unwrap()));
    let mut mine = Vec::new();
    // The survivor leaves the victim its share, unless the victim is dead.
    let killed = loop {
        match waitpid(victim, Some(WaitPidFlag::WNOHANG)).unwrap() {
            WaitStatus::StillAlive => {}
            WaitStatus::Signaled(..) => break true,
            WaitStatus::Exited(_, 0) => break false,
            other => panic!("{other:?}"),
        }
        std::thread::yield_now();
    };
    let mut theirs = Vec::new();
    while let Ok(which) = acknowledged.try_get() {
        theirs.push(which);
    }
    // At most one item went with the victim: the last one is always ours then.
    loop {
        let received = queue.get_timeout(LONG).expect("an item is missing");
        mine.push(check(&received).1);
        if mine.last() == Some(&5) {
            break;
        }
    }
    assert!(!was_killed(producer));
    assert!(matches!(queue.try_get(), Err(GetError::Empty)));
    assert!(is_prefix(&theirs), "{theirs:?}");
    assert!(mine.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{mine:?}");
    let lost = mine[0] - theirs.len() as u32;
    assert!(lost <= u32::from(killed), "lost {lost}");
    killed
}

/// Runs without fault points, which go on counting afterwards.
fn die_before_never(work: impl FnOnce()) {
    procession_reference::fault::paused(work);
}

fn growth_killed(n: u64) -> bool {
    let queue = Queue::<Item>::new().unwrap();
    queue.put(&item(1, 0, 50_000)).unwrap();
    let victim = child(|| {
        queue.put(&item(1, 1, 10_000)).unwrap();
        die_before(n);
        queue.put(&item(1, 2, 400_000)).unwrap();
    });
    let killed = was_killed(victim);
    queue.put(&item(2, 0, 100_000)).unwrap();
    let mut got = Vec::new();
    loop {
        let (who, which) = check(&queue.try_get().unwrap());
        if who == 2 {
            break;
        }
        got.push(which);
    }
    assert!(is_prefix(&got) && got.len() >= if killed { 2 } else { 3 }, "{got:?}");
    killed
}

fn worker_killed(n: u64) -> bool {
    let queue = JoinableQueue::<u32>::new().unwrap();
    queue.put_many(&[0, 1]).unwrap();
    let victim = child(|| {
        die_before(n);
        for _ in 0..2 {
            queue.get().unwrap();
            queue.task_done().unwrap();
        }
    });
    let killed = was_killed(victim);
    while queue.try_get().is_ok() {
        queue.task_done().unwrap();
    }
    match queue.join_timeout(LONG) {
        Ok(()) => assert_eq!(queue.unfinished(), Ok(0)),
        Err(JoinError::WorkerDied(1)) if killed => {
            queue.task_done().unwrap();
            queue.join().unwrap();
        }
        other => panic!("killed before {n}: {other:?}, {:?} unfinished", queue.unfinished()),
    }
    killed
}

fn last_producer_killed(n: u64) -> bool {
    let queue = Queue::<u32>::with_options(QueueOptions { tells_end: true, ..Default::default() }).unwrap();
    let victim = child(|| {
        queue.announce_producer().unwrap();
        die_before(n);
        (0..3).for_each(|which| queue.put(&which).unwrap());
    });
    let mut got = Vec::new();
    let end = loop {
        match queue.get() {
            Ok(which) => got.push(which),
            Err(error) => break error,
        }
    };
    assert!(matches!(end, GetError::ProducersGone), "{end:?}");
    assert!(is_prefix(&got));
    was_killed(victim)
}

/// Whether anybody was killed, and how many items a killed consumer took with it.
fn random_kill(round: u32) -> (bool, usize) {
    let queue = Queue::<Item>::bounded(if round.is_multiple_of(2) { 0 } else { 5 }).unwrap();
    // Sizes that wrap and grow the ring, different in each round.
    let len = |which: u32| (which.wrapping_mul(7919).wrapping_add(round * 104_729) % 5_000) as usize;
    let producer = |who| {
        let queue = &queue;
        child(move || (0..200).for_each(|which| queue.put(&item(who, which, len(which))).unwrap()))
    };
    // What the consumer has taken it tells through a pipe of the system, which no death disturbs.
    let (mut told, mut tell) = std::io::pipe().unwrap();
    let consumer = child(|| {
        loop {
            let (who, which) = check(&queue.get().unwrap());
            tell.write_all(&[who as u8, which as u8]).unwrap();
        }
    });
    drop(tell);
    let victims = [producer(1), consumer];
    let survivor = producer(2);
    let mut last: HashMap<u32, u32> = HashMap::new();
    let mut all: HashSet<(u32, u32)> = HashSet::new();
    let mut take = |timeout| match queue.get_timeout(timeout) {
        Ok(received) => {
            let (who, which) = check(&received);
            let before = last.insert(who, which);
            all.insert((who, which));
            assert!(before.is_none_or(|before| before < which), "{who}'s {which} came after {before:?}");
            true
        }
        Err(GetError::Empty) => false,
        Err(error) => panic!("{error}"),
    };
    // Some items first, so that the kill falls anywhere in the exchange.
    for _ in 0..round % 17 {
        take(Duration::from_millis(1));
    }
    victims.iter().for_each(|victim| kill(*victim, Signal::SIGKILL).unwrap());
    let killed = victims.into_iter().filter(|victim| was_killed(*victim)).count() > 0;
    // The survivor finishes, though the others have died anywhere in their calls.
    loop {
        while take(Duration::from_millis(1)) {}
        match waitpid(survivor, Some(WaitPidFlag::WNOHANG)).unwrap() {
            WaitStatus::StillAlive => {}
            WaitStatus::Exited(_, 0) => break,
            other => panic!("the survivor did not do well: {other:?}"),
        }
    }
    while take(Duration::ZERO) {}
    assert_eq!(queue.len(), Ok(0));
    let mut pairs = Vec::new();
    told.read_to_end(&mut pairs).unwrap();
    for pair in pairs.chunks_exact(2) {
        assert!(all.insert((pair[0].into(), pair[1].into())), "received twice: {pair:?}");
    }
    // All of the survivor's, and the killed producer's up to some number: but for the one item that
    // the killed consumer may have taken with it.
    let sent = |who| all.iter().filter(|item| item.0 == who).map(|item| item.1 + 1).max().unwrap_or(0);
    let expected = 200 + sent(1) as usize;
    let lost = expected - all.len();
    assert!(lost <= 1, "{lost} items lost");
    (killed, lost)
}
