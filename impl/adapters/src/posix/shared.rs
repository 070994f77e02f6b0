//! Objects of the C library in memory that their creator shares with every process that it forks.
//!
//! # Invariants
//! 1. `place` is the address of a shared, writable mapping that is at least as long as a `T`, aligned to a
//!    page, and lasts as long as the process: it is never unmapped.
//! 2. Nothing in Rust reads or writes what lies there. Its address goes to the functions of the C library
//!    that POSIX allows to be called from any thread of any process that has the object mapped.
//! 3. What the bytes are is the C library's affair, here and in the forked processes, which are copies of
//!    this program: an object of POSIX has no defence against a process that writes into it by itself.
#![expect(unsafe_code, reason = "maps the memory of process-shared objects")]

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use nix::Result;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

/// Memory for one object. It is neither destroyed nor unmapped when it is dropped: others may go on using the
/// object, and a robust mutex that a process still has when it ends is one whose memory the kernel looks at
/// then. The kernel frees it when the last process is gone.
pub(super) struct Shared<T> {
    place: NonNull<T>,
}

/// Types of the C library whose objects may be shared between threads and processes.
pub(super) trait ProcessShared {}

impl ProcessShared for libc::pthread_mutex_t {}
impl ProcessShared for libc::pthread_cond_t {}
impl ProcessShared for libc::pthread_barrier_t {}
impl ProcessShared for libc::sem_t {}

// SAFETY: by 2 threads do no more than pass the address on to functions that are made for that.
unsafe impl<T: ProcessShared> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: ProcessShared> Sync for Shared<T> {}

impl<T: ProcessShared> Shared<T> {
    /// Memory for an object that is still to be initialised; all its bytes are zero.
    pub(super) fn new() -> Result<Shared<T>> {
        let bytes = NonZeroUsize::new(size_of::<T>()).unwrap_or(NonZeroUsize::MIN);
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: the kernel chooses the place, so no mapping of anybody is replaced.
        let place = unsafe { mmap_anonymous(None, bytes, protection, MapFlags::MAP_SHARED) }?;
        Ok(Shared { place: place.cast() })
    }

    /// The address, valid for as long as the process lives, for the functions of the C library.
    pub(super) fn address(&self) -> *mut T {
        self.place.as_ptr()
    }
}
