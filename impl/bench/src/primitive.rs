//! Primitives: what one turn costs alone and between two processes, how long a death is waited out,
//! and what a waiter costs while it waits.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::pause;

use crate::crew::{self, Crew};
use crate::link::complaint;
use crate::round_trip::Sleeper;
use crate::run::{Run, Trouble};
use crate::stage::{Stage, futex_wait, futex_wake};

/// A primitive that is entered and left in turns: a lock taken and released, an event set and cleared.
/// Opened before the roles are forked, so that all inherit it.
pub trait Primitive {
    /// The first half of a turn.
    fn enter(&self) -> Result<(), String>;

    /// The second half.
    fn leave(&self) -> Result<(), String>;
}

/// So many turns lie between two looks at the clock.
const BATCH: u64 = 256;

/// Nanoseconds for one turn of one process that has the primitive for itself.
pub fn alone(run: &Run, primitive: &impl Primitive) -> Result<f64, Trouble> {
    contend(run, 1, |_, _| {
        primitive.enter()?;
        primitive.leave()
    })
}

/// Nanoseconds for one turn where so many processes take turns all the time, each with a step between
/// the halves that only one may be in: a counter that nobody else protects.
pub fn contended(run: &Run, primitive: &impl Primitive, roles: usize) -> Result<f64, Trouble> {
    contend(run, roles, |stage, _| {
        primitive.enter()?;
        let counter = &stage.baton[1].0;
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        primitive.leave()
    })
}

fn contend(
    run: &Run,
    roles: usize,
    turn: impl Fn(&Stage, usize) -> Result<(), String>,
) -> Result<f64, Trouble> {
    let stage = Stage::new()?;
    let mut crew = Crew::new()?;
    for role in 0..roles {
        crew.fork(&stage, || {
            (0..BATCH).filter(|_| roles == 1).try_for_each(|_| turn(&stage, role))?;
            if !stage.line_up(role) {
                return Ok(());
            }
            let (began, mut turns) = (Instant::now(), 0u64);
            while began.elapsed() < run.length && !stage.is_stopped() {
                (0..BATCH).try_for_each(|_| turn(&stage, role))?;
                turns += BATCH;
            }
            let took = began.elapsed().as_nanos() as u64;
            stage.lanes[role].value.store(took, Ordering::Release);
            stage.lanes[role].count.store(turns, Ordering::Release);
            Ok(())
        })?;
    }
    conclude(run, &stage, crew, roles)?;
    let lanes = &stage.lanes[..roles];
    let turns: u64 = lanes.iter().map(|lane| lane.count.load(Ordering::Acquire)).sum();
    let took: u64 = lanes.iter().map(|lane| lane.value.load(Ordering::Acquire)).max().unwrap_or(0);
    let counted = stage.baton[1].0.load(Ordering::Acquire);
    if roles > 1 && counted != turns as u32 {
        return Err(Trouble::Failed(format!("{turns} turns counted as {counted}: two were inside at once")));
    }
    Ok(took as f64 / turns as f64)
}

/// Nanoseconds for one round of a barrier between two processes.
pub fn rounds(run: &Run, barrier: &impl Primitive) -> Result<f64, Trouble> {
    const ROUNDS: u64 = 64;
    let stage = Stage::new()?;
    let mut crew = Crew::new()?;
    let over = &stage.baton[0].0;
    for role in 0..2 {
        crew.fork(&stage, || {
            if !stage.line_up(role) {
                return Ok(());
            }
            let (began, mut rounds) = (Instant::now(), 0u64);
            while over.load(Ordering::Acquire) == 0 {
                (0..ROUNDS).try_for_each(|_| barrier.enter())?;
                rounds += ROUNDS + 1;
                if role == 0 && (began.elapsed() >= run.length || stage.is_stopped()) {
                    over.store(1, Ordering::Release);
                }
                // Both are told the same, since the barrier lies between the telling and the asking.
                barrier.enter()?;
            }
            let nanoseconds = began.elapsed().as_nanos() as f64 / rounds as f64;
            stage.lanes[role].value.store(nanoseconds.to_bits(), Ordering::Release);
            Ok(())
        })?;
    }
    conclude(run, &stage, crew, 2)?;
    Ok(f64::from_bits(stage.lanes[0].value.load(Ordering::Acquire)))
}

