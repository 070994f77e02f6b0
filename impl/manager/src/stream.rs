//! Whole messages over a connected socket, each within a deadline.

pub(crate) mod looking;
mod unread;

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{self, MsgFlags};
use procession_wire::frame::{self, LongForm, Receiver, write_message};
use procession_wire::pickle::Written;

use self::looking::Looking;
use crate::quick_ack::acknowledge;

/// How much is taken from the socket at once: a request and its reply are mostly shorter.
const AHEAD: usize = 2 * 1024;

/// To take from the socket as much as it holds of a long message takes up to so much time.
const TAKING: Duration = Duration::from_micros(20);

/// A connected stream socket that carries messages, one at a time in each direction.
///
/// Dropping it closes the connection.
#[derive(Debug)]
pub struct Stream {
    fd: OwnedFd,
    receiver: Receiver,
    ahead: Ahead,
    /// For the beginning of a message, and for the rest of one that has begun.
    looking: Looking,
    looking_for_rest: Looking,
    /// A receive found the connection reset.
    is_reset: bool,
    /// Whether the system can be asked to acknowledge at once, as far as that is known.
    acknowledges: bool,
}

/// What was taken from the socket beyond what was asked for.
#[derive(Debug, Default)]
struct Ahead {
    /// None before the first use.
    space: Box<[u8]>,
    /// Which part of the space it is.
    used: usize,
    came: usize,
}

/// Why a message was not sent. Unless it says [`TooLong`](SendError::TooLong), a part of it may be, and the
/// stream is of no more use.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// Nobody is left who could receive.
    BrokenPipe,
    /// The operating system refused for another reason.
    Os(io::Error),
    /// The peer did not take it in time.
    TimedOut,
    /// So many bytes, which CPython 3.6 and 3.7 could not read. Nothing was sent.
    TooLong(u64),
}

/// Why no message was received. After [`TimedOut`](ReceiveError::TimedOut) the next call goes on with the same
/// message; after the others the stream is of no more use.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReceiveError {
    /// What came is no message: a header announces a length that there is not.
    Corrupt(String),
    /// The peer has closed the connection, or was killed, between two messages.
    Ended,
    /// The operating system refused for another reason.
    Os(io::Error),
    /// The connection was reset inside a message.
    Reset,
    /// Its end did not come in time.
    TimedOut,
    /// The message has so many bytes, more than were allowed; it was not read.
    TooLong(u64),
    /// The connection ended inside a message.
    Torn,
}

impl Stream {
    /// The messages on a connected stream socket, of which nothing is read that is not a message.
    pub fn new(fd: OwnedFd) -> Stream {
        Stream {
            fd,
            receiver: Receiver::new(),
            ahead: Ahead::default(),
            looking: Looking::new(),
            looking_for_rest: Looking::new(),
            is_reset: false,
            acknowledges: true,
        }
    }

