//! Processes are killed after exactly n machine instructions of a put, a get, a send or a receive;
//! the others go on, whether they ran meanwhile or begin only then.
//!
//! The ordinary run spreads some kills over each call; `PROCESSION_EVERY_STEP=1` kills after every
//! single instruction, which takes some minutes.
#![expect(unsafe_code, reason = "forks; this program has one thread")]

use std::io::{PipeReader, PipeWriter, Read, Write, pipe as os_pipe};
use std::time::Duration;

use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, alarm, fork};

use procession_reference::connection::RecvError;
use procession_reference::{Queue, pipe};

/// Much longer than any recovery, so that only what would be a hang fails.
const LONG: Duration = Duration::from_secs(20);

/// How many kills of each call and schedule the ordinary run makes.
const SPREAD: u64 = 40;

/// When the survivors run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Survivors {
    /// While the victim is on its way.
    Racing,
    /// Only after its death.
    Afterwards,
}

fn main() {
    // nextest asks which tests there are; this program is one.
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--list") {
        if !arguments.iter().any(|argument| argument == "--ignored") {
            println!("kill_steps: test");
        }
        return;
    }
    let every = std::env::var_os("PROCESSION_EVERY_STEP").is_some();
    // Whatever hangs, ends by this signal and so fails.
    alarm::set(if every { 7200 } else { 300 });
    let mut kills = 0;
    for survivors in [Survivors::Afterwards, Survivors::Racing] {
        kills += steps("put", survivors, every, |n| put_killed(n, 0, survivors));
        kills += steps("bounded put", survivors, every, |n| put_killed(n, 2, survivors));
        kills += steps("get", survivors, every, |n| get_killed(n, 0, survivors));
        kills += steps("bounded get", survivors, every, |n| get_killed(n, 4, survivors));
        kills += steps("pipe send", survivors, every, |n| send_killed(n, survivors));
        kills += steps("pipe receive", survivors, every, |n| receive_killed(n, survivors));
    }
    assert!(kills >= 6 * SPREAD, "only {kills} processes were killed");
    println!("test kill_steps ... ok ({kills} processes killed)");
}

/// Learns how long the call is, then kills at places spread over it.
fn steps(what: &str, survivors: Survivors, every: bool, killed_after: impl Fn(u64) -> Stepped) -> u64 {
    // Not from the first one, which may still have functions to look up.
    killed_after(u64::MAX);
    let whole = killed_after(u64::MAX);
    assert!(!whole.killed, "nothing was to be killed");
    let count = if every { whole.steps } else { SPREAD.min(whole.steps) };
    // A survivor in the way makes the call longer or shorter, so that some come too late.
    let kills = (0..count).filter(|nth| killed_after(nth * whole.steps / count).killed).count() as u64;
    println!("{what}, survivors {survivors:?}: {kills} kills in {} instructions", whole.steps);
    kills
}

/// How far a victim came.
struct Stepped {
    killed: bool,
    steps: u64,
}

fn child(body: impl FnOnce()) -> Pid {
    // SAFETY: this program has one thread, so the child may do whatever it likes.
    match unsafe { fork() }.expect("fork") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            alarm::set(200);
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).is_ok();
            // SAFETY: ends the child without its parent's destructors and buffers.
            unsafe { libc::_exit(if done { 0 } else { 1 }) }
        }
    }
}

/// A process that will be stepped through what follows its [`stop`].
fn victim(body: impl FnOnce()) -> Pid {
    let victim = child(|| {
        ptrace::traceme().unwrap();
        body();
    });
    let stopped = waitpid(victim, None).unwrap();
    assert_eq!(stopped, WaitStatus::Stopped(victim, Signal::SIGSTOP));
    victim
}

fn stop() {
    raise(Signal::SIGSTOP).unwrap();
}

