//! A file of the run's directory, mapped and shared: histories and the run's words.
//!
//! # Invariants
//! 1. `start` is the address of a shared, writable mapping of `words` times eight bytes, page-aligned,
//!    which lasts as long as the `Mapping` (it is unmapped on drop and never before).
//! 2. Everything in it is reached as `AtomicU64`, for which every bit pattern is a value: whatever
//!    another process stores there at whatever moment is read as some number.
//!
//! The file keeps its length while it is mapped, because the suite, which makes it, promises so; where
//! that is broken the kernel sends SIGBUS, which ends the process and breaks no memory.
#![expect(unsafe_code, reason = "maps files that the suite reads after a worker's death")]

use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// A shared file as a sequence of atomic words of eight bytes.
pub(super) struct Mapping {
    start: NonNull<AtomicU64>,
    words: usize,
}

// SAFETY: by 2 all access is atomic, from whichever thread.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps all whole words of a file.
    pub(super) fn of(path: &Path) -> io::Result<Mapping> {
        let file = File::options().read(true).write(true).open(path)?;
        let words = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX) / 8;
        let Some(bytes) = NonZeroUsize::new(words.saturating_mul(8)) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is shorter than eight bytes"));
        };
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: the kernel chooses the place, so no mapping of anybody is replaced.
        let start = unsafe { mmap(None, bytes, protection, MapFlags::MAP_SHARED, &file, 0) }?;
        Ok(Mapping { start: start.cast(), words })
    }

    /// How many words there are.
    pub(super) fn len(&self) -> usize {
        self.words
    }

    /// A word, if it is within the file.
    pub(super) fn word(&self, index: usize) -> Option<&AtomicU64> {
        // SAFETY: `index` is below `words`, so by 1 the eight bytes are mapped, aligned and live as
        // long as `self`; by 2 they are a valid atomic.
        (index < self.words).then(|| unsafe { self.start.add(index).as_ref() })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: by 1 this is the whole mapping, and no reference into it outlives `self`.
        let _ = unsafe { munmap(self.start.cast(), self.words * 8) };
    }
}
