//! A shared array without a lock.

use std::io;
use std::marker::PhantomData;

use nix::errno::Errno;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::RangeError;
use super::slice::{Positions, Slice};
use crate::value::storage::Storage;
use crate::value::{Claimed, Plain, RawValue, lend};

/// An array that processes share, without a lock: see [`Array`](crate::Array) for one with a lock.
///
/// Its length never changes. What is said of [`RawValue`] holds for each element; several elements, read
/// or written in one call, may be those of several writes.
///
/// ```
/// use procession_reference::RawArray;
///
/// let numbers = RawArray::new(&[1_i32, 2, 3])?;
/// numbers.set(1, 20)?;
/// assert_eq!(numbers.load(1..)?, [20, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RawArray<T> {
    pub(crate) storage: Storage,
    /// By construction the storage has room for so many.
    len: usize,
    of: PhantomData<fn(T) -> T>,
}

impl<T> Clone for RawArray<T> {
    fn clone(&self) -> Self {
        RawArray { storage: self.storage.clone(), len: self.len, of: PhantomData }
    }
}

impl<T: Plain> RawArray<T> {
    /// Creates an array of these elements.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn new(initial: &[T]) -> io::Result<RawArray<T>> {
        let array = RawArray::zeroed(initial.len())?;
        array.storage.store_many(0, initial);
        Ok(array)
    }

    /// Creates an array of `len` elements, of all of which all bits are 0. There may be none.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn zeroed(len: usize) -> io::Result<RawArray<T>> {
        let size = size_of::<T>().checked_mul(len).ok_or(Errno::ENOMEM)?;
        const { assert!(align_of::<T>() <= 64, "an element is aligned to 64 bytes") };
        Ok(RawArray { storage: Storage::create(size)?, len, of: PhantomData })
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads an element.
    ///
    /// # Errors
    /// [`RangeError::Index`].
    #[inline]
    pub fn get(&self, index: usize) -> Result<T, RangeError> {
        Ok(self.storage.load(self.offset(index)?))
    }

    /// Writes an element.
    ///
    /// # Errors
    /// [`RangeError::Index`].
    #[inline]
    pub fn set(&self, index: usize, element: T) -> Result<(), RangeError> {
        self.storage.store(self.offset(index)?, element);
        Ok(())
    }

    /// An element as a value: the same memory, not a copy.
    ///
    /// # Errors
    /// [`RangeError::Index`].
    pub fn element(&self, index: usize) -> Result<RawValue<T>, RangeError> {
        let value = RawValue::at(&self.storage, self.offset(index)?);
        value.ok_or(RangeError::Index { index, len: self.len })
    }

    /// Reads a copy of some elements.
    ///
    /// # Errors
    /// [`RangeError::Step`].
    pub fn load(&self, slice: impl Into<Slice>) -> Result<Vec<T>, RangeError> {
        Ok(self.load_at(self.positions(slice)?))
    }

    /// Writes some elements, exactly as many as the slice has.
    ///
    /// # Errors
    /// [`RangeError::Length`], [`RangeError::Step`]; nothing was written.
    pub fn store(&self, slice: impl Into<Slice>, elements: &[T]) -> Result<(), RangeError> {
        self.store_at(self.positions_for(slice, elements.len())?, elements);
        Ok(())
    }

    /// A copy of all elements.
    pub fn to_vec(&self) -> Vec<T> {
        self.storage.load_many(0, self.len)
    }

    /// A new array that is equal to this one and independent of it.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn copy(&self) -> io::Result<RawArray<T>> {
        RawArray::new(&self.to_vec())
    }

    /// Whether both are the same memory.
    pub fn is_same(&self, other: &RawArray<T>) -> bool {
        self.storage.is_same(&other.storage)
    }

    pub(super) fn positions(&self, slice: impl Into<Slice>) -> Result<Positions, RangeError> {
        slice.into().positions(self.len).ok_or(RangeError::Step)
    }

    pub(super) fn positions_for(
        &self,
        slice: impl Into<Slice>,
        given: usize,
    ) -> Result<Positions, RangeError> {
        let positions = self.positions(slice)?;
        let expected = positions.len();
        if expected == given { Ok(positions) } else { Err(RangeError::Length { expected, given }) }
    }

    /// Reads the elements at positions of this array.
    pub(super) fn load_at(&self, positions: Positions) -> Vec<T> {
        match positions.run() {
            _ if positions.len() == 0 => Vec::new(),
            Some(first) => self.storage.load_many(first * size_of::<T>(), positions.len()),
            None => positions.map(|at| self.storage.load(at * size_of::<T>())).collect(),
        }
    }

    /// Writes the elements at positions of this array.
    pub(super) fn store_at(&self, positions: Positions, elements: &[T]) {
        match positions.run() {
            _ if positions.len() == 0 => {}
            Some(first) => self.storage.store_many(first * size_of::<T>(), elements),
            None => {
                for (at, element) in positions.zip(elements) {
                    self.storage.store(at * size_of::<T>(), *element);
                }
            }
        }
    }

    #[inline]
    pub(super) fn offset(&self, index: usize) -> Result<usize, RangeError> {
        if index < self.len {
            Ok(index * size_of::<T>())
        } else {
            Err(RangeError::Index { index, len: self.len })
        }
    }
}

impl RawArray<u8> {
    /// What lies at this offset, in bytes, as a value of any type: for records whose fields are known
    /// only at run time. `None` if there is no room for it, or the offset is no multiple of the type's
    /// alignment.
    pub fn view<F: Plain>(&self, offset: usize) -> Option<RawValue<F>> {
        RawValue::at(&self.storage, offset)
    }

    /// The characters up to the first zero byte, or all of them if there is none.
    pub fn value(&self) -> Vec<u8> {
        let mut bytes = self.to_vec();
        if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
            bytes.truncate(end);
        }
        bytes
    }

    /// Writes characters, and behind them a zero byte if there is room; what follows stays as it is.
    ///
    /// # Errors
    /// [`RangeError::TooLong`].
    pub fn set_value(&self, value: &[u8]) -> Result<(), RangeError> {
        let mut bytes = self.check_raw(value)?.to_vec();
        if bytes.len() < self.len {
            bytes.push(0);
        }
        self.storage.store_many(0, &bytes);
        Ok(())
    }

    /// Writes bytes to the beginning; what follows stays as it is.
    ///
    /// # Errors
    /// [`RangeError::TooLong`].
    pub fn set_raw(&self, bytes: &[u8]) -> Result<(), RangeError> {
        self.storage.store_many(0, self.check_raw(bytes)?);
        Ok(())
    }

    /// Checks that so many bytes fit.
    pub(super) fn check_raw<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], RangeError> {
        match bytes.len() {
            given if given > self.len => Err(RangeError::TooLong { given, len: self.len }),
            _ => Ok(bytes),
        }
    }
}

/// Only as part of starting a process, by spawn or fork server; anywhere else it is an error.
impl<T> Serialize for RawArray<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        lend(&self.storage, self.len as u64, serializer)
    }
}

impl<'de, T: Plain> Deserialize<'de> for RawArray<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (Claimed(storage), len) = <(Claimed, u64)>::deserialize(deserializer)?;
        match usize::try_from(len) {
            Ok(len) if storage.has_room_for::<T>(0, len) => Ok(RawArray { storage, len, of: PhantomData }),
            _ => Err(D::Error::custom("the shared memory has no room for the array")),
        }
    }
}