    /// Sends one message; waits for room until the deadline, or as long as it takes.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn send(&mut self, message: &[u8], deadline: Option<Instant>) -> Result<(), SendError> {
        let mut socket = Socket { fd: self.fd.as_fd(), patience: deadline.into() };
        write_message(&mut socket, message, LongForm::Refused).map_err(SendError::from)
    }

    /// Sends one message that is a pickle; as [`send`](Stream::send) otherwise.
    pub(crate) fn send_written(
        &mut self,
        pickle: &Written<'_>,
        deadline: Option<Instant>,
    ) -> Result<(), SendError> {
        let mut socket = Socket { fd: self.fd.as_fd(), patience: deadline.into() };
        let length = pickle.len() as u64;
        frame::write_in_parts(&mut socket, length, pickle.parts(), LongForm::Refused).map_err(SendError::from)
    }

    /// Receives one message of at most so many bytes; waits for its end until the deadline, or as long as it
    /// takes.
    ///
    /// # Errors
    /// See [`ReceiveError`].
    pub fn receive(&mut self, most: u64, deadline: Option<Instant>) -> Result<Vec<u8>, ReceiveError> {
        let socket = Socket { fd: self.fd.as_fd(), patience: deadline.into() };
        let mut from = ReadAhead {
            socket,
            ahead: &mut self.ahead,
            looking: &mut self.looking,
            looking_for_rest: &mut self.looking_for_rest,
            is_reset: false,
            acknowledges: &mut self.acknowledges,
        };
        let received = self.receiver.receive(&mut from, most);
        self.is_reset |= from.is_reset;
        match received {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(ReceiveError::Ended),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the peer has left without having read all that was sent to it, when a receive has said that the
    /// connection has ended.
    pub(crate) fn is_left_unread(&self) -> bool {
        self.is_reset || unread::is_unacknowledged(self.fd.as_fd())
    }

    /// Lends the memory of a message that is no longer needed to those that come.
    pub(crate) fn reuse(&mut self, message: Vec<u8>) {
        self.receiver.reuse(message);
    }

    /// Whether bytes that nobody has asked for have come, or the connection has ended: between a reply and the
    /// next request neither is the case. Does not wait.
    pub fn is_stale(&self) -> bool {
        if self.ahead.used < self.ahead.came {
            return true;
        }
        // It takes less time than a poll.
        let peek = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        !matches!(socket::recv(self.fd.as_raw_fd(), &mut [0], peek), Err(Errno::EAGAIN))
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// How long a transfer waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// As long as it takes.
    Endless,
    /// Not at all: the error is `WouldBlock`.
    None,
    /// Until then: the error is `TimedOut`.
    Until(Instant),
}

impl Patience {
    /// Whether there is time to wait.
    fn is_left(self) -> bool {
        match self {
            Patience::Endless => true,
            Patience::None => false,
            Patience::Until(deadline) => Instant::now() < deadline,
        }
    }
}

impl From<Option<Instant>> for Patience {
    fn from(deadline: Option<Instant>) -> Patience {
        deadline.map_or(Patience::Endless, Patience::Until)
    }
}

/// The bytes of a stream socket, waited for with more or less patience. A write never raises SIGPIPE.
#[derive(Debug)]
pub(crate) struct Socket<'a> {
    pub(crate) fd: BorrowedFd<'a>,
    pub(crate) patience: Patience,
}

impl Socket<'_> {
    /// What is there to be read now, if there is anything.
    pub(crate) fn look(&self, space: &mut [u8]) -> Option<io::Result<usize>> {
        match socket::recv(self.fd.as_raw_fd(), space, MsgFlags::MSG_DONTWAIT) {
            Err(Errno::EAGAIN | Errno::EINTR) => None,
            found => Some(found.map_err(io::Error::from)),
        }
    }

    /// The flag with which a call does not wait by itself.
    fn flags(&self) -> MsgFlags {
        match self.patience {
            Patience::Endless => MsgFlags::empty(),
            Patience::None | Patience::Until(_) => MsgFlags::MSG_DONTWAIT,
        }
    }

    fn transfer(
        &self,
        ready: PollFlags,
        mut once: impl FnMut(MsgFlags) -> nix::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match once(self.flags()) {
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => match self.patience {
                    Patience::Until(deadline) => wait(self.fd, ready, deadline)?,
                    Patience::None => return Err(ErrorKind::WouldBlock.into()),
                    // Somebody has made the socket a non-blocking one.
                    Patience::Endless => wait_forever(self.fd, ready)?,
                },
                other => return Ok(other?),
            }
        }
    }
}

impl Read for Socket<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let number = self.fd.as_raw_fd();
        self.transfer(PollFlags::POLLIN, |flags| socket::recv(number, space, flags))
    }
}

/// Messages of so many bytes with their headers are put together before they are sent.
const GATHERED: usize = 512;

