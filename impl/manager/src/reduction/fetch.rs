//! Where something waits for its receiver, and how that asks for it.

use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::process;
use std::time::{Duration, Instant};

use procession_wire::message::Address as Spelled;
use procession_wire::value::Id;
use procession_wire::{Builder, Int, Kind, Node, to_vec};

use super::descriptor::{self, RecvHandleError};
use crate::address::Address;
use crate::client::{ConnectError, ConnectOptions, connect_stream};
use crate::family::{named, process_key, with_spelled};
use crate::stream::{SendError, Stream};

/// How long it may take to fetch a descriptor.
const TIME: Duration = Duration::from_secs(30);

/// How long a sender may take to let go of what has arrived.
const SETTLING: Duration = Duration::from_secs(5);

/// Where something waits: with whom, and under which number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) address: Address,
    pub(crate) number: u64,
}

/// Why a descriptor was not fetched.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// Its holder is not there, or not of this family of processes.
    Connect(ConnectError),
    /// It has been fetched before, or its holder did not keep it.
    Gone,
    /// The connection to its holder broke off.
    Receive(RecvHandleError),
    /// The holder did not listen.
    Send(SendError),
}

impl Place {
    pub(super) fn add(&self, builder: &mut Builder) -> Id {
        let address = with_spelled(&self.address, |address| address.add(builder));
        let number = builder.int_from_le_bytes(&i128::from(self.number).to_le_bytes());
        builder.tuple(&[address, number])
    }

    pub(super) fn read(node: Node<'_>) -> Option<Place> {
        let [address, number] = node.tuple()?.array()?;
        let Kind::Int(number) = number.kind() else { return None };
        Some(Place { address: named(&Spelled::read(address).ok()?), number: Int::to_u64(number)? })
    }

    /// Fetches the descriptor, which can be done once. Waits for its holder.
    pub(super) fn fetch(&self) -> Result<OwnedFd, FetchError> {
        let deadline = Instant::now() + TIME;
        let stream = self.ask(deadline)?;
        descriptor::receive(stream.as_fd(), Some(deadline)).map_err(|error| match error {
            RecvHandleError::Eof => FetchError::Gone,
            other => FetchError::Receive(other),
        })
    }

    /// Tells the sender that what it keeps is needed no more, and waits until it has let go of it. A sender that
    /// is gone keeps nothing.
    pub(crate) fn settle(&self) {
        let deadline = Instant::now() + SETTLING;
        if let Ok(mut stream) = self.ask(deadline) {
            // The end of the stream is all there is to come.
            let _ = stream.receive(0, Some(deadline));
        }
    }

    /// A connection to the holder, which has been told what is wanted.
    fn ask(&self, deadline: Instant) -> Result<Stream, FetchError> {
        let options = ConnectOptions {
            deadline: Some(deadline),
            key: Some(process_key()),
            ..ConnectOptions::default()
        };
        let mut stream = connect_stream(&self.address, &options).map_err(FetchError::Connect)?;
        let request = to_vec(&(self.number, process::id())).unwrap_or_default();
        stream.send(&request, Some(deadline)).map_err(FetchError::Send)?;
        Ok(stream)
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::Connect(error) => write!(f, "who holds the descriptor cannot be reached: {error}"),
            FetchError::Gone => f.write_str("the descriptor has been fetched before"),
            FetchError::Receive(error) => error.fmt(f),
            FetchError::Send(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FetchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FetchError::Connect(error) => Some(error),
            FetchError::Gone => None,
            FetchError::Receive(error) => Some(error),
            FetchError::Send(error) => Some(error),
        }
    }
}
