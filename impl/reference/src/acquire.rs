//! What locks and semaphores answer to those who acquire and release.

use std::fmt;
use std::io;

use crate::sync::raw_lock::{Held, Owner};

/// How a lock was acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// It was free, or was released by its holder.
    Clean,
    /// Its holder died, or ended, holding it. The caller has it now, and is the only one who is told:
    /// what the lock protects may be half-changed.
    OwnerDied,
}

impl Acquired {
    /// Whether the holder before has died.
    pub fn owner_died(self) -> bool {
        self == Acquired::OwnerDied
    }
}

impl From<Held> for Acquired {
    fn from(held: Held) -> Acquired {
        match held {
            Held::Clean => Acquired::Clean,
            Held::Inherited => Acquired::OwnerDied,
        }
    }
}

/// Why a lock, or a permit of a semaphore, was not acquired.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcquireError {
    /// This process cannot take part: all 1024 places of the object are taken by others, or the system
    /// has no descriptor or memory left for another one.
    Exhausted(io::Error),
    /// A live process held it until the time was over; at once, where the caller chose not to wait.
    TimedOut,
    /// The caller has acquired a re-entrant lock as often as can be counted, 2^32 - 1 times.
    TooDeep,
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AcquireError::Exhausted(error) => write!(f, "this process cannot take part: {error}"),
            AcquireError::TimedOut => f.write_str("it was not free in the time given"),
            AcquireError::TooDeep => f.write_str("it has been acquired 2^32 - 1 times without a release"),
        }
    }
}

impl std::error::Error for AcquireError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AcquireError::Exhausted(error) => Some(error),
            _ => None,
        }
    }
}

/// A lock that nobody held was to be released. It still is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHeld;

impl fmt::Display for NotHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody holds the lock that was to be released")
    }
}

impl std::error::Error for NotHeld {}

/// A re-entrant lock was to be released by a thread that does not own it. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOwner;

impl fmt::Display for NotOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is not owned by the thread that was to release it")
    }
}

impl std::error::Error for NotOwner {}

/// Who holds a lock, at some moment of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// A process that has died: the next to acquire the lock gets it, and is told.
    DeadProcess,
    /// Nobody.
    Nobody,
    /// Another process.
    OtherProcess,
    /// Another thread of this process; of a re-entrant lock only.
    OtherThread,
    /// This process; of a re-entrant lock this thread.
    This,
}

impl Holder {
    /// As `owner` is seen by the process `me`.
    pub(crate) fn of(owner: Owner, me: Option<u32>, is_dead: impl FnOnce(u32) -> bool) -> Holder {
        match owner {
            Owner::Nobody => Holder::Nobody,
            Owner::Process(owner) if Some(owner) == me => Holder::This,
            Owner::Process(owner) if !is_dead(owner) => Holder::OtherProcess,
            Owner::Process(_) | Owner::Dead => Holder::DeadProcess,
        }
    }
}
