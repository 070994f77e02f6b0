//! A shared array with a lock.

mod error;
mod raw;
mod slice;

use std::io;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::acquire::AcquireError;
use crate::value::{Held, Plain, Value, ValueLock};

pub use error::{ArrayError, RangeError};
pub use raw::RawArray;
pub use slice::{Positions, Slice};

/// An array that processes share, with a lock, as Python's `multiprocessing.Array`.
///
/// Its length never changes. Every access, to an element or to a slice, holds the lock once;
/// [`lock`](Self::lock) holds it for several. [`element`](Self::element) is an element as a
/// [`Value`] with the array's lock. What is said there of locks, of travelling and of
/// death holds for arrays.
///
/// ```
/// use procession_reference::Array;
///
/// let numbers = Array::new(&[1, 2, 3, 4])?;
/// numbers.element(2)?.update(|number| *number *= 10)?;
/// assert_eq!(numbers.load(1..3)?, [2, 30]);
/// assert!(numbers.store(1..3, &[0]).is_err(), "two elements are not one");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Array<T> {
    raw: RawArray<T>,
    lock: ValueLock,
}

impl<T> Clone for Array<T> {
    fn clone(&self) -> Self {
        Array { raw: self.raw.clone(), lock: self.lock.clone() }
    }
}

impl<T: Plain> Array<T> {
    /// Creates an array of these elements with a re-entrant lock of its own.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn new(initial: &[T]) -> io::Result<Array<T>> {
        RawArray::new(initial).map(Array::synchronise)
    }

    /// Creates an array of `len` elements, of all of which all bits are 0, with a re-entrant lock of its
    /// own. There may be none.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn zeroed(len: usize) -> io::Result<Array<T>> {
        RawArray::zeroed(len).map(Array::synchronise)
    }

    /// Puts the lock that belongs to its memory around a bare array.
    pub fn synchronise(raw: RawArray<T>) -> Array<T> {
        let lock = raw.storage.own_lock();
        raw.with(lock)
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// Reads an element.
    ///
    /// # Errors
    /// An [`ArrayError`].
    #[inline]
    pub fn get(&self, index: usize) -> Result<T, ArrayError<T>> {
        let at = self.raw.offset(index).map_err(ArrayError::Range)?;
        self.locked(|raw| raw.storage.load(at))
    }

    /// Writes an element.
    ///
    /// # Errors
    /// An [`ArrayError`].
    #[inline]
    pub fn set(&self, index: usize, element: T) -> Result<(), ArrayError<()>> {
        let at = self.raw.offset(index).map_err(ArrayError::Range)?;
        self.locked(|raw| raw.storage.store(at, element))
    }

    /// An element as a value with the array's lock: the same memory, not a copy.
    ///
    /// # Errors
    /// [`RangeError::Index`].
    pub fn element(&self, index: usize) -> Result<Value<T>, RangeError> {
        Ok(self.raw.element(index)?.with(self.lock.clone()))
    }

    /// Reads a copy of some elements.
    ///
    /// # Errors
    /// An [`ArrayError`].
    pub fn load(&self, slice: impl Into<Slice>) -> Result<Vec<T>, ArrayError<Vec<T>>> {
        let positions = self.raw.positions(slice).map_err(ArrayError::Range)?;
        self.locked(|raw| raw.load_at(positions))
    }

    /// Writes some elements, exactly as many as the slice has.
    ///
    /// # Errors
    /// An [`ArrayError`].
    pub fn store(&self, slice: impl Into<Slice>, elements: &[T]) -> Result<(), ArrayError<()>> {
        let positions = self.raw.positions_for(slice, elements.len()).map_err(ArrayError::Range)?;
        self.locked(|raw| raw.store_at(positions, elements))
    }

    /// A copy of all elements as they are at one time.
    ///
    /// # Errors
    /// An [`ArrayError`].
    pub fn to_vec(&self) -> Result<Vec<T>, ArrayError<Vec<T>>> {
        self.locked(RawArray::to_vec)
    }

    /// The elements one after the other. Each is read under the lock, which is free in between: others
    /// may change what has not been read yet. [`to_vec`](Self::to_vec) reads all at one time.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Result<T, ArrayError<T>>> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Holds the lock, for several accesses.
    ///
    /// # Errors
    /// An [`AcquireError`].
    pub fn lock(&self) -> Result<ArrayGuard<'_, T>, AcquireError> {
        Ok(ArrayGuard { held: self.lock.hold()?, raw: &self.raw })
    }

    /// The lock.
    pub fn get_lock(&self) -> &ValueLock {
        &self.lock
    }

    /// The bare array below the lock: the same memory, not a copy.
    pub fn get_obj(&self) -> &RawArray<T> {
        &self.raw
    }

    /// A new array that is equal to this one and independent of it, with a lock of its own.
    ///
    /// # Errors
    /// An [`ArrayError`]; [`Acquire`](ArrayError::Acquire) also if the system has no descriptor or memory
    /// left.
    pub fn copy(&self) -> Result<Array<T>, ArrayError<Array<T>>> {
        let new = |elements: Vec<T>| {
            Array::new(&elements).map_err(AcquireError::Exhausted).map_err(ArrayError::Acquire)
        };
        match self.to_vec() {
            Ok(elements) => new(elements),
            Err(ArrayError::OwnerDied(elements)) => Err(ArrayError::OwnerDied(new(elements)?)),
            Err(ArrayError::Acquire(error)) => Err(ArrayError::Acquire(error)),
            Err(ArrayError::Range(error)) => Err(ArrayError::Range(error)),
        }
    }

    #[inline]
    fn locked<R>(&self, act: impl FnOnce(&RawArray<T>) -> R) -> Result<R, ArrayError<R>> {
        let held = self.lock.hold().map_err(ArrayError::Acquire)?;
        let result = act(&self.raw);
        if held.owner_died() { Err(ArrayError::OwnerDied(result)) } else { Ok(result) }
    }
}