/// How long the next process waits for a lock whose holder is killed, from the kill to its return:
/// of the kills that fit into ten windows the 99th percentile, in nanoseconds.
pub fn death(run: &Run, lock: &impl Primitive) -> Result<f64, Trouble> {
    const KILLER: usize = 0;
    const HEIR: usize = 1;
    let stage = Stage::new()?;
    let mut crew = Crew::new()?;
    let [held, served] = [&stage.baton[0].0, &stage.baton[1].0];
    let until_not = |word: &std::sync::atomic::AtomicU32, value: u32| {
        while word.load(Ordering::Acquire) == value && !stage.is_stopped() {
            futex_wait(word, value, Duration::from_millis(50));
        }
        word.load(Ordering::Acquire)
    };
    crew.fork(&stage, || {
        if !stage.line_up(KILLER) {
            return Ok(());
        }
        let heir = Sleeper::new(stage.lanes[HEIR].pid.load(Ordering::Acquire))?;
        let end = Instant::now() + 10 * run.length;
        for round in 1u32.. {
            let holder = crew::fork_child(|| {
                let entered = lock.enter();
                held.store(if entered.is_ok() { round } else { u32::MAX }, Ordering::Release);
                futex_wake(held);
                loop {
                    pause();
                }
            })
            .map_err(complaint)?;
            if until_not(held, round - 1) != round {
                return Err("the holder did not get the lock".into());
            }
            // Once more asleep, and for good, only when it has seen that the lock is held.
            std::thread::sleep(Duration::from_micros(200));
            heir.wait_asleep(end + run.patience)?;
            stage.lanes[KILLER].value.store(now_ns(), Ordering::Release);
            kill(holder, Signal::SIGKILL).map_err(complaint)?;
            waitpid(holder, None).map_err(complaint)?;
            until_not(served, round - 1);
            if Instant::now() >= end {
                break;
            }
        }
        stage.stop();
        held.store(0, Ordering::Release);
        futex_wake(held);
        Ok(())
    })?;
    crew.fork(&stage, || {
        if !stage.line_up(HEIR) {
            return Ok(());
        }
        let mut samples = Vec::new();
        for round in 1u32.. {
            until_not(held, round - 1);
            if stage.is_stopped() {
                break;
            }
            lock.enter()?;
            let returned = now_ns();
            samples.push(returned.saturating_sub(stage.lanes[KILLER].value.load(Ordering::Acquire)));
            lock.leave()?;
            served.store(round, Ordering::Release);
            futex_wake(served);
        }
        if samples.is_empty() {
            return Err("nobody was killed".into());
        }
        samples.sort_unstable();
        let rank = (samples.len() * 99).div_ceil(100).clamp(1, samples.len());
        stage.lanes[HEIR].value.store(samples[rank - 1], Ordering::Release);
        Ok(())
    })?;
    let longer = Run { length: 10 * run.length, ..*run };
    conclude(&longer, &stage, crew, 2)?;
    Ok(stage.lanes[HEIR].value.load(Ordering::Acquire) as f64)
}

/// What a process that waits in `wait` (for a second, in vain) uses of a CPU: nanoseconds per second.
/// `hold` makes it wait, in another process that lives meanwhile.
pub fn idle(
    run: &Run,
    hold: impl FnOnce() -> Result<(), String>,
    wait: impl FnOnce(Duration) -> Result<(), String>,
) -> Result<f64, Trouble> {
    const HOLDER: usize = 0;
    const WAITER: usize = 1;
    let stage = Stage::new()?;
    let mut crew = Crew::new()?;
    let second = Duration::from_secs(1);
    crew.fork(&stage, || {
        hold()?;
        stage.line_up(HOLDER);
        while !stage.is_stopped() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    })?;
    let (hold_wait, stage_of) = (Cell::new(Some(wait)), &stage);
    crew.fork(&stage, || {
        let wait = hold_wait.take().ok_or("asked twice")?;
        if !stage_of.line_up(WAITER) {
            return Ok(());
        }
        let spent = || clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map(Duration::from);
        let (before, began) = (spent().map_err(complaint)?, Instant::now());
        wait(second)?;
        let (used, took) = (spent().map_err(complaint)?.saturating_sub(before), began.elapsed());
        stage_of.stop();
        let share = used.as_nanos() as f64 / took.as_secs_f64();
        stage_of.lanes[WAITER].value.store(share.to_bits(), Ordering::Release);
        Ok(())
    })?;
    let longer = Run { length: 2 * second, ..*run };
    conclude(&longer, &stage, crew, 2)?;
    Ok(f64::from_bits(stage.lanes[WAITER].value.load(Ordering::Acquire)))
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default();
    now.as_nanos() as u64
}

fn conclude(run: &Run, stage: &Stage, crew: Crew, roles: usize) -> Result<(), Trouble> {
    if stage.wait_ready(roles as u32, Instant::now() + run.patience) {
        stage.start();
        let until = Instant::now() + run.length + run.patience;
        while !stage.has_failed() && !crew.wait((Instant::now() + Duration::from_millis(50)).min(until))? {
            if Instant::now() >= until {
                break;
            }
        }
    }
    stage.stop();
    crew.dismiss().map_err(Trouble::Failed)
}
