//! The proof of a shared key over a connected socket: in one go with one deadline, or step by step.

mod connector;

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use procession_wire::auth::{self, Handshake, Key, LONGEST, Options, Role, Step};
use procession_wire::frame::{Header, ReadError, Receiver, WriteError};

pub(crate) use self::connector::prove_but_last;
use crate::stream::{Patience, Socket};

/// Why a peer was not accepted, or did not accept us. The connection is of no more use.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unproved {
    /// Its key is another one, or it speaks something else.
    Failed(auth::Error),
    /// It closed the connection before the proof was complete: it has no key, perhaps.
    Left,
    /// It said nothing more before the deadline: it has no key, perhaps.
    TimedOut,
}

impl fmt::Display for Unproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unproved::Failed(error) => error.fmt(f),
            Unproved::Left => f.write_str("the peer closed the connection before it had proved its key"),
            Unproved::TimedOut => f.write_str("the peer did not prove its key in time"),
        }
    }
}

impl std::error::Error for Unproved {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Unproved::Failed(error) => Some(error),
            Unproved::Left | Unproved::TimedOut => None,
        }
    }
}

impl From<auth::Error> for Unproved {
    fn from(error: auth::Error) -> Unproved {
        let kind = match &error {
            auth::Error::Read(ReadError::Ended { .. }) => return Unproved::Left,
            auth::Error::Read(ReadError::Io(error)) => error.kind(),
            auth::Error::Write(WriteError::Io { error, .. }) => error.kind(),
            _ => return Unproved::Failed(error),
        };
        match kind {
            ErrorKind::TimedOut => Unproved::TimedOut,
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Unproved::Left,
            _ => Unproved::Failed(error),
        }
    }
}

/// Proves the key to the peer and lets it prove its own, all before the deadline. Nothing is read beyond the
/// last message of the proof, and nothing after a refusal.
///
/// # Errors
/// See [`Unproved`].
pub fn prove(
    socket: impl AsFd,
    role: Role,
    key: &Key,
    options: Options,
    deadline: Option<Instant>,
) -> Result<(), Unproved> {
    let mut all = Socket { fd: socket.as_fd(), patience: deadline.into() };
    match role {
        Role::Listener => Ok(auth::run(&mut all, role, key.clone(), options)?),
        Role::Connector => {
            let last = prove_but_last(socket.as_fd(), key, options, deadline)?;
            Ok(all.write_all(&last).map_err(not_written)?)
        }
    }
}

/// A message of the handshake behind others, as they are sent.
fn add_framed(messages: &mut Vec<u8>, message: &[u8]) {
    messages.extend_from_slice(Header::new(message.len() as u64).as_bytes());
    messages.extend_from_slice(message);
}

/// Why a message of the handshake was not sent.
pub(crate) fn not_written(error: io::Error) -> auth::Error {
    auth::Error::Write(WriteError::Io { error, written: 0 })
}

/// One who has connected to a listener and has not proved the key yet.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) fd: OwnedFd,
    handshake: Handshake,
    receiver: Receiver,
    pub(crate) deadline: Instant,
}

impl Candidate {
    /// Sends the challenge; the answer is to be there before the deadline.
    pub(crate) fn challenge(
        fd: OwnedFd,
        key: &Key,
        options: Options,
        deadline: Instant,
    ) -> Result<Candidate, Unproved> {
        let nonce = auth::nonce()?;
        let handshake = Handshake::new(Role::Listener, key.clone(), options, &nonce);
        let first = handshake.begin();
        let mut candidate = Candidate { fd, handshake, receiver: Receiver::new(), deadline };
        if let Some(challenge) = first {
            let mut framed = Vec::new();
            add_framed(&mut framed, &challenge);
            candidate.send(&framed)?;
        }
        Ok(candidate)
    }

    /// Takes what has come, without waiting, and sends what is due: whether the proof is complete.
    pub(crate) fn advance(&mut self) -> Result<bool, Unproved> {
        // What is due for several messages that have come is sent at once: each sending wakes the peer.
        let mut due = Vec::new();
        let proved = self.take(&mut due);
        let sent = if due.is_empty() { Ok(()) } else { self.send(&due) };
        // Whoever was refused may be gone already; why it was refused matters more.
        let is_complete = proved?;
        sent.map(|()| is_complete)
    }

    /// Takes what has come, and adds what is to be sent then.
    fn take(&mut self, due: &mut Vec<u8>) -> Result<bool, Unproved> {
        loop {
            let message = match self.receiver.receive(&mut at_once(&self.fd), LONGEST) {
                Ok(Some(message)) => message,
                Ok(None) => return Err(Unproved::Left),
                Err(ReadError::Io(error)) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(auth::Error::Read(error).into()),
            };
            if answer(&mut self.handshake, &message, due)? {
                return Ok(true);
            }
        }
    }

    /// Sends messages of the handshake, which a new connection always has room for: one that has not is none.
    fn send(&mut self, messages: &[u8]) -> Result<(), Unproved> {
        Ok(at_once(&self.fd).write_all(messages).map_err(not_written)?)
    }
}

/// Takes a message, and adds what is to be sent then, a farewell where there is an error: whether the proof is
/// complete with it.
fn answer(handshake: &mut Handshake, message: &[u8], due: &mut Vec<u8>) -> Result<bool, auth::Error> {
    match handshake.receive(message) {
        Ok(Step::Send(answer)) => {
            add_framed(due, &answer);
            Ok(false)
        }
        Ok(Step::Finish(last)) => {
            last.iter().for_each(|last| add_framed(due, last));
            Ok(true)
        }
        Err(error) => {
            handshake.farewell().iter().for_each(|farewell| add_framed(due, farewell));
            Err(error)
        }
    }
}

fn at_once(fd: &OwnedFd) -> Socket<'_> {
    Socket { fd: fd.as_fd(), patience: Patience::None }
}
