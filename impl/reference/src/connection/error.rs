//! What can go wrong with a connection: one enum per kind of call, each variant a situation that the
//! caller can act on.

use std::fmt;
use std::io;

use super::stream::{ReceiveFailure, SendFailure};
use crate::channel::{PopError, PushError};

/// Why a message was not sent. Unless it says [`Os`](SendError::Os), not a byte of it was written.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// The offset or the size does not lie inside the buffer; the text says which and why.
    BadValue(String),
    /// Nobody is left who could receive.
    BrokenPipe,
    /// This end was closed before.
    Closed,
    /// The shared memory contradicts itself: some other program has written to it.
    Corrupt(String),
    /// The value could not be serialised; the text is the serialiser's.
    Encode(String),
    /// The operating system refused for another reason.
    Os(io::Error),
    /// The message is longer than the transport can carry; its length is given.
    TooLong(usize),
    /// This end only receives.
    WrongDirection,
}

/// Why no message was received.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecvError {
    /// The limit is negative.
    BadValue(String),
    /// This end was closed before.
    Closed,
    /// The bytes are no message: torn in the middle, or with an impossible length. The stream cannot
    /// be trusted any more, and every later call says the same.
    Corrupt(String),
    /// A message was received whole but is no such value; it has been consumed.
    Decode(String),
    /// The other side is gone and everything it sent has been received.
    Eof,
    /// The operating system refused for another reason.
    Os(io::Error),
    /// The message, of this length, is longer than the caller allowed. It is not delivered: a duplex
    /// end can no longer receive, a receiving end is closed.
    TooLong(usize),
    /// This end only sends, or has stopped receiving after a message that was too long.
    WrongDirection,
}

/// Why no message was received into a buffer.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecvIntoError {
    /// The offset lies outside the buffer; nothing was consumed.
    BadValue(String),
    /// The message does not fit behind the offset; here it is, and it has been consumed.
    BufferTooShort(Vec<u8>),
    /// This end was closed before.
    Closed,
    /// See [`RecvError::Corrupt`].
    Corrupt(String),
    /// The other side is gone and everything it sent has been received.
    Eof,
    /// The operating system refused for another reason.
    Os(io::Error),
    /// This end only sends.
    WrongDirection,
}

/// Why readiness could not be told, or the descriptor not be given.
#[derive(Debug)]
#[non_exhaustive]
pub enum PollError {
    /// This end was closed before.
    Closed,
    /// The operating system refused.
    Os(io::Error),
    /// This end only sends.
    WrongDirection,
}

/// Why a descriptor did not become a connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum FromFdError {
    /// The descriptor is not open, or is of a kind that carries no stream; the text says which.
    BadDescriptor(String),
    /// The number is negative, so no descriptor at all.
    Negative(i64),
    /// Neither receiving nor sending was asked for.
    NoDirection,
    /// The operating system refused.
    Os(io::Error),
}

/// Why a connection did not give up its descriptor. The connection is closed.
#[derive(Debug)]
#[non_exhaustive]
pub enum IntoFdError {
    /// It was closed before.
    Closed,
    /// It is in shared memory, which no other program understands.
    NoStream,
    /// Part of a message has been received already.
    PartReceived,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::BadValue(what) => f.write_str(what),
            SendError::BrokenPipe => f.write_str("nobody is left who could receive (broken pipe)"),
            SendError::Closed => f.write_str("the connection is closed"),
            SendError::Corrupt(what) => write!(f, "the pipe is corrupt: {what}"),
            SendError::Encode(why) => write!(f, "the value cannot be serialised: {why}"),
            SendError::Os(error) => error.fmt(f),
            SendError::TooLong(length) => write!(f, "the message of {length} bytes is too long"),
            SendError::WrongDirection => f.write_str("the connection only receives"),
        }
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::BadValue(what) => f.write_str(what),
            RecvError::Closed => f.write_str("the connection is closed"),
            RecvError::Corrupt(what) => write!(f, "the stream is corrupt: {what}"),
            RecvError::Decode(why) => write!(f, "the message is no such value: {why}"),
            RecvError::Eof => f.write_str("the other side is gone (end of file)"),
            RecvError::Os(error) => error.fmt(f),
            RecvError::TooLong(length) => {
                write!(f, "the message of {length} bytes is longer than allowed")
            }
            RecvError::WrongDirection => f.write_str("the connection does not receive"),
        }
    }
}

