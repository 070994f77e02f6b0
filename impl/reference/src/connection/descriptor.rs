//! What a connection asks of its descriptor: bytes without waiting, a look at bytes without taking
//! them, writes that cannot kill the process by SIGPIPE, and waits that signals do not cut short.
//!
//! # Invariants
//! 1. Every descriptor number passed to the kernel comes from an `OwnedFd` or `BorrowedFd` that lives
//!    through the call.
//! 2. Every pointer passed to the kernel points to a live local of the type that the call documents.
//! 3. A descriptor number in an SCM_RIGHTS message that the kernel has just delivered is ours alone.

#![expect(unsafe_code, reason = "FIONREAD, tee, sigtimedwait, received descriptors")]

use std::io::IoSliceMut;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockType, getsockopt, recv, recvmsg, sendmsg, sockopt,
};

use crate::wait::Until;

/// What can be done with a descriptor besides reading and writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A stream socket: it can be peeked into and written without SIGPIPE.
    Socket,
    /// A pipe or FIFO: it can be peeked into by `tee`.
    Pipe,
    /// Anything else, such as a terminal or a file.
    Other,
}

/// What a read that does not wait found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Available {
    /// So many bytes, at least one; they have been taken.
    Bytes(usize),
    /// The other side is gone and everything it sent has been taken.
    End,
    /// Nothing yet.
    Nothing,
}

impl Kind {
    /// Finds out what a descriptor is; `None` for a socket that keeps message boundaries of its own.
    pub(crate) fn of(fd: BorrowedFd<'_>) -> io::Result<Option<Kind>> {
        match getsockopt(&fd, sockopt::SockType) {
            Ok(SockType::Stream) => return Ok(Some(Kind::Socket)),
            Ok(_) => return Ok(None),
            Err(Errno::ENOTSOCK) => {}
            Err(error) => return Err(error.into()),
        }
        let mode = nix::sys::stat::fstat(fd)?.st_mode;
        Ok(Some(if mode & libc::S_IFMT == libc::S_IFIFO { Kind::Pipe } else { Kind::Other }))
    }
}

/// The most descriptors that the kernel passes with one write (SCM_MAX_FD).
pub(crate) const MOST_DESCRIPTORS: usize = 253;

/// Takes what is there, up to the length of `space`, without waiting; descriptors that come with it
/// are added to `descriptors`. A connection reset counts as the end: the kernel reports it only when
/// everything received before has been taken.
pub(crate) fn read_available(
    fd: &OwnedFd,
    kind: Kind,
    space: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> io::Result<Available> {
    loop {
        let result = if kind == Kind::Socket {
            receive(fd, space, MsgFlags::MSG_DONTWAIT, descriptors)
        } else if wait_readable(fd.as_fd(), Until::after_ms(0))? {
            nix::unistd::read(fd, space)
        } else {
            return Ok(Available::Nothing);
        };
        return match result {
            Ok(0) | Err(Errno::ECONNRESET) => Ok(Available::End),
            Ok(count) => Ok(Available::Bytes(count)),
            Err(Errno::EAGAIN) => Ok(Available::Nothing),
            Err(Errno::EINTR) => continue,
            Err(error) => Err(error.into()),
        };
    }
}

/// Takes one datagram and its descriptors without waiting.
pub(crate) fn take_datagram(
    fd: &OwnedFd,
    space: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> nix::Result<usize> {
    receive(fd, space, MsgFlags::MSG_DONTWAIT, descriptors)
}

/// Sends one datagram with descriptors, waiting for room, never raising SIGPIPE.
pub(crate) fn send_datagram(fd: &OwnedFd, bytes: &[u8], descriptors: &[RawFd]) -> nix::Result<usize> {
    write_some_passing(fd, Kind::Socket, &[IoSlice::new(bytes)], descriptors)
}

/// Receives bytes and descriptors from a socket. Descriptors for which this process has no numbers
/// left are lost; whoever wants them finds out that they are missing.
fn receive(
    fd: &OwnedFd,
    space: &mut [u8],
    flags: MsgFlags,
    descriptors: &mut Vec<OwnedFd>,
) -> nix::Result<usize> {
    let mut control = nix::cmsg_space!([RawFd; MOST_DESCRIPTORS]);
    let mut space = [IoSliceMut::new(space)];
    let flags = flags | MsgFlags::MSG_CMSG_CLOEXEC;
    let received = recvmsg::<()>(fd.as_raw_fd(), &mut space, Some(&mut control), flags)?;
    for part in received.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = part {
            // SAFETY: by 3, and each number is made an owner once.
            descriptors.extend(numbers.into_iter().map(|number| unsafe { OwnedFd::from_raw_fd(number) }));
        }
    }
    Ok(received.bytes)
}

/// How many bytes are there to be read; `None` where the kernel does not count them.
pub(crate) fn unread(fd: &OwnedFd) -> Option<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: by 1 the descriptor is open, by 2 `count` is a live `c_int`, which FIONREAD fills.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    if result == 0 { usize::try_from(count).ok() } else { None }
}

