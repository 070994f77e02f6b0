//! One shared value with a lock.
//!
//! # What it costs
//! A value, an array or a record of its own costs one descriptor and two pages of memory (8 KiB, of
//! which some 4000 bytes are for what it holds), and in each process that uses it two mappings. Who needs
//! thousands of values makes one array of them: [`Array::element`](crate::Array::element) gives each as a
//! value. The memory belongs to whoever has a handle: the kernel counts them, and what one process has
//! dropped is never used again below another one.

mod lock;
mod plain;
mod raw;
pub(crate) mod storage;

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use crate::acquire::AcquireError;
pub(crate) use lock::Held;
pub(crate) use raw::{Claimed, lend};

pub use lock::{ReleaseError, ValueLock};
pub use plain::{Field, Plain};
pub use raw::RawValue;

/// A value that processes share, with a lock, as Python's `multiprocessing.Value`.
///
/// Every single read and write holds the lock, and so does [`update`](Self::update) for a change that
/// depends on what is there; [`lock`](Self::lock) holds it for several steps. A value has its own
/// re-entrant lock unless one is [given](Self::with_lock). It is handed to a process that is being started
/// as (a part of) its arguments; a fork copies the handle, not the value.
///
/// ```
/// use procession_reference::Value;
///
/// let counter = Value::new(0_i64)?;
/// counter.update(|count| *count += 1)?;
/// {
///     let mut held = counter.lock()?;
///     if held.get() == 1 {
///         held.set(10);
///     }
/// }
/// assert_eq!(counter.get()?, 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # When a process dies
/// A process that is killed while it holds the lock does not stop the others: the next one gets the lock
/// and is told, once, by [`ValueError::OwnerDied`] or [`ValueGuard::owner_died`]. Then, and only then,
/// several values that belong together may be half-changed, or one that is larger than eight bytes.
#[derive(Debug)]
pub struct Value<T> {
    raw: RawValue<T>,
    lock: ValueLock,
}

/// What is to be said of a read or a write of a shared value, beside its result.
#[derive(Debug)]
#[non_exhaustive]
pub enum ValueError<R> {
    /// The lock could not be acquired. Nothing was read or written.
    Acquire(AcquireError),
    /// It was done, with this result. But the process that held the lock before has died: what the lock
    /// protects may be half-changed. Nobody else is told.
    OwnerDied(R),
}

impl<R> ValueError<R> {
    /// The result of what was done in spite of a death.
    pub fn done(self) -> Option<R> {
        match self {
            ValueError::OwnerDied(result) => Some(result),
            ValueError::Acquire(_) => None,
        }
    }
}

impl<R> fmt::Display for ValueError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueError::Acquire(error) => write!(f, "the value's lock could not be acquired: {error}"),
            ValueError::OwnerDied(_) => f.write_str(OWNER_DIED),
        }
    }
}

pub(crate) const OWNER_DIED: &str =
    "the process that held the lock has died, and what it protects may be half-changed";

impl<R: fmt::Debug> std::error::Error for ValueError<R> {}

impl<T> Clone for Value<T> {
    fn clone(&self) -> Self {
        Value { raw: self.raw.clone(), lock: self.lock.clone() }
    }
}

