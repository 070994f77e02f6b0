//! Processes are killed before each shared operation of a lock, a semaphore or an event, and at random
//! moments; the others go on, and no permit is lost or doubled.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, alarm};

mod killing;

use killing::{child, each_operation, told, was_killed};
use procession_reference::fault::die_before;
use procession_reference::{Acquired, BoundedSemaphore, Event, Holder, Lock, RLock, Semaphore};

/// Much longer than any recovery, so that only what would be a hang fails.
const LONG: Duration = Duration::from_secs(20);

fn main() {
    if killing::is_asked_for("kill_sync") {
        return;
    }
    // Whatever hangs, ends by this signal and so fails.
    alarm::set(300);
    let mut kills = 0;
    kills += told("lock", each_operation(lock_killed));
    kills += told("lock, at once", each_operation(lock_at_once_killed));
    kills += told("re-entrant lock", each_operation(rlock_killed));
    for permits in [1, 2] {
        kills += told("semaphore", each_operation(|n| semaphore_killed(n, permits)));
    }
    kills += told("semaphore, its heir", each_operation(heir_of_permits_killed));
    kills += told("semaphore, handed over", each_operation(giver_killed));
    kills += told("bounded semaphore, released by two", each_operation(bounded_release_killed));
    kills += told("event, set", each_operation(setter_killed));
    kills += told("event, waited for", each_operation(waiter_killed));
    kills += told("all of them, at random", (0..100).filter(|round| random_kill(*round)).count());
    assert!(kills > 150, "only {kills} processes were killed: the fault points are off");
    println!("test kill_sync ... ok ({kills} processes killed)");
}

/// The victim's death, and the survivor's good end.
fn both(victim: Pid, survivor: Pid) -> bool {
    assert!(!was_killed(survivor), "the survivor was killed");
    was_killed(victim)
}

fn lock_killed(n: u64) -> bool {
    let lock = Lock::new().unwrap();
    let rounds = || (0..3).filter(|_| pass(&lock)).count();
    let victim = child(|| {
        die_before(n);
        rounds();
    });
    let survivor = child(|| assert!(rounds() <= 1, "told twice of one death"));
    let killed = both(victim, survivor);
    assert!(!pass(&lock) || killed, "told of a death that was none");
    assert_eq!(lock.holder(), Holder::Nobody);
    killed
}

/// Acquires and releases; whether the holder before had died.
fn pass(lock: &Lock) -> bool {
    let acquired = lock.acquire_timeout(LONG).expect("a hang");
    lock.release().unwrap();
    acquired.owner_died()
}

fn lock_at_once_killed(n: u64) -> bool {
    let lock = Lock::new().unwrap();
    let victim = child(|| {
        die_before(n);
        while lock.try_acquire().is_err() {}
        lock.release().unwrap();
    });
    let survivor = child(|| {
        while lock.try_acquire().is_err() {}
        lock.release().unwrap();
    });
    let killed = both(victim, survivor);
    assert!(lock.try_acquire().is_ok(), "the dead hold it");
    killed
}

fn rlock_killed(n: u64) -> bool {
    let lock = RLock::new().unwrap();
    let deep = || {
        for _ in 0..2 {
            let outer = lock.lock_timeout(LONG).expect("a hang");
            assert_eq!(lock.depth(), 1, "what the dead left counts");
            assert_eq!(lock.try_acquire().unwrap(), Acquired::Clean);
            lock.release().unwrap();
            drop(outer);
        }
    };
    let victim = child(|| {
        die_before(n);
        deep();
    });
    let survivor = child(deep);
    let killed = both(victim, survivor);
    deep();
    assert_eq!((lock.holder(), lock.depth()), (Holder::Nobody, 0));
    killed
}

fn semaphore_killed(n: u64, permits: u32) -> bool {
    let semaphore = Semaphore::new(permits).unwrap();
    let rounds = || {
        for _ in 0..2 {
            let _ = semaphore.acquire_timeout(LONG).expect("a hang");
            semaphore.release().unwrap();
        }
    };
    let victim = child(|| {
        die_before(n);
        rounds();
    });
    let survivor = child(rounds);
    let killed = both(victim, survivor);
    holds_exactly(&semaphore, permits);
    killed
}

