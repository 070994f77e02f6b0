//! The stream transport: CPython's framing over a descriptor, so that an unmodified
//! `multiprocessing.connection.Connection` can be at the other side.
//!
//! # How it reads
//! Threads wait for bytes without holding a lock, and take them under one: the message being put
//! together belongs to the connection, so two receivers never tear one apart, and a poll returns at
//! once although another thread is inside a receive.
//!
//! A poll takes nothing of a message that has arrived whole, so another process that shares the end
//! may still read it. Of a message that has arrived in part it takes what is there (a long one never
//! fits the kernel's buffer) but never its last byte: the descriptor is readable for whoever polls
//! it for exactly as long as there is something to receive.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;

use super::descriptor::{self, Available, Kind};
use super::frame::{Assembler, Header, ImpossibleLength, Missing};
use crate::wait::Until;

/// A descriptor with messages on it.
#[derive(Debug)]
pub(crate) struct Stream {
    fd: OwnedFd,
    kind: Kind,
    incoming: Mutex<Incoming>,
    /// Whether a message was broken off in the middle: what followed would be taken for its rest.
    outgoing_torn: Mutex<bool>,
}

/// A message on its way in.
#[derive(Debug, Default)]
struct Incoming {
    message: Assembler,
    /// What came with its first byte.
    descriptors: Vec<OwnedFd>,
}

/// A message with the descriptors that came with it.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    pub(crate) descriptors: Vec<OwnedFd>,
}

/// Why nothing was received.
#[derive(Debug)]
pub(crate) enum ReceiveFailure {
    Corrupt(String),
    Eof,
    Os(io::Error),
    TooLong(usize),
}

/// Why nothing was sent, or not all.
#[derive(Debug)]
pub(crate) enum SendFailure {
    BrokenPipe,
    Os(io::Error),
}

impl From<ImpossibleLength> for ReceiveFailure {
    fn from(length: ImpossibleLength) -> Self {
        ReceiveFailure::Corrupt(format!("a header announces the impossible length {}", length.0))
    }
}

impl From<io::Error> for ReceiveFailure {
    fn from(error: io::Error) -> Self {
        ReceiveFailure::Os(error)
    }
}

impl Stream {
    /// Messages on a descriptor; `None` for a socket that keeps message boundaries of its own.
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Option<Stream>> {
        let kind = Kind::of(fd.as_fd())?;
        Ok(kind.map(|kind| Stream { fd, kind, incoming: Mutex::default(), outgoing_torn: Mutex::default() }))
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub(crate) fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// Whether part of a message has been taken from the descriptor.
    pub(crate) fn holds_part_of_a_message(&self) -> bool {
        !self.incoming().message.is_at_boundary()
    }

    /// Whether descriptors can be sent along.
    pub(crate) fn passes_descriptors(&self) -> bool {
        self.kind == Kind::Socket
    }

    /// Sends one message whole, before any other thread's, with at most [`MOST_DESCRIPTORS`]
    /// descriptors.
    ///
    /// [`MOST_DESCRIPTORS`]: descriptor::MOST_DESCRIPTORS
    pub(crate) fn send(&self, message: &[u8], descriptors: &[OwnedFd]) -> Result<(), SendFailure> {
        let mut torn = self.outgoing_torn.lock().unwrap_or_else(PoisonError::into_inner);
        if *torn {
            return Err(SendFailure::BrokenPipe);
        }
        let header = Header::of(message.len());
        let numbers: Vec<_> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        descriptor::write_all_passing(&self.fd, self.kind, header.as_bytes(), message, &numbers).map_err(
            |failure| {
                *torn = failure.written > 0;
                match failure.error {
                    Errno::EPIPE | Errno::ECONNRESET => SendFailure::BrokenPipe,
                    error => SendFailure::Os(error.into()),
                }
            },
        )
    }

    /// Receives one message, waiting for it. One longer than `max` is left unread.
    pub(crate) fn receive(&self, max: usize) -> Result<Message, ReceiveFailure> {
        loop {
            if let Some(message) = self.receive_what_is_there(max)? {
                return Ok(message);
            }
            descriptor::wait_readable(self.fd.as_fd(), Until::NEVER)?;
        }
    }

    /// Puts together what has arrived of a message; `None` when that is not yet all of it.
    fn receive_what_is_there(&self, max: usize) -> Result<Option<Message>, ReceiveFailure> {
        let mut incoming = self.incoming();
        let Incoming { message, descriptors } = &mut *incoming;
        loop {
            if let Some(length) = message.length().filter(|length| *length > max) {
                return Err(ReceiveFailure::TooLong(length));
            }
            if let Some(bytes) = message.take() {
                return Ok(Some(Message { bytes, descriptors: std::mem::take(descriptors) }));
            }
            match descriptor::read_available(&self.fd, self.kind, message.space()?, descriptors)? {
                Available::Bytes(count) => message.filled(count)?,
                Available::Nothing => return Ok(None),
                Available::End if message.is_at_boundary() => return Err(ReceiveFailure::Eof),
                Available::End => {
                    return Err(ReceiveFailure::Corrupt("the stream ended inside a message".into()));
                }
            }
        }
    }

    /// Whether `receive` would return now, with a message or an error. Does not wait.
    pub(crate) fn is_ready(&self) -> io::Result<bool> {
        let mut incoming = self.incoming();
        let Incoming { message, descriptors } = &mut *incoming;
        loop {
            if message.missing() == Ok(Missing::Payload(0)) {
                return Ok(true);
            }
            let Some(mut unread) = descriptor::unread(&self.fd) else {
                // The kernel does not count these bytes, so readable is all that can be known.
                return descriptor::wait_readable(self.fd.as_fd(), Until::after_ms(0));
            };
            if unread == 0 {
                if !descriptor::wait_readable(self.fd.as_fd(), Until::after_ms(0))? {
                    return Ok(false);
                }
                // Readable without bytes is the end, unless they came between the two questions.
                unread = descriptor::unread(&self.fd).unwrap_or(0);
                if unread == 0 {
                    return Ok(true);
                }
            }
            let mut seen = [0; 12];
            let count = match message.length() {
                Some(_) => 0,
                None => descriptor::peek(&self.fd, self.kind, &mut seen).unwrap_or(0),
            };
            let seen = &seen[..count];
            // An impossible length is an error to receive, so there is something to receive.
            let Ok(missing) = message.missing_after(seen) else { return Ok(true) };
            if let Missing::Payload(payload) = missing
                && unread >= message.header_left(seen).saturating_add(payload)
            {
                return Ok(true);
            }
            // Not whole, so the byte that completes it is not among those counted; of what has come
            // since, nothing is taken.
            let Ok(space) = message.space() else { return Ok(true) };
            let count = unread.min(space.len());
            match descriptor::read_available(&self.fd, self.kind, &mut space[..count], descriptors)? {
                Available::Bytes(count) => {
                    if message.filled(count).is_err() {
                        return Ok(true);
                    }
                }
                Available::Nothing => return Ok(false),
                Available::End => return Ok(true),
            }
        }
    }

    /// Waits until `receive` would return; `false` when the deadline came first.
    pub(crate) fn poll(&self, deadline: Until) -> io::Result<bool> {
        loop {
            if self.is_ready()? {
                return Ok(true);
            }
            // All that had arrived of an incomplete message has been taken, so this waits for more.
            if !descriptor::wait_readable(self.fd.as_fd(), deadline)? {
                return Ok(false);
            }
        }
    }

    fn incoming(&self) -> MutexGuard<'_, Incoming> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
