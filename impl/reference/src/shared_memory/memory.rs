//! The mapped bytes of a block.
//!
//! # Invariants
//! 1. `len` bytes at `base` are mapped for as long as the `Memory` lives. When it was made the file was
//!    as long and provided with memory. A program that shortens the file later takes memory away from
//!    below the mapping: whoever touches it then is ended by SIGBUS, and reads or writes nothing else.
//! 2. They are only copied through raw pointers and atomics, never borrowed: others may write at any
//!    time.
#![expect(unsafe_code, reason = "maps shared memory and copies to and from it")]

use std::ffi::c_void;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use super::error::AccessError;

/// The bytes of a block, mapped into this process.
#[derive(Debug)]
pub(crate) struct Memory {
    base: NonNull<c_void>,
    len: usize,
}

// SAFETY: by 2 all access goes through raw copies and atomics, whatever thread makes it.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Maps a file of this length, which must be provided with memory.
    pub(super) fn map(file: impl AsFd, len: usize) -> io::Result<Memory> {
        let size = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping at an address that the kernel chooses disturbs nothing.
        let base = unsafe { mmap(None, size, protection, MapFlags::MAP_SHARED, file, 0) }?;
        Ok(Memory { base, len })
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Copies bytes out.
    pub(crate) fn read(&self, at: usize, into: &mut [u8]) -> Result<(), AccessError> {
        let source = self.place(at, into.len())?;
        // SAFETY: `place` has checked that the source lies in the mapping; ours is no part of it.
        unsafe { std::ptr::copy_nonoverlapping(source.as_ptr(), into.as_mut_ptr(), into.len()) };
        Ok(())
    }

    /// Copies bytes in.
    pub(crate) fn write(&self, at: usize, bytes: &[u8]) -> Result<(), AccessError> {
        let target = self.place(at, bytes.len())?;
        // SAFETY: `place` has checked that the target lies in the mapping; ours is no part of it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target.as_ptr(), bytes.len()) };
        Ok(())
    }

    /// Reads eight bytes; at a multiple of eight they are never those of two writes.
    pub(crate) fn load(&self, at: usize) -> Result<[u8; 8], AccessError> {
        let place = self.place(at, 8)?.cast::<AtomicU64>();
        if place.is_aligned() {
            // SAFETY: mapped as `place` has checked, aligned as we have, and by 2 shared as atomics are.
            return Ok(unsafe { place.as_ref() }.load(Ordering::Acquire).to_ne_bytes());
        }
        let mut bytes = [0; 8];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes eight bytes; at a multiple of eight nobody reads a part of them.
    pub(crate) fn store(&self, at: usize, bytes: [u8; 8]) -> Result<(), AccessError> {
        let place = self.place(at, 8)?.cast::<AtomicU64>();
        if place.is_aligned() {
            // SAFETY: as for `load`.
            unsafe { place.as_ref() }.store(u64::from_ne_bytes(bytes), Ordering::Release);
            return Ok(());
        }
        self.write(at, &bytes)
    }

    /// The first of `len` bytes that lie in the block.
    fn place(&self, at: usize, len: usize) -> Result<NonNull<u8>, AccessError> {
        check(at, len, self.len)?;
        // SAFETY: by 1, and the check, the place is in the mapping or right behind it.
        Ok(unsafe { self.base.cast::<u8>().add(at) })
    }
}

/// Checks that `len` bytes from `at` lie in `size`.
pub(super) fn check(at: usize, len: usize, size: usize) -> Result<(), AccessError> {
    match at.checked_add(len) {
        Some(end) if end <= size => Ok(()),
        _ => Err(AccessError::OutOfBounds { at, len, size }),
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: by 1 the range is ours, and nobody has borrowed it.
        let _ = unsafe { munmap(self.base, self.len) };
    }
}