impl Array<u8> {
    /// What lies at this offset, in bytes, as a value with the array's lock: for records whose fields are
    /// known only at run time. `None` as for [`RawArray::view`].
    pub fn view<F: Plain>(&self, offset: usize) -> Option<Value<F>> {
        Some(self.raw.view(offset)?.with(self.lock.clone()))
    }

    /// The characters up to the first zero byte, or all of them if there is none.
    ///
    /// # Errors
    /// An [`ArrayError`].
    pub fn value(&self) -> Result<Vec<u8>, ArrayError<Vec<u8>>> {
        self.locked(RawArray::value)
    }

    /// Writes characters, and behind them a zero byte if there is room; what follows stays as it is.
    ///
    /// # Errors
    /// An [`ArrayError`].
    pub fn set_value(&self, value: &[u8]) -> Result<(), ArrayError<()>> {
        self.raw.check_raw(value).map_err(ArrayError::Range)?;
        self.locked(|raw| raw.set_value(value).unwrap_or(()))
    }

    /// Writes bytes to the beginning; what follows stays as it is.
    ///
    /// # Errors
    /// An [`ArrayError`].
    pub fn set_raw(&self, bytes: &[u8]) -> Result<(), ArrayError<()>> {
        self.raw.check_raw(bytes).map_err(ArrayError::Range)?;
        self.locked(|raw| raw.set_raw(bytes).unwrap_or(()))
    }
}

impl<T> RawArray<T> {
    /// This array, protected by a lock: everybody must use the same one.
    pub fn with(self, lock: impl Into<ValueLock>) -> Array<T> {
        Array { raw: self, lock: lock.into() }
    }
}

/// Holds the lock of an [`Array`] until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is released at once"]
pub struct ArrayGuard<'a, T> {
    raw: &'a RawArray<T>,
    held: Held<'a>,
}

impl<T: Plain> ArrayGuard<'_, T> {
    /// Whether the holder before has died: what the lock protects may be half-changed.
    pub fn owner_died(&self) -> bool {
        self.held.owner_died()
    }

    /// Reads an element.
    ///
    /// # Errors
    /// [`RangeError::Index`].
    #[inline]
    pub fn get(&self, index: usize) -> Result<T, RangeError> {
        self.raw.get(index)
    }

    /// Writes an element.
    ///
    /// # Errors
    /// [`RangeError::Index`].
    #[inline]
    pub fn set(&mut self, index: usize, element: T) -> Result<(), RangeError> {
        self.raw.set(index, element)
    }

    /// Reads a copy of some elements.
    ///
    /// # Errors
    /// [`RangeError::Step`].
    pub fn load(&self, slice: impl Into<Slice>) -> Result<Vec<T>, RangeError> {
        self.raw.load(slice)
    }

    /// Writes some elements, exactly as many as the slice has.
    ///
    /// # Errors
    /// [`RangeError::Length`], [`RangeError::Step`].
    pub fn store(&mut self, slice: impl Into<Slice>, elements: &[T]) -> Result<(), RangeError> {
        self.raw.store(slice, elements)
    }
}

/// Only as part of starting a process, by spawn or fork server; anywhere else it is an error.
impl<T> Serialize for Array<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.raw, &self.lock).serialize(serializer)
    }
}

impl<'de, T: Plain> Deserialize<'de> for Array<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (raw, lock) = Deserialize::deserialize(deserializer)?;
        Ok(Array { raw, lock })
    }
}
