//! The handshake that a shared key opens: challenges and responses, without I/O.
//!
//! The listener challenges first and is challenged back. What is sent and received are payloads of
//! [`frame`], at most [`LONGEST`] bytes each; nothing is unpickled before both halves are done.

mod digest;

use std::fmt;
use std::io::{Read, Write};

pub use digest::{Digest, Digests};
use subtle::ConstantTimeEq;

use crate::frame::{self, LongForm, Receiver, write_message};

/// The longest message of a handshake, in bytes.
pub const LONGEST: u64 = 256;

const CHALLENGE: &[u8] = b"#CHALLENGE#";
const WELCOME: &[u8] = b"#WELCOME#";
const FAILURE: &[u8] = b"#FAILURE#";
/// A challenge up to CPython 3.11, and the least that a challenge can be.
const LEGACY_CHALLENGE: usize = 20;
/// A response up to CPython 3.11: bare HMAC-MD5.
const LEGACY_RESPONSE: usize = 16;

/// Random bytes for the challenge of one handshake.
pub type Nonce = [u8; 40];

/// New random bytes of the operating system.
///
/// # Errors
/// [`Error::NoRandomness`].
pub fn nonce() -> Result<Nonce, Error> {
    let mut nonce = [0; 40];
    getrandom::fill(&mut nonce).map_err(Error::NoRandomness)?;
    Ok(nonce)
}

/// Which side of the connection this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It connected: it answers first and challenges then.
    Connector,
    /// It accepted the connection: it challenges first.
    Listener,
}

/// As which CPython a side behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// As up to 3.11: challenges of 20 bytes without a prefix, bare HMAC-MD5 as the only answer, given and
    /// taken.
    Legacy,
    /// As from 3.12 on: challenges name this digest, and answers follow what was asked. Older peers can
    /// answer such a challenge and are answered in their way, so there is no need to know the peer's version.
    Modern(Digest),
}

/// What is sent and what is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How to challenge and to answer.
    pub generation: Generation,
    /// The digests that are used in answers and accepted in responses. Without [`Digest::Md5`], no CPython up
    /// to 3.11 can connect or be connected to; with it, a peer may answer with MD5 whatever it was asked for.
    pub digests: Digests,
}

impl Default for Options {
    /// A modern challenge with SHA-256, every digest accepted.
    fn default() -> Self {
        Options { generation: Generation::Modern(Digest::Sha256), digests: Digests::ALL }
    }
}

/// The shared key. Use at least 16 random bytes: whoever has it can run code in a CPython peer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`Error::EmptyKey`]: CPython takes an empty key for "no handshake" in some versions and places.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let bytes = bytes.into();
        if bytes.is_empty() { Err(Error::EmptyKey) } else { Ok(Key(bytes)) }
    }

    /// The key of these bytes, also of none: a key like any other for CPython from 3.13 on, and for every
    /// client. Up to 3.12 a listener of CPython takes it for "no handshake".
    pub fn even_empty(bytes: impl Into<Vec<u8>>) -> Self {
        Key(bytes.into())
    }

    /// The bytes, for a process that is to have the same key.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    /// Keeps the key to itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Why a handshake failed. The connection is of no more use.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The digest is not among those allowed.
    DigestRefused {
        /// The digest, as it was named, or `md5` where it was not.
        found: String,
    },
    /// The key is empty.
    EmptyKey,
    /// The operating system gave no random bytes.
    NoRandomness(getrandom::Error),
    /// A message could not be read.
    Read(frame::ReadError),
    /// The peer refused our response: the keys differ, or it does not allow the digest. A manager of CPython
    /// sends more after this, which must not be read.
    Rejected,
    /// The peer's challenge is too short to be safe to answer.
    ShortChallenge {
        /// Its length behind `#CHALLENGE#`, in bytes.
        found: usize,
    },
    /// The message is not the one that was due.
    Unexpected {
        /// What was due.
        expected: &'static str,
        /// Its first bytes, escaped.
        found: String,
    },
    /// A message could not be written.
    Write(frame::WriteError),
    /// The peer's response is wrong: the keys differ.
    WrongResponse,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::DigestRefused { found } => write!(f, "the digest {found:?} is not allowed"),
            Error::EmptyKey => f.write_str("the key is empty, expected at least one byte"),
            Error::NoRandomness(error) => write!(f, "no random bytes: {error}"),
            Error::Read(error) => write!(f, "reading: {error}"),
            Error::Rejected => f.write_str("the peer rejected the response"),
            Error::ShortChallenge { found } => {
                write!(f, "a challenge of {found} bytes, expected at least {LEGACY_CHALLENGE}")
            }
            Error::Unexpected { expected, found } => write!(f, "found \"{found}\", expected {expected}"),
            Error::Write(error) => write!(f, "writing: {error}"),
            Error::WrongResponse => f.write_str("the response of the peer is wrong"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::NoRandomness(error) => Some(error),
            Error::Read(error) => Some(error),
            Error::Write(error) => Some(error),
            _ => None,
        }
    }
}