impl<T: Plain> Value<T> {
    /// Creates a value with a re-entrant lock of its own.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn new(initial: T) -> io::Result<Value<T>> {
        RawValue::new(initial).map(Value::synchronise)
    }

    /// Creates a value of which all bits are 0, with a re-entrant lock of its own.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn zeroed() -> io::Result<Value<T>> {
        RawValue::zeroed().map(Value::synchronise)
    }

    /// Creates a value that is protected by this lock.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn with_lock(initial: T, lock: impl Into<ValueLock>) -> io::Result<Value<T>> {
        Ok(RawValue::new(initial)?.with(lock))
    }

    /// Puts the lock that belongs to its memory around a bare value. What is locked already is no
    /// [`RawValue`], so it cannot be locked twice by mistake.
    pub fn synchronise(raw: RawValue<T>) -> Value<T> {
        let lock = raw.storage.own_lock();
        raw.with(lock)
    }

    /// Reads the value.
    ///
    /// # Errors
    /// A [`ValueError`].
    #[inline]
    pub fn get(&self) -> Result<T, ValueError<T>> {
        self.locked(RawValue::get)
    }

    /// Writes the value.
    ///
    /// # Errors
    /// A [`ValueError`].
    #[inline]
    pub fn set(&self, value: T) -> Result<(), ValueError<()>> {
        self.locked(|raw| raw.set(value))
    }

    /// Changes the value: no other process reads or writes it between what `change` is given and what it
    /// leaves there. A panic of `change` changes nothing.
    ///
    /// # Errors
    /// A [`ValueError`].
    #[inline]
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> Result<R, ValueError<R>> {
        self.locked(|raw| {
            let mut value = raw.get();
            let result = change(&mut value);
            raw.set(value);
            result
        })
    }

    /// Holds the lock, for several reads and writes.
    ///
    /// # Errors
    /// An [`AcquireError`].
    #[inline]
    pub fn lock(&self) -> Result<ValueGuard<'_, T>, AcquireError> {
        Ok(ValueGuard { held: self.lock.hold()?, raw: &self.raw })
    }

    /// The lock.
    pub fn get_lock(&self) -> &ValueLock {
        &self.lock
    }

    /// The bare value below the lock: the same memory, not a copy.
    pub fn get_obj(&self) -> &RawValue<T> {
        &self.raw
    }

    /// A field of a shared record, as a value with the record's lock: the same memory, not a copy.
    pub fn field<F: Plain>(&self, field: Field<T, F>) -> Value<F> {
        self.raw.field(field).with(self.lock.clone())
    }

    /// A new shared value that is equal to this one and independent of it, with a lock of its own.
    ///
    /// # Errors
    /// A [`ValueError`]; [`Acquire`](ValueError::Acquire) also if the system has no descriptor or memory
    /// left.
    pub fn copy(&self) -> Result<Value<T>, ValueError<Value<T>>> {
        let new = |value| Value::new(value).map_err(AcquireError::Exhausted).map_err(ValueError::Acquire);
        match self.get() {
            Ok(value) => new(value),
            Err(ValueError::OwnerDied(value)) => Err(ValueError::OwnerDied(new(value)?)),
            Err(ValueError::Acquire(error)) => Err(ValueError::Acquire(error)),
        }
    }

    #[inline]
    fn locked<R>(&self, act: impl FnOnce(&RawValue<T>) -> R) -> Result<R, ValueError<R>> {
        let held = self.lock.hold().map_err(ValueError::Acquire)?;
        let result = act(&self.raw);
        if held.owner_died() { Err(ValueError::OwnerDied(result)) } else { Ok(result) }
    }
}

impl<T> RawValue<T> {
    /// This value, protected by a lock: everybody must use the same one.
    pub fn with(self, lock: impl Into<ValueLock>) -> Value<T> {
        Value { raw: self, lock: lock.into() }
    }
}

/// Holds the lock of a [`Value`] until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is released at once"]
pub struct ValueGuard<'a, T> {
    raw: &'a RawValue<T>,
    held: Held<'a>,
}

impl<T: Plain> ValueGuard<'_, T> {
    /// Whether the holder before has died: what the lock protects may be half-changed.
    pub fn owner_died(&self) -> bool {
        self.held.owner_died()
    }

    /// Reads the value.
    #[inline]
    pub fn get(&self) -> T {
        self.raw.get()
    }

    /// Writes the value.
    #[inline]
    pub fn set(&mut self, value: T) {
        self.raw.set(value);
    }

    /// Changes the value.
    #[inline]
    pub fn update<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut value = self.get();
        let result = change(&mut value);
        self.set(value);
        result
    }
}

/// Only as part of starting a process, by spawn or fork server; anywhere else it is an error.
impl<T> Serialize for Value<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.raw, &self.lock).serialize(serializer)
    }
}

impl<'de, T: Plain> Deserialize<'de> for Value<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (raw, lock) = Deserialize::deserialize(deserializer)?;
        Ok(Value { raw, lock })
    }
}
