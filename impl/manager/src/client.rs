//! How a listener is reached: `multiprocessing.connection.Client`, whose listener may be Python's.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use procession_reference::Connection;
use procession_reference::connection::FromFdError;
use procession_wire::auth::{self, Key};
use procession_wire::frame::{Header, SHORT, write_framed};

use crate::address::Address;
use crate::handshake::{Unproved, not_written, prove_but_last};
use crate::socket;
use crate::stream::{SendError, Socket, Stream};

/// What a client proves, and how long it waits.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Until when the connection must stand and the keys must be proved; without a deadline, as long as it takes
    /// to be connected and [`proof_time`](Self::proof_time) from then on.
    pub deadline: Option<Instant>,
    /// The key; without one, nothing is proved.
    pub key: Option<Key>,
    /// How the key is proved.
    pub proof: auth::Options,
    /// How long the listener may take for its proof where there is no deadline. Four seconds: a listener without
    /// a key never says anything.
    pub proof_time: Duration,
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        ConnectOptions {
            deadline: None,
            key: None,
            proof: auth::Options::default(),
            proof_time: Duration::from_secs(4),
        }
    }
}

impl From<Key> for ConnectOptions {
    fn from(key: Key) -> ConnectOptions {
        ConnectOptions { key: Some(key), ..ConnectOptions::default() }
    }
}

/// Why there is no connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address names no socket: too long a name, or a host that has no IPv4 address.
    BadAddress(String),
    /// The keys differ, or what is there speaks something else.
    AuthenticationFailed(Unproved),
    /// There is no such path.
    NotFound(Address),
    /// The operating system refused for another reason.
    Os(io::Error),
    /// Nobody listens there.
    Refused(Address),
    /// Nobody took up the connection before the deadline.
    TimedOut(Address),
    /// Somebody took up the connection and did not prove the key in time: it has none, or is stuck.
    Silent(Address),
}

/// Connects to a listener, which may be Python's.
///
/// Blocks until the listener has room, and with a key until both sides have proved it, at most until the
/// deadline. A listener on another host that is out of reach for a minute is taken to be gone.
///
/// # Errors
/// See [`ConnectError`].
pub fn connect(address: &Address, options: &ConnectOptions) -> Result<Connection, ConnectError> {
    let fd = connected(address, options)?;
    Connection::from_fd(fd, true, true).map_err(|error| match error {
        FromFdError::Os(error) => ConnectError::Os(error),
        other => ConnectError::Os(io::Error::other(other)),
    })
}

/// Connects as [`connect`] does, and gives the bare stream.
///
/// # Errors
/// Those of [`connect`].
pub fn connect_stream(address: &Address, options: &ConnectOptions) -> Result<Stream, ConnectError> {
    connected(address, options).map(Stream::new)
}

/// Why a first message was not sent.
#[derive(Debug)]
pub(crate) enum FirstError {
    /// There is no connection for it.
    Connect(ConnectError),
    /// The connection did not take it.
    Send(SendError),
}

/// Connects as [`connect_stream`] does, and sends a first message along with the end of the handshake. It waits for
/// room until the deadline, or as long as it takes.
pub(crate) fn connect_and_send(
    address: &Address,
    options: &ConnectOptions,
    message: &[u8],
) -> Result<Stream, FirstError> {
    let length = message.len() as u64;
    if length > SHORT {
        return Err(FirstError::Send(SendError::TooLong(length)));
    }
    let (fd, last) = nearly_connected(address, options).map_err(FirstError::Connect)?;
    let header = Header::new(length);
    let mut socket = Socket { fd: fd.as_fd(), patience: options.deadline.into() };
    write_framed(&mut socket, [&*last, header.as_bytes(), message])
        .map_err(|error| FirstError::Send(error.into()))?;
    Ok(Stream::new(fd))
}

fn connected(address: &Address, options: &ConnectOptions) -> Result<OwnedFd, ConnectError> {
    let (fd, last) = nearly_connected(address, options)?;
    // A new connection has room for it.
    let mut socket = Socket { fd: fd.as_fd(), patience: options.deadline.into() };
    let sent = socket.write_all(&last).map_err(not_written);
    sent.map_err(|error| not_proved(address, error.into()))?;
    Ok(fd)
}

/// Connects, and gives what is left to send of the handshake.
fn nearly_connected(address: &Address, options: &ConnectOptions) -> Result<(OwnedFd, Vec<u8>), ConnectError> {
    let fd = socket::connect(address, options.deadline).map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => ConnectError::Refused(address.clone()),
        ErrorKind::NotFound => ConnectError::NotFound(address.clone()),
        ErrorKind::InvalidInput => ConnectError::BadAddress(error.to_string()),
        ErrorKind::TimedOut => ConnectError::TimedOut(address.clone()),
        _ => ConnectError::Os(error),
    })?;
    let Some(key) = &options.key else { return Ok((fd, Vec::new())) };
    let deadline = options.deadline.unwrap_or_else(|| Instant::now() + options.proof_time);
    let last = prove_but_last(fd.as_fd(), key, options.proof, Some(deadline));
    last.map(|last| (fd, last)).map_err(|error| not_proved(address, error))
}

fn not_proved(address: &Address, why: Unproved) -> ConnectError {
    match why {
        Unproved::TimedOut => ConnectError::Silent(address.clone()),
        other => ConnectError::AuthenticationFailed(other),
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::BadAddress(what) => f.write_str(what),
            ConnectError::AuthenticationFailed(why) => write!(f, "not accepted: {why}"),
            ConnectError::NotFound(address) => {
                write!(f, "nobody listens at {address}: there is no such path")
            }
            ConnectError::Os(error) => error.fmt(f),
            ConnectError::Refused(address) => write!(f, "nobody listens at {address}"),
            ConnectError::TimedOut(address) => {
                write!(f, "nobody took up the connection to {address} in time")
            }
            ConnectError::Silent(address) => {
                write!(f, "who listens at {address} did not prove the key in time: it may have none")
            }
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConnectError::AuthenticationFailed(why) => Some(why),
            ConnectError::Os(error) => Some(error),
            _ => None,
        }
    }
}
