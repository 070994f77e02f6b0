//! A flag that processes wait for, in one word that nobody ever locks.
//!
//! # State
//! `[31..2 epoch][1 WAITERS][0 SET]`. The epoch moves each time the flag is raised, so that a waiter
//! knows that it was up during the wait even if it is down again. `WAITERS` stands only while the flag
//! is down; it may stand for one who has died or given up, which costs a wake for nobody.
//!
//! # Crash
//! A setter that dies before the wake is made up for by the tick. A waiter leaves nothing behind.

use super::{A32, GATE_SLICE_NS, Ordering, futex_wait, futex_wake, pause};
use crate::deadline::Deadline;

const SET: u32 = 1;
const WAITERS: u32 = 2;
const EPOCH: u32 = 4;
const EPOCHS: u32 = !(SET | WAITERS);

/// The flag.
#[derive(Debug)]
#[repr(transparent)]
pub struct Flag {
    word: A32,
}

impl Flag {
    /// A flag that is down.
    pub fn new() -> Flag {
        Flag { word: A32::new(0) }
    }

    /// Whether it is up.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.word.load(Ordering::Acquire) & SET != 0
    }

    /// Raises it and wakes everybody who waits; whether anybody seemed to. An exchange and a system call:
    /// also from a signal's function, whatever that has interrupted.
    #[inline]
    pub fn set(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            // Also if it is up already: what the caller has written must be seen by whoever sees it up.
            let raised = if word & SET == 0 { (word.wrapping_add(EPOCH) & !WAITERS) | SET } else { word };
            match self.word.compare_exchange(word, raised, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(changed) => word = changed,
            }
        }
        let is_awaited = word & WAITERS != 0;
        if is_awaited {
            futex_wake(&self.word, u32::MAX);
        }
        is_awaited
    }

    /// Lowers it.
    #[inline]
    pub fn clear(&self) {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & SET != 0 {
            match self.word.compare_exchange(word, word & !SET, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(changed) => word = changed,
            }
        }
    }

    /// Waits until it is up, or has been up at any moment of the wait; whether it has. Looks so many
    /// times as `spins` says before sleeping.
    #[inline]
    pub fn wait(&self, spins: impl FnOnce() -> u32, deadline: Deadline) -> bool {
        let entry = self.word.load(Ordering::Acquire);
        entry & SET != 0 || self.wait_slowly(entry, spins(), deadline)
    }

    #[cold]
    fn wait_slowly(&self, entry: u32, mut spins: u32, deadline: Deadline) -> bool {
        let mut word = entry;
        loop {
            if word & SET != 0 || (word ^ entry) & EPOCHS != 0 {
                return true;
            }
            if deadline == Deadline::Now {
                return false;
            }
            if spins > 0 {
                spins -= 1;
                pause();
            } else if word & WAITERS == 0 {
                // An exchange: a flag raised meanwhile must not be taken for one with a waiter.
                let waited_for = word | WAITERS;
                let exchange =
                    self.word.compare_exchange(word, waited_for, Ordering::Acquire, Ordering::Acquire);
                word = exchange.map_or_else(|changed| changed, |_| waited_for);
                continue;
            } else if deadline.passed() {
                return false;
            } else {
                // Whatever ends it: the word tells.
                let _ = futex_wait(&self.word, word, deadline, GATE_SLICE_NS);
            }
            word = self.word.load(Ordering::Acquire);
        }
    }
}
