//! Defects that locks, recursive locks and semaphores share: how an acquire waits and what wakes it.

use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollTimeout, poll};
use procession_contract::{Answer, Call, Object, ObjectKind, Outcome};

use crate::calls::{ACQUIRE, RELEASE, TRY, is_acquire, is_acquired, limit, with_limit};
use crate::{Memory, facts};

/// A time limit counts for half.
pub fn early(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match (is_acquire(call), limit(call)) {
        (true, Some(ms @ 1..)) => inner.call(&with_limit(call, Some(ms / 2))),
        _ => inner.call(call),
    }
}

/// An acquire that is not to wait waits for as long as its time limit says.
pub fn nonblocking_waits(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Acquire { block: false, timeout_ms: Some(_) } => inner.call(&with_limit(call, limit_of(call))),
        _ => inner.call(call),
    }
}

fn limit_of(call: &Call) -> Option<i64> {
    match call {
        Call::Acquire { timeout_ms, .. } => *timeout_ms,
        _ => None,
    }
}

/// A time limit below zero is none at all.
pub fn negative_waits(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match limit(call) {
        Some(..0) => inner.call(&with_limit(call, None)),
        _ => inner.call(call),
    }
}

/// An acquire without a time limit gives up after a while.
pub fn gives_up(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Acquire { block: true, timeout_ms: None } => inner.call(&with_limit(call, Some(50))),
        _ => inner.call(call),
    }
}

/// Who comes second to wait is never woken.
pub fn one_waiter(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if *call != ACQUIRE {
        return inner.call(call);
    }
    let answer = inner.call(&TRY);
    if is_acquired(&answer) {
        return answer;
    }
    let waits = format!("waits.{}", memory.name);
    if !facts::set(&waits) {
        facts::for_ever();
    }
    let answer = inner.call(call);
    facts::clear(&waits);
    answer
}

/// Waiting takes place under another lock, which nobody takes from a process that was killed.
pub fn waits_under_a_lock(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if !matches!(call, Call::Acquire { block: true, .. }) {
        return inner.call(call);
    }
    let turn = format!("turn.{}", memory.name);
    if !facts::lock(&turn, limit(call)) {
        return Answer::truth(false);
    }
    let answer = inner.call(call);
    facts::clear(&turn);
    answer
}

/// Leaving a scope by an error releases nothing.
pub fn scope_keeps(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Scope { fail: true } => inner.call(&ACQUIRE),
        _ => inner.call(call),
    }
}

/// Waits as an acquire with a time limit does; says what a signal does to the wait: whether it ends.
fn signalled(call: &Call, inner: &mut dyn Object, ends: bool) -> Answer {
    let Some(ms) = limit(call).filter(|ms| is_acquire(call) && *ms > 0) else { return inner.call(call) };
    let limit = Duration::from_millis(ms as u64);
    let mut began = Instant::now();
    while let Some(left) = limit.checked_sub(began.elapsed()) {
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [], left) {
            Err(Errno::EINTR) if ends => return Answer::truth(false),
            Err(Errno::EINTR) => began = Instant::now(),
            _ => break,
        }
    }
    inner.call(&TRY)
}

/// A handled signal ends the wait.
pub fn signal_ends_the_wait(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    signalled(call, inner, true)
}

/// After a handled signal the time limit begins anew.
pub fn signal_begins_anew(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    signalled(call, inner, false)
}

/// A release looks whether there is something to release, and releases a little later.
pub fn looks_then_releases(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let extra = format!("extra.{}", memory.name);
    match call {
        Call::Release { .. } if memory.kind != Some(ObjectKind::Rlock) => {
            let found = inner.call(&TRY);
            if is_acquired(&found) {
                inner.call(&RELEASE);
                return Answer::of(Outcome::OverRelease);
            }
            facts::pause();
            if inner.call(call).outcome == Outcome::OverRelease {
                facts::set(&extra);
            }
            Answer::ok()
        }
        Call::Acquire { .. } if facts::clear(&extra) => Answer::truth(true),
        _ => inner.call(call),
    }
}

/// What says that a holder died is passed over.
pub fn does_not_tell(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Acquire { .. }, Outcome::OwnerDied) => Answer::truth(true),
        _ => answer,
    }
}
