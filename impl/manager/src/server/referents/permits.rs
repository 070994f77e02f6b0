//! How many permits a semaphore has, who has taken some, and who is next: its state, as plain data.
//!
//! # Invariants
//! 1. While somebody waits, no permit is free: whoever gives one back gives it to the first in the line.
//! 2. A session that ends gives back what it has taken, as far as the initial value has room for it beside the
//!    permits that are free and those that others have taken. So a semaphore that one client releases and
//!    another one acquires gets no permits that nobody ever had.
//! 3. A release by a session that has taken none leaves the account of one who has: it is released for him, and
//!    must not be made up for once more.

use std::collections::BTreeMap;

use crate::server::{CallerId, Woken};

use super::holding::Came;
use super::line::{Line, Seen, Ticket};

/// The state of a semaphore; `W` is what a waiter is woken by.
#[derive(Debug)]
pub struct Permits<W> {
    free: u64,
    initial: u64,
    is_bounded: bool,
    /// Free permits that have come back from the dead and were not told of.
    restored: u64,
    /// What each session has taken more than given back, never 0.
    taken: BTreeMap<CallerId, u64>,
    /// The sum of these accounts.
    taken_by_all: u64,
    line: Line<(CallerId, W), Came>,
}

/// Why permits were not given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMany {
    /// A bounded semaphore would have more than in the beginning.
    Bound,
    /// The number of permits has no room for them.
    Room,
}

/// The most permits there can be, one less than the number for which a larger one is taken.
pub const MOST: u64 = i64::MAX as u64 - 1;

impl<W> Permits<W> {
    /// So many permits, at most [`MOST`].
    pub fn new(initial: u64, is_bounded: bool) -> Permits<W> {
        let initial = initial.min(MOST);
        let (taken, line) = (BTreeMap::new(), Line::default());
        Permits { free: initial, initial, is_bounded, restored: 0, taken, taken_by_all: 0, line }
    }

    /// How many are free.
    pub fn free(&self) -> u64 {
        self.free
    }

    /// How many there were in the beginning.
    pub fn initial(&self) -> u64 {
        self.initial
    }

    /// How many wait for one.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.line.waiting()
    }

    /// Takes a permit if one is free.
    pub fn try_acquire(&mut self, caller: CallerId) -> Option<Came> {
        (self.free > 0).then(|| self.take(caller))
    }

    /// Waits for a permit. For whoever could not take one under the same lock of this state.
    pub fn enter(&mut self, caller: CallerId, waker: W) -> Ticket {
        self.line.enter((caller, waker))
    }

    /// A waiter has woken: `None` if he waits on, `Some(None)` if he goes without a permit. One that has become his
    /// by the time that his time is up is his. When his client has left it goes on, as it was before, unless a
    /// bounded semaphore has been released for him already and has no room for it.
    pub fn see(
        &mut self,
        caller: CallerId,
        ticket: Ticket,
        woken: Woken,
        wakers: &mut Vec<W>,
    ) -> Option<Option<Came>> {
        match self.line.see(ticket, woken) {
            Seen::Waits => None,
            Seen::Ended(came) => Some(came),
            Seen::Gone(came) => {
                self.hand_on(caller, came, wakers);
                Some(None)
            }
        }
    }

    fn hand_on(&mut self, caller: CallerId, came: Option<Came>, wakers: &mut Vec<W>) {
        if let Some(came) = came {
            self.credit(caller, 1);
            if !self.is_bounded || self.free < self.initial {
                self.free += 1;
                self.restored += u64::from(came == Came::FromTheDead);
                self.pass_on(wakers);
            }
        }
    }

    /// Gives so many permits back, of this session's or of somebody else's.
    ///
    /// # Errors
    /// [`TooMany`]; nothing has changed.
    pub fn release(&mut self, caller: CallerId, count: u64, wakers: &mut Vec<W>) -> Result<(), TooMany> {
        let after = self.free.checked_add(count).filter(|after| *after <= MOST).ok_or(TooMany::Room)?;
        if self.is_bounded && after > self.initial {
            return Err(TooMany::Bound);
        }
        let mut rest = count - self.credit(caller, count);
        while rest > 0
            && let Some(other) = self.taken.first_key_value().map(|(other, _)| *other)
        {
            rest -= self.credit(other, rest);
        }
        self.free = after;
        self.pass_on(wakers);
        Ok(())
    }

    /// A session has ended: what it had taken comes back.
    pub fn end(&mut self, caller: CallerId, wakers: &mut Vec<W>) {
        let back = self.credit(caller, u64::MAX);
        let room = self.initial.saturating_sub(self.free.saturating_add(self.taken_by_all));
        let back = back.min(room);
        self.free += back;
        self.restored += back;
        self.pass_on(wakers);
    }

    fn take(&mut self, caller: CallerId) -> Came {
        self.free -= 1;
        *self.taken.entry(caller).or_default() += 1;
        self.taken_by_all += 1;
        match self.restored.checked_sub(1) {
            Some(restored) => {
                self.restored = restored;
                Came::FromTheDead
            }
            None => Came::Freely,
        }
    }

    /// Takes so many off a session's account, or all that is on it, and says how many.
    fn credit(&mut self, caller: CallerId, most: u64) -> u64 {
        let Some(taken) = self.taken.get_mut(&caller) else { return 0 };
        let credited = most.min(*taken);
        *taken -= credited;
        if *taken == 0 {
            self.taken.remove(&caller);
        }
        self.taken_by_all -= credited;
        credited
    }

    fn pass_on(&mut self, wakers: &mut Vec<W>) {
        while self.free > 0
            && let Some((caller, _)) = self.line.first()
        {
            let came = self.take(*caller);
            wakers.extend(self.line.grant(came).ok().map(|(_, waker)| waker));
        }
    }
}

#[cfg(test)]
mod tests;
