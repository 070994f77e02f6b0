//! A connection as part of a value: an argument of a process being started, or sent through another
//! connection. The receiver becomes one more holder of the end.

use std::os::fd::AsFd;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Connection, Transport};
use crate::transfer::{self, Purpose};

/// A connection as it travels.
#[derive(Serialize, Deserialize)]
enum Travelling {
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
        let travelling = match &*transport {
            Transport::Stream(stream) if stream.holds_part_of_a_message() => {
                return Err(S::Error::custom("part of a message has been received already"));
            }
            Transport::Stream(stream) => {
                let descriptor =
                    transfer::lend(stream.fd().as_fd(), WHAT, &ANYWHERE).map_err(S::Error::custom)?;
                Travelling::Stream { descriptor, readable, writable }
            }
        };
        travelling.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Connection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Connection, D::Error> {
        match Travelling::deserialize(deserializer)? {
            Travelling::Stream { descriptor, readable, writable } => {
                let fd = transfer::claim(descriptor, WHAT).map_err(D::Error::custom)?;
                Connection::from_fd(fd, readable, writable).map_err(D::Error::custom)
            }
        }
    }
}
