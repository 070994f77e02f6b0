//! Why a manager did not do what it was asked.

use std::fmt;
use std::io;

use procession_reference::process::{self, Exit};
use procession_wire::auth;

use crate::address::Address;
use crate::client::ConnectError;
use crate::listener::BindError;
use crate::proxy::CallError;

/// Why no server was started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// Somebody listens at the address already, or the path exists.
    AddressInUse(Address),
    /// The manager has a server, or is connected to one.
    AlreadyStarted,
    /// The address names no socket that could be listened at; the text says what is wrong.
    BadAddress(String),
    /// The key is none.
    BadKey(auth::Error),
    /// The server's process has ended before it served.
    Died(Option<Exit>),
    /// The operating system refused, in the server's process; the text says what.
    Os(String),
    /// The process was not started.
    Process(process::StartError),
    /// The setup failed, with this text.
    SetUp(String),
    /// The manager was shut down, which is for ever.
    ShutDown,
}

/// Why a server was not ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum ShutdownError {
    /// Another process started it, or the server was only connected to.
    NotStarter,
    /// It was never started.
    NotStarted,
    /// The operating system refused.
    Os(io::Error),
}

/// Why a server did not answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum AskError {
    /// The key is none.
    BadKey(auth::Error),
    /// The call gave nothing.
    Call(CallError),
    /// There is no connection to the server, of a manager that was to be connected.
    Connect(ConnectError),
    /// The manager was not started, or was shut down.
    NotServed,
}

impl From<BindError> for StartError {
    fn from(error: BindError) -> StartError {
        match error {
            BindError::AddressInUse(address) => StartError::AddressInUse(address),
            BindError::BadAddress(what) => StartError::BadAddress(what),
            BindError::Os(error) => StartError::Os(error.to_string()),
        }
    }
}

impl From<CallError> for AskError {
    fn from(error: CallError) -> AskError {
        AskError::Call(error)
    }
}

impl From<ConnectError> for AskError {
    fn from(error: ConnectError) -> AskError {
        AskError::Connect(error)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::AddressInUse(address) => write!(f, "{address} is in use"),
            StartError::AlreadyStarted => f.write_str("the manager has a server already"),
            StartError::BadAddress(what) => f.write_str(what),
            StartError::BadKey(error) => error.fmt(f),
            StartError::Died(Some(exit)) => {
                write!(f, "the server's process ended before it served: {exit:?}")
            }
            StartError::Died(None) => f.write_str("the server's process ended before it served"),
            StartError::Os(what) => f.write_str(what),
            StartError::Process(error) => write!(f, "the server's process was not started: {error}"),
            StartError::SetUp(what) => write!(f, "the server was not set up: {what}"),
            StartError::ShutDown => f.write_str("the manager was shut down"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::BadKey(error) => Some(error),
            StartError::Process(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShutdownError::NotStarter => f.write_str("only the process that started a server ends it"),
            ShutdownError::NotStarted => f.write_str("the manager was not started"),
            ShutdownError::Os(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ShutdownError {}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::BadKey(error) => error.fmt(f),
            AskError::Call(error) => error.fmt(f),
            AskError::Connect(error) => error.fmt(f),
            AskError::NotServed => f.write_str("the manager was not started, or was shut down"),
        }
    }
}

impl std::error::Error for AskError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AskError::BadKey(error) => Some(error),
            AskError::Call(error) => Some(error),
            AskError::Connect(error) => Some(error),
            AskError::NotServed => None,
        }
    }
}
