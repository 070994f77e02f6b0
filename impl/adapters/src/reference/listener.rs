//! Listeners, and connecting to them.

use std::any::Any;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use procession_contract::{Answer, Call, Endpoint, Key, Object, Objects, Outcome};
use procession_manager::{
    AcceptError, Address, BindError, ConnectError, ConnectOptions, Listener, ListenerOptions, Origin,
    Unproved, connect as connect_to,
};
use procession_reference::connection::Connection;

use super::connection::ConnectionHandle;
use super::endpoint::{self, Place};
use super::outcome;

/// A handle to a listener.
#[derive(Clone)]
pub(super) struct ListenerHandle(Arc<Listener>);

impl ListenerHandle {
    /// A listener whose address is noted in the run's directory.
    pub(super) fn create(
        name: &str,
        at: &Endpoint,
        key: &Key,
        backlog: Option<u32>,
    ) -> Result<ListenerHandle, Answer> {
        let mut options = ListenerOptions { key: secret(key)?, ..ListenerOptions::default() };
        if let Some(backlog) = backlog {
            options.backlog = backlog;
        }
        let address = match endpoint::place(at)? {
            Place::Unsaid => None,
            Place::Of(family) => {
                options.family = Some(family);
                None
            }
            Place::At(address) => Some(address),
        };
        let listener = Listener::bind(address, options).map_err(bind)?;
        endpoint::note(&endpoint::note_of(name)?, listener.address()).map_err(outcome::os)?;
        Ok(ListenerHandle(Arc::new(listener)))
    }
}

/// The key that a script gives, as both sides take it.
pub(super) fn secret(key: &Key) -> Result<Option<procession_manager::Key>, Answer> {
    Ok(endpoint::key(key)?.map(procession_manager::Key::even_empty))
}

fn bind(error: BindError) -> Answer {
    let outcome = match &error {
        BindError::AddressInUse(_) => Outcome::NameTaken,
        BindError::BadAddress(_) => Outcome::BadValue,
        _ => Outcome::Other,
    };
    match error {
        BindError::Os(error) => outcome::os(error),
        error => Answer::error(outcome, error),
    }
}

/// A peer that left in the middle of the proof may have no key; one that said something wrong has another.
fn unproved(why: &Unproved) -> Outcome {
    match why {
        Unproved::Left => Outcome::Eof,
        _ => Outcome::AuthFailed,
    }
}

fn not_accepted(error: AcceptError) -> Answer {
    let outcome = match &error {
        AcceptError::AuthenticationFailed(why) => unproved(why),
        AcceptError::Closed => Outcome::Closed,
        _ => Outcome::Other,
    };
    match error {
        AcceptError::Os(error) => outcome::os(error),
        error => Answer::error(outcome, error),
    }
}

/// Why nobody was reached, or who was is a stranger.
pub(super) fn not_connected(error: ConnectError) -> Answer {
    let outcome = match &error {
        ConnectError::AuthenticationFailed(why) => unproved(why),
        ConnectError::BadAddress(_) => Outcome::BadValue,
        ConnectError::NotFound(_) => Outcome::NameMissing,
        ConnectError::Refused(_) => Outcome::Refused,
        ConnectError::Silent(_) => Outcome::AuthFailed,
        ConnectError::TimedOut(_) => Outcome::Timeout,
        _ => Outcome::Other,
    };
    match error {
        ConnectError::Os(error) => outcome::os(error),
        error => Answer::error(outcome, error),
    }
}

/// Accepts a connection, which is known as `name` from then on.
pub(super) fn accept(on: &str, name: &str, objects: &mut Objects) -> Answer {
    let listener = objects.get_mut(on).and_then(|object| object.as_any().downcast_ref::<ListenerHandle>());
    let Some(ListenerHandle(listener)) = listener.cloned() else {
        return Answer::error(Outcome::BadType, format!("`{on}` is no listener"));
    };
    known(name, listener.accept().map_err(not_accepted), objects)
}

/// Connects; the connection is known as `name` from then on.
pub(super) fn connect(name: &str, to: &Endpoint, key: &Key, objects: &mut Objects) -> Answer {
    let connected = secret(key).and_then(|key| {
        let options = ConnectOptions { key, ..ConnectOptions::default() };
        connect_to(&endpoint::target(to)?, &options).map_err(not_connected)
    });
    known(name, connected, objects)
}

fn known(name: &str, made: Result<Connection, Answer>, objects: &mut Objects) -> Answer {
    match made {
        Ok(connection) => {
            objects.insert(name.into(), Box::new(ConnectionHandle::new(connection)));
            Answer::ok()
        }
        Err(answer) => answer,
    }
}

impl Object for ListenerHandle {
    fn call(&mut self, call: &Call) -> Answer {
        let listener = &self.0;
        match call {
            Call::LastAccepted => match listener.last_accepted() {
                None => Answer::of(Outcome::Absent),
                Some(Origin::Local) => Answer::text(""),
                Some(Origin::Tcp(_)) => Answer::text("tcp"),
            },
            Call::Address => Answer::text(listener.address().to_string()),
            Call::DirectoryMode => directory_mode(listener.address()),
            // A listener is its own scope: leaving it drops the listener, which closes it.
            Call::Scope { .. } => {
                listener.close();
                Answer::truth(true)
            }
            Call::Close => {
                listener.close();
                Answer::ok()
            }
            Call::Repr => Answer::text(format!("{listener:?}")),
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// The permissions of the directory in which a socket lies.
pub(super) fn directory_mode(address: &Address) -> Answer {
    let Address::Unix(path) = address else { return Answer::of(Outcome::Absent) };
    let Some(directory) = path.parent() else { return Answer::of(Outcome::Absent) };
    match fs::metadata(directory) {
        Ok(found) => Answer::number(found.permissions().mode() & 0o7777),
        Err(error) => outcome::os(error),
    }
}
