//! A lock that nobody but its owner gives back, which costs a plain store instead of an exchange.
//!
//! It survives its owner as [`RawLock`](super::raw_lock::RawLock) does; who waits for it stands at a gate.
//!
//! # State
//! `[30 DIED][29..0 owner, 0 for free]`, and the gate.
//!
//! # Why nobody sleeps beside a free lock
//! An owner frees the lock and *then* looks at the gate; a waiter announces itself there and *then* looks
//! at the lock ([`Gate::sleep_beside`]). One of them must see the other. The waiter pays for that alone:
//! [`fence_everywhere`](super::fence_everywhere) puts a fence into every running process. An owner that
//! was before its store then makes it, and looks at the gate, after the waiter was announced; an owner that
//! was behind its store is seen to have freed the lock. So an owner needs no fence, and the exchange that
//! frees a lock elsewhere is saved.
//!
//! Opening wakes one. So whoever has slept leaves word at the gate when it takes the lock, and when it
//! gives up: others may sleep still, and the wake that came to it was meant for one of them as well.
//!
//! # Invariants (of the protocol; no memory safety rests on them)
//! 1. At most one live process is the owner.
//! 2. `DIED` is handed to at most one successor per death.
//! 3. The word changes by exchange, but for the owner's store of 0: no exchange by another one is under
//!    way then that could succeed, since it would have to find the lock free or its owner dead.
//!
//! # Source
//! The asymmetric fence of liburcu and folly, between processes (`membarrier`, since Linux 4.16).

use super::gate::Gate;
use super::raw_lock::{Held, Owner, Peers, TimedOut};
use super::{A32, Ordering, fence_if_alone, pause};
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
    #[inline]
    pub fn lock(&self, me: u32, peers: &impl Peers, deadline: Deadline) -> Result<Held, TimedOut> {
        debug_assert!(me != 0 && me & !OWNER == 0);
        if self.try_lock(me) { Ok(Held::Clean) } else { self.lock_slowly(me, peers, deadline) }
    }

    #[cold]
    fn lock_slowly(&self, me: u32, peers: &impl Peers, deadline: Deadline) -> Result<Held, TimedOut> {
        let mut spins = peers.spins(SPINS);
        let mut has_slept = false;
        loop {
            let word = self.word.load(Ordering::Relaxed);
            if word & OWNER == 0 {
                if self.word.compare_exchange(word, me, Ordering::Acquire, Ordering::Relaxed).is_err() {
                    continue;
                }
                if has_slept {
                    self.gate.leave_word();
                }
                return Ok(if word & DIED == 0 { Held::Clean } else { Held::Inherited });
            }
            if spins > 0 {
                spins -= 1;
                pause();
                continue;
            }
            let held = || Some(self.word.load(Ordering::Relaxed)).filter(|word| word & OWNER != 0);
            if let Some(word) = self.gate.sleep_beside(held, &mut has_slept, deadline)?
                && peers.is_dead(word & OWNER)
            {
                // An exchange, not a store: only one of several witnesses may take the dead away.
                let _ = self.word.compare_exchange(word, DIED, Ordering::AcqRel, Ordering::Relaxed);
            }
        }
    }

    /// Takes the lock for the process `me` if nobody holds it, or its owner is dead. Never waits.
    ///
    /// # Errors
    /// [`TimedOut`] if a live process holds it.
    #[inline]
    pub fn lock_now(&self, me: u32, peers: &impl Peers) -> Result<Held, TimedOut> {
        if self.try_lock(me) { Ok(Held::Clean) } else { self.lock_now_slowly(me, peers) }
    }

    #[cold]
    fn lock_now_slowly(&self, me: u32, peers: &impl Peers) -> Result<Held, TimedOut> {
        loop {
            let word = self.word.load(Ordering::Relaxed);
            let held = match word & OWNER {
                0 if word & DIED == 0 => Held::Clean,
                0 => Held::Inherited,
                owner if peers.is_dead(owner) => Held::Inherited,
                _ => return Err(TimedOut),
            };
            // Only one of several who found the owner dead succeeds.
            if self.word.compare_exchange(word, me, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return Ok(held);
            }
        }
    }

    /// Takes the lock for the process `me` if its owner has died, or was found dead and nobody has taken
    /// it since. Never waits: for those who wait for something else than the lock.
    pub fn take_from_dead(&self, me: u32, peers: &impl Peers) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        let is_left = match word & OWNER {
            0 => word & DIED != 0,
            owner => peers.is_dead(owner),
        };
        // An exchange, not a store: only one of several witnesses may be the heir.
        is_left && self.word.compare_exchange(word, me, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Who holds the lock at this moment.
    pub fn owner(&self) -> Owner {
        match self.word.load(Ordering::Relaxed) {
            word if word & OWNER != 0 => Owner::Process(word & OWNER),
            word if word & DIED != 0 => Owner::Dead,
            _ => Owner::Nobody,
        }
    }

    /// Gives the lock back. Only its owner may.
    #[inline]
    pub fn unlock(&self) {
        self.word.store(0, Ordering::Release);
        fence_if_alone();
        self.gate.open_for_one_fenced();
    }
}
