//! Messages on a byte stream: a length before each, as `multiprocessing.connection` writes it.
//!
//! A header is an `i32`, big endian; where that is -1, a `u64` follows and is the length. The connection is
//! left exactly at the end of a message, so that what is not framed, such as a descriptor, can follow.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};

/// The longest message with a short header; those of CPython 3.6 and 3.7 cannot be longer.
pub const SHORT: u64 = 0x7fff_ffff;

/// At most this much is set aside before the bytes for it are there: 64 KiB, which are often sent at once, and what a
/// pickle has around them.
const AHEAD: usize = 72 * 1024;

/// Memory of so many bytes is worth keeping from one message for the next; more is given back.
pub const WORTH_KEEPING: usize = 128 * 1024;

/// At most so many parts are written at once.
const AT_ONCE: usize = 16;

/// A message of at most so many bytes comes into memory of its own: what takes long messages keeps what is in it
/// meanwhile, and need not be made zeros again.
const FEW: usize = 4 * 1024;

/// The bytes before a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    bytes: [u8; 12],
    len: usize,
}

impl Header {
    /// The header of a message of `length` bytes: the long form above [`SHORT`].
    pub fn new(length: u64) -> Self {
        let mut bytes = [0xff; 12];
        match u32::try_from(length) {
            Ok(short) if length <= SHORT => {
                bytes[..4].copy_from_slice(&short.to_be_bytes());
                Header { bytes, len: 4 }
            }
            _ => {
                bytes[4..].copy_from_slice(&length.to_be_bytes());
                Header { bytes, len: 12 }
            }
        }
    }

    /// The 4 or 12 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// What the reader at the other end can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LongForm {
    /// It is CPython 3.8 or later, or one of us.
    Allowed,
    /// It may be CPython 3.6 or 3.7, which would take the long header for an empty message.
    #[default]
    Refused,
}

/// Why a message was not written.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The operating system refused. A part of the message may be written: the connection is of no more use,
    /// except after `WouldBlock` before the first byte, which [`WriteError::written`] tells.
    Io {
        /// Why.
        error: io::Error,
        /// How many bytes, header included, were written before.
        written: u64,
    },
    /// The message needs the long form and the peer may not know it. Nothing was written.
    TooLong {
        /// Of the message, in bytes.
        length: u64,
    },
}

impl WriteError {
    /// How many bytes of the message, header included, were written.
    pub fn written(&self) -> u64 {
        match self {
            WriteError::Io { written, .. } => *written,
            WriteError::TooLong { .. } => 0,
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Io { error, written } => write!(f, "after {written} bytes of a message: {error}"),
            WriteError::TooLong { length } => {
                write!(
                    f,
                    "a message of {length} bytes, expected at most {SHORT} for a peer before CPython 3.8"
                )
            }
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WriteError::Io { error, .. } => Some(error),
            WriteError::TooLong { .. } => None,
        }
    }
}

/// Writes one message: header and payload in one vectored write, or in as few as the connection takes.
///
/// Blocks as `to` does.
///
/// # Errors
/// See [`WriteError`].
pub fn write_message(to: &mut impl Write, payload: &[u8], long: LongForm) -> Result<(), WriteError> {
    write_in_parts(to, payload.len() as u64, [payload], long)
}

/// Writes one message of `length` bytes, which stands in parts: as many of them in one vectored write as the
/// connection takes, and at most some.
///
/// Blocks as `to` does.
///
/// # Errors
/// See [`WriteError`].
pub fn write_in_parts<'p>(
    to: &mut impl Write,
    length: u64,
    parts: impl IntoIterator<Item = &'p [u8]>,
    long: LongForm,
) -> Result<(), WriteError> {
    if length > SHORT && long == LongForm::Refused {
        return Err(WriteError::TooLong { length });
    }
    let header = Header::new(length);
    // Named anew, for the header lives shorter than the parts.
    let parts = parts.into_iter().map(|part| -> &[u8] { part });
    write_framed(to, [header.as_bytes()].into_iter().chain(parts))
}

/// Writes what is framed already, part after part.
///
/// Blocks as `to` does.
///
/// # Errors
/// [`WriteError::Io`].
pub fn write_framed<'p>(
    to: &mut impl Write,
    parts: impl IntoIterator<Item = &'p [u8]>,
) -> Result<(), WriteError> {
    let (mut parts, mut written) = (parts.into_iter().peekable(), 0);
    while parts.peek().is_some() {
        let mut slices = [IoSlice::new(&[]); AT_ONCE];
        let count =
            slices.iter_mut().zip(&mut parts).map(|(slice, part)| *slice = IoSlice::new(part)).count();
        write_slices(to, &mut slices[..count], &mut written)?;
    }
    Ok(())
}

