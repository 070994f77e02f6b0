//! The shared-memory transport: one channel for each direction, and a socket for descriptors.
//!
//! # Records
//! A message is one record, whose tag says whether descriptors belong to it; if so, the ticket under
//! which they are in the messenger follows the message's bytes. The descriptors are sent before the
//! record, so who has the record finds them, unless another process that receives
//! at the same end has taken them by mistake, which is an error and never a wait.
//!
//! # Who holds an end
//! A process that created or received a connection holds its ends until it closes it or dies. A
//! forked process holds them from its first call on; one that never makes a call does not count, so
//! it cannot keep a stream from ending.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::descriptor;
use super::stream::Message;
use crate::channel::{Channel, ChannelFds, ChannelOptions, End, Kind, PopError, PushError, Readiness};
use crate::deadline::Deadline;
use crate::wait::Until;

/// So many messages may lie in a pipe before a sender waits: bounds what a slow receiver can cost,
/// far beyond what a pipe of the system holds.
const MOST_MESSAGES: u32 = 1 << 16;

const PLAIN: u8 = 0;
const WITH_DESCRIPTORS: u8 = 1;

/// One end of a pipe in shared memory.
#[derive(Debug)]
pub(crate) struct Shared {
    incoming: Option<HeldEnd>,
    outgoing: Option<HeldEnd>,
    messenger: OwnedFd,
    /// Descriptors of messages that another thread has received and will look for.
    arrived: Mutex<HashMap<u64, Vec<OwnedFd>>>,
    /// Whether somebody may be polling the descriptor by other means than ours.
    exposed: AtomicBool,
}

/// An end of a channel, held by this process for as long as this lives.
#[derive(Debug)]
pub(crate) struct HeldEnd {
    channel: Channel,
    end: End,
}

/// The descriptors of an end on its way to another process.
pub(crate) struct SharedFds {
    pub(crate) incoming: Option<ChannelFds>,
    pub(crate) outgoing: Option<ChannelFds>,
    pub(crate) messenger: OwnedFd,
}

impl HeldEnd {
    fn new(channel: Channel, end: End) -> io::Result<HeldEnd> {
        channel.hold(end)?;
        Ok(HeldEnd { channel, end })
    }

    /// The same end held once more.
    fn again(&self) -> io::Result<HeldEnd> {
        HeldEnd::new(self.channel.clone(), self.end)
    }

    /// The segment and the event.
    pub(crate) fn fds(&self) -> (BorrowedFd<'_>, BorrowedFd<'_>) {
        self.channel.fds()
    }
}

impl Drop for HeldEnd {
    fn drop(&mut self) {
        self.channel.let_go(self.end);
    }
}

impl Shared {
    /// Both ends of a pipe; without `duplex` the first only receives.
    pub(crate) fn pair(duplex: bool) -> io::Result<(Shared, Shared)> {
        let options = ChannelOptions {
            max_items: Some(MOST_MESSAGES),
            wait_for_bytes: true,
            eof: true,
            broken_pipe: true,
            kind: Kind::Pipe,
            ..ChannelOptions::default()
        };
        let forth = Channel::create(options)?;
        let back = if duplex { Some(Channel::create(options)?) } else { None };
        let (near, far) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        Ok((Shared::new(Some(forth.clone()), back.clone(), near)?, Shared::new(back, Some(forth), far)?))
    }

    fn new(incoming: Option<Channel>, outgoing: Option<Channel>, messenger: OwnedFd) -> io::Result<Shared> {
        let hold = |channel: Option<Channel>, end| channel.map(|it| HeldEnd::new(it, end)).transpose();
        Ok(Shared {
            incoming: hold(incoming, End::Receiving)?,
            outgoing: hold(outgoing, End::Sending)?,
            messenger,
            arrived: Mutex::default(),
            exposed: AtomicBool::new(false),
        })
    }

    /// An end that arrived from another process.
    pub(crate) fn attach(fds: SharedFds) -> Result<Shared, String> {
        let attach = |fds: Option<ChannelFds>| {
            let attached = fds.map(|fds| Channel::attach(fds, Kind::Pipe)).transpose();
            attached.map_err(|error| error.to_string())
        };
        let (incoming, outgoing) = (attach(fds.incoming)?, attach(fds.outgoing)?);
        Shared::new(incoming, outgoing, fds.messenger).map_err(|error| error.to_string())
    }

    /// What another process needs in order to attach: the channels and the messenger.
    pub(crate) fn parts(&self) -> (Option<&HeldEnd>, Option<&HeldEnd>, BorrowedFd<'_>) {
        (self.incoming.as_ref(), self.outgoing.as_ref(), self.messenger.as_fd())
    }

    /// This end held once more, for as long as it is on its way to another process.
    pub(crate) fn hold_again(&self) -> io::Result<(Option<HeldEnd>, Option<HeldEnd>)> {
        let again = |end: &Option<HeldEnd>| end.as_ref().map(HeldEnd::again).transpose();
        Ok((again(&self.incoming)?, again(&self.outgoing)?))
    }

    /// Shows that this process holds the end, before its first call.
    pub(crate) fn register(&self) -> io::Result<()> {
        [&self.incoming, &self.outgoing].into_iter().flatten().try_for_each(|end| end.channel.register())
    }

    /// Sends one message with descriptors.
    #[inline]
    pub(crate) fn send(&self, message: &[u8], descriptors: &[OwnedFd]) -> Result<(), PushError> {
        let channel = &self.outgoing.as_ref().ok_or(PushError::BrokenPipe)?.channel;
        if descriptors.is_empty() {
            return channel.push_tagged(PLAIN, &[message], Deadline::Never);
        }
        self.send_with_descriptors(channel, message, descriptors)
    }

