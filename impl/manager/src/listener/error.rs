//! Why nobody could listen, or nobody was accepted.

use std::fmt;
use std::io;

use crate::address::Address;
use crate::handshake::Unproved;

/// Why a listener was not made.
#[derive(Debug)]
#[non_exhaustive]
pub enum BindError {
    /// Somebody listens there already, or the path exists.
    AddressInUse(Address),
    /// The address names no socket that could be listened at; the text says what is wrong.
    BadAddress(String),
    /// The operating system refused for another reason.
    Os(io::Error),
}

/// Why a client was not accepted.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcceptError {
    /// A client did not prove the key; it has been let go, and the next accept goes on with the others.
    AuthenticationFailed(Unproved),
    /// The listener is closed.
    Closed,
    /// The operating system refused: no descriptors are left, say, in which case the client still waits.
    Os(io::Error),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindError::AddressInUse(address) => write!(f, "{address} is in use"),
            BindError::BadAddress(what) => f.write_str(what),
            BindError::Os(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BindError {}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AcceptError::AuthenticationFailed(why) => write!(f, "a client was not accepted: {why}"),
            AcceptError::Closed => f.write_str("the listener is closed"),
            AcceptError::Os(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AcceptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AcceptError::AuthenticationFailed(why) => Some(why),
            AcceptError::Closed | AcceptError::Os(_) => None,
        }
    }
}
