//! A connection as part of a value: an argument of a process being started, or sent through another
//! connection. The receiver becomes one more holder of the end.

use std::os::fd::BorrowedFd;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::shared::{HeldEnd, Shared, SharedFds};
use super::{Connection, Transport};
use crate::channel::ChannelFds;
use crate::transfer::{self, Purpose};

/// A connection as it travels.
#[derive(Serialize, Deserialize)]
enum Travelling {
    /// An end in shared memory: segment and event of each channel, and the messenger.
    Shared { incoming: Option<(u32, u32)>, outgoing: Option<(u32, u32)>, messenger: u32, readable: bool },
    /// A stream, by the index of its descriptor.
    Stream { descriptor: u32, readable: bool, writable: bool },
}

const WHAT: &str = "Connection";
const ANYWHERE: [Purpose; 2] = [Purpose::Connection, Purpose::Starting];

impl Serialize for Connection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        transfer::permit(WHAT, &ANYWHERE).map_err(S::Error::custom)?;
        let transport = self.transport.open().ok_or_else(|| S::Error::custom("the connection is closed"))?;
        let (readable, writable) = (self.is_readable(), self.is_writable());
        let lend = |fd: BorrowedFd<'_>| transfer::lend(fd, WHAT, &ANYWHERE).map_err(S::Error::custom);
        let travelling = match &*transport {
            Transport::Shared(shared) => {
                // The receiver holds the end only when it has it: until then we do.
                transfer::hold(shared.hold_again().map_err(S::Error::custom)?);
                let (incoming, outgoing, messenger) = shared.parts();
                let both = |end: Option<&HeldEnd>| {
                    end.map(|end| {
                        let (segment, event) = end.fds();
                        Ok((lend(segment)?, lend(event)?))
                    })
                    .transpose()
                };
                Travelling::Shared {
                    incoming: both(incoming)?,
                    outgoing: both(outgoing)?,
                    messenger: lend(messenger)?,
                    readable,
                }
            }
            Transport::Stream(stream) if stream.holds_part_of_a_message() => {
                return Err(S::Error::custom("part of a message has been received already"));
            }
            Transport::Stream(stream) => {
                Travelling::Stream { descriptor: lend(stream.fd())?, readable, writable }
            }
        };
        travelling.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Connection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Connection, D::Error> {
        let claim = |index| transfer::claim(index, WHAT).map_err(D::Error::custom);
        match Travelling::deserialize(deserializer)? {
            Travelling::Shared { incoming, outgoing, messenger, readable } => {
                let both = |channel: Option<(u32, u32)>| {
                    let claim_both =
                        |(segment, event)| Ok(ChannelFds { segment: claim(segment)?, event: claim(event)? });
                    channel.map(claim_both).transpose()
                };
                // An end that may not receive any more keeps its channel all the same.
                let (readable, writable) = (readable && incoming.is_some(), outgoing.is_some());
                let (incoming, outgoing) = (both(incoming)?, both(outgoing)?);
                let fds = SharedFds { incoming, outgoing, messenger: claim(messenger)? };
                let shared = Shared::attach(fds).map_err(D::Error::custom)?;
                Ok(Connection::new(Transport::Shared(shared), readable, writable))
            }
            Travelling::Stream { descriptor, readable, writable } => {
                Connection::from_fd(claim(descriptor)?, readable, writable).map_err(D::Error::custom)
            }
        }
    }
}
