//! Locks, re-entrant and not.

use std::any::Any;
use std::time::Duration;

use procession_contract::{Answer, Call, Object, Outcome};
use procession_reference::{AcquireError, Acquired, Deadline, Lock, RLock, transfer};
use serde::{Deserialize, Serialize};

use super::outcome;

/// A handle to a lock of either kind, which travels to a new process as it is.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum LockHandle {
    Plain(Lock),
    Recursive(RLock),
}

use LockHandle::{Plain, Recursive};

impl LockHandle {
    pub(super) fn plain() -> Result<LockHandle, Answer> {
        Lock::new().map(Plain).map_err(outcome::os)
    }

    pub(super) fn recursive() -> Result<LockHandle, Answer> {
        RLock::new().map(Recursive).map_err(outcome::os)
    }

    fn acquire(&self, deadline: Deadline) -> Answer {
        let acquired = match self {
            Plain(lock) => lock.acquire_until(deadline),
            Recursive(lock) => lock.acquire_until(deadline),
        };
        answer(acquired.map(Acquired::owner_died))
    }

    fn release(&self) -> Answer {
        match self {
            Plain(lock) => lock.release().map_err(|error| Answer::error(Outcome::OverRelease, error)),
            Recursive(lock) => lock.release().map_err(|error| Answer::error(Outcome::NotOwner, error)),
        }
        .map_or_else(|answer| answer, |()| Answer::ok())
    }

    fn scope(&self, fail: bool) -> Answer {
        match self {
            Plain(lock) => scope(|| lock.lock(), |guard| guard.owner_died(), fail),
            Recursive(lock) => scope(|| lock.lock(), |guard| guard.owner_died(), fail),
        }
    }
}

/// Until when to wait, as the reference takes it: a time below zero is none.
pub(super) fn deadline(block: bool, timeout_ms: Option<i64>) -> Deadline {
    match (block, timeout_ms) {
        (false, _) => Deadline::Now,
        (true, None) => Deadline::Never,
        (true, Some(ms)) => Deadline::after(Duration::from_millis(ms.max(0) as u64)),
    }
}

/// The answer to acquiring; what came says whether a holder died.
pub(super) fn answer(acquired: Result<bool, AcquireError>) -> Answer {
    match acquired {
        Ok(false) => Answer::truth(true),
        Ok(true) => Answer { value: 1, ..Answer::of(Outcome::OwnerDied) },
        Err(AcquireError::TimedOut) => Answer::truth(false),
        Err(error @ AcquireError::Exhausted(_)) => Answer::error(Outcome::Exhausted, error),
        Err(error @ AcquireError::TooDeep) => Answer::error(Outcome::NotAllowed, error),
        Err(error) => Answer::error(Outcome::Other, error),
    }
}

/// Enters a scope by acquiring and leaves it, by an error if it is to `fail`.
pub(super) fn scope<G>(
    acquire: impl FnOnce() -> Result<G, AcquireError>,
    owner_died: impl FnOnce(&G) -> bool,
    fail: bool,
) -> Answer {
    struct Failed(Answer);
    let scoped = || -> Result<Answer, Failed> {
        let guard = match acquire() {
            Ok(guard) => guard,
            Err(error) => return Ok(answer(Err(error))),
        };
        let entered = answer(Ok(owner_died(&guard)));
        if fail { Err(Failed(entered)) } else { Ok(entered) }
    };
    // The error is the worker's own: it has left the scope, and goes no further. What entering said of a
    // holder's death is told all the same.
    scoped().unwrap_or_else(|Failed(entered)| entered)
}

impl Object for LockHandle {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Acquire { block, timeout_ms } => self.acquire(deadline(*block, *timeout_ms)),
            Call::Release { n: None } => self.release(),
            Call::Release { n: Some(_) } => Answer::error(Outcome::BadType, "a lock is released once"),
            Call::Scope { fail } => self.scope(*fail),
            Call::Repr => Answer::text(match self {
                Plain(lock) => format!("{lock:?}"),
                Recursive(lock) => format!("{lock:?}"),
            }),
            Call::Serialise => match transfer::encode(self) {
                Ok(_) => Answer::ok(),
                Err(error) => outcome::encode(error),
            },
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
