//! `threading.Lock` for clients, which whoever shares it may release, and `threading.RLock`, whose owner is a
//! session, that is, one thread of a client.

use std::sync::Arc;

use super::exclusive::Exclusive;
use super::serial::within;
use super::told::acquired;
use crate::python::{Raise, Work};
use crate::server::{Arguments, Call, CallerId, Fault, Given, Referent, Whole};

/// A managed lock, recursive or not. Held by a session that ends, it goes to the next.
pub struct Lock {
    exclusive: Arc<Exclusive>,
}

impl Lock {
    /// `Lock()`, which nobody holds.
    ///
    /// # Errors
    /// A `TypeError` for arguments.
    pub fn create(arguments: Arguments<'_>) -> Result<Lock, Raise> {
        Lock::of("Lock", arguments, false)
    }

    /// `RLock()`, which nobody holds.
    ///
    /// # Errors
    /// As for [`create`](Lock::create).
    pub fn create_recursive(arguments: Arguments<'_>) -> Result<Lock, Raise> {
        Lock::of("RLock", arguments, true)
    }

    fn of(name: &str, arguments: Arguments<'_>, is_recursive: bool) -> Result<Lock, Raise> {
        let [] = arguments.exactly::<0>(name)?;
        Ok(Lock { exclusive: Arc::new(Exclusive::new(is_recursive)) })
    }

    /// The lock itself.
    pub(super) fn exclusive(&self) -> &Arc<Exclusive> {
        &self.exclusive
    }
}

impl Referent for Lock {
    fn exposed(&self) -> &[&'static str] {
        &["acquire", "release", "acquire_told"]
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "release" => self.exclusive.release(call.arguments, call.caller.id()),
            method => Ok(acquired(method, self.exclusive.acquire(method, call.arguments, call.caller)?)),
        }
    }

    fn whole(&self) -> Whole {
        Whole::Unserializable(self.exclusive.unserializable())
    }

    fn repr(&self, most: usize, _work: &mut Work) -> Result<String, Raise> {
        within(self.exclusive.text(), most)
    }

    fn left(&self, caller: CallerId) {
        self.exclusive.end(caller);
    }

    fn size(&self) -> usize {
        size_of::<Exclusive>()
    }
}
