//! A lock of one word that survives its owner: the word says who holds it, and whoever waits for
//! it looks now and then whether that process still lives.
//!
//! # State
//! `[31 WAITERS][30 DIED][29..0 owner, 0 for free]`. `DIED` stands only beside owner 0: the lock is
//! still held, by the dead, until somebody takes it over.
//!
//! # Invariants (of the protocol; no memory safety rests on them)
//! 1. At most one live process is the owner.
//! 2. `DIED` is handed to at most one successor per death.
//! 3. While somebody may sleep, `WAITERS` is set, or a wake is under way, or a tick will come.
//!
//! # Orderings
//! Taking acquires, releasing releases: the critical sections are ordered. A dead owner's stores
//! are ordered before the successor's loads by the kernel, which releases the owner's byte lock
//! only when none of its threads runs any more.
//!
//! # Source
//! The word follows the kernel's robust futexes; the detection does not use them, since these
//! compare thread ids of the caller's own pid namespace.

use super::{A32, LOCK_SLICE_NS, Ordering, Woken, futex_wait, futex_wake, pause};
use crate::deadline::Deadline;

const WAITERS: u32 = 1 << 31;
const DIED: u32 = 1 << 30;
const OWNER: u32 = DIED - 1;

/// How often a taken lock is looked at before sleeping: critical sections are short.
const SPINS: u32 = 60;

/// Tells the living from the dead.
pub trait Peers {
    /// Whether this owner's process has ended. Never true of a live one, even a stopped one.
    fn is_dead(&self, owner: u32) -> bool;

    /// How often to look again before sleeping, at most `most`; 0 where only one CPU is ours.
    fn spins(&self, most: u32) -> u32;
}

/// How the lock was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Held {
    /// From nobody, or from an owner that released it.
    Clean,
    /// From an owner that died holding it.
    Inherited,
}

/// The lock was not free before the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

/// Who holds the lock, as the word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody.
    Nobody,
    /// This process, dead or alive.
    Process(u32),
    /// A process that has been found dead.
    Dead,
}

/// The lock.
#[derive(Debug)]
#[repr(transparent)]
pub struct RawLock {
    word: A32,
}

impl RawLock {
    /// A free lock.
    pub fn new() -> RawLock {
        RawLock { word: A32::new(0) }
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
        // A waiter that has slept takes the lock with WAITERS set: others may sleep still.
        let mut keep = 0;
        loop {
            let word = self.word.load(Ordering::Relaxed);
            if word & OWNER == 0 {
                let mine = me | (word & WAITERS) | keep;
                if self.word.compare_exchange(word, mine, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                    return Ok(if word & DIED == 0 { Held::Clean } else { Held::Inherited });
                }
                continue;
            }
            if spins > 0 {
                spins -= 1;
                pause();
                continue;
            }
            // Also before giving up: a wake that was meant for others may have come to us.
            if word & WAITERS == 0
                && self
                    .word
                    .compare_exchange(word, word | WAITERS, Ordering::Relaxed, Ordering::Relaxed)
                    .is_err()
            {
                continue;
            }
            let expected = word | WAITERS;
            if deadline.passed() {
                return Err(TimedOut);
            }
            keep = WAITERS;
            if futex_wait(&self.word, expected, deadline, LOCK_SLICE_NS) == Woken::Tick
                && peers.is_dead(word & OWNER)
            {
                // An exchange, not a store: only one of several witnesses may take the dead away.
                let _ =
                    self.word.compare_exchange(expected, DIED | WAITERS, Ordering::AcqRel, Ordering::Relaxed);
            }
        }
    }

    /// Gives the lock back. Only its owner may.
    #[inline]
    pub fn unlock(&self) {
        if self.word.swap(0, Ordering::Release) & WAITERS != 0 {
            futex_wake(&self.word, 1);
        }
    }
}