/// What to do after a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Both sides have shown that they know the key; first send this, if there is something.
    Finish(Option<Vec<u8>>),
    /// Send this and wait for the next message.
    Send(Vec<u8>),
}

/// One side of one handshake: messages in, messages out.
#[derive(Debug)]
pub struct Handshake {
    role: Role,
    key: Key,
    options: Options,
    /// What follows `#CHALLENGE#` in ours.
    challenge: Vec<u8>,
    due: Due,
    peer_is_legacy: bool,
}

/// The message that is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Challenge,
    Response,
    Welcome,
    Nothing,
}

impl Handshake {
    /// A handshake with these random bytes, of which a legacy challenge takes the first 20.
    ///
    /// They must be new: whoever has seen the answer to a challenge can give it again.
    pub fn new(role: Role, key: Key, options: Options, nonce: &Nonce) -> Self {
        let challenge = match options.generation {
            Generation::Legacy => nonce[..LEGACY_CHALLENGE].to_vec(),
            Generation::Modern(digest) => [digest.prefix().as_bytes(), nonce].concat(),
        };
        let due = match role {
            Role::Connector => Due::Challenge,
            Role::Listener => Due::Response,
        };
        Handshake { role, key, options, challenge, due, peer_is_legacy: false }
    }

    /// The first message of a listener; a connector waits for it.
    pub fn begin(&self) -> Option<Vec<u8>> {
        (self.role == Role::Listener).then(|| self.our_challenge())
    }

    /// Takes the next message of the peer.
    ///
    /// # Errors
    /// See [`Error`]; [`Handshake::farewell`] is what to send before closing.
    pub fn receive(&mut self, message: &[u8]) -> Result<Step, Error> {
        match self.due {
            Due::Challenge => {
                let Some(challenge) = message.strip_prefix(CHALLENGE) else {
                    return Err(unexpected("a challenge", message));
                };
                let answer = self.answer(challenge)?;
                self.due = Due::Welcome;
                Ok(Step::Send(answer))
            }
            Due::Response => {
                self.verify(message)?;
                match self.role {
                    Role::Listener => {
                        self.due = Due::Challenge;
                        Ok(Step::Send(WELCOME.to_vec()))
                    }
                    Role::Connector => {
                        self.due = Due::Nothing;
                        Ok(Step::Finish(Some(WELCOME.to_vec())))
                    }
                }
            }
            Due::Welcome if message == FAILURE => Err(Error::Rejected),
            Due::Welcome if message != WELCOME => Err(unexpected("#WELCOME#", message)),
            Due::Welcome => match self.role {
                Role::Listener => {
                    self.due = Due::Nothing;
                    Ok(Step::Finish(None))
                }
                Role::Connector => {
                    self.due = Due::Response;
                    Ok(Step::Send(self.our_challenge()))
                }
            },
            Due::Nothing => Err(unexpected("nothing more", message)),
        }
    }

