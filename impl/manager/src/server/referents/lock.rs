//! `threading.Lock` for clients: whoever shares it may release it.

use std::sync::Arc;

use super::exclusive::Exclusive;
use super::serial::within;
use super::told::acquired;
use crate::python::{Raise, Work};
use crate::server::{Arguments, Call, CallerId, Fault, Given, Referent, Whole};

/// A managed lock. Held by a session that ends, it goes to the next.
pub struct Lock {
    exclusive: Arc<Exclusive>,
}

impl Lock {
    /// `Lock()`, which nobody holds.
    ///
    /// # Errors
    /// A `TypeError` for arguments.
    pub fn create(arguments: Arguments<'_>) -> Result<Lock, Raise> {
        let [] = arguments.exactly::<0>("Lock")?;
        Ok(Lock { exclusive: Arc::new(Exclusive::new(false)) })
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
