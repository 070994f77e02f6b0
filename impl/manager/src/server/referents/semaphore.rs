//! `threading.Semaphore` and `threading.BoundedSemaphore` for clients.
//!
//! What a session has taken and not given back when it ends comes back, as far as the initial value has room for
//! it; CPython would never have it back. As with locks a session is one thread of a client.

use super::integer::integer;
use super::permits::{MOST, Permits, TooMany};
use super::serial::within;
use super::shared::Begun;
use super::told::acquired;
use super::{Deadline, Serial, Shared};
use crate::python::{Class, Raise, Work};
use crate::server::{Arguments, Bell, Call, CallerId, Fault, Given, Referent, Whole};

/// A managed semaphore.
pub struct Semaphore {
    is_bounded: bool,
    serial: Serial,
    permits: Shared<Permits<Bell>>,
}

impl Semaphore {
    /// `Semaphore(value=1)`.
    ///
    /// # Errors
    /// A `ValueError` for less than no permits, an `OverflowError` for more than 64 bits hold, a `TypeError` for
    /// what is no integer.
    pub fn create(arguments: Arguments<'_>) -> Result<Semaphore, Raise> {
        Semaphore::of("Semaphore", arguments, false)
    }

    /// `BoundedSemaphore(value=1)`.
    ///
    /// # Errors
    /// As for [`create`](Semaphore::create).
    pub fn create_bounded(arguments: Arguments<'_>) -> Result<Semaphore, Raise> {
        Semaphore::of("BoundedSemaphore", arguments, true)
    }

    fn of(name: &str, arguments: Arguments<'_>, is_bounded: bool) -> Result<Semaphore, Raise> {
        let [value] = arguments.bind(name, ["value"], 0)?;
        let value = match value {
            None => 1,
            Some(value) => integer(value, "a semaphore's initial value")?,
        };
        let value =
            u64::try_from(value).map_err(|_| Raise::value_error("semaphore initial value must be >= 0"))?;
        if value > MOST {
            return Err(too_many());
        }
        let permits = Shared::new(Permits::new(value, is_bounded));
        Ok(Semaphore { is_bounded, serial: Serial::next(), permits })
    }

    /// How many wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.permits.look(Permits::waiting)
    }

    fn acquire(&self, call: &Call<'_>) -> Result<Given, Fault> {
        let deadline = Deadline::of_permit(call.method, call.arguments)?;
        let caller = call.caller.id();
        let begin = |permits: &mut Permits<Bell>, _: &mut Vec<Bell>, bell| match (
            permits.try_acquire(caller),
            bell,
        ) {
            (None, Some(bell)) => Begun::Waits(permits.enter(caller, bell)),
            (came, _) => Begun::Ended(came),
        };
        let came = self.permits.answer(call.caller, deadline, begin, |permits, bells, ticket, woken| {
            permits.see(caller, ticket, woken, bells)
        })?;
        Ok(acquired(call.method, came))
    }

    fn release(&self, call: &Call<'_>) -> Result<Given, Fault> {
        let [n] = call.arguments.bind("release", ["n"], 0)?;
        let n = match n {
            None => 1,
            Some(n) => integer(n, "n")?,
        };
        let n = u64::try_from(n).ok().filter(|n| *n > 0);
        let n = n.ok_or_else(|| Raise::value_error("n must be one or more"))?;
        match self.permits.change(|permits, bells| permits.release(call.caller.id(), n, bells)) {
            Ok(()) => Ok(Given::none()),
            Err(TooMany::Bound) => Err(Raise::value_error("Semaphore released too many times").into()),
            Err(TooMany::Room) => Err(too_many().into()),
        }
    }
}

impl Referent for Semaphore {
    fn exposed(&self) -> &[&'static str] {
        &["acquire", "release", "acquire_told"]
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "release" => self.release(call),
            _ => self.acquire(call),
        }
    }

    fn whole(&self) -> Whole {
        Whole::Unserializable("cannot pickle '_thread.lock' object")
    }

    fn repr(&self, most: usize, _work: &mut Work) -> Result<String, Raise> {
        let (free, initial) = self.permits.look(|permits| (permits.free(), permits.initial()));
        let serial = self.serial;
        let text = match self.is_bounded {
            false => format!("<threading.Semaphore at {serial}: value={free}>"),
            true => format!("<threading.BoundedSemaphore at {serial}: value={free}/{initial}>"),
        };
        within(text, most)
    }

    fn left(&self, caller: CallerId) {
        self.permits.change(|permits, bells| permits.end(caller, bells));
    }

    fn size(&self) -> usize {
        size_of::<Semaphore>()
    }
}

fn too_many() -> Raise {
    Raise::text(Class::Overflow, format!("a semaphore holds at most {MOST} permits"))
}
