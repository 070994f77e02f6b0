//! A lock that sessions wait for, shared by what clients see as one object or as several: a condition and the
//! lock over which it was made.
//!
//! # Vanished holders
//! Where CPython leaves the lock of a dead client locked for ever, here the next in the line gets it, and if
//! nobody waits it is free. The holder is a *session*, and a client has one for each of its threads: a thread
//! that ends without releasing loses the lock as well, although its process goes on. So a thread that is to
//! release what another one has acquired must see to it that the other one does not end before. Whoever is next
//! is told if it asks, by `acquire_told`; to `acquire` it is a lock like any other, for that is all that Python's
//! proxies can say.

use crate::python::{Class, Raise};
use crate::server::{Arguments, Bell, Caller, CallerId, Fault, Given};

use super::holding::{Holder, Holding, NotHeld, TooDeep};
use super::shared::Begun;
use super::{Came, Deadline, Serial, Shared};

/// A lock and those who wait for it.
pub struct Exclusive {
    is_recursive: bool,
    serial: Serial,
    state: Shared<Holding<Bell>>,
}

impl Exclusive {
    /// A lock that nobody holds.
    pub fn new(is_recursive: bool) -> Exclusive {
        Exclusive { is_recursive, serial: Serial::next(), state: Shared::new(Holding::new(is_recursive)) }
    }

    /// `acquire(blocking=True, timeout=-1)`: how the lock came to the session, or `None` if it did not.
    ///
    /// # Errors
    /// Python's for the arguments and for a depth beyond 64 bits; [`Fault::Left`].
    pub fn acquire(
        &self,
        method: &str,
        arguments: Arguments<'_>,
        caller: &Caller,
    ) -> Result<Option<Came>, Fault> {
        let deadline = Deadline::of_lock(method, arguments)?;
        let begin =
            |state: &mut Holding<Bell>, _: &mut Vec<Bell>, bell| match (state.try_acquire(caller.id()), bell)
            {
                (Ok(None), Some(bell)) => {
                    Begun::Waits(state.enter(Holder { caller: caller.id(), depth: 1 }, bell))
                }
                (acquired, _) => Begun::Ended(acquired),
            };
        let acquired = self.state.answer(caller, deadline, begin, |state, bells, ticket, woken| {
            state.see(caller.id(), ticket, woken, bells).map(Ok)
        })?;
        acquired.map_err(|TooDeep| Raise::text(Class::Overflow, "Internal lock count overflowed").into())
    }

    /// `release()`.
    ///
    /// # Errors
    /// A `RuntimeError` where the lock is not the session's to release.
    pub fn release(&self, arguments: Arguments<'_>, caller: CallerId) -> Result<Given, Fault> {
        let [] = arguments.exactly::<0>("release")?;
        match self.state.change(|state, bells| state.release(caller, bells)) {
            Ok(()) => Ok(Given::none()),
            Err(NotHeld) if self.is_recursive => {
                Err(Raise::text(Class::Runtime, "cannot release un-acquired lock").into())
            }
            Err(NotHeld) => Err(Raise::text(Class::Runtime, "release unlocked lock").into()),
        }
    }

    /// Whether a session may use what the lock guards.
    pub fn is_held_for(&self, caller: CallerId) -> bool {
        self.state.look(|state| state.is_held_for(caller))
    }

    /// Releases the lock completely, and says at which depth it was held.
    ///
    /// # Errors
    /// [`NotHeld`].
    pub fn release_all(&self, caller: CallerId) -> Result<u64, NotHeld> {
        self.state.change(|state, bells| state.release_all(caller, bells))
    }

    /// Waits until the session has the lock again, at the depth at which it was released.
    ///
    /// # Errors
    /// [`Fault::Left`]; then the session does not hold the lock.
    pub fn restore(&self, caller: &Caller, depth: u64) -> Result<Came, Fault> {
        let holder = Holder { caller: caller.id(), depth };
        let begin = |state: &mut Holding<Bell>, _: &mut Vec<Bell>, bell: Option<Bell>| match (
            state.try_restore(holder),
            bell,
        ) {
            (None, Some(bell)) => Begun::Waits(state.enter(holder, bell)),
            (came, _) => Begun::Ended(came),
        };
        let came = self.state.answer(caller, Deadline::Never, begin, |state, bells, ticket, woken| {
            state.see(caller.id(), ticket, woken, bells)
        })?;
        // Without a deadline the call ends only with the lock.
        came.ok_or(Fault::Left)
    }

    /// How many wait for it.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.state.look(Holding::waiting)
    }

    /// A session has ended.
    pub fn end(&self, caller: CallerId) {
        self.state.change(|state, bells| state.end(caller, bells));
    }

    /// The text of the lock.
    pub fn text(&self) -> String {
        let holder = self.state.look(Holding::holder);
        let locked = if holder.is_some() { "locked" } else { "unlocked" };
        let serial = self.serial;
        match self.is_recursive {
            false => format!("<{locked} _thread.lock object at {serial}>"),
            true => {
                let (owner, count) = holder.map_or((0, 0), |holder| (holder.caller.0, holder.depth));
                format!("<{locked} _thread.RLock object owner={owner} count={count} at {serial}>")
            }
        }
    }

    /// What Python says when it is asked for the lock as a value.
    pub fn unserializable(&self) -> &'static str {
        match self.is_recursive {
            false => "cannot pickle '_thread.lock' object",
            true => "cannot pickle '_thread.RLock' object",
        }
    }
}
