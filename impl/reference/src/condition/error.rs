//! Why a condition was not waited for, or nobody was notified.

use std::fmt;
use std::io;

#[cfg(doc)]
use super::Condition;
use super::NODES;

/// Why a wait was refused, or what it has to tell besides its answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConditionWaitError {
    /// This process cannot take part: all 1024 places of the condition are taken by others, or the system
    /// has no descriptor or memory left. The lock was not given up.
    Exhausted(io::Error),
    /// The caller does not own the lock. Nothing was done.
    NotOwner,
    /// The caller has the lock back, and from a holder that died: what it protects may be half-changed.
    OwnerDied {
        /// What the call would have answered otherwise: whether it was notified; of
        /// [`wait_for`](Condition::wait_for) and its siblings the predicate's last value.
        answer: bool,
    },
    /// 4096 others wait. The lock was not given up.
    TooManyWaiters,
}

impl fmt::Display for ConditionWaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConditionWaitError::Exhausted(error) => write!(f, "this process cannot take part: {error}"),
            ConditionWaitError::NotOwner => f.write_str("the condition's lock is not owned by the caller"),
            ConditionWaitError::OwnerDied { .. } => {
                f.write_str("the holder of the condition's lock has died")
            }
            ConditionWaitError::TooManyWaiters => write!(f, "{NODES} others wait on the condition already"),
        }
    }
}

impl std::error::Error for ConditionWaitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConditionWaitError::Exhausted(error) => Some(error),
            _ => None,
        }
    }
}

/// Why nobody was notified.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConditionNotifyError {
    /// This process cannot take part: all 1024 places of the condition are taken by others, or the system
    /// has no descriptor or memory left.
    Exhausted(io::Error),
    /// The caller does not own the lock.
    NotOwner,
}

impl fmt::Display for ConditionNotifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConditionNotifyError::Exhausted(error) => write!(f, "this process cannot take part: {error}"),
            ConditionNotifyError::NotOwner => f.write_str("the condition's lock is not owned by the caller"),
        }
    }
}

impl std::error::Error for ConditionNotifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConditionNotifyError::Exhausted(error) => Some(error),
            ConditionNotifyError::NotOwner => None,
        }
    }
}
