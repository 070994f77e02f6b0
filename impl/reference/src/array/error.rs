//! Why elements of an array could not be read or written.

use std::fmt;

use crate::acquire::AcquireError;
use crate::value::{OWNER_DIED, ValueError};

/// Why elements are not those of an array. Nothing was read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RangeError {
    /// There is no element with this index.
    Index {
        /// The index.
        index: usize,
        /// How many elements there are.
        len: usize,
    },
    /// A slice was to be written with another number of elements than it has.
    Length {
        /// How many it has.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// The step of a slice is 0.
    Step,
    /// More bytes than an array of characters has.
    TooLong {
        /// How many were given.
        given: usize,
        /// How many it has.
        len: usize,
    },
}

/// What is to be said of a read or a write of a shared array, beside its result.
#[derive(Debug)]
#[non_exhaustive]
pub enum ArrayError<R> {
    /// The lock could not be acquired. Nothing was read or written.
    Acquire(AcquireError),
    /// It was done, with this result. But the process that held the lock before has died: what the lock
    /// protects may be half-changed. Nobody else is told.
    OwnerDied(R),
    /// What was named is no part of the array. The lock was not touched.
    Range(RangeError),
}

impl<R> ArrayError<R> {
    /// The result of what was done in spite of a death.
    pub fn done(self) -> Option<R> {
        match self {
            ArrayError::OwnerDied(result) => Some(result),
            ArrayError::Acquire(_) | ArrayError::Range(_) => None,
        }
    }
}

impl<R> From<ValueError<R>> for ArrayError<R> {
    fn from(error: ValueError<R>) -> ArrayError<R> {
        match error {
            ValueError::Acquire(error) => ArrayError::Acquire(error),
            ValueError::OwnerDied(result) => ArrayError::OwnerDied(result),
        }
    }
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RangeError::Index { index, len } => {
                write!(f, "there is no element {index}: the array has {len}")
            }
            RangeError::Length { expected, given } => {
                write!(f, "{given} elements cannot take the place of {expected}")
            }
            RangeError::Step => f.write_str("the step of a slice is 0"),
            RangeError::TooLong { given, len } => {
                write!(f, "{given} bytes do not fit into an array of {len}")
            }
        }
    }
}

impl<R> fmt::Display for ArrayError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArrayError::Acquire(error) => write!(f, "the array's lock could not be acquired: {error}"),
            ArrayError::OwnerDied(_) => f.write_str(OWNER_DIED),
            ArrayError::Range(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RangeError {}
impl<R: fmt::Debug> std::error::Error for ArrayError<R> {}
