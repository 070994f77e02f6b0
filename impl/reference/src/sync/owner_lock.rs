//! A lock for critical sections of a few stores, which its owner gives back by a plain store.
//!
//! It survives its owner as [`RawLock`](super::raw_lock::RawLock) does; who waits for it stands at a gate.
//!
//! # State
//! `[30 DIED][29..0 owner, 0 for free]`, and the gate.
//!
//! # Why nobody sleeps beside a free lock
//! An owner frees the lock and *then* looks at the gate; a waiter announces itself there and *then* looks
//! at the lock. One of them must see the other. The waiter pays for that alone: [`fence_everywhere`] puts
//! a fence into every running process. An owner that was before its store then makes it, and looks at the
//! gate, after the waiter was announced; an owner that was behind its store is seen to have freed the
//! lock. So an owner needs no fence, and the exchange that frees a lock elsewhere is saved.
//!
//! # Invariants (of the protocol; no memory safety rests on them)
//! 1. At most one live process is the owner.
//! 2. `DIED` is handed to at most one successor per death.
//!
//! # Source
//! The asymmetric fence of liburcu and folly, between processes (`membarrier`, since Linux 4.16).

use super::gate::Gate;
use super::raw_lock::{Held, Peers, TimedOut};
use super::{A32, Ordering, Woken, fence_everywhere, fence_if_alone, pause};
use crate::deadline::Deadline;

const DIED: u32 = 1 << 30;
const OWNER: u32 = DIED - 1;

/// How often a taken lock is looked at before sleeping.
const SPINS: u32 = 60;

/// The lock.
#[derive(Debug)]
#[repr(C)]
pub struct OwnerLock {
    word: A32,
    gate: Gate,
}

impl OwnerLock {
    /// A free lock.
    pub fn new() -> OwnerLock {
        OwnerLock { word: A32::new(0), gate: Gate::new() }
    }

    /// Takes the lock for the process `me` if nobody holds it and nobody died holding it.
    #[inline]
    pub fn try_lock(&self, me: u32) -> bool {
        self.word.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Takes the lock for the process `me` (not 0, 30 bits).
    ///
    /// # Errors
    /// [`TimedOut`] if it was held until the deadline by a live process.
    #[cold]
    pub fn lock(&self, me: u32, peers: &impl Peers, deadline: Deadline) -> Result<Held, TimedOut> {
        let mut spins = peers.spins(SPINS);
        loop {
            let word = self.word.load(Ordering::Relaxed);
            if word & OWNER == 0 {
                if self.word.compare_exchange(word, me, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                    return Ok(if word & DIED == 0 { Held::Clean } else { Held::Inherited });
                }
                continue;
            }
            if spins > 0 {
                spins -= 1;
                pause();
                continue;
            }
            if deadline.passed() {
                return Err(TimedOut);
            }
            let ticket = self.gate.announce();
            fence_everywhere();
            if self.word.load(Ordering::Relaxed) & OWNER == 0 {
                continue;
            }
            if self.gate.wait(ticket, deadline) == Woken::Tick && peers.is_dead(word & OWNER) {
                // An exchange, not a store: only one of several witnesses may take the dead away.
                let _ = self.word.compare_exchange(word, DIED, Ordering::AcqRel, Ordering::Relaxed);
            }
        }
    }

    /// Gives the lock back. Only its owner may.
    #[inline]
    pub fn unlock(&self) {
        self.word.store(0, Ordering::Release);
        fence_if_alone();
        self.gate.open_fenced();
    }
}
