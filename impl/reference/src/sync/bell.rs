//! A bell on a descriptor, for those who wait by `poll`: rung only while somebody listens.
//!
//! # State
//! An odd number while armed. Arming always moves the number, so that a ringer which then tries
//! to disarm what it saw before fails: after any arming, the next commit rings.
//!
//! A ringer writes to the descriptor first and disarms afterwards; dying between the two costs one
//! ring too many. Listeners go round: arm, look at the condition, poll, clear the descriptor.
//! Clearing arms again *before* it empties the descriptor, since other listeners may rely on it.

use super::{A32, Ordering, fence};
use crate::deadline::Deadline;

/// What a bell rings on.
pub trait Descriptor {
    /// Makes the descriptor readable, for all who poll it.
    fn ring(&self);

    /// Makes it unreadable.
    fn empty(&self);

    /// Waits until it is readable, the deadline has come, or it is time to look for deaths, which
    /// ring no bell; whether it is readable.
    fn poll(&self, deadline: Deadline) -> bool;
}

/// The bell.
#[derive(Debug)]
#[repr(transparent)]
pub struct Bell {
    armed: A32,
}

impl Bell {
    /// A bell that nobody listens to.
    pub fn new() -> Bell {
        Bell { armed: A32::new(0) }
    }

    /// Announces a listener, who must look at the condition once more before polling.
    pub fn arm(&self) {
        let mut seen = self.armed.load(Ordering::Relaxed);
        loop {
            let odd = seen.wrapping_add(1) | 1;
            match self.armed.compare_exchange(seen, odd, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return fence(),
                Err(changed) => seen = changed,
            }
        }
    }

    /// Rings if somebody listens, for a caller that has fenced since the condition became true.
    #[inline]
    pub fn ring_fenced(&self, ring: impl FnOnce()) {
        let seen = self.armed.load(Ordering::Relaxed);
        if seen & 1 == 1 {
            ring();
            let even = seen.wrapping_add(1);
            let _ = self.armed.compare_exchange(seen, even, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    /// Makes the descriptor unreadable unless `ready`, and announces a listener, as [`arm`](Self::arm) does.
    pub fn clear(&self, descriptor: &impl Descriptor, ready: impl Fn() -> bool) {
        self.arm();
        descriptor.empty();
        if ready() {
            descriptor.ring();
        }
    }

    /// Waits until `ready`, by polling the descriptor; whether it is.
    pub fn wait(&self, descriptor: &impl Descriptor, ready: impl Fn() -> bool, deadline: Deadline) -> bool {
        loop {
            self.arm();
            if ready() {
                return true;
            }
            if deadline.passed() {
                return false;
            }
            if descriptor.poll(deadline) {
                self.clear(descriptor, &ready);
            }
        }
    }
}
