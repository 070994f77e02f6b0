//! One shared value without a lock.

use std::io;
use std::marker::PhantomData;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::plain::{Field, Plain};
use super::storage::Storage;

/// A value that processes share, without a lock: see [`Value`](crate::Value) for one with a lock.
///
/// What is not larger than eight bytes is read and written whole, and so is every piece of up to eight
/// bytes that is aligned to its size; of larger values a reader may find parts of several writes. Nothing
/// is ordered: who has seen one write need not see those before it. A change of what was read may undo
/// somebody else's.
///
/// ```
/// use procession_reference::RawValue;
///
/// let number = RawValue::new(1_u32)?;
/// let same = number.clone();
/// same.set(2);
/// assert_eq!(number.get(), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RawValue<T> {
    pub(crate) storage: Storage,
    /// By construction there is room for a `T` at this offset.
    at: usize,
    of: PhantomData<fn(T) -> T>,
}

impl<T> Clone for RawValue<T> {
    fn clone(&self) -> Self {
        RawValue { storage: self.storage.clone(), at: self.at, of: PhantomData }
    }
}

impl<T: Plain> RawValue<T> {
    /// Creates a value.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn new(initial: T) -> io::Result<RawValue<T>> {
        let value = RawValue::zeroed()?;
        value.set(initial);
        Ok(value)
    }

    /// Creates a value of which all bits are 0.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn zeroed() -> io::Result<RawValue<T>> {
        const { assert!(align_of::<T>() <= super::storage::MOST_ALIGNED, "a value is aligned to 64 bytes") };
        let storage = Storage::create(size_of::<T>())?;
        Ok(RawValue { storage, at: 0, of: PhantomData })
    }

    /// The value at this offset of a storage, if there is room for it.
    pub(crate) fn at(storage: &Storage, at: usize) -> Option<RawValue<T>> {
        let fits = storage.has_room_for::<T>(at, 1);
        fits.then(|| RawValue { storage: storage.clone(), at, of: PhantomData })
    }

    /// Reads the value.
    #[inline]
    pub fn get(&self) -> T {
        self.storage.load(self.at)
    }

    /// Writes the value.
    #[inline]
    pub fn set(&self, value: T) {
        self.storage.store(self.at, value);
    }

    /// A field of a shared record: the same memory, not a copy.
    pub fn field<F: Plain>(&self, field: Field<T, F>) -> RawValue<F> {
        let at = self.at + field.offset();
        RawValue { storage: self.storage.clone(), at, of: PhantomData }
    }

    /// A new shared value that is equal to this one and independent of it.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn copy(&self) -> io::Result<RawValue<T>> {
        RawValue::new(self.get())
    }

    /// Whether both are the same memory.
    pub fn is_same(&self, other: &RawValue<T>) -> bool {
        self.at == other.at && self.storage.is_same(&other.storage)
    }
}

/// A handle on its way: the memory, and where the value lies in it.
struct Lent<'a>(&'a Storage);

impl Serialize for Lent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialise("shared value", serializer)
    }
}

pub(crate) struct Claimed(pub(crate) Storage);

impl<'de> Deserialize<'de> for Claimed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Claimed, D::Error> {
        Storage::deserialise("shared value", deserializer).map(Claimed)
    }
}

/// Lends a storage, and what else tells of a place in it.
pub(crate) fn lend<S: Serializer, W: Serialize>(
    storage: &Storage,
    place: W,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    (Lent(storage), place).serialize(serializer)
}

/// Only as part of starting a process, by spawn or fork server; anywhere else it is an error.
impl<T> Serialize for RawValue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        lend(&self.storage, self.at as u64, serializer)
    }
}

impl<'de, T: Plain> Deserialize<'de> for RawValue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (Claimed(storage), at) = <(Claimed, u64)>::deserialize(deserializer)?;
        let value = usize::try_from(at).ok().and_then(|at| RawValue::at(&storage, at));
        value.ok_or_else(|| D::Error::custom("the shared memory has no room for the value"))
    }
}