/// Lets a victim execute at most so many instructions, and then kills it.
fn step(victim: Pid, most: u64) -> Stepped {
    for steps in 0..most {
        ptrace::step(victim, None).unwrap();
        match waitpid(victim, None).unwrap() {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => {}
            WaitStatus::Exited(_, 0) => return Stepped { killed: false, steps },
            other => panic!("the victim did not do well: {other:?}"),
        }
    }
    kill(victim, Signal::SIGKILL).unwrap();
    assert!(matches!(waitpid(victim, None).unwrap(), WaitStatus::Signaled(_, Signal::SIGKILL, _)));
    Stepped { killed: true, steps: most }
}

/// A process that waits for [`Survivor::release`] and then tells with one byte each what it got.
struct Survivor {
    pid: Pid,
    go: PipeWriter,
    told: PipeReader,
}

impl Survivor {
    fn new(body: impl FnOnce(&mut PipeWriter)) -> Survivor {
        let (mut wait, go) = os_pipe().unwrap();
        let (told, mut tell) = os_pipe().unwrap();
        let pid = child(|| {
            wait.read_exact(&mut [0]).unwrap();
            body(&mut tell);
        });
        Survivor { pid, go, told }
    }

    fn release(&mut self) {
        self.go.write_all(&[0]).unwrap();
    }

    /// Waits until it has ended well.
    fn finish(mut self) -> Vec<u8> {
        assert_eq!(waitpid(self.pid, None).unwrap(), WaitStatus::Exited(self.pid, 0), "a survivor");
        let mut told = Vec::new();
        self.told.read_to_end(&mut told).unwrap();
        told
    }
}

/// Steps the victim and releases the survivor, in the order of the schedule.
fn play(victim: Pid, n: u64, survivor: &mut Survivor, schedule: Survivors) -> Stepped {
    if schedule == Survivors::Racing {
        survivor.release();
    }
    let stepped = step(victim, n);
    if schedule == Survivors::Afterwards {
        survivor.release();
    }
    stepped
}

/// A message that shows if it was torn: equal bytes.
fn message(which: u8) -> Vec<u8> {
    vec![which; 20]
}

fn check(message: &[u8]) -> u8 {
    assert_eq!(message, vec![message[0]; 20], "torn");
    message[0]
}

const VICTIMS: u8 = 100;

fn put_killed(n: u64, maxsize: i64, schedule: Survivors) -> Stepped {
    let queue = Queue::<Vec<u8>>::bounded(maxsize).unwrap();
    let mut survivor = Survivor::new(|_| (0..3).for_each(|which| queue.put(&message(which)).unwrap()));
    // A victim that finds the queue full waits for somebody who takes.
    let mut taking = Survivor::new(|tell| {
        for _ in 0..2 {
            tell.write_all(&[check(&queue.get_timeout(LONG).unwrap())]).unwrap();
        }
    });
    let victim = victim(|| {
        queue.enlist().unwrap();
        let value = message(VICTIMS);
        stop();
        queue.put(&value).unwrap();
    });
    if schedule == Survivors::Racing {
        taking.release();
    }
    let stepped = play(victim, n, &mut survivor, schedule);
    if schedule == Survivors::Afterwards {
        taking.release();
    }
    put_survived(&queue, maxsize, &stepped, taking.finish(), survivor);
    stepped
}

fn put_survived(
    queue: &Queue<Vec<u8>>,
    maxsize: i64,
    stepped: &Stepped,
    mut got: Vec<u8>,
    survivor: Survivor,
) {
    let took = |got: &Vec<u8>| got.iter().filter(|which| **which != VICTIMS).count();
    while took(&got) < 3 {
        got.push(check(&queue.get_timeout(LONG).expect("the survivor's items never came")));
    }
    survivor.finish();
    while let Ok(message) = queue.try_get() {
        got.push(check(&message));
    }
    let from_victim = got.iter().filter(|which| **which == VICTIMS).count();
    assert!(from_victim <= 1 && (stepped.killed || from_victim == 1), "{got:?}");
    got.retain(|which| *which != VICTIMS);
    assert_eq!(got, [0, 1, 2]);
    // The bound is not worn down: as many fit as before.
    (0..maxsize).for_each(|_| queue.try_put(&message(0)).unwrap());
    assert_eq!(queue.is_full(), Ok(maxsize > 0));
}

