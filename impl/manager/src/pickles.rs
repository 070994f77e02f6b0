//! Values to and from Python over a connection: what `Connection.send` and `recv` do there.

use procession_reference::Connection;
use procession_reference::connection::{RecvError, SendError};
use procession_wire::pickle::Reader;
use procession_wire::{Globals, Limits, from_value};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Pickles over a [`Connection`], for a peer that is Python's.
///
/// Connections of this library speak a shorter language among themselves (`Connection::send`); one that ends in
/// Python takes these. Any type that `serde` knows can be sent, also a [`Proxy`](crate::Proxy), a
/// [`Value`](procession_wire::Value) of any kind and a [`Passed`](crate::reduction::Passed) connection.
pub trait PickleExt {
    /// Sends a value as `Connection.send` of Python does.
    ///
    /// # Errors
    /// [`SendError::Encode`] when it cannot be pickled; nothing has been sent then. Otherwise as
    /// [`Connection::send_bytes`].
    fn send_pickle<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), SendError>;

    /// Receives a value that `Connection.send` of Python has sent, waiting for it. Nothing in it is executed.
    ///
    /// # Errors
    /// [`RecvError::Decode`] when the message is no pickle, or none of this type; it has been consumed then.
    /// Otherwise as [`Connection::recv_bytes`].
    fn recv_pickle<T: DeserializeOwned>(&self) -> Result<T, RecvError>;
}

impl PickleExt for Connection {
    fn send_pickle<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), SendError> {
        let pickle = procession_wire::to_vec(value).map_err(|error| SendError::Encode(error.to_string()))?;
        self.send_bytes(&pickle)
    }

    fn recv_pickle<T: DeserializeOwned>(&self) -> Result<T, RecvError> {
        let pickle = self.recv_bytes()?;
        let reader = Reader { globals: Globals::everything(), limits: Limits::default() };
        let value = reader.read(&pickle).map_err(|error| RecvError::Decode(error.to_string()))?;
        from_value(&value).map_err(|error| RecvError::Decode(error.to_string()))
    }
}