impl fmt::Display for RecvIntoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvIntoError::BadValue(what) => f.write_str(what),
            RecvIntoError::BufferTooShort(message) => {
                write!(f, "the message of {} bytes does not fit into the buffer", message.len())
            }
            RecvIntoError::Closed => f.write_str("the connection is closed"),
            RecvIntoError::Corrupt(what) => write!(f, "the stream is corrupt: {what}"),
            RecvIntoError::Eof => f.write_str("the other side is gone (end of file)"),
            RecvIntoError::Os(error) => error.fmt(f),
            RecvIntoError::WrongDirection => f.write_str("the connection does not receive"),
        }
    }
}

impl fmt::Display for PollError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PollError::Closed => f.write_str("the connection is closed"),
            PollError::Os(error) => error.fmt(f),
            PollError::WrongDirection => f.write_str("the connection does not receive"),
        }
    }
}

impl fmt::Display for FromFdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FromFdError::BadDescriptor(what) => f.write_str(what),
            FromFdError::Negative(number) => {
                write!(f, "{number} is negative, a descriptor is zero or more")
            }
            FromFdError::NoDirection => {
                f.write_str("a connection must receive, send or both, and neither was asked for")
            }
            FromFdError::Os(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for IntoFdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IntoFdError::Closed => "the connection is closed",
            IntoFdError::NoStream => "the connection is in shared memory, not a stream",
            IntoFdError::PartReceived => "part of a message has been received already",
        })
    }
}

impl std::error::Error for IntoFdError {}
impl std::error::Error for SendError {}
impl std::error::Error for RecvError {}
impl std::error::Error for RecvIntoError {}
impl std::error::Error for PollError {}
impl std::error::Error for FromFdError {}

impl From<RecvError> for RecvIntoError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::BadValue(what) => RecvIntoError::BadValue(what),
            RecvError::Closed => RecvIntoError::Closed,
            RecvError::Corrupt(what) | RecvError::Decode(what) => RecvIntoError::Corrupt(what),
            RecvError::Eof => RecvIntoError::Eof,
            RecvError::Os(error) => RecvIntoError::Os(error),
            // A receive into a buffer asks for no limit but the buffer.
            RecvError::TooLong(length) => {
                RecvIntoError::Corrupt(format!("a message of {length} bytes exceeds the address space"))
            }
            RecvError::WrongDirection => RecvIntoError::WrongDirection,
        }
    }
}

impl From<PushError> for SendError {
    fn from(error: PushError) -> Self {
        match error {
            PushError::BrokenPipe => SendError::BrokenPipe,
            PushError::Corrupt(what) => SendError::Corrupt(what.to_string()),
            PushError::Exhausted(error) => SendError::Os(error),
            PushError::Full => SendError::Os(io::ErrorKind::WouldBlock.into()),
            PushError::TooLong { len, .. } => SendError::TooLong(len),
        }
    }
}

impl From<PopError> for RecvError {
    fn from(error: PopError) -> Self {
        match error {
            PopError::Corrupt(what) => RecvError::Corrupt(what.to_string()),
            PopError::Empty => RecvError::Os(io::ErrorKind::WouldBlock.into()),
            PopError::Eof => RecvError::Eof,
            PopError::Exhausted(error) => RecvError::Os(error),
        }
    }
}

impl From<SendFailure> for SendError {
    fn from(failure: SendFailure) -> Self {
        match failure {
            SendFailure::BrokenPipe => SendError::BrokenPipe,
            SendFailure::Os(error) => SendError::Os(error),
        }
    }
}

impl From<ReceiveFailure> for RecvError {
    fn from(failure: ReceiveFailure) -> Self {
        match failure {
            ReceiveFailure::Corrupt(what) => RecvError::Corrupt(what),
            ReceiveFailure::Eof => RecvError::Eof,
            ReceiveFailure::Os(error) => RecvError::Os(error),
            ReceiveFailure::TooLong(length) => RecvError::TooLong(length),
        }
    }
}
