//! The memory of shared values: one object with a re-entrant lock of its own, and bytes.
//!
//! # Invariants
//! 1. `base` points to `len` bytes that are mapped for as long as `shared` lives, at a multiple of 64.
//! 2. They are only copied in and out, by volatile accesses, never borrowed: others may write at any
//!    time.
//! 3. Nobody but us writes them as anything else than what a [`Plain`] type is: any pattern of bits.
#![expect(unsafe_code, reason = "copies to and from shared memory")]

use std::fmt;
use std::io;
use std::mem::{MaybeUninit, offset_of};
use std::ptr::NonNull;

use serde::{Deserializer, Serializer};

use super::plain::Plain;
use crate::memory_left::refuse_more_than_there_is;
use crate::rlock::RLock;
use crate::segment::Kind;
use crate::shared::{Body, Shared};
use crate::sync::A64;
use crate::sync::rlock::RecursiveLock;

/// The highest alignment that a value can have.
pub(super) const MOST_ALIGNED: usize = 64;

/// What stands in front of the bytes.
#[repr(C)]
pub(crate) struct Head {
    /// The lock must not stand first: that is where an object that is a lock has it.
    _unused: A64,
    lock: RecursiveLock,
}

// SAFETY: atomic words.
unsafe impl Body for Head {}

/// A handle to the memory; clones share it.
#[derive(Clone)]
pub(crate) struct Storage {
    base: NonNull<u8>,
    len: usize,
    shared: Shared<Head>,
}

// SAFETY: by 2 the bytes may be used by any thread; `shared` may be.
unsafe impl Send for Storage {}
// SAFETY: as above.
unsafe impl Sync for Storage {}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("len", &self.len).finish_non_exhaustive()
    }
}

impl Storage {
    /// Memory of this many bytes, all of them 0.
    pub(crate) fn create(len: usize) -> io::Result<Storage> {
        refuse_more_than_there_is(len as u64)?;
        let head = Head { _unused: A64::new(0), lock: RecursiveLock::new() };
        Ok(Storage::of(Shared::create(Kind::Value, head, len)?))
    }

    fn of(shared: Shared<Head>) -> Storage {
        let (base, len) = shared.tail();
        Storage { base, len, shared }
    }

    /// The lock that belongs to this memory.
    pub(crate) fn own_lock(&self) -> RLock {
        RLock::of(self.shared.part(offset_of!(Head, lock)))
    }

    /// Whether both are the same memory.
    pub(crate) fn is_same(&self, other: &Storage) -> bool {
        self.shared.is_same_object(&other.shared)
    }

    /// Whether a `T` can lie at this offset.
    pub(crate) fn has_room_for<T>(&self, at: usize, count: usize) -> bool {
        let end = size_of::<T>().checked_mul(count).and_then(|size| size.checked_add(at));
        let aligned = align_of::<T>() <= MOST_ALIGNED && at.is_multiple_of(align_of::<T>());
        aligned && end.is_some_and(|end| end <= self.len)
    }

    /// Reads what lies at this offset.
    ///
    /// # Panics
    /// There is no room for it there.
    #[inline]
    pub(crate) fn load<T: Plain>(&self, at: usize) -> T {
        assert!(self.has_room_for::<T>(at, 1));
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: by 1 and the assertion the source is mapped and aligned as `T` is; the target is ours.
        unsafe {
            let source = self.base.as_ptr().add(at).cast_const();
            copy::<T>(source, value.as_mut_ptr().cast(), 1, Side::Source);
        }
        // SAFETY: all of its bytes have been written, and by 3 every pattern of them is a value.
        unsafe { value.assume_init() }
    }

    /// Writes to this offset.
    ///
    /// # Panics
    /// There is no room for it there.
    #[inline]
    pub(crate) fn store<T: Plain>(&self, at: usize, value: T) {
        assert!(self.has_room_for::<T>(at, 1));
        // SAFETY: as for `load`, the other way.
        unsafe {
            let target = self.base.as_ptr().add(at);
            copy::<T>((&raw const value).cast(), target, 1, Side::Target);
        }
    }

    /// Reads several that lie one behind the other.
    ///
    /// # Panics
    /// There is no room for them there.
    pub(crate) fn load_many<T: Plain>(&self, at: usize, count: usize) -> Vec<T> {
        assert!(self.has_room_for::<T>(at, count));
        let mut values = Vec::<T>::with_capacity(count);
        // SAFETY: as for `load`; the vector has room for them.
        unsafe {
            let source = self.base.as_ptr().add(at).cast_const();
            copy::<T>(source, values.as_mut_ptr().cast(), count, Side::Source);
        }
        // SAFETY: so many have been written.
        unsafe { values.set_len(count) };
        values
    }

