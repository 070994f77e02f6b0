//! What a managed object is: something with methods that clients call.

use std::any::Any;

use super::{Call, CallerId, Fault, Given, Stored, Taken};
use crate::python::{Raise, Work};

/// An object that a server holds for its clients.
///
/// Many sessions call it at the same time, each on a thread of its own. A call locks what it needs and lets go
/// of it before it drops or resolves a [`Stored`] value: a value may hold the last reference to an object,
/// perhaps to this one.
///
/// One object may need another as what it is, a condition its lock: so each is an [`Any`].
pub trait Referent: Any + Send + Sync {
    /// The methods that clients may call, in the order in which Python lists them.
    fn exposed(&self) -> &[&'static str];

    /// Carries out a method, which is one of [`exposed`](Referent::exposed).
    ///
    /// Blocks as long as the method does; whoever waits does so through [`Caller::park`](super::Caller::park), so
    /// that the end of its client or of the server ends the wait.
    ///
    /// # Errors
    /// [`Fault`] says which.
    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault>;

    /// What `_getvalue` gives.
    fn whole(&self) -> Whole;

    /// The text that `repr` of a proxy's referent gives, not longer than so many bytes.
    ///
    /// # Errors
    /// A `MemoryError` for one that is longer.
    fn repr(&self, most: usize, work: &mut Work) -> Result<String, Raise>;

    /// The text that `str` gives.
    ///
    /// # Errors
    /// As for [`repr`](Referent::repr).
    fn display(&self, most: usize, work: &mut Work) -> Result<String, Raise> {
        self.repr(most, work)
    }

    /// What a call has [taken out](Given::Taken) never reached its client: it goes back to where it was, and to
    /// whoever waits for it. Called at most once for each call, before the session that made it has
    /// [left](Referent::left). A type whose calls take nothing out has no use for it.
    fn put_back(&self, _taken: Taken) {}

    /// A session has ended, by the death of its client perhaps: what it held here is free again, where that is
    /// the type's promise. Called once for each session that called a method of this object, after the last
    /// of its calls has returned.
    fn left(&self, _caller: CallerId) {}

    /// About how many bytes it takes.
    fn size(&self) -> usize;
}

/// What a referent is as a value.
pub enum Whole {
    /// A plain value.
    Value(Stored),
    /// Nothing that can be sent: a lock, say. The text names it as Python's error does, such as
    /// `cannot pickle '_thread.lock' object`.
    Unserializable(&'static str),
}
