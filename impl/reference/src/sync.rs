//! The only door to atomics, to the futex and to the clock: the algorithms below it are compiled
//! a second time in `procession-models`, where the same names lead to loom.
//!
//! # Crash model
//! A process may be killed between any two instructions. What the others then see of it is a
//! prefix of its stores in program order (caches survive, and its death is learnt after them), so
//! only the compiler could reorder; every store that a protocol rests on is therefore a release
//! store. [`hook`] stands before each shared operation: the kill tests die there.
//!
//! # Invariants
//! 1. Every word is an atomic, for which every bit pattern is a value.
//! 2. The futex system call reads only the word itself and a time-out on our own stack.
#![expect(unsafe_code, reason = "the futex, the clock and the fence are system calls")]

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

pub use std::sync::atomic::Ordering;

use crate::deadline::Deadline;

pub mod barrier;
pub mod bell;
pub mod condition;
pub mod done;
pub mod ends;
pub mod event;
pub mod gate;
pub mod mark;
pub mod open_lock;
pub mod owned;
pub mod owner;
pub mod owner_lock;
pub mod pop;
pub mod push;
pub mod raw_lock;
pub mod record;
pub mod resize;
pub mod ring;
pub mod rlock;
pub mod semaphore;
pub mod user_lock;
pub mod words;

/// How long one sleep on a lock lasts before the owner's life is looked at, in nanoseconds.
pub const LOCK_SLICE_NS: u64 = 14_000_000;

/// How long one sleep on a gate lasts before the condition is looked at again, in nanoseconds.
pub const GATE_SLICE_NS: u64 = 20_000_000;

/// A point at which a process may be killed by a test; nothing otherwise.
#[inline(always)]
pub fn hook() {
    #[cfg(feature = "fault")]
    crate::fault::point();
}

macro_rules! shared_word {
    ($name:ident, $atomic:ident, $value:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug)]
        #[repr(transparent)]
        pub struct $name($atomic);

        impl $name {
            /// A word with this value.
            pub const fn new(value: $value) -> $name {
                $name($atomic::new(value))
            }

            /// Reads the word.
            #[inline]
            pub fn load(&self, order: Ordering) -> $value {
                hook();
                self.0.load(order)
            }

            /// Writes the word.
            #[inline]
            pub fn store(&self, value: $value, order: Ordering) {
                hook();
                self.0.store(value, order);
            }
        }
    };
}

shared_word!(A32, AtomicU32, u32, "A word of 32 bits in shared memory; a futex may wait on it.");
shared_word!(A64, AtomicU64, u64, "A word of 64 bits in shared memory.");

impl A64 {
    /// Writes `new` if the word is `current`; otherwise returns what it is.
    #[inline]
    pub fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        hook();
        self.0.compare_exchange(current, new, success, failure)
    }
}

impl A32 {
    /// Writes the word and returns what was there.
    #[inline]
    pub fn swap(&self, value: u32, order: Ordering) -> u32 {
        hook();
        self.0.swap(value, order)
    }

    /// Writes `new` if the word is `current`; otherwise returns what it is.
    #[inline]
    pub fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        hook();
        self.0.compare_exchange(current, new, success, failure)
    }

    /// Sets bits and returns what was there.
    #[inline]
    pub fn fetch_or(&self, bits: u32, order: Ordering) -> u32 {
        hook();
        self.0.fetch_or(bits, order)
    }

    /// Adds, wrapping around, and returns what was there.
    #[inline]
    pub fn fetch_add(&self, amount: u32, order: Ordering) -> u32 {
        hook();
        self.0.fetch_add(amount, order)
    }
}

/// Orders every earlier access of this process before every later one, for all processes that
/// fence too.
#[inline]
pub fn fence() {
    std::sync::atomic::fence(Ordering::SeqCst);
}

/// As [`fence`], for a caller that has made an exchange since the earlier accesses, and no other
/// access to shared words.
///
/// On x86-64 that exchange has a `lock` prefix and has been the fence, which saves some ten
/// nanoseconds; the compiler alone must still be kept from moving the later accesses forward. So
/// does crossbeam-epoch, in `Local::pin`.
#[inline]
pub fn fence_after_exchange() {
    #[cfg(target_arch = "x86_64")]
    std::sync::atomic::compiler_fence(Ordering::SeqCst);
    #[cfg(not(target_arch = "x86_64"))]
    fence();
}

