//! What many sessions change and wait for: plain data under a lock, and bells to be rung outside it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::server::{Bell, Caller, Fault, Woken};

use super::Deadline;
use super::line::Ticket;

/// The state of an object that sessions wait for.
///
/// The lock is held for the length of a change and never while somebody waits, rings or drops a value.
pub struct Shared<S>(Mutex<S>);

/// How a call that may have to wait begins.
pub enum Begun<R> {
    /// It need not wait: this is the answer.
    Ended(R),
    /// It has a place in a line.
    Waits(Ticket),
}

impl<S> Shared<S> {
    /// This state, for all to share.
    pub fn new(state: S) -> Shared<S> {
        Shared(Mutex::new(state))
    }

    /// Looks at the state.
    pub fn look<R>(&self, look: impl FnOnce(&S) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the state, and rings for everybody whom the change has woken when the lock is free again.
    pub fn change<R>(&self, change: impl FnOnce(&mut S, &mut Vec<Bell>) -> R) -> R {
        let mut bells = Vec::new();
        let answer = change(&mut self.lock(), &mut bells);
        bells.iter().for_each(Bell::ring);
        answer
    }

    /// Carries out a call that may have to wait. `begin` is given a bell to wait with unless the deadline is now,
    /// and has an answer then. `see` is shown the state whenever the session wakes. It must have an answer when
    /// time is up, and may have none when the bell has rung, perhaps for an earlier call: then the wait goes on.
    /// When the client has left it gives up the place and what was granted there, and its answer counts for
    /// nothing.
    ///
    /// # Errors
    /// [`Fault::Left`] when the client has left or the server ends, [`Fault::Failed`] when the system does not
    /// let the session wait; either way it has no place any more.
    pub fn answer<R>(
        &self,
        caller: &Caller,
        deadline: Deadline,
        begin: impl FnOnce(&mut S, &mut Vec<Bell>, Option<Bell>) -> Begun<R>,
        mut see: impl FnMut(&mut S, &mut Vec<Bell>, Ticket, Woken) -> Option<R>,
    ) -> Result<R, Fault> {
        let bell = match deadline {
            Deadline::Now => None,
            _ => Some(caller.bell().map_err(cannot_wait)?.clone()),
        };
        let ticket = match self.change(|state, bells| begin(state, bells, bell)) {
            Begun::Ended(answer) => return Ok(answer),
            Begun::Waits(ticket) => ticket,
        };
        loop {
            let (woken, fault) = match caller.park(deadline.instant()) {
                Ok(Woken::Left) => (Woken::Left, Some(Fault::Left)),
                Ok(woken) => (woken, None),
                Err(error) => (Woken::Left, Some(cannot_wait(error))),
            };
            let seen = self.change(|state, bells| see(state, bells, ticket, woken));
            match (fault, seen) {
                (Some(fault), _) => return Err(fault),
                (None, Some(answer)) => return Ok(answer),
                (None, None) => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The system does not let a session wait.
pub fn cannot_wait(error: std::io::Error) -> Fault {
    Fault::Failed(format!("OSError: the server cannot let the call wait: {error}"))
}
