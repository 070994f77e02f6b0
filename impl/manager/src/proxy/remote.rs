//! A manager's server, as its clients see it: `BaseManager.connect` and what a connected manager can do.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use procession_wire::auth::Key;
use procession_wire::message::Created;
use procession_wire::{Kind, from_value};

use super::arguments::{Arguments, Named};
use super::error::CallError;
use super::home::Home;
use super::{Proxy, line};
use crate::address::Address;
use crate::manager::AskError;

/// A server, ours or CPython's, at an address and by a key. Cloning shares it.
#[derive(Clone)]
pub struct Remote(Arc<Home>);

impl Remote {
    /// The server at this address, which must answer.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn connect(address: impl Into<Address>, key: Key) -> Result<Remote, CallError> {
        let remote = Remote::at(address, key);
        line::one_shot(&remote.0, "dummy", (), (), None)?;
        Ok(remote)
    }

    /// The server at this address, which is not asked whether it is there.
    pub fn at(address: impl Into<Address>, key: Key) -> Remote {
        Remote(Home::of(address.into(), key))
    }

    pub(super) fn of(home: Arc<Home>) -> Remote {
        Remote(home)
    }

    /// Asks whether it answers, and says why there is no connection where there is none.
    pub(crate) fn reach(&self) -> Result<(), AskError> {
        let request = line::request(None, "dummy", &(), &())?;
        let mut stream = line::connect(&self.0, None)?;
        line::one_exchange(&mut stream, &request, None)?;
        Ok(())
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Creates an object of the type that is registered under this name, from these arguments.
    ///
    /// # Errors
    /// See [`CallError`]: [`CallError::Remote`] where there is no such type, and where its constructor fails.
    pub fn create(&self, typeid: &str, args: impl Arguments, named: impl Named) -> Result<Proxy, CallError> {
        let args = Behind { first: typeid, rest: args };
        let answer = line::one_shot(&self.0, "create", args, named, None)?;
        let created = Created::read(answer.root())?;
        let exposed = created.exposed.iter().map(|name| name.to_str_lossy().into()).collect();
        // It was created with a reference, which becomes ours.
        Ok(Proxy::adopt(Arc::clone(&self.0), typeid, &created.ident.to_str_lossy(), Some(exposed)))
    }

    /// How many objects the server holds for its clients.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn number_of_objects(&self) -> Result<u64, CallError> {
        Ok(from_value(&line::one_shot(&self.0, "number_of_objects", (), (), None)?)?)
    }

    /// What the server tells of its objects: a line with its name and the number of references for each, and
    /// one with the beginning of its text.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn debug_info(&self) -> Result<String, CallError> {
        let answer = line::one_shot(&self.0, "debug_info", (), (), None)?;
        match answer.root().kind() {
            Kind::Str(text) => Ok(text.to_str_lossy().into_owned()),
            _ => Err(CallError::Nonsense(format!("a text was asked for: {answer:?}"))),
        }
    }

    /// Ends the server. All that it holds is gone; whoever waits in a call of it is told that it is gone.
    ///
    /// # Errors
    /// See [`CallError`]: [`CallError::ServerGone`] where it had ended before.
    pub fn shutdown(&self) -> Result<(), CallError> {
        self.shutdown_by(None)
    }

    /// The same; gives up at the deadline.
    pub(crate) fn shutdown_by(&self, deadline: Option<Instant>) -> Result<(), CallError> {
        line::one_shot(&self.0, "shutdown", (), (), deadline).map(drop)
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({})", self.0.address)
    }
}

/// Arguments behind a first one.
struct Behind<'a, A> {
    first: &'a str,
    rest: A,
}

impl<A: Arguments> Arguments for Behind<'_, A> {
    fn add(
        &self,
        builder: &mut procession_wire::Builder,
    ) -> Result<Vec<procession_wire::value::Id>, procession_wire::bridge::Error> {
        let first = builder.str(self.first);
        let mut ids = vec![first];
        ids.extend(self.rest.add(builder)?);
        Ok(ids)
    }
}