/// Looks at the next bytes without taking them: how many were seen, at most the length of `seen`;
/// `None` where the descriptor cannot be looked into.
pub(crate) fn peek(fd: &OwnedFd, kind: Kind, seen: &mut [u8]) -> Option<usize> {
    match kind {
        Kind::Socket => recv(fd.as_raw_fd(), seen, MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT).ok(),
        Kind::Pipe => {
            // The copy shares the pages of the original, so nothing is moved and nothing is taken.
            let (copy, into) = nix::unistd::pipe2(OFlag::O_CLOEXEC).ok()?;
            let flags = libc::SPLICE_F_NONBLOCK;
            // SAFETY: by 1 both descriptors are open; the call takes no pointers.
            let copied = unsafe { libc::tee(fd.as_raw_fd(), into.as_raw_fd(), seen.len(), flags) };
            let copied = usize::try_from(copied).ok().filter(|copied| *copied > 0)?;
            nix::unistd::read(&copy, &mut seen[..copied]).ok()
        }
        Kind::Other => None,
    }
}

/// Waits until bytes, the end or an error can be read; `false` when the deadline came first. Handled
/// signals do not end the wait.
pub(crate) fn wait_readable(fd: BorrowedFd<'_>, deadline: Until) -> io::Result<bool> {
    wait_for(fd, PollFlags::POLLIN, deadline)
}

fn wait_for(fd: BorrowedFd<'_>, events: PollFlags, deadline: Until) -> io::Result<bool> {
    loop {
        let mut entry = [PollFd::new(fd, events)];
        match ppoll(&mut entry, deadline.left_as_timespec(), None) {
            Ok(0) if deadline.is_over() => return Ok(false),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) if entry[0].revents().is_some_and(|found| found.contains(PollFlags::POLLNVAL)) => {
                return Err(Errno::EBADF.into());
            }
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

/// How a write of everything failed.
#[derive(Debug)]
pub(crate) struct WriteFailure {
    /// How many bytes had been written before.
    pub(crate) written: usize,
    /// Why no more could be.
    pub(crate) error: Errno,
}

/// Writes two buffers one after the other, waiting for as long as it takes, never raising SIGPIPE.
/// One system call when the kernel has room.
pub(crate) fn write_all(fd: &OwnedFd, kind: Kind, first: &[u8], second: &[u8]) -> Result<(), WriteFailure> {
    write_all_passing(fd, kind, first, second, &[])
}

/// As [`write_all`], with descriptors that go with the first byte; only sockets pass them.
pub(crate) fn write_all_passing(
    fd: &OwnedFd,
    kind: Kind,
    first: &[u8],
    second: &[u8],
    descriptors: &[RawFd],
) -> Result<(), WriteFailure> {
    let total = first.len() + second.len();
    let mut written = 0;
    while written < total {
        let head = &first[written.min(first.len())..];
        let tail = &second[written.saturating_sub(first.len())..];
        let passed = if written == 0 { descriptors } else { &[] };
        match write_some_passing(fd, kind, &[IoSlice::new(head), IoSlice::new(tail)], passed) {
            Ok(count) => written += count,
            Err(Errno::EINTR) => {}
            // Someone made the shared file description non-blocking: waiting is then ours to do.
            Err(Errno::EAGAIN) => {
                if let Err(error) = wait_for(fd.as_fd(), PollFlags::POLLOUT, Until::NEVER) {
                    let error = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
                    return Err(WriteFailure { written, error });
                }
            }
            Err(error) => return Err(WriteFailure { written, error }),
        }
    }
    Ok(())
}

/// Writes some of the buffers, once.
pub(crate) fn write_some(fd: &OwnedFd, kind: Kind, buffers: &[IoSlice<'_>]) -> nix::Result<usize> {
    write_some_passing(fd, kind, buffers, &[])
}

fn write_some_passing(
    fd: &OwnedFd,
    kind: Kind,
    buffers: &[IoSlice<'_>],
    descriptors: &[RawFd],
) -> nix::Result<usize> {
    if kind == Kind::Socket {
        let rights = [ControlMessage::ScmRights(descriptors)];
        let control = if descriptors.is_empty() { &[][..] } else { &rights };
        return sendmsg::<()>(fd.as_raw_fd(), buffers, control, MsgFlags::MSG_NOSIGNAL, None);
    }
    without_sigpipe(|| nix::sys::uio::writev(fd, buffers))
}

/// Runs a write with SIGPIPE blocked in this thread and takes the one that it may have caused: the
/// kernel sends it to the writing thread itself, so nobody else's signal is swallowed unless one was
/// pending before, which is then kept.
fn without_sigpipe(write: impl FnOnce() -> nix::Result<usize>) -> nix::Result<usize> {
    let mut sigpipe = SigSet::empty();
    sigpipe.add(Signal::SIGPIPE);
    let before = sigpipe.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let pending_before = before.contains(Signal::SIGPIPE) && is_pending(Signal::SIGPIPE);
    let result = write();
    if result == Err(Errno::EPIPE) && !pending_before {
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: by 2 the set and the time are live locals; a null pointer asks for no details. The
        // time is zero, so an ignored SIGPIPE, which never becomes pending, does not block us.
        unsafe { libc::sigtimedwait(sigpipe.as_ref(), std::ptr::null_mut(), &raw const now) };
    }
    before.thread_set_mask()?;
    result
}

/// Whether a signal waits for this thread or process.
fn is_pending(signal: Signal) -> bool {
    // SAFETY: a `sigset_t` is plain data for which all zeroes is a value.
    let mut pending: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: by 2 `pending` is a live `sigset_t`, which the call fills.
    unsafe { libc::sigpending(&raw mut pending) };
    // SAFETY: by 2 `pending` is a live, filled `sigset_t`.
    unsafe { libc::sigismember(&raw const pending, signal as libc::c_int) == 1 }
}