    /// What the peer is told, after an error and before the connection is closed, if it is told anything: that
    /// its response was refused.
    pub fn farewell(&self) -> Option<&'static [u8]> {
        // A response that was accepted is due no more.
        (self.due == Due::Response).then_some(FAILURE)
    }

    /// Whether the peer has answered as CPython up to 3.11 does; known once it has answered.
    pub fn peer_is_legacy(&self) -> bool {
        self.peer_is_legacy
    }

    fn our_challenge(&self) -> Vec<u8> {
        [CHALLENGE, &self.challenge].concat()
    }

    /// The response to a challenge, in the form that the challenge asks for.
    fn answer(&self, challenge: &[u8]) -> Result<Vec<u8>, Error> {
        if challenge.len() < LEGACY_CHALLENGE {
            return Err(Error::ShortChallenge { found: challenge.len() });
        }
        if challenge.len() == LEGACY_CHALLENGE || self.options.generation == Generation::Legacy {
            self.allow(Digest::Md5)?;
            return Ok(Digest::Md5.mac(&self.key.0, challenge));
        }
        let (digest, _) = self.named(challenge, "the name of a digest before the challenge")?;
        let mac = digest.mac(&self.key.0, challenge);
        Ok([digest.prefix().as_bytes(), &mac].concat())
    }

    fn verify(&mut self, response: &[u8]) -> Result<(), Error> {
        let (digest, mac) = if response.len() == LEGACY_RESPONSE {
            self.allow(Digest::Md5)?;
            self.peer_is_legacy = true;
            (Digest::Md5, response)
        } else if self.options.generation == Generation::Legacy {
            return Err(Error::WrongResponse);
        } else {
            self.named(response, "the name of a digest before the response")?
        };
        let expected = digest.mac(&self.key.0, &self.challenge);
        if bool::from(expected.ct_eq(mac)) { Ok(()) } else { Err(Error::WrongResponse) }
    }

    /// The digest that a message names, if it is allowed, and what follows the name.
    fn named<'m>(&self, message: &'m [u8], expected: &'static str) -> Result<(Digest, &'m [u8]), Error> {
        let rest = message.strip_prefix(b"{").ok_or_else(|| unexpected(expected, message))?;
        let end = rest.iter().position(|&byte| byte == b'}').ok_or_else(|| unexpected(expected, message))?;
        let (name, after) = (&rest[..end], &rest[end + 1..]);
        let Some(digest) = Digest::named(name) else {
            return Err(Error::DigestRefused { found: name.escape_ascii().to_string() });
        };
        self.allow(digest)?;
        Ok((digest, after))
    }

    fn allow(&self, digest: Digest) -> Result<(), Error> {
        match self.options.digests.contains(digest) {
            true => Ok(()),
            false => Err(Error::DigestRefused { found: digest.name().to_string() }),
        }
    }
}

/// Runs a whole handshake over a connection, with random bytes of the operating system.
///
/// Blocks as the connection does: give it a deadline of its own, for one silent peer can hold this for ever.
/// Nothing is read beyond the last message. On failure the peer is told what CPython would tell it.
///
/// # Errors
/// See [`Error`]; the connection must then be closed.
pub fn run(
    connection: &mut (impl Read + Write),
    role: Role,
    key: Key,
    options: Options,
) -> Result<(), Error> {
    let mut handshake = Handshake::new(role, key, options, &nonce()?);
    let send = |connection: &mut _, message: &[u8]| {
        write_message(connection, message, LongForm::Refused).map_err(Error::Write)
    };
    if let Some(first) = handshake.begin() {
        send(connection, &first)?;
    }
    let mut receiver = Receiver::new();
    loop {
        let ended = frame::ReadError::Ended { expected: 4, found: 0 };
        let message = receiver.receive(connection, LONGEST).map_err(Error::Read)?;
        match handshake.receive(&message.ok_or(Error::Read(ended))?) {
            Ok(Step::Send(message)) => send(connection, &message)?,
            Ok(Step::Finish(last)) => {
                return last.map_or(Ok(()), |message| send(connection, &message));
            }
            Err(error) => {
                if let Some(farewell) = handshake.farewell() {
                    // The peer may be gone already; why the handshake failed matters more.
                    let _ = send(connection, farewell);
                }
                return Err(error);
            }
        }
    }
}

fn unexpected(expected: &'static str, message: &[u8]) -> Error {
    let start = &message[..message.len().min(32)];
    Error::Unexpected { expected, found: start.escape_ascii().to_string() }
}
