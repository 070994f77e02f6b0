//! One descriptor beside one byte of a Unix-domain socket.
//!
//! # Invariants
//! 1. A descriptor number in an SCM_RIGHTS message that the kernel has just delivered is ours alone.
//! 2. A number that is borrowed is only duplicated, under a new number, before anything else is done.

#![expect(unsafe_code, reason = "received and borrowed descriptors")]

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

use crate::stream::wait;

/// Why a descriptor was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendHandleError {
    /// Nobody is left who could receive.
    BrokenPipe,
    /// The connection was closed before.
    Closed,
    /// The connection is on no Unix-domain socket: it cannot carry descriptors.
    NoSocket,
    /// The operating system refused for another reason.
    Os(io::Error),
}

/// Why no descriptor was received.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecvHandleError {
    /// The connection was closed before.
    Closed,
    /// A byte came without a descriptor, or with another number of them than it says: it was something else.
    Corrupt(String),
    /// The other side is gone.
    Eof,
    /// The connection is on no Unix-domain socket: it cannot carry descriptors.
    NoSocket,
    /// The operating system refused for another reason.
    Os(io::Error),
    /// None came in time.
    TimedOut,
}

/// Sends a descriptor with the byte that says that it is one.
pub(super) fn send(socket: BorrowedFd<'_>, handle: BorrowedFd<'_>) -> Result<(), SendHandleError> {
    let numbers = [handle.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&numbers)];
    loop {
        return match sendmsg::<()>(
            socket.as_raw_fd(),
            &[IoSlice::new(&[1])],
            &rights,
            MsgFlags::MSG_NOSIGNAL,
            None,
        ) {
            Ok(_) => Ok(()),
            Err(Errno::EINTR) => continue,
            Err(Errno::EPIPE | Errno::ECONNRESET) => Err(SendHandleError::BrokenPipe),
            Err(Errno::ENOTSOCK | Errno::EOPNOTSUPP | Errno::EINVAL) => Err(SendHandleError::NoSocket),
            Err(error) => Err(SendHandleError::Os(error.into())),
        };
    }
}

/// Receives a descriptor, waiting for it until the deadline.
pub(super) fn receive(socket: BorrowedFd<'_>, deadline: Option<Instant>) -> Result<OwnedFd, RecvHandleError> {
    let mut control = nix::cmsg_space!([RawFd; 16]);
    let mut byte = [0];
    let mut received = Vec::new();
    let count = loop {
        if let Some(deadline) = deadline {
            wait(socket, PollFlags::POLLIN, deadline).map_err(|error| match error.kind() {
                io::ErrorKind::TimedOut => RecvHandleError::TimedOut,
                _ => RecvHandleError::Os(error),
            })?;
        }
        let mut space = [IoSliceMut::new(&mut byte)];
        match recvmsg::<()>(socket.as_raw_fd(), &mut space, Some(&mut control), MsgFlags::MSG_CMSG_CLOEXEC) {
            Ok(message) => {
                let parts = message.cmsgs().map_err(|error| RecvHandleError::Os(error.into()))?;
                for part in parts {
                    if let ControlMessageOwned::ScmRights(numbers) = part {
                        // SAFETY: by 1, and each number is made an owner once.
                        let owned = numbers.into_iter().map(|number| unsafe { OwnedFd::from_raw_fd(number) });
                        received.extend(owned);
                    }
                }
                break message.bytes;
            }
            Err(Errno::EINTR) => {}
            Err(Errno::ECONNRESET) => return Err(RecvHandleError::Eof),
            Err(Errno::ENOTSOCK) => return Err(RecvHandleError::NoSocket),
            Err(error) => return Err(RecvHandleError::Os(error.into())),
        }
    };
    if count == 0 {
        return Err(RecvHandleError::Eof);
    }
    let came = received.len();
    match (received.pop(), received.is_empty()) {
        (Some(handle), true) if byte == [1] => Ok(handle),
        _ => Err(RecvHandleError::Corrupt(format!(
            "{came} descriptors beside a byte of {}, expected one beside a byte of 1",
            byte[0]
        ))),
    }
}

/// A duplicate of the descriptor of this number.
pub(super) fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: by 2; the kernel refuses a number that is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    borrowed.try_clone_to_owned()
}

impl fmt::Display for SendHandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendHandleError::BrokenPipe => f.write_str("nobody is left who could receive (broken pipe)"),
            SendHandleError::Closed => f.write_str("the connection is closed"),
            SendHandleError::NoSocket => f.write_str("descriptors need a connection on a Unix-domain socket"),
            SendHandleError::Os(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SendHandleError {}

impl fmt::Display for RecvHandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvHandleError::Closed => f.write_str("the connection is closed"),
            RecvHandleError::Corrupt(what) => f.write_str(what),
            RecvHandleError::Eof => f.write_str("the other side is gone (end of file)"),
            RecvHandleError::NoSocket => f.write_str("descriptors need a connection on a Unix-domain socket"),
            RecvHandleError::Os(error) => error.fmt(f),
            RecvHandleError::TimedOut => f.write_str("no descriptor came in time"),
        }
    }
}

impl std::error::Error for RecvHandleError {}
