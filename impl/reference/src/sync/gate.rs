//! A gate: processes wait in front of it until a condition elsewhere may have become true.
//!
//! # State
//! `[31..1 sequence][0 WAITERS]`. A waiter sets `WAITERS` and *then* looks at the condition; an
//! opener makes the condition true and *then* looks at `WAITERS`. A fence between the two on both
//! sides makes sure that one of them sees the other.
//!
//! Opening wakes everybody: that a woken process dies instead of going on then harms nobody, and
//! no count of sleepers exists that a dead one could leave wrong. An opener that dies between the
//! condition and the wake is made up for by the tick.
//!
//! Where only one can go on, as at a lock, opening may wake one: whoever has slept then leaves word, when
//! it goes on and when it gives up, so that the next opening wakes another one.

use super::raw_lock::TimedOut;
use super::{A32, GATE_SLICE_NS, LOCK_SLICE_NS, Ordering, Woken};
use super::{fence, fence_everywhere, futex_wait, futex_wake};
use crate::deadline::Deadline;

const WAITERS: u32 = 1;

/// The gate.
#[derive(Debug)]
#[repr(transparent)]
pub struct Gate {
    word: A32,
}

/// What a waiter saw when it announced itself.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Ticket(u32);

impl Gate {
    /// A gate with nobody in front of it.
    pub fn new() -> Gate {
        Gate { word: A32::new(0) }
    }

    /// Announces a waiter, who must look at the condition once more before [`wait`](Self::wait).
    pub fn announce(&self) -> Ticket {
        let before = self.word.fetch_or(WAITERS, Ordering::AcqRel);
        fence();
        Ticket(before | WAITERS)
    }

    /// Says that others may wait still: for one who has slept and goes on, before it opens the gate itself.
    pub fn leave_word(&self) {
        self.word.fetch_or(WAITERS, Ordering::AcqRel);
    }

    /// Sleeps until the gate opens, a tick is over, or the deadline has come.
    pub fn wait(&self, ticket: Ticket, deadline: Deadline) -> Woken {
        self.wait_for(ticket, deadline, GATE_SLICE_NS)
    }

    /// As [`wait`](Self::wait), with ticks of this many nanoseconds.
    pub fn wait_for(&self, ticket: Ticket, deadline: Deadline, slice_ns: u64) -> Woken {
        futex_wait(&self.word, ticket.0, deadline, slice_ns)
    }

    /// Sleeps in front of the gate of a lock whose owner frees it by a plain store, while `held` says how it is
    /// held: for a slice at most, behind which that is given, since the owner may be dead. `has_slept` is
    /// whether the caller has slept before.
    ///
    /// # Errors
    /// [`TimedOut`]: the lock was held when the deadline had come.
    pub fn sleep_beside<H>(
        &self,
        held: impl FnOnce() -> Option<H>,
        has_slept: &mut bool,
        deadline: Deadline,
    ) -> Result<Option<H>, TimedOut> {
        if !*has_slept && deadline.passed() {
            return Err(TimedOut);
        }
        let ticket = self.announce();
        fence_everywhere();
        let state = held();
        if state.is_none() {
            return Ok(None);
        }
        // Only behind the announcement: the owner is going to wake another one in our place.
        if deadline.passed() {
            return Err(TimedOut);
        }
        *has_slept = true;
        let woken = self.wait_for(ticket, deadline, LOCK_SLICE_NS);
        Ok(state.filter(|_| woken == Woken::Tick))
    }

    /// Wakes everybody who has announced himself, after the condition has become true.
    #[inline]
    pub fn open(&self) {
        fence();
        self.open_fenced();
    }

    /// As [`open`](Self::open), for a caller that has fenced since the condition became true.
    #[inline]
    pub fn open_fenced(&self) {
        let word = self.word.load(Ordering::Relaxed);
        if word & WAITERS != 0 {
            self.open_slowly(word, u32::MAX);
        }
    }

    /// Wakes one of those who sleep, and none who is about to will: for a caller that has fenced since the
    /// condition became true, where whoever has slept leaves word for the others.
    #[inline]
    pub fn open_for_one_fenced(&self) {
        let word = self.word.load(Ordering::Relaxed);
        if word & WAITERS != 0 {
            self.open_slowly(word, 1);
        }
    }

    #[cold]
    fn open_slowly(&self, mut word: u32, most: u32) {
        while word & WAITERS != 0 {
            // The sequence moves, so that one who announced himself but does not sleep yet never will.
            let opened = word.wrapping_add(2) & !WAITERS;
            match self.word.compare_exchange(word, opened, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return futex_wake(&self.word, most),
                Err(changed) => word = changed,
            }
        }
    }
}