/// So many permits can be taken, and no more.
#[track_caller]
fn holds_exactly(semaphore: &Semaphore, permits: u32) {
    for taken in 0..permits {
        assert!(semaphore.try_acquire().is_ok(), "{taken} of {permits} permits are left");
    }
    assert!(semaphore.try_acquire().is_err(), "more than {permits} permits are left");
    semaphore.release_many(permits).unwrap();
}

/// The first victim dies with all permits; the second one while it takes them back.
fn heir_of_permits_killed(n: u64) -> bool {
    let semaphore = Semaphore::new(2).unwrap();
    let first = child(|| {
        let _ = semaphore.acquire().unwrap();
        let _ = semaphore.acquire().unwrap();
        kill(Pid::this(), Signal::SIGKILL).unwrap();
    });
    assert!(was_killed(first));
    let heir = child(|| {
        die_before(n);
        let _ = semaphore.acquire_timeout(LONG).expect("a hang");
        semaphore.release().unwrap();
    });
    let killed = was_killed(heir);
    holds_exactly(&semaphore, 2);
    killed
}

fn giver_killed(n: u64) -> bool {
    let semaphore = Semaphore::new(0).unwrap();
    let giver = child(|| {
        die_before(n);
        semaphore.release().unwrap();
        semaphore.release().unwrap();
    });
    let killed = was_killed(giver);
    let left = semaphore.permits();
    assert!(left <= 2 && (killed || left == 2), "{left} permits");
    let taker = child(|| {
        for _ in 0..left {
            assert!(!semaphore.try_acquire().unwrap().owner_died(), "a permit that nobody ever had");
        }
    });
    assert!(!was_killed(taker));
    // One may have been written down and not entered yet when it was counted.
    let more = std::iter::from_fn(|| semaphore.try_acquire().ok()).count();
    assert!(more <= usize::from(killed && left < 2), "{more} permits that nobody released");
    killed
}

fn bounded_release_killed(n: u64) -> bool {
    let semaphore = BoundedSemaphore::new(1).unwrap();
    let _ = semaphore.acquire().unwrap();
    let release = || drop(semaphore.release());
    let victim = child(|| {
        die_before(n);
        release();
    });
    let survivor = child(release);
    let killed = both(victim, survivor);
    assert!(semaphore.release().is_err(), "it has been released");
    assert!(semaphore.try_acquire().is_ok());
    assert!(semaphore.try_acquire().is_err(), "released twice");
    killed
}

fn setter_killed(n: u64) -> bool {
    let event = Event::new().unwrap();
    let setter = child(|| {
        die_before(n);
        event.set();
        event.clear();
        event.set();
    });
    let waiter = child(|| assert!(event.wait_timeout(LONG), "a hang"));
    let killed = was_killed(setter);
    assert!(killed || event.is_set());
    event.set();
    assert!(!was_killed(waiter));
    killed
}

fn waiter_killed(n: u64) -> bool {
    let event = Event::new().unwrap();
    let victim = child(|| {
        die_before(n);
        event.wait_timeout(Duration::from_millis(1));
        event.wait_timeout(Duration::from_millis(1));
    });
    let survivor = child(|| assert!(event.wait_timeout(LONG), "a hang"));
    let killed = was_killed(victim);
    event.set();
    assert!(!was_killed(survivor));
    event.clear();
    assert!(!event.is_set());
    killed
}

/// Whether the victim was killed in the middle of its work.
fn random_kill(round: u32) -> bool {
    let (lock, rlock, semaphore) =
        (Lock::new().unwrap(), RLock::new().unwrap(), Semaphore::new(1 + round % 2).unwrap());
    let work = |rounds: u32| {
        for _ in 0..rounds {
            pass(&lock);
            drop(rlock.lock_timeout(LONG).expect("a hang"));
            let _ = semaphore.acquire_timeout(LONG).expect("a hang");
            semaphore.release().unwrap();
        }
    };
    let victim = child(|| work(u32::MAX));
    // The kill falls anywhere in the exchange.
    work(round % 23 + 1);
    kill(victim, Signal::SIGKILL).unwrap();
    work(20);
    let killed = was_killed(victim);
    work(1);
    holds_exactly(&semaphore, 1 + round % 2);
    assert_eq!((lock.holder(), rlock.holder()), (Holder::Nobody, Holder::Nobody));
    killed
}
