//! A session by hand, whose client tells what a reply holds before it takes it.
//!
//! A client that is killed after it has read an item, and before it has told so, has taken the item along. To tell
//! that from an item that is lost, the client looks at the reply while it lies in its socket, tells what it has seen,
//! and only then reads it: who has told nothing has read nothing.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};
use procession_manager::proxy::CallError;
use procession_manager::{Address, ConnectOptions, Key, Stream, connect_stream};
use procession_wire::message::{Reply, Request};
use procession_wire::pickle::{self, Reader};
use procession_wire::value::Id;
use procession_wire::{Builder, Globals, Kind, Limits, Text, Value};

/// More than a reply with one of our items has.
const MOST: usize = 64 << 10;

/// The session.
pub struct Taker {
    stream: Stream,
}

impl Taker {
    /// Opens it.
    pub fn connect(address: &Address, key: Key) -> Result<Taker, CallError> {
        let mut taker = Taker { stream: connect_stream(address, &ConnectOptions::from(key))? };
        taker.ask(None, "accept_connection", |builder| vec![builder.str("taker")])?;
        taker.take()?;
        Ok(taker)
    }

    /// Asks the queue for an item, and looks which it gives; none where it is empty. [`take`](Taker::take) takes it.
    pub fn look(&mut self, queue: &str) -> Result<Option<u64>, CallError> {
        self.ask(Some(queue), "get", |builder| vec![builder.bool(true), builder.float(0.02)])?;
        let mut space = vec![0; MOST];
        let reply = loop {
            let flags = MsgFlags::MSG_PEEK;
            let came = match recv(self.stream.as_fd().as_raw_fd(), &mut space, flags) {
                Ok(0) => return Err(CallError::ServerGone),
                Ok(came) => came,
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(CallError::Os(error.into())),
            };
            if let Some((header, rest)) = space.get(..came).and_then(|came| came.split_first_chunk())
                && let Some(reply) = rest.get(..u32::from_be_bytes(*header) as usize)
            {
                break reply;
            }
        };
        let reader = Reader { globals: Globals::everything(), limits: Limits::default() };
        let value = reader.read(reply).map_err(|error| CallError::Nonsense(error.to_string()))?;
        let reply = Reply::read(value.root())?;
        number(&reply).ok_or_else(|| CallError::Nonsense(format!("an item was asked for: {reply:?}")))
    }

    /// Takes the reply that was looked at.
    pub fn take(&mut self) -> Result<(), CallError> {
        let reply = self.stream.receive(MOST as u64, None)?;
        drop(reply);
        Ok(())
    }

    fn ask(
        &mut self,
        ident: Option<&str>,
        method: &str,
        arguments: impl FnOnce(&mut Builder) -> Vec<Id>,
    ) -> Result<(), CallError> {
        let mut builder = Builder::new();
        let arguments = arguments(&mut builder);
        let root = Request::add(&mut builder, ident.map(Text::from), method, &arguments, &[]);
        let request: Value<'_> = builder.finish(root);
        let request = pickle::write(&request).map_err(|error| CallError::Nonsense(error.to_string()))?;
        Ok(self.stream.send(&request, None)?)
    }
}

/// The number of the item that a reply gives, or none where it says that the queue is empty; `None` for another.
fn number(reply: &Reply<'_>) -> Option<Option<u64>> {
    match reply {
        Reply::Error(exception) if exception.class.name == "Empty" => Some(None),
        Reply::Return(item) => match item.kind() {
            // Ours put tuples, and those in Python lists.
            Kind::Tuple(parts) | Kind::List(parts) => match parts.get(0)?.kind() {
                Kind::Int(number) => Some(Some(u64::try_from(number.to_i64()?).ok()?)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
