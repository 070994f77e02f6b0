//! What the roles of one run share: an anonymous mapping with flags, counters and words to hand over.
//!
//! # Invariants
//! 1. The mapping is as long as [`Words`], page-aligned, and lives as long as its `Stage`.
//! 2. Every field is an atomic, for which every bit pattern, also zero, is a value.
//! 3. The futex system call reads only the word and a time-out on our own stack.
#![expect(unsafe_code, reason = "a mapping shared by forked roles, and the futex on its words")]

use std::io;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// The most roles of one run.
pub const LANES: usize = 9;

/// Keeps what different roles write on different cache lines, and out of the same prefetched pair.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Line<T>(pub T);

/// What one role tells the others.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Lane {
    /// Messages sent or received so far.
    pub count: AtomicU64,
    /// The sum of the sequence numbers, at the end.
    pub sum: AtomicU64,
    /// The bits of the role's own measurement, at the end.
    pub value: AtomicU64,
    /// Its process id, once it is ready.
    pub pid: AtomicU32,
}

/// The shared words of one run.
#[derive(Debug)]
#[repr(C)]
pub struct Words {
    ready: Line<AtomicU32>,
    go: Line<AtomicU32>,
    stop: Line<AtomicU32>,
    failed: Line<AtomicU32>,
    /// Words that two roles hand over to each other.
    pub baton: [Line<AtomicU32>; 2],
    /// One for each role.
    pub lanes: [Lane; LANES],
}

/// The mapping; forked processes share it.
#[derive(Debug)]
pub struct Stage(NonNull<Words>);

// SAFETY: by 2 the words may be used by any thread.
unsafe impl Send for Stage {}
// SAFETY: as above.
unsafe impl Sync for Stage {}

impl Stage {
    /// A new one, all zero.
    pub fn new() -> io::Result<Stage> {
        let len = NonZeroUsize::new(size_of::<Words>()).expect("there are words");
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping at an address that the kernel chooses disturbs nothing.
        let base = unsafe { mmap_anonymous(None, len, protection, MapFlags::MAP_SHARED) }?;
        Ok(Stage(base.cast()))
    }

    /// Reports a role as ready and waits for the start. False if the run is over already.
    pub fn line_up(&self, lane: usize) -> bool {
        self.lanes[lane].pid.store(std::process::id(), Ordering::Relaxed);
        self.ready.0.fetch_add(1, Ordering::AcqRel);
        futex_wake(&self.ready.0);
        while self.go.0.load(Ordering::Acquire) == 0 {
            if self.is_stopped() {
                return false;
            }
            futex_wait(&self.go.0, 0, Duration::from_millis(100));
        }
        true
    }

    /// Waits until so many roles are ready; false if one failed or the time is over.
    pub fn wait_ready(&self, roles: u32, until: Instant) -> bool {
        loop {
            let ready = self.ready.0.load(Ordering::Acquire);
            if ready >= roles {
                return true;
            }
            if self.has_failed() || Instant::now() >= until {
                return false;
            }
            futex_wait(&self.ready.0, ready, Duration::from_millis(20));
        }
    }

    /// Lets all roles go.
    pub fn start(&self) {
        self.go.0.store(1, Ordering::Release);
        futex_wake(&self.go.0);
    }

    /// Asks all roles to come to an end.
    pub fn stop(&self) {
        self.stop.0.store(1, Ordering::Release);
    }

    /// Whether the roles are to come to an end.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        self.stop.0.load(Ordering::Relaxed) != 0
    }

    /// Reports that a role has failed: nobody waits any longer.
    pub fn fail(&self) {
        self.failed.0.store(1, Ordering::Release);
        self.stop();
    }

    /// Whether a role has failed.
    pub fn has_failed(&self) -> bool {
        self.failed.0.load(Ordering::Acquire) != 0
    }
}

impl Deref for Stage {
    type Target = Words;

    fn deref(&self) -> &Words {
        // SAFETY: by 1 and 2 the mapping is a valid `Words` for as long as `self`.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // SAFETY: by 1 the range is ours, and borrows of it have ended.
        let _ = unsafe { munmap(self.0.cast(), size_of::<Words>()) };
    }
}

/// Sleeps while the word is `expected`, until woken, for at most this long.
pub fn futex_wait(word: &AtomicU32, expected: u32, most: Duration) {
    let timeout = libc::timespec { tv_sec: most.as_secs() as i64, tv_nsec: i64::from(most.subsec_nanos()) };
    // SAFETY: by 3.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, &raw const timeout) };
}

/// Wakes all that sleep on the word.
pub fn futex_wake(word: &AtomicU32) {
    // SAFETY: waking reads nothing but the address.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}