    /// Writes several, one behind the other.
    ///
    /// # Panics
    /// There is no room for them there.
    pub(crate) fn store_many<T: Plain>(&self, at: usize, values: &[T]) {
        assert!(self.has_room_for::<T>(at, values.len()));
        // SAFETY: as for `load`, the other way.
        unsafe {
            let target = self.base.as_ptr().add(at);
            copy::<T>(values.as_ptr().cast(), target, values.len(), Side::Target);
        }
    }

    /// For a `Serialize`: lends the memory to a process being started; anywhere else it is an error.
    pub(crate) fn serialise<S: Serializer>(
        &self,
        what: &'static str,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        self.shared.serialise(what, serializer)
    }

    /// For a `Deserialize`.
    pub(crate) fn deserialise<'de, D: Deserializer<'de>>(
        what: &'static str,
        deserializer: D,
    ) -> Result<Storage, D::Error> {
        Shared::deserialise(what, Kind::Value, deserializer).map(Storage::of)
    }
}

/// Which side of a copy is shared, and so aligned as the type is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Source,
    Target,
}

/// Copies `count` values, of which one side is shared memory, in pieces that are as large as their
/// alignment allows, up to eight bytes: such a piece is never that of two writes.
///
/// # Safety
/// Both sides have so many bytes, and the shared one is aligned as `T` is.
#[inline]
unsafe fn copy<T: Plain>(source: *const u8, target: *mut u8, count: usize, shared: Side) {
    // SAFETY: what the caller promises; the alignment of `T` is a multiple of the piece's size.
    unsafe {
        match align_of::<T>() {
            1 => pieces::<u8>(source, target, size_of::<T>() * count, shared),
            2 => pieces::<u16>(source, target, size_of::<T>() * count, shared),
            4 => pieces::<u32>(source, target, size_of::<T>() * count, shared),
            _ => pieces::<u64>(source, target, size_of::<T>() * count, shared),
        }
    }
}

/// Copies bytes, by pieces like `P` and, between the first and the last that begin at a multiple of eight
/// bytes, by such of eight bytes, which hold several of them whole.
///
/// # Safety
/// As for [`copy`]; `len` is a multiple of `P`'s size.
#[inline]
unsafe fn pieces<P: Copy>(source: *const u8, target: *mut u8, len: usize, shared: Side) {
    let place = if shared == Side::Source { source.addr() } else { target.addr() };
    let mut done = 0;
    while done < len {
        // SAFETY: the piece lies in what the caller has promised, and on the shared side begins at a
        // multiple of its size.
        unsafe {
            if (place + done).is_multiple_of(8) && len - done >= 8 {
                piece::<u64>(source.add(done), target.add(done), shared);
                done += 8;
            } else {
                piece::<P>(source.add(done), target.add(done), shared);
                done += size_of::<P>();
            }
        }
    }
}

/// Copies one piece, whose bytes need not be initialised: some lie between fields.
///
/// # Safety
/// Both sides have so many bytes, and the shared one is aligned as `P` is.
#[inline]
unsafe fn piece<P: Copy>(source: *const u8, target: *mut u8, shared: Side) {
    let (source, target) = (source.cast::<MaybeUninit<P>>(), target.cast::<MaybeUninit<P>>());
    // SAFETY: what the caller promises.
    unsafe {
        match shared {
            Side::Source => target.write_unaligned(source.read_volatile()),
            Side::Target => target.write_volatile(source.read_unaligned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_at_every_offset_and_size() {
        let storage = Storage::create(200).expect("made");
        for at in 0..20 {
            for len in 0..40 {
                let bytes: Vec<u8> = (0..len).map(|byte| byte as u8 + at as u8 + 1).collect();
                storage.store_many(at, &bytes);
                assert_eq!(storage.load_many::<u8>(at, len), bytes);
                assert_eq!(storage.load::<u8>(at + len), storage.load_many::<u8>(at + len, 1)[0]);
            }
        }
        for at in (0..40).step_by(4) {
            let numbers: Vec<u32> = (0..13).map(|number| number * 0x0101_0101 + at as u32).collect();
            storage.store_many(at, &numbers);
            assert_eq!(storage.load_many::<u32>(at, 13), numbers);
            assert_eq!(storage.load::<u32>(at + 4), numbers[1]);
        }
        storage.store(16, [1_u64, 2, 3]);
        assert_eq!(storage.load::<[u64; 3]>(16), [1, 2, 3]);
        storage.store(112, u128::MAX - 7);
        assert_eq!(storage.load::<u64>(112), u64::MAX - 7);
    }

    #[test]
    fn only_what_lies_in_it_and_is_aligned_has_room() {
        let storage = Storage::create(16).expect("made");
        assert!(storage.has_room_for::<u64>(8, 1));
        assert!(!storage.has_room_for::<u64>(9, 1));
        assert!(!storage.has_room_for::<u64>(4, 1), "not aligned");
        assert!(!storage.has_room_for::<u64>(8, usize::MAX / 4));
        assert!(storage.has_room_for::<u64>(16, 0));
    }
}
