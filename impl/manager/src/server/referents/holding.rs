//! Who holds a lock, how often, and who is next: the state of locks and recursive locks, as plain data.
//!
//! # Invariants
//! 1. While somebody waits, somebody holds: whoever gives the lock up gives it to the first in the line, so a
//!    newcomer cannot overtake, and a lock that is free is free for everybody.
//! 2. The holder is a session. What it holds when it ends goes to the next, who may ask whether that was so.

use crate::server::{CallerId, Woken};

use super::line::{Line, Seen, Ticket};

/// The state of a lock; `W` is what a waiter is woken by.
#[derive(Debug)]
pub struct Holding<W> {
    is_recursive: bool,
    holder: Option<Holder>,
    /// Whether the last holder's session ended while it held, and nobody has acquired since.
    orphaned: bool,
    line: Line<Claim<W>, Came>,
}

/// Who holds a lock, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The session.
    pub caller: CallerId,
    /// How many releases it takes until others can acquire; 1 for a lock that is not recursive.
    pub depth: u64,
}

/// What somebody waits for: to hold the lock at this depth.
#[derive(Debug)]
struct Claim<W> {
    holder: Holder,
    waker: W,
}

/// How something came to the one who acquired it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// Nobody had it, or it was given back.
    Freely,
    /// From a session that ended while it had it.
    FromTheDead,
}

/// Why a lock was not given up: nobody holds it, or it is recursive and somebody else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHeld;

/// Why a lock was not acquired once more: its holder cannot count any higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooDeep;

impl<W> Holding<W> {
    /// A lock that nobody holds.
    pub fn new(is_recursive: bool) -> Holding<W> {
        Holding { is_recursive, holder: None, orphaned: false, line: Line::default() }
    }

    /// Who holds it.
    pub fn holder(&self) -> Option<Holder> {
        self.holder
    }

    /// How many wait for it.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.line.waiting()
    }

    /// Whether this session may use what the lock guards: it holds a recursive one, or anybody holds another
    /// one, which is everybody's to release.
    pub fn is_held_for(&self, caller: CallerId) -> bool {
        self.holder.is_some_and(|holder| !self.is_recursive || holder.caller == caller)
    }

    /// Acquires the lock if it is free, or once more if it is recursive and the session's; `None` if it is not.
    ///
    /// # Errors
    /// [`TooDeep`] after 2^64 - 1 acquires.
    pub fn try_acquire(&mut self, caller: CallerId) -> Result<Option<Came>, TooDeep> {
        match &mut self.holder {
            Some(holder) if self.is_recursive && holder.caller == caller => {
                holder.depth = holder.depth.checked_add(1).ok_or(TooDeep)?;
                Ok(Some(Came::Freely))
            }
            Some(_) => Ok(None),
            None => Ok(Some(self.hold(Holder { caller, depth: 1 }))),
        }
    }

    /// Acquires the lock at this depth if it is free.
    pub fn try_restore(&mut self, holder: Holder) -> Option<Came> {
        self.holder.is_none().then(|| self.hold(holder))
    }

    /// Waits for the lock, at this depth. For whoever could not acquire it under the same lock of this state.
    pub fn enter(&mut self, holder: Holder, waker: W) -> Ticket {
        self.line.enter(Claim { holder, waker })
    }

    /// A waiter has woken: `None` if he waits on, `Some(None)` if he goes without the lock. One that has become
    /// his by the time that his time is up is his. When his client has left it goes on, as it was before, unless
    /// somebody else has released it already.
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
        if let Some(came) = came
            && self.holder.is_some_and(|holder| holder.caller == caller)
        {
            self.orphaned = came == Came::FromTheDead;
            self.give_up(wakers);
        }
    }

    /// Releases the lock once.
    ///
    /// # Errors
    /// [`NotHeld`]; nothing has changed.
    pub fn release(&mut self, caller: CallerId, wakers: &mut Vec<W>) -> Result<(), NotHeld> {
        match &mut self.holder {
            Some(holder) if !self.is_recursive || holder.caller == caller => {
                holder.depth -= 1;
                if holder.depth == 0 {
                    self.give_up(wakers);
                }
                Ok(())
            }
            _ => Err(NotHeld),
        }
    }

    /// Releases the lock completely, and says at which depth it was held.
    ///
    /// # Errors
    /// [`NotHeld`]; nothing has changed.
    pub fn release_all(&mut self, caller: CallerId, wakers: &mut Vec<W>) -> Result<u64, NotHeld> {
        let depth = self.holder.filter(|_| self.is_held_for(caller)).ok_or(NotHeld)?.depth;
        self.give_up(wakers);
        Ok(depth)
    }

    /// A session has ended: what it held goes to the next.
    pub fn end(&mut self, caller: CallerId, wakers: &mut Vec<W>) {
        if self.holder.is_some_and(|holder| holder.caller == caller) {
            self.orphaned = true;
            self.give_up(wakers);
        }
    }

    fn hold(&mut self, holder: Holder) -> Came {
        self.holder = Some(holder);
        match std::mem::take(&mut self.orphaned) {
            true => Came::FromTheDead,
            false => Came::Freely,
        }
    }

    fn give_up(&mut self, wakers: &mut Vec<W>) {
        self.holder = None;
        if let Some(claim) = self.line.first() {
            let came = self.hold(claim.holder);
            wakers.extend(self.line.grant(came).ok().map(|claim| claim.waker));
        }
    }
}

#[cfg(test)]
mod tests;