/// Puts all parts together; none where there is no room for them.
fn gather(parts: &[IoSlice<'_>], space: &mut [u8; GATHERED]) -> Option<usize> {
    let mut end = 0;
    for part in parts {
        let begin = end;
        end += part.len();
        space.get_mut(begin..end)?.copy_from_slice(part);
    }
    Some(end)
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let number = self.fd.as_raw_fd();
        self.transfer(PollFlags::POLLOUT, |flags| socket::send(number, bytes, flags | MsgFlags::MSG_NOSIGNAL))
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        // The system copies a few bytes from one place in less time than from two.
        let mut gathered = [0; GATHERED];
        if let Some(length) = gather(parts, &mut gathered) {
            return self.write(&gathered[..length]);
        }
        let number = self.fd.as_raw_fd();
        self.transfer(PollFlags::POLLOUT, |flags| {
            socket::sendmsg::<()>(number, parts, &[], flags | MsgFlags::MSG_NOSIGNAL, None)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes more from the socket than is asked for: header and message at once.
struct ReadAhead<'a> {
    socket: Socket<'a>,
    ahead: &'a mut Ahead,
    looking: &'a mut Looking,
    looking_for_rest: &'a mut Looking,
    /// The connection was found to be reset, of which the receiver says nothing between two messages.
    is_reset: bool,
    acknowledges: &'a mut bool,
}

impl Read for ReadAhead<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let count = self.take(space);
        self.is_reset |= matches!(&count, Err(error) if error.kind() == ErrorKind::ConnectionReset);
        count
    }
}

impl ReadAhead<'_> {
    fn take(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let ahead = &mut *self.ahead;
        if ahead.used == ahead.came {
            if space.len() >= AHEAD {
                // A peer in Python has sent the header by itself, and the rest when that is acknowledged.
                *self.acknowledges = *self.acknowledges && acknowledge(self.socket.fd);
                // Whoever has begun to send it is about to go on.
                let may_look = self.socket.patience.is_left();
                let look = || self.socket.look(space);
                let found = may_look.then(|| self.looking_for_rest.until_taken(TAKING, look)).flatten();
                return found.unwrap_or_else(|| self.socket.read(space));
            }
            if ahead.space.is_empty() {
                ahead.space = vec![0; AHEAD].into();
            }
            (ahead.used, ahead.came) = (0, 0);
            let may_look = self.socket.patience.is_left();
            let look = || self.socket.look(&mut ahead.space);
            let found = may_look.then(|| self.looking.until_next(look)).flatten();
            ahead.came = found.unwrap_or_else(|| self.socket.read(&mut ahead.space))?;
        }
        let mut rest = ahead.space.get(ahead.used..ahead.came).unwrap_or_default();
        let count = rest.read(space)?;
        ahead.used += count;
        Ok(count)
    }
}

/// Waits until the socket is ready; `TimedOut` when the deadline passes first.
pub(crate) fn wait(fd: BorrowedFd<'_>, ready: PollFlags, deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        match nix::poll::poll(&mut [PollFd::new(fd, ready)], until(deadline)) {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn wait_forever(fd: BorrowedFd<'_>, ready: PollFlags) -> io::Result<()> {
    match nix::poll::poll(&mut [PollFd::new(fd, ready)], PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The time until then, for a poll: rounded up, so that it never ends too early.
pub(crate) fn until(deadline: Instant) -> PollTimeout {
    let left = deadline.saturating_duration_since(Instant::now());
    let millis = left.as_nanos().div_ceil(1_000_000);
    i32::try_from(millis)
        .ok()
        .and_then(|millis| PollTimeout::try_from(millis).ok())
        .unwrap_or(PollTimeout::MAX)
}

impl From<frame::WriteError> for SendError {
    fn from(error: frame::WriteError) -> SendError {
        match error {
            frame::WriteError::TooLong { length } => SendError::TooLong(length),
            frame::WriteError::Io { error, .. } => match error.kind() {
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => SendError::BrokenPipe,
                ErrorKind::TimedOut => SendError::TimedOut,
                _ => SendError::Os(error),
            },
            other => SendError::Os(io::Error::other(other)),
        }
    }
}

impl From<frame::ReadError> for ReceiveError {
    fn from(error: frame::ReadError) -> ReceiveError {
        match error {
            frame::ReadError::Ended { .. } => ReceiveError::Torn,
            frame::ReadError::TooLong { length, .. } => ReceiveError::TooLong(length),
            frame::ReadError::Io(error) => match error.kind() {
                ErrorKind::ConnectionReset => ReceiveError::Reset,
                ErrorKind::TimedOut => ReceiveError::TimedOut,
                _ => ReceiveError::Os(error),
            },
            other => ReceiveError::Corrupt(other.to_string()),
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::BrokenPipe => f.write_str("nobody is left who could receive (broken pipe)"),
            SendError::Os(error) => error.fmt(f),
            SendError::TimedOut => f.write_str("the peer did not take the message in time"),
            SendError::TooLong(length) => {
                write!(f, "a message of {length} bytes, expected at most {}", frame::SHORT)
            }
        }
    }
}

impl std::error::Error for SendError {}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReceiveError::Corrupt(what) => write!(f, "the stream is corrupt: {what}"),
            ReceiveError::Ended => f.write_str("the peer has closed the connection"),
            ReceiveError::Os(error) => error.fmt(f),
            ReceiveError::Reset => f.write_str("the connection was reset inside a message"),
            ReceiveError::TimedOut => f.write_str("the message did not come in time"),
            ReceiveError::TooLong(length) => {
                write!(f, "the message of {length} bytes is longer than allowed")
            }
            ReceiveError::Torn => f.write_str("the connection ended inside a message"),
        }
    }
}

