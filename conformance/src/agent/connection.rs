//! A connection to the suite: lines of JSON over its Unix socket.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use nix::sys::stat::fstat;

use crate::protocol::{FromAdapter, SOCKET, ToAdapter};

/// Why a connection is of no more use.
#[derive(Debug)]
pub(super) enum ConnectionError {
    /// `PROCESSION_SOCKET` is not set.
    NoSocket,
    /// The socket that it names cannot be connected to.
    Connect(String, io::Error),
    /// The suite has closed the connection.
    Closed,
    /// The system refused to send or to receive.
    Io(io::Error),
    /// A line is no message of the protocol: where in it, and why not.
    NoMessage(String),
    /// A message that does not belong here: what was expected, what came.
    Unexpected(&'static str, String),
}

impl std::fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ConnectionError::NoSocket => {
                write!(f, "{SOCKET} is not set: an agent is started by `procession`, not by hand")
            }
            ConnectionError::Connect(path, error) => {
                write!(f, "cannot connect to the suite's socket {path}: {error}")
            }
            ConnectionError::Closed => write!(f, "the suite has closed the connection"),
            ConnectionError::Io(error) => write!(f, "the connection to the suite failed: {error}"),
            ConnectionError::NoMessage(why) => write!(f, "the suite sent what is no message: {why}"),
            ConnectionError::Unexpected(expected, found) => {
                write!(f, "expected {expected}, found {found}")
            }
        }
    }
}

impl std::error::Error for ConnectionError {}

/// A connection. Dropping it closes it.
pub(super) struct Connection {
    stream: UnixStream,
    received: Vec<u8>,
    registered: Option<&'static Registered>,
}

impl Connection {
    /// Connects to the suite that started this adapter.
    pub(super) fn open() -> Result<Connection, ConnectionError> {
        let path = std::env::var(SOCKET).map_err(|_| ConnectionError::NoSocket)?;
        let stream = UnixStream::connect(&path).map_err(|error| ConnectionError::Connect(path, error))?;
        let registered = Registered::new(&stream);
        Ok(Connection { stream, received: Vec::new(), registered })
    }

    /// Sends a message.
    pub(super) fn send(&mut self, message: &FromAdapter) -> Result<(), ConnectionError> {
        let mut line = serde_json::to_vec(message).map_err(|error| ConnectionError::Io(error.into()))?;
        line.push(b'\n');
        self.stream.write_all(&line).map_err(ConnectionError::Io)
    }

    /// Waits for the next message.
    pub(super) fn receive(&mut self) -> Result<ToAdapter, ConnectionError> {
        loop {
            if let Some(message) = self.received()? {
                return Ok(message);
            }
            self.fill()?;
        }
    }

    /// The next message, if all of it has been received.
    pub(super) fn received(&mut self) -> Result<Option<ToAdapter>, ConnectionError> {
        let Some(end) = self.received.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let line: Vec<u8> = self.received.drain(..=end).collect();
        let mut json = serde_json::Deserializer::from_slice(&line);
        match serde_path_to_error::deserialize(&mut json) {
            Ok(message) => Ok(Some(message)),
            Err(error) => Err(ConnectionError::NoMessage(error.to_string())),
        }
    }

    /// Waits for more bytes and takes in those that are there.
    pub(super) fn fill(&mut self) -> Result<(), ConnectionError> {
        let mut bytes = [0; 4096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(ConnectionError::Closed),
                Ok(count) => {
                    self.received.extend_from_slice(&bytes[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ConnectionError::Io(error)),
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(registered) = self.registered {
            registered.inode.store(0, Ordering::Release);
            registered.descriptor.store(FREE, Ordering::Release);
        }
    }
}

/// A connection of this process, so that a copy of the process can close it: as long as a child
/// holds its parent's connection open, the suite does not see the parent die.
///
/// Atomics and no mutex, because a thread may be changing the table while another one forks.
struct Registered {
    descriptor: AtomicI32,
    inode: AtomicU64,
}

const FREE: i32 = -1;

/// More connections than workers in any program; one that finds no place is merely not closed.
static REGISTERED: [Registered; 64] =
    [const { Registered { descriptor: AtomicI32::new(FREE), inode: AtomicU64::new(0) } }; 64];

/// The process that the table is about.
static REGISTRAR: AtomicI32 = AtomicI32::new(0);

impl Registered {
    fn new(stream: &UnixStream) -> Option<&'static Registered> {
        REGISTRAR.store(std::process::id() as i32, Ordering::Release);
        let inode = fstat(stream).ok()?.st_ino;
        let free = |entry: &&Registered| {
            let (taken, relaxed) = (stream.as_raw_fd(), Ordering::Relaxed);
            entry.descriptor.compare_exchange(FREE, taken, Ordering::AcqRel, relaxed).is_ok()
        };
        let entry = REGISTERED.iter().find(free)?;
        entry.inode.store(inode, Ordering::Release);
        Some(entry)
    }
}

/// Closes the connections that a copy of a process has from the process that it is a copy of.
///
/// A descriptor is closed only if the same socket is still behind it: an implementation may have
/// closed what it does not know and opened something else there.
pub(super) fn forget_inherited() {
    let own = std::process::id() as i32;
    if REGISTRAR.swap(own, Ordering::AcqRel) == own {
        return;
    }
    for entry in &REGISTERED {
        let descriptor = entry.descriptor.swap(FREE, Ordering::AcqRel);
        let inode = entry.inode.swap(0, Ordering::AcqRel);
        if descriptor != FREE && super::descriptors::inode(descriptor) == Some(inode) {
            let _ = nix::unistd::close(descriptor);
        }
    }
}