/// Whether this process is one of those into which [`fence_everywhere`] puts a fence.
static FENCED_BY_OTHERS: AtomicBool = AtomicBool::new(false);

/// From now on [`fence_everywhere`] puts a fence into this process too, if the system offers it. To be called
/// before the first [`fence_if_alone`], and again after a fork. Costs most in a process of many threads.
pub fn join_fences() {
    let joined = membarrier(libc::MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
    FENCED_BY_OTHERS.store(joined, Ordering::Relaxed);
}

/// Whether it is.
#[inline]
pub fn is_fenced_by_others() -> bool {
    FENCED_BY_OTHERS.load(Ordering::Relaxed)
}

/// Orders every earlier access of this process before every later one for all processes that fence, also
/// for those that only call [`fence_if_alone`] or [`fence_by_others`]: by a fence in each of them that runs.
/// Whether it has: otherwise it is a [`fence`] of this process.
///
/// Where the system does not offer it, those who could have joined do not exist. A process that alone is
/// forbidden the call misses a wake-up at worst, and looks again after a tick; what must not be missed
/// asks for the answer.
#[cold]
pub fn fence_everywhere() -> bool {
    fence();
    membarrier(libc::MEMBARRIER_CMD_GLOBAL_EXPEDITED)
}

/// As [`fence`], for those who can leave the fence to [`fence_everywhere`] on the other side.
#[inline]
pub fn fence_if_alone() {
    if FENCED_BY_OTHERS.load(Ordering::Relaxed) {
        std::sync::atomic::compiler_fence(Ordering::SeqCst);
    } else {
        fence();
    }
}

/// As [`fence`], for those who leave the fence to [`fence_everywhere`] on the other side, and are known to be
/// [fenced by others](is_fenced_by_others).
#[inline]
pub fn fence_by_others() {
    std::sync::atomic::compiler_fence(Ordering::SeqCst);
}

fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: the call takes three numbers and touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

/// Tells the CPU that the caller is spinning.
#[inline]
pub fn pause() {
    std::hint::spin_loop();
}

/// The time of `CLOCK_MONOTONIC`, which all processes of a machine share, in nanoseconds.
pub fn monotonic_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to our own stack.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// A counter that moves by some billions a second, the same one on all CPUs, for rough durations.
#[inline]
pub fn cycles() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 CPU has the instruction, and it touches no memory.
    return unsafe { std::arch::x86_64::_rdtsc() };
    #[cfg(not(target_arch = "x86_64"))]
    return monotonic_ns() * 2;
}

/// Why a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The word had changed, somebody woke us, or the sleep ended for no reason.
    Perhaps,
    /// The slice or the deadline is over: look at everything that may have died.
    Tick,
}

/// Sleeps while `word` is `expected`, until woken, for at most `slice_ns` and until the deadline.
pub fn futex_wait(word: &A32, expected: u32, deadline: Deadline, slice_ns: u64) -> Woken {
    hook();
    let ns = deadline.remaining_ns(slice_ns);
    if ns == 0 {
        return Woken::Tick;
    }
    let timeout =
        libc::timespec { tv_sec: (ns / 1_000_000_000) as i64, tv_nsec: (ns % 1_000_000_000) as i64 };
    // SAFETY: by 2; a word in a mapping shared with others needs the call without FUTEX_PRIVATE_FLAG.
    let result = unsafe {
        libc::syscall(libc::SYS_futex, word.0.as_ptr(), libc::FUTEX_WAIT, expected, &raw const timeout)
    };
    if result == -1 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ETIMEDOUT) {
        Woken::Tick
    } else {
        Woken::Perhaps
    }
}

/// Wakes at most `count` of those that sleep on `word`.
pub fn futex_wake(word: &A32, count: u32) {
    hook();
    let count = count.min(i32::MAX as u32);
    // SAFETY: by 2; waking reads nothing but the address.
    unsafe { libc::syscall(libc::SYS_futex, word.0.as_ptr(), libc::FUTEX_WAKE, count) };
}
