//! What it costs two processes to meet: at a barrier, and by a condition, beside a bare futex.
//!
//! `cargo run --release -p procession-reference --example meeting_cost`; each line is the median of seven
//! turns, which alternate.
#![expect(unsafe_code, reason = "calls the bare futex")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use procession_reference::context::{Context, Method};
use procession_reference::{Barrier, Condition, Semaphore};

const TURNS: usize = 7;
const ROUNDS: u32 = 5_000;

fn main() {
    type Subject = (&'static str, fn() -> f64);
    let subjects: [Subject; 4] = [
        ("futex, there and back", futex),
        ("condition, there and back", condition),
        ("condition, nobody waits: acquire, notify, release", nobody_waits),
        ("barrier of two", barrier),
    ];
    let mut measured = vec![Vec::new(); subjects.len()];
    for _ in 0..TURNS {
        for (all, (_, measure)) in measured.iter_mut().zip(subjects) {
            all.push(measure());
        }
    }
    for (mut all, (name, _)) in measured.into_iter().zip(subjects) {
        all.sort_by(f64::total_cmp);
        println!("{name:<52} {:>9.0} ns ({:.0} to {:.0})", all[TURNS / 2], all[0], all[TURNS - 1]);
    }
}

fn per_round(began: Instant) -> f64 {
    began.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
}

fn futex() -> f64 {
    static WORD: AtomicU32 = AtomicU32::new(0);
    fn until(turn: u32) {
        loop {
            let seen = WORD.load(Ordering::Acquire);
            if seen == turn {
                return;
            }
            let forever = std::ptr::null::<libc::timespec>();
            // SAFETY: the word is a static, and there is no time limit.
            unsafe { libc::syscall(libc::SYS_futex, WORD.as_ptr(), libc::FUTEX_WAIT, seen, forever) };
        }
    }
    fn pass(turn: u32) {
        WORD.store(turn, Ordering::Release);
        // SAFETY: waking reads nothing but the address.
        unsafe { libc::syscall(libc::SYS_futex, WORD.as_ptr(), libc::FUTEX_WAKE, 1) };
    }
    WORD.store(0, Ordering::Release);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..ROUNDS {
                until(round * 2 + 1);
                pass(round * 2 + 2);
            }
        });
        let began = Instant::now();
        for round in 0..ROUNDS {
            pass(round * 2 + 1);
            until(round * 2 + 2);
        }
        per_round(began)
    })
}

fn condition() -> f64 {
    /// Notified by us, and notifying us, in turns: whoever has the lock has his turn.
    fn take_turns(condition: &Condition) {
        for _ in 0..ROUNDS {
            condition.notify(1).unwrap();
            condition.wait().unwrap();
        }
        condition.notify(1).unwrap();
    }
    fn body((condition, here): (Condition, Semaphore)) {
        let _guard = condition.lock().unwrap();
        here.release().unwrap();
        condition.wait().unwrap();
        take_turns(&condition);
    }
    let (condition, here) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
    let child = Context::from(Method::Spawn).process(body, (condition.clone(), here.clone()));
    child.start().unwrap();
    here.acquire().unwrap();
    let guard = condition.lock().unwrap();
    let began = Instant::now();
    take_turns(&condition);
    let measured = per_round(began);
    drop(guard);
    child.join().unwrap();
    measured
}

fn nobody_waits() -> f64 {
    let condition = Condition::new().unwrap();
    let began = Instant::now();
    for _ in 0..ROUNDS {
        condition.acquire().unwrap();
        condition.notify(1).unwrap();
        condition.release().unwrap();
    }
    per_round(began)
}

fn barrier() -> f64 {
    fn body(barrier: Barrier) {
        (0..=ROUNDS).for_each(|_| assert!(barrier.wait().is_ok()));
    }
    let barrier = Barrier::new(2).unwrap();
    let child = Context::from(Method::Spawn).process(body, barrier.clone());
    child.start().unwrap();
    barrier.wait().unwrap();
    let began = Instant::now();
    (0..ROUNDS).for_each(|_| assert!(barrier.wait().is_ok()));
    let measured = per_round(began);
    child.join().unwrap();
    measured
}
