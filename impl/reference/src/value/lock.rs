//! The lock of a shared value: its own re-entrant one, or one that it shares with others.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::acquire::{AcquireError, Acquired};
use crate::deadline::Deadline;
use crate::lock::{Lock, LockGuard};
use crate::rlock::{RLock, RLockGuard};

/// The lock of a shared value or array.
///
/// With a [`Lock`], which is not re-entrant, whoever holds it and reads or writes the value by anything
/// else than the guard waits for itself, for ever.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ValueLock {
    /// A lock that is not re-entrant.
    Lock(Lock),
    /// A re-entrant lock.
    RLock(RLock),
}

impl From<&Lock> for ValueLock {
    fn from(lock: &Lock) -> ValueLock {
        ValueLock::Lock(lock.clone())
    }
}

impl From<&RLock> for ValueLock {
    fn from(lock: &RLock) -> ValueLock {
        ValueLock::RLock(lock.clone())
    }
}

impl From<Lock> for ValueLock {
    fn from(lock: Lock) -> ValueLock {
        ValueLock::Lock(lock)
    }
}

impl From<RLock> for ValueLock {
    fn from(lock: RLock) -> ValueLock {
        ValueLock::RLock(lock)
    }
}

/// A lock of a value was to be released by somebody who may not. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleaseError {
    /// Nobody holds it.
    NotHeld,
    /// It is re-entrant, and this thread does not own it.
    NotOwner,
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReleaseError::NotHeld => crate::acquire::NotHeld.fmt(f),
            ReleaseError::NotOwner => crate::acquire::NotOwner.fmt(f),
        }
    }
}

impl std::error::Error for ReleaseError {}

impl ValueLock {
    /// Acquires the lock; waits until the deadline.
    ///
    /// # Errors
    /// An [`AcquireError`].
    #[inline]
    pub fn acquire_until(&self, deadline: Deadline) -> Result<Acquired, AcquireError> {
        match self {
            ValueLock::Lock(lock) => lock.acquire_until(deadline),
            ValueLock::RLock(lock) => lock.acquire_until(deadline),
        }
    }

    /// Releases the lock.
    ///
    /// # Errors
    /// A [`ReleaseError`].
    #[inline]
    pub fn release(&self) -> Result<(), ReleaseError> {
        match self {
            ValueLock::Lock(lock) => lock.release().map_err(|_| ReleaseError::NotHeld),
            ValueLock::RLock(lock) => lock.release().map_err(|_| ReleaseError::NotOwner),
        }
    }

    #[inline]
    pub(crate) fn hold(&self) -> Result<Held<'_>, AcquireError> {
        Ok(match self {
            ValueLock::Lock(lock) => Held::Lock(lock.lock()?),
            ValueLock::RLock(lock) => Held::RLock(lock.lock()?),
        })
    }
}

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub(crate) enum Held<'a> {
    Lock(LockGuard<'a>),
    RLock(RLockGuard<'a>),
}

impl Held<'_> {
    #[inline]
    pub(crate) fn owner_died(&self) -> bool {
        match self {
            Held::Lock(guard) => guard.owner_died(),
            Held::RLock(guard) => guard.owner_died(),
        }
    }
}
