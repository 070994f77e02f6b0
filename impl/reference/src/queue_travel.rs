//! A queue as an argument of a process being started: the only way in which one is handed on.

use std::os::fd::BorrowedFd;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::channel::{Channel, ChannelFds, End, Kind};
use crate::joinable_queue::JoinableQueue;
use crate::queue::Queue;
use crate::queue_core::QueueCore;
use crate::simple_queue::SimpleQueue;
use crate::transfer::{self, Purpose};

const STARTING: [Purpose; 1] = [Purpose::Starting];

/// Until the new process has the queue, its creator holds the sending end in its place: nobody shall
/// learn meanwhile that nobody is left.
struct InItsPlace(Channel);

impl Drop for InItsPlace {
    fn drop(&mut self) {
        self.0.let_go(End::Sending);
    }
}

fn serialise<T, S: Serializer>(
    core: &QueueCore<T>,
    what: &'static str,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    transfer::permit(what, &STARTING).map_err(S::Error::custom)?;
    let lend = |fd: BorrowedFd<'_>| transfer::lend(fd, what, &STARTING).map_err(S::Error::custom);
    let lent = core.with_channel(|channel| {
        if channel.limits().eof {
            channel.hold(End::Sending).map_err(S::Error::custom)?;
            // In a copy of the creator, this is the new process itself.
            if !transfer::is_inheriting() {
                transfer::hold(InItsPlace(channel.clone()));
            }
        }
        let fds = channel.fds();
        Ok((lend(fds.0)?, lend(fds.1)?))
    });
    lent.map_err(S::Error::custom)??.serialize(serializer)
}

fn deserialise<'de, T, D: Deserializer<'de>>(
    what: &'static str,
    kind: Kind,
    deserializer: D,
) -> Result<QueueCore<T>, D::Error> {
    let (segment, event) = <(u32, u32)>::deserialize(deserializer)?;
    let claim = |index| transfer::claim(index, what).map_err(D::Error::custom);
    let ChannelFds { segment, event } = ChannelFds { segment: claim(segment)?, event: claim(event)? };
    QueueCore::from_descriptors([segment, event], kind).map_err(D::Error::custom)
}

macro_rules! travels {
    ($queue:ident, $kind:expr, $what:literal) => {
        /// Only as part of starting a process, by spawn or fork server; anywhere else it is an error.
        impl<T> Serialize for $queue<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialise(&self.core, $what, serializer)
            }
        }

        impl<'de, T> Deserialize<'de> for $queue<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok($queue { core: deserialise($what, $kind, deserializer)? })
            }
        }
    };
}

travels!(Queue, Kind::Queue, "Queue");
travels!(JoinableQueue, Kind::JoinableQueue, "JoinableQueue");
travels!(SimpleQueue, Kind::SimpleQueue, "SimpleQueue");
