//! Descriptors and connections handed to another process: `multiprocessing.reduction` and `.resource_sharer`.
//!
//! A descriptor goes over a connection on a Unix-domain socket, beside its messages ([`send_handle`],
//! [`recv_handle`]). A connection can also be part of a value ([`Passed`]): what is sent then says where the
//! descriptor can be fetched, once, with the key of the process family.

mod descriptor;
mod fetch;
pub(crate) mod sharer;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::stat::fstat;
use procession_reference::Connection;
use procession_reference::connection::{PollError, RecvError};
use procession_wire::pickle::Reader;
use procession_wire::{Builder, Globals, Kind, Node, Value};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::descriptor::{RecvHandleError, SendHandleError};
pub use self::fetch::FetchError;
pub(crate) use self::fetch::Place;
use self::sharer::Kept;

/// Sends a descriptor over a connection, between its messages: one byte, with the descriptor beside it. The
/// receiver has one more descriptor of the same open file.
///
/// # Errors
/// See [`SendHandleError`].
pub fn send_handle(connection: &Connection, handle: impl AsFd) -> Result<(), SendHandleError> {
    let fd = stream_of(connection).map_err(|error| match error {
        NoStream::Closed => SendHandleError::Closed,
        NoStream::Shared => SendHandleError::NoSocket,
        NoStream::Os(error) => SendHandleError::Os(error),
    })?;
    descriptor::send(fd.as_fd(), handle.as_fd())
}

/// Receives a descriptor that [`send_handle`], or Python's, has sent, waiting for it.
///
/// # Errors
/// See [`RecvHandleError`].
pub fn recv_handle(connection: &Connection) -> Result<OwnedFd, RecvHandleError> {
    let fd = stream_of(connection).map_err(|error| match error {
        NoStream::Closed => RecvHandleError::Closed,
        NoStream::Shared => RecvHandleError::NoSocket,
        NoStream::Os(error) => RecvHandleError::Os(error),
    })?;
    descriptor::receive(fd.as_fd(), None)
}

enum NoStream {
    Closed,
    Os(io::Error),
    /// It is in shared memory.
    Shared,
}

/// A duplicate of the connection's descriptor.
fn stream_of(connection: &Connection) -> Result<OwnedFd, NoStream> {
    let number = connection.fileno().map_err(|error| match error {
        PollError::Os(error) => NoStream::Os(error),
        _ => NoStream::Closed,
    })?;
    let fd = descriptor::duplicate(number).map_err(NoStream::Os)?;
    let kind = fstat(&fd).map_err(|error| NoStream::Os(error.into()))?.st_mode & libc::S_IFMT;
    // One in shared memory gives an event here.
    if [libc::S_IFSOCK, libc::S_IFIFO].contains(&kind) { Ok(fd) } else { Err(NoStream::Shared) }
}

/// A connection on its way through a pickle, to Python or from it.
///
/// Serialising one leaves a duplicate of its descriptor with a thread of this process, for whoever comes first
/// with the key of the process family; the connection itself stays as it was, and is to be closed separately.
/// Deserialising one fetches the descriptor there. A duplicate that nobody fetches is closed with the process, or
/// when a thousand newer ones have come.
#[derive(Debug)]
pub struct Passed(pub Connection);

const CONNECTION: &str = "multiprocessing.connection";
const SHARER: &str = "multiprocessing.resource_sharer";

impl Serialize for Passed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fd = stream_of(&self.0).map_err(|error| match error {
            NoStream::Closed => S::Error::custom("the connection is closed"),
            NoStream::Shared => {
                S::Error::custom("the connection is in shared memory, which Python cannot use")
            }
            NoStream::Os(error) => S::Error::custom(error),
        })?;
        let place = sharer::offer(Kept::Descriptor(fd)).map_err(S::Error::custom)?;
        let (readable, writable) = (self.0.is_readable(), self.0.is_writable());
        pickled(&place, readable, writable).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Passed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Passed, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let Some((place, readable, writable)) = unpickled(value.root()) else {
            let what = format!("a connection was expected, found a {}", value.root().type_name());
            return Err(D::Error::custom(what));
        };
        let fd = place.fetch().map_err(D::Error::custom)?;
        Connection::from_fd(fd, readable, writable).map(Passed).map_err(D::Error::custom)
    }
}

/// Why no connection was received.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecvConnectionError {
    /// The message describes no connection; it has been consumed.
    Decode(String),
    /// The connection could not be fetched from its sender.
    Fetch(FetchError),
    /// No message was received.
    Receive(RecvError),
}

impl fmt::Display for RecvConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvConnectionError::Decode(what) => f.write_str(what),
            RecvConnectionError::Fetch(error) => error.fmt(f),
            RecvConnectionError::Receive(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RecvConnectionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RecvConnectionError::Decode(_) => None,
            RecvConnectionError::Fetch(error) => Some(error),
            RecvConnectionError::Receive(error) => Some(error),
        }
    }
}

/// Receives a connection that was sent as a [`Passed`], or by Python's `send`, waiting for it, and fetches it from
/// its sender. As receiving a [`Passed`] does, but the errors tell why it was not fetched.
///
/// # Errors
/// See [`RecvConnectionError`].
pub fn recv_connection(carrier: &Connection) -> Result<Connection, RecvConnectionError> {
    let decode = |what: &dyn fmt::Display| RecvConnectionError::Decode(what.to_string());
    let pickle = carrier.recv_bytes().map_err(RecvConnectionError::Receive)?;
    let reader = Reader { globals: Globals::everything(), ..Reader::default() };
    let value = reader.read(&pickle).map_err(|error| decode(&error))?;
    let Some((place, readable, writable)) = unpickled(value.root()) else {
        return Err(decode(&format!("a connection was expected, found a {}", value.root().type_name())));
    };
    let fd = place.fetch().map_err(RecvConnectionError::Fetch)?;
    Connection::from_fd(fd, readable, writable).map_err(|error| decode(&error))
}

/// `rebuild_connection(DupFd, readable, writable)`, the `DupFd` of which says where to fetch it.
fn pickled(place: &Place, readable: bool, writable: bool) -> Value<'static> {
    let mut builder = Builder::new();
    let class = builder.global(SHARER, "DupFd");
    let holder = builder.new_object(class, &[]);
    let id = place.add(&mut builder);
    let name = builder.str("_id");
    let state = match builder.dict(&[(name, id)]) {
        Ok(state) => state,
        Err(_) => unreachable!("texts can be hashed"),
    };
    builder.set_state(holder, state);
    let rebuild = builder.global(CONNECTION, "rebuild_connection");
    let (readable, writable) = (builder.bool(readable), builder.bool(writable));
    let root = builder.call(rebuild, &[holder, readable, writable]);
    builder.finish(root)
}

fn unpickled(node: Node<'_>) -> Option<(Place, bool, bool)> {
    let Kind::Object(rebuild) = node.kind() else { return None };
    is_named(rebuild.function, CONNECTION, "rebuild_connection")?;
    let [holder, readable, writable] = rebuild.args.tuple()?.array()?;
    let (Kind::Object(holder), Kind::Bool(readable), Kind::Bool(writable)) =
        (holder.kind(), readable.kind(), writable.kind())
    else {
        return None;
    };
    is_named(holder.function, SHARER, "DupFd")?;
    let Kind::Dict(state) = holder.state?.kind() else { return None };
    Some((Place::read(state.get("_id")?)?, readable, writable))
}

fn is_named(function: Node<'_>, module: &str, name: &str) -> Option<()> {
    match function.kind() {
        Kind::Global(global) if global.module == module && global.name == name => Some(()),
        _ => None,
    }
}