    #[cold]
    fn send_with_descriptors(
        &self,
        channel: &Channel,
        message: &[u8],
        descriptors: &[OwnedFd],
    ) -> Result<(), PushError> {
        let ticket = new_ticket().to_le_bytes();
        self.send_descriptors(&ticket, descriptors)?;
        channel.push_tagged(WITH_DESCRIPTORS, &[message, &ticket], Deadline::Never)
    }

    fn send_descriptors(&self, ticket: &[u8], descriptors: &[OwnedFd]) -> Result<(), PushError> {
        let numbers: Vec<_> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        loop {
            match descriptor::send_datagram(&self.messenger, ticket, &numbers) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(PushError::BrokenPipe),
                Err(error) => return Err(PushError::Exhausted(error.into())),
            }
        }
    }

    /// Receives one message, waiting for it.
    pub(crate) fn receive(&self) -> Result<Message, PopError> {
        let mut bytes = Vec::new();
        let descriptors = self.receive_into(&mut bytes)?;
        Ok(Message { bytes, descriptors })
    }

    /// Receives one message into an empty buffer, waiting for it: its descriptors.
    pub(crate) fn receive_into(&self, bytes: &mut Vec<u8>) -> Result<Vec<OwnedFd>, PopError> {
        let channel = &self.incoming.as_ref().ok_or(PopError::Eof)?.channel;
        let taken = channel.pop(bytes, Deadline::Never)?;
        self.descriptors_of(taken.tag, bytes)
    }

    /// Receives one message, waiting for it, into `place`: its length. Nothing if it is too long or has
    /// descriptors, which are dropped: then it is in `spill`, which was empty.
    #[inline]
    pub(crate) fn receive_at(
        &self,
        place: &mut [u8],
        spill: &mut Vec<u8>,
    ) -> Result<Option<usize>, PopError> {
        let channel = &self.incoming.as_ref().ok_or(PopError::Eof)?.channel;
        let taken = channel.pop_into(place, spill, Deadline::Never)?;
        drop(self.descriptors_of(taken.tag, spill)?);
        Ok((taken.tag == PLAIN && taken.len <= place.len()).then_some(taken.len))
    }

    /// The descriptors that belong to a message, whose ticket is taken from its end.
    #[inline]
    fn descriptors_of(&self, tag: u8, bytes: &mut Vec<u8>) -> Result<Vec<OwnedFd>, PopError> {
        if self.exposed.load(Ordering::Relaxed)
            && let Some(end) = &self.incoming
        {
            end.channel.clear();
        }
        if tag == PLAIN { Ok(Vec::new()) } else { self.claim_descriptors(tag, bytes) }
    }

    #[cold]
    fn claim_descriptors(&self, tag: u8, bytes: &mut Vec<u8>) -> Result<Vec<OwnedFd>, PopError> {
        if tag != WITH_DESCRIPTORS {
            return Err(PopError::Corrupt("a record that is no message"));
        }
        let (_, ticket) =
            bytes.split_last_chunk().ok_or(PopError::Corrupt("a message without its ticket"))?;
        let ticket = u64::from_le_bytes(*ticket);
        bytes.truncate(bytes.len() - size_of::<u64>());
        // Missing ones are missed by whoever decodes the message.
        Ok(self.take_descriptors(ticket).unwrap_or_default())
    }

    /// The descriptors of a ticket; `None` when another process has taken them.
    fn take_descriptors(&self, ticket: u64) -> Option<Vec<OwnedFd>> {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(descriptors) = arrived.remove(&ticket) {
                return Some(descriptors);
            }
            let mut name = [0; size_of::<u64>()];
            let mut descriptors = Vec::new();
            match descriptor::take_datagram(&self.messenger, &mut name, &mut descriptors) {
                Ok(count) if count == name.len() => {
                    arrived.insert(u64::from_le_bytes(name), descriptors);
                }
                Err(Errno::EINTR) => {}
                Ok(_) | Err(_) => return None,
            }
        }
    }

    /// Whether `receive` would return now, with a message or the end.
    pub(crate) fn is_ready(&self) -> bool {
        self.incoming.as_ref().is_none_or(|end| end.channel.readiness() != Readiness::Nothing)
    }

    /// Whether `receive` would return now; if not, the descriptor is silent and will ring.
    pub(crate) fn is_ready_or_armed(&self) -> bool {
        let Some(end) = &self.incoming else { return true };
        if self.is_ready() {
            return true;
        }
        end.channel.clear();
        self.is_ready()
    }

    /// Waits until `receive` would return; `false` when the deadline came first.
    pub(crate) fn poll(&self, until: Until) -> io::Result<bool> {
        loop {
            if self.is_ready() {
                return Ok(true);
            }
            if until.is_over() {
                return Ok(false);
            }
            if self.is_ready_or_armed() {
                return Ok(true);
            }
            // A death rings no bell, so no sleep is longer than a tick.
            descriptor::wait_readable(self.fd(), until.no_later_than(Channel::TICK))?;
        }
    }

    /// What turns readable when something can be received.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        match (&self.incoming, &self.outgoing) {
            (Some(end), _) | (None, Some(end)) => end.channel.readiness_fd(),
            (None, None) => self.messenger.as_fd(),
        }
    }

    /// From now on the descriptor is kept readable exactly while there is something to receive.
    pub(crate) fn expose(&self) {
        self.exposed.store(true, Ordering::Relaxed);
        if let Some(end) = &self.incoming {
            end.channel.clear();
        }
    }
}

/// A number that no other message between the same processes has.
fn new_ticket() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // A pid may be used again, but not while its descriptors are still under way in numbers that
    // would make the counter meet.
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    (u64::from(std::process::id()) << 32) | (count & 0xffff_ffff)
}