/// Writes all of these; `written` grows by what is written.
fn write_slices(
    to: &mut impl Write,
    mut left: &mut [IoSlice<'_>],
    written: &mut u64,
) -> Result<(), WriteError> {
    // What is empty is passed over: a write of nothing would look like a connection that takes no more.
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match to.write_vectored(left) {
            Ok(0) => return Err(WriteError::Io { error: ErrorKind::WriteZero.into(), written: *written }),
            Ok(count) => {
                *written += count as u64;
                IoSlice::advance_slices(&mut left, count);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(WriteError::Io { error, written: *written }),
        }
    }
    Ok(())
}

/// Why a message was not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream ended inside a message.
    Ended {
        /// How long the header or message under way is, in bytes.
        expected: u64,
        /// How many bytes of it came.
        found: u64,
    },
    /// The operating system refused. After `WouldBlock` and `TimedOut`, [`Receiver::receive`] goes on where
    /// it was.
    Io(io::Error),
    /// The length is below -1, which CPython would take for an empty message.
    NegativeLength {
        /// The length.
        found: i32,
    },
    /// The message is longer than allowed. It is left unread: the connection can still be written to.
    TooLong {
        /// Of the message, in bytes.
        length: u64,
        /// The most that was allowed.
        allowed: u64,
    },
    /// An earlier error left the connection inside a message; nothing can be read from it any more.
    Unusable,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Ended { expected, found } => {
                write!(f, "the stream ended inside a message: expected {expected} bytes, found {found}")
            }
            ReadError::Io(error) => write!(f, "{error}"),
            ReadError::NegativeLength { found } => {
                write!(f, "a message of length {found}, expected 0 or more, or -1 for the long form")
            }
            ReadError::TooLong { length, allowed } => {
                write!(f, "a message of {length} bytes, expected at most {allowed}")
            }
            ReadError::Unusable => f.write_str("an earlier error left the connection inside a message"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// Reads messages from one connection, which may hand over its bytes in any pieces.
///
/// Nothing is read beyond the message that was asked for. Memory grows with the bytes that came and not with
/// the length that was announced.
#[derive(Debug, Default)]
pub struct Receiver {
    state: State,
    /// The header under way.
    header: [u8; 8],
    /// The payload under way, with room for what has not come.
    payload: Vec<u8>,
    /// How many bytes of the header or payload came.
    came: usize,
    /// Memory that was lent for short messages and for long ones.
    lent: [Vec<u8>; 2],
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    #[default]
    Header,
    LongHeader,
    Payload(u64),
    Lost,
}

impl Receiver {
    /// Nothing read so far.
    pub fn new() -> Self {
        Receiver::default()
    }

    /// The next message of at most `most` bytes, or nothing where the stream ends between messages. A
    /// connection that was reset between messages has ended too.
    ///
    /// Blocks as `from` does; if that fails with `WouldBlock` or `TimedOut`, the call can be made again
    /// later.
    ///
    /// # Errors
    /// See [`ReadError`]. After `Ended`, `NegativeLength` and `TooLong` every further call is `Unusable`.
    pub fn receive(&mut self, from: &mut impl Read, most: u64) -> Result<Option<Vec<u8>>, ReadError> {
        loop {
            let length = match self.state {
                State::Header => {
                    if !self.fill_header(from, 4)? {
                        return Ok(None);
                    }
                    let [a, b, c, d, ..] = self.header;
                    match i32::from_be_bytes([a, b, c, d]) {
                        -1 => {
                            self.state = State::LongHeader;
                            continue;
                        }
                        length => {
                            let negative = |_| self.lose(ReadError::NegativeLength { found: length });
                            u64::try_from(length).map_err(negative)?
                        }
                    }
                }
                State::LongHeader => {
                    self.fill_header(from, 8)?;
                    u64::from_be_bytes(self.header)
                }
                State::Payload(length) => {
                    self.fill_payload(from, length)?;
                    self.state = State::Header;
                    return Ok(Some(std::mem::take(&mut self.payload)));
                }
                State::Lost => return Err(ReadError::Unusable),
            };
            if length > most {
                return Err(self.lose(ReadError::TooLong { length, allowed: most }));
            }
            self.payload = std::mem::take(&mut self.lent[usize::from(length > FEW as u64)]);
            self.state = State::Payload(length);
        }
    }

    /// Lends the memory of a message that is no longer needed to those that come.
    pub fn reuse(&mut self, message: Vec<u8>) {
        let lent = &mut self.lent[usize::from(message.capacity() > FEW)];
        if (lent.capacity()..=WORTH_KEEPING).contains(&message.capacity()) {
            // With what is in it, which need not be made zeros before the next message takes its place.
            *lent = message;
        }
    }

    /// Reads until `wanted` bytes of a header have come; false where the stream ends before the first one.
    fn fill_header(&mut self, from: &mut impl Read, wanted: usize) -> Result<bool, ReadError> {
        while self.came < wanted {
            let is_between = self.came == 0 && matches!(self.state, State::Header);
            match from.read(&mut self.header[self.came..wanted]) {
                Ok(0) if is_between => return Ok(false),
                Ok(0) => return Err(self.ended(wanted as u64)),
                Ok(count) => self.came += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset && is_between => return Ok(false),
                Err(error) => return Err(ReadError::Io(error)),
            }
        }
        self.came = 0;
        Ok(true)
    }

    /// Reads until the payload has come.
    fn fill_payload(&mut self, from: &mut impl Read, wanted: u64) -> Result<(), ReadError> {
        while (self.came as u64) < wanted {
            let most = usize::try_from(wanted).unwrap_or(usize::MAX);
            // As much again as came, so that a length that was only announced costs next to nothing.
            let room = most.min(self.came.saturating_mul(2).max(AHEAD));
            if self.payload.len() < room {
                self.payload.resize(room, 0);
            }
            let room = most.min(self.payload.len());
            match from.read(&mut self.payload[self.came..room]) {
                Ok(0) => return Err(self.ended(wanted)),
                Ok(count) => self.came += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Io(error)),
            }
        }
        self.payload.truncate(self.came);
        self.came = 0;
        Ok(())
    }

    fn ended(&mut self, expected: u64) -> ReadError {
        let found = self.came as u64;
        self.lose(ReadError::Ended { expected, found })
    }

    fn lose(&mut self, error: ReadError) -> ReadError {
        self.state = State::Lost;
        self.payload = Vec::new();
        error
    }
}