impl std::error::Error for ReceiveError {}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;

    const LATER: Duration = Duration::from_secs(60);

    fn pair() -> (Stream, UnixStream) {
        let (one, other) = UnixStream::pair().expect("descriptors are left");
        (Stream::new(one.into()), other)
    }

    fn soon() -> Option<Instant> {
        Some(Instant::now() + Duration::from_millis(10))
    }

    #[test]
    fn messages_of_every_size_arrive_in_order() {
        let (mut stream, peer) = pair();
        let mut peer = Stream::new(peer.into());
        let messages: Vec<Vec<u8>> =
            [0, 1, 3, AHEAD - 4, AHEAD, AHEAD + 1, 300_000].map(|length| vec![7; length]).into();
        let sent = messages.clone();
        let sender = std::thread::spawn(move || {
            for message in &sent {
                stream.send(message, Some(Instant::now() + LATER)).expect("the peer receives");
            }
        });
        for message in &messages {
            let came = peer.receive(1 << 20, Some(Instant::now() + LATER)).expect("it was sent");
            assert_eq!(came.len(), message.len());
            assert_eq!(&came, message);
        }
        sender.join().expect("all was sent");
        assert!(matches!(peer.receive(9, None), Err(ReceiveError::Ended)));
    }

    #[test]
    fn a_deadline_that_passed_loses_nothing() {
        let (mut stream, mut peer) = pair();
        assert!(matches!(stream.receive(9, soon()), Err(ReceiveError::TimedOut)));
        peer.write_all(&[0, 0, 0, 2, b'a']).expect("there is room");
        assert!(matches!(stream.receive(9, soon()), Err(ReceiveError::TimedOut)));
        peer.write_all(b"b").expect("there is room");
        assert_eq!(stream.receive(9, None).expect("it is whole"), b"ab");
    }

    #[test]
    fn a_peer_that_takes_nothing_is_given_up() {
        let (mut stream, _peer) = pair();
        assert!(matches!(stream.send(&vec![0; 10 << 20], soon()), Err(SendError::TimedOut)));
    }

    #[test]
    fn each_end_has_its_name() {
        let received = |bytes: &[u8]| {
            let (mut stream, mut peer) = pair();
            peer.write_all(bytes).expect("there is room");
            drop(peer);
            stream.receive(9, None).expect_err("no message is there")
        };
        assert!(matches!(received(b""), ReceiveError::Ended));
        assert!(matches!(received(&[0, 0]), ReceiveError::Torn));
        assert!(matches!(received(&[0, 0, 0, 1]), ReceiveError::Torn));
        assert!(matches!(received(&[0, 0, 0, 10]), ReceiveError::TooLong(10)));
        assert!(matches!(received(&[0xff, 0xff, 0xff, 0xfe]), ReceiveError::Corrupt(_)));
        let (mut stream, peer) = pair();
        drop(peer);
        assert!(matches!(stream.send(b"x", None), Err(SendError::BrokenPipe)));
    }

    #[test]
    fn what_nobody_asked_for_makes_it_stale() {
        let (mut stream, mut peer) = pair();
        assert!(!stream.is_stale());
        peer.write_all(&[0, 0, 0, 0, 0]).expect("there is room");
        assert!(stream.is_stale());
        assert_eq!(stream.receive(9, None).expect("it is whole"), b"");
        assert!(stream.is_stale());
        let (stream, peer) = pair();
        drop(peer);
        assert!(stream.is_stale());
    }
}
