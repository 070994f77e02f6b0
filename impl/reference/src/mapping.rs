//! A file in memory, sealed in its size, mapped once and provided with memory before it is touched.
//!
//! # Invariants
//! 1. The file is sealed against shrinking and growing before it is mapped (by us on creation,
//!    checked on attachment), so every byte of the mapping lies in the file for as long as it lives.
//! 2. The mapping is `len` bytes long, begins at a page, and lives as long as the `Mapping`.
#![expect(unsafe_code, reason = "maps shared memory")]

use std::ffi::c_void;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use nix::fcntl::{FallocateFlags, FcntlArg, SealFlag, fallocate, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap, munmap};
use nix::sys::stat::fstat;
use nix::unistd::ftruncate;

use crate::region::AttachError;
use crate::sync::hook;

/// The mapped file.
#[derive(Debug)]
pub(crate) struct Mapping {
    file: OwnedFd,
    base: NonNull<c_void>,
    len: usize,
}

// SAFETY: it only hands out the address; whoever uses the memory answers for that.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Creates an anonymous file of this many bytes, all of them 0 and none of them provided.
    ///
    /// # Errors
    /// The length is 0 or beyond what files have, or the system has no descriptor or memory left.
    pub(crate) fn create(len: usize) -> io::Result<Mapping> {
        let file_len = i64::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let file = memfd_create(c"procession", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
        ftruncate(&file, file_len)?;
        let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
        Mapping::map(file, len)
    }

    /// Maps a file that was created elsewhere, after checking that it is sealed and at least so long.
    ///
    /// # Errors
    /// The file is no such file, or the system refuses.
    pub(crate) fn attach(file: OwnedFd, least: usize) -> Result<Mapping, AttachError> {
        let len = fstat(&file).map_err(|errno| AttachError::Os(errno.into()))?.st_size as usize;
        let seals = fcntl(&file, FcntlArg::F_GET_SEALS).unwrap_or(0);
        let needed = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW;
        if !SealFlag::from_bits_retain(seals).contains(needed) {
            return Err(AttachError::NotASegment("its size is not sealed"));
        }
        if len < least {
            return Err(AttachError::NotASegment("it is too short"));
        }
        Mapping::map(file, len).map_err(AttachError::Os)
    }

    fn map(file: OwnedFd, len: usize) -> io::Result<Mapping> {
        let size = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE;
        // SAFETY: a new mapping at an address that the kernel chooses disturbs nothing.
        let base = unsafe { mmap(None, size, protection, flags, &file, 0) }?;
        let mapping = Mapping { file, base, len };
        // SAFETY: by 2 the range is ours. A refusal only makes core dumps larger.
        let _ = unsafe { madvise(mapping.base, mapping.len, MmapAdvise::MADV_DONTDUMP) };
        Ok(mapping)
    }

    /// The file's descriptor.
    pub(crate) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// The first byte of the mapping, at the beginning of a page.
    #[inline]
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base.cast()
    }

    /// How many bytes are mapped.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Provides memory for a part of the file, so that touching it cannot fail.
    ///
    /// # Errors
    /// The system has no memory left.
    pub(crate) fn provide(&self, at: usize, len: usize) -> io::Result<()> {
        hook();
        if len == 0 {
            return Ok(());
        }
        Ok(fallocate(&self.file, FallocateFlags::empty(), at as i64, len as i64)?)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: by 2 the range is ours, and borrows of it have ended.
        let _ = unsafe { munmap(self.base, self.len) };
    }
}