fn get_killed(n: u64, maxsize: i64, schedule: Survivors) -> Stepped {
    let queue = Queue::<Vec<u8>>::bounded(maxsize).unwrap();
    (0..4).for_each(|which| queue.put(&message(which)).unwrap());
    let mut survivor = Survivor::new(|tell| {
        for _ in 0..2 {
            tell.write_all(&[check(&queue.get_timeout(LONG).unwrap())]).unwrap();
        }
    });
    let (mut told, mut tell) = os_pipe().unwrap();
    let victim = victim(|| {
        queue.enlist().unwrap();
        stop();
        let which = check(&queue.get().unwrap());
        tell.write_all(&[which]).unwrap();
    });
    drop(tell);
    let stepped = play(victim, n, &mut survivor, schedule);
    let mut got = survivor.finish();
    told.read_to_end(&mut got).unwrap();
    while let Ok(message) = queue.try_get() {
        got.push(check(&message));
    }
    got.sort();
    all_but_one(&got, stepped.killed);
    (0..maxsize).for_each(|_| queue.try_put(&message(0)).unwrap());
    stepped
}

/// Each of four once, but for one at most that a victim took with it.
fn all_but_one(got: &[u8], killed: bool) {
    let lost = (0..4).filter(|which| !got.contains(which)).count();
    assert!(got.len() + lost == 4 && lost <= usize::from(killed), "got {got:?}, killed: {killed}");
}

fn send_killed(n: u64, schedule: Survivors) -> Stepped {
    let (reader, writer) = pipe(false).unwrap();
    let mut survivor =
        Survivor::new(|_| (0..3).for_each(|which| writer.send_bytes(&message(which)).unwrap()));
    let victim = victim(|| {
        writer.register().unwrap();
        let bytes = message(VICTIMS);
        stop();
        writer.send_bytes(&bytes).unwrap();
    });
    let stepped = play(victim, n, &mut survivor, schedule);
    survivor.finish();
    drop(writer);
    let mut got = Vec::new();
    loop {
        match reader.recv_bytes() {
            Ok(bytes) => got.push(check(&bytes)),
            Err(RecvError::Eof) => break,
            Err(error) => panic!("{error}"),
        }
    }
    let from_victim = got.iter().filter(|which| **which == VICTIMS).count();
    assert!(from_victim <= 1 && (stepped.killed || from_victim == 1), "{got:?}");
    got.retain(|which| *which != VICTIMS);
    assert_eq!(got, [0, 1, 2]);
    stepped
}

fn receive_killed(n: u64, schedule: Survivors) -> Stepped {
    let (reader, writer) = pipe(false).unwrap();
    (0..4).for_each(|which| writer.send_bytes(&message(which)).unwrap());
    let mut survivor = Survivor::new(|tell| {
        for _ in 0..2 {
            tell.write_all(&[check(&reader.recv_bytes().unwrap())]).unwrap();
        }
    });
    let (mut told, mut tell) = os_pipe().unwrap();
    let victim = victim(|| {
        reader.register().unwrap();
        stop();
        let which = check(&reader.recv_bytes().unwrap());
        tell.write_all(&[which]).unwrap();
    });
    drop(tell);
    let stepped = play(victim, n, &mut survivor, schedule);
    let mut got = survivor.finish();
    told.read_to_end(&mut got).unwrap();
    drop(writer);
    while let Ok(bytes) = reader.recv_bytes() {
        got.push(check(&bytes));
    }
    got.sort();
    all_but_one(&got, stepped.killed);
    stepped
}
