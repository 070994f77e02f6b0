//! Connections: whole messages between two processes, as values or as bytes.

mod descriptor;
mod error;
mod frame;
mod inherit;
mod receipt;
mod shared;
mod stream;
mod travel;

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::descriptor::MOST_DESCRIPTORS;
pub(crate) use self::descriptor::{Kind, wait_readable, write_all, write_some};
pub use self::error::{FromFdError, IntoFdError, PollError, RecvError, RecvIntoError, SendError};
use self::shared::Shared;
use self::stream::{Message, Stream};
use crate::channel::Channel;
use crate::closable::{Closable, InUse};
use crate::codec::with_buffer;
use crate::transfer::{self, EncodeError, Purpose};
use crate::wait::{Until, Watch};

/// One end of a pipe.
///
/// Any thread may use it, also while another one sends, receives or closes. Messages sent by one
/// thread arrive in order; a message is never torn, merged or mixed with another one. Signals that
/// the process handles never break a transfer. Dropping the end closes it.
///
/// A message sent as a value is received as a value ([`send`](Self::send), [`recv`](Self::recv)),
/// one sent as bytes as bytes; both have the same framing and may alternate. The calls for bytes
/// never decode anything, so they are the ones to use with a peer that is not trusted.
///
/// Death of the peer at any instruction leaves this end able to go on: what was sent whole is
/// received, then [`RecvError::Eof`]; what was sent in part over a stream is
/// [`RecvError::Corrupt`].
#[derive(Debug)]
pub struct Connection {
    transport: Closable<Transport>,
    /// Cleared by a message that was too long.
    readable: AtomicBool,
    writable: bool,
}

#[derive(Debug)]
enum Transport {
    Shared(Shared),
    Stream(Stream),
}

/// Two connected ends in shared memory, for processes of this library. With `duplex` off the first
/// only receives and the second only sends.
///
/// A pipe grows to hold what has been sent: up to 65536 messages and a quarter of the machine's
/// memory, at most 4 GiB; a sender waits beyond that. So both sides may send large messages before
/// either receives.
///
/// This process holds both ends until it closes them. The stream of an end ends when no living
/// process holds the other one: a process holds the ends that it created, received or used, not
/// those that were merely copied into it by a fork. Several processes may send at one end: their
/// messages never mix. A process killed inside of a send has sent its message wholly or not at all.
///
/// # Errors
/// When no descriptors or no memory are left.
pub fn pipe(duplex: bool) -> io::Result<(Connection, Connection)> {
    let (first, second) = Shared::pair(duplex)?;
    let first = Connection::new(Transport::Shared(first), true, duplex);
    Ok((first, Connection::new(Transport::Shared(second), duplex, true)))
}

/// Two connected ends that are streams of CPython's framing: a socket pair for both directions, a
/// pipe otherwise. With `duplex` off the first end only receives and the second only sends.
///
/// For talking to a Python child over an inherited descriptor. A send blocks while the kernel's
/// buffer is full, and an end whose descriptor several processes hold is open until the last of
/// them has closed it.
///
/// # Errors
/// When no descriptors are left.
pub fn stream_pipe(duplex: bool) -> io::Result<(Connection, Connection)> {
    let (first, second): (OwnedFd, OwnedFd) = if duplex {
        let (first, second) = UnixStream::pair()?;
        (first.into(), second.into())
    } else {
        nix::unistd::pipe2(OFlag::O_CLOEXEC)?
    };
    let end = |fd, readable, writable| {
        Connection::from_fd(fd, readable, writable).map_err(|error| match error {
            FromFdError::Os(error) => error,
            other => io::Error::other(other),
        })
    };
    Ok((end(first, true, duplex)?, end(second, duplex, true)?))
}

impl Connection {
    /// A connection on an open descriptor: a stream socket, a pipe or anything else that carries a
    /// stream of bytes. The peer may be any CPython's `Connection`.
    ///
    /// # Errors
    /// [`FromFdError::NoDirection`] when neither direction is asked for and
    /// [`FromFdError::BadDescriptor`] when the descriptor is not open in the directions asked for,
    /// or is a socket of another kind.
    pub fn from_fd(fd: OwnedFd, readable: bool, writable: bool) -> Result<Connection, FromFdError> {
        if !readable && !writable {
            return Err(FromFdError::NoDirection);
        }
        let number = fd.as_raw_fd();
        let os = |errno: Errno| FromFdError::Os(errno.into());
        let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL).map_err(os)?);
        let mode = flags & OFlag::O_ACCMODE;
        if readable && mode == OFlag::O_WRONLY {
            let what = format!("descriptor {number} is open for writing only, so nothing can be received");
            return Err(FromFdError::BadDescriptor(what));
        }
        if writable && mode == OFlag::O_RDONLY {
            let what = format!("descriptor {number} is open for reading only, so nothing can be sent");
            return Err(FromFdError::BadDescriptor(what));
        }
        let stream = Stream::new(fd).map_err(FromFdError::Os)?.ok_or_else(|| {
            let what = format!("descriptor {number} is a socket, but not a stream socket");
            FromFdError::BadDescriptor(what)
        })?;
        Ok(Connection::new(Transport::Stream(stream), readable, writable))
    }

    fn new(transport: Transport, readable: bool, writable: bool) -> Connection {
        Connection { transport: Closable::new(transport), readable: AtomicBool::new(readable), writable }
    }

    /// Sends a value.
    ///
    /// Blocks while the transport has no room: a shared pipe grows, a stream waits for the peer.
    ///
    /// # Errors
    /// [`SendError::Encode`] when the value cannot be serialised; nothing has been written then.
    /// Otherwise as [`send_bytes`](Self::send_bytes).
    pub fn send<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), SendError> {
        let transport = self.open_to_send()?;
        with_buffer(|buffer| match transfer::encode_into(value, buffer) {
            Ok(()) => transport.send(buffer, &[]),
            Err(EncodeError::Refused(_)) if transport.passes_descriptors() => {
                send_with_descriptors(&transport, value)
            }
            Err(error) => Err(SendError::Encode(error.to_string())),
        })
    }

    /// Receives a value that was sent by [`send`](Self::send), waiting for it.
    ///
    /// # Errors
    /// [`RecvError::Decode`] when the message is no `T`; it has been consumed then. Otherwise as
    /// [`recv_bytes`](Self::recv_bytes).
    pub fn recv<T: DeserializeOwned>(&self) -> Result<T, RecvError> {
        let transport = self.open_to_receive()?;
        let decode = |bytes: &[u8], descriptors| {
            transfer::decode_with_descriptors(bytes, descriptors, Purpose::Connection)
                .map_err(|error| RecvError::Decode(error.to_string()))
        };
        match &*transport {
            Transport::Shared(shared) => with_buffer(|buffer| {
                let descriptors = shared.receive_into(buffer)?;
                decode(buffer, descriptors)
            }),
            Transport::Stream(stream) => {
                let message = stream.receive(usize::MAX)?;
                decode(&message.bytes, message.descriptors)
            }
        }
    }

    /// Sends a connection, as a value on its own: the receiver gets one more holder of that end. A
    /// connection may as well be part of a value that is sent.
    ///
    /// # Errors
    /// [`SendError::Encode`] when it is closed, or when this connection is a one-way stream, which
    /// cannot pass descriptors. Otherwise as [`send`](Self::send).
    pub fn send_connection(&self, connection: &Connection) -> Result<(), SendError> {
        self.send(connection)
    }

    /// Receives a connection, waiting for it.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn recv_connection(&self) -> Result<Connection, RecvError> {
        self.recv()
    }

    /// Sends bytes as one message, which may be empty.
    ///
    /// # Errors
    /// [`SendError::BrokenPipe`] when nobody is left who could receive; no signal is raised.
    /// [`SendError::Closed`] and [`SendError::WrongDirection`] by the state of this end.
    #[inline]
    pub fn send_bytes(&self, message: &[u8]) -> Result<(), SendError> {
        self.open_to_send()?.send(message, &[])
    }

    /// Sends `size` bytes of a buffer from `offset` on; without a size, all that follow.
    ///
    /// # Errors
    /// [`SendError::BadValue`], with nothing sent, when the offset or the size is negative or
    /// reaches beyond the buffer. An offset equal to the length sends an empty message. Otherwise as
    /// [`send_bytes`](Self::send_bytes).
    pub fn send_bytes_range(&self, buffer: &[u8], offset: i64, size: Option<i64>) -> Result<(), SendError> {
        let transport = self.open_to_send()?;
        let message = range(buffer.len(), offset, size).map_err(SendError::BadValue)?;
        transport.send(&buffer[message], &[])
    }

    /// Receives one whole message, waiting for it.
    ///
    /// # Errors
    /// [`RecvError::Eof`], at every call, when the other side is gone and everything it sent has
    /// been received; [`RecvError::Corrupt`] when a stream ended inside a message or announced an
    /// impossible one.
    pub fn recv_bytes(&self) -> Result<Vec<u8>, RecvError> {
        let transport = self.open_to_receive()?;
        match &*transport {
            Transport::Shared(shared) => {
                let mut bytes = Vec::new();
                shared.receive_into(&mut bytes)?;
                Ok(bytes)
            }
            Transport::Stream(stream) => Ok(stream.receive(usize::MAX)?.bytes),
        }
    }

    /// Receives one whole message of at most `max` bytes, waiting for it.
    ///
    /// # Errors
    /// [`RecvError::BadValue`] for a negative limit. [`RecvError::TooLong`] for a longer message,
    /// after which a duplex end can only send and a receiving end is closed. Otherwise as
    /// [`recv_bytes`](Self::recv_bytes).
    pub fn recv_bytes_max(&self, max: i64) -> Result<Vec<u8>, RecvError> {
        drop(self.open_to_receive()?);
        let max = usize::try_from(max)
            .map_err(|_| RecvError::BadValue(format!("the limit is {max}, zero or more is expected")))?;
        Ok(self.recv_at_most(max)?.bytes)
    }

    /// Receives one whole message into a buffer from `offset` on, waiting for it: its length. The
    /// rest of the buffer is left as it was.
    ///
    /// # Errors
    /// [`RecvIntoError::BadValue`], before anything is read, when the offset lies outside the
    /// buffer; one equal to its length leaves room for an empty message.
    /// [`RecvIntoError::BufferTooShort`] carries a message that does not fit. Otherwise as
    /// [`recv_bytes`](Self::recv_bytes).
    #[inline]
    pub fn recv_bytes_into(&self, buffer: &mut [u8], offset: i64) -> Result<usize, RecvIntoError> {
        let transport = self.open_to_receive()?;
        let room = range(buffer.len(), offset, None).map_err(RecvIntoError::BadValue)?;
        let place = &mut buffer[room];
        let message = match &*transport {
            Transport::Shared(shared) => {
                let mut spill = Vec::new();
                match shared.receive_at(place, &mut spill).map_err(RecvError::from)? {
                    Some(length) => return Ok(length),
                    None => spill,
                }
            }
            Transport::Stream(stream) => stream.receive(usize::MAX).map_err(RecvError::from)?.bytes,
        };
        match place.get_mut(..message.len()) {
            Some(place) => {
                place.copy_from_slice(&message);
                Ok(message.len())
            }
            None => Err(RecvIntoError::BufferTooShort(message)),
        }
    }

    /// Whether a message, or the end of the stream, can be received now without waiting.
    ///
    /// True only when a whole message is there: a receive that follows does not wait for the rest of
    /// it. Nothing is consumed.
    ///
    /// # Errors
    /// [`PollError::Closed`] and [`PollError::WrongDirection`] by the state of this end.
    pub fn poll(&self) -> Result<bool, PollError> {
        self.poll_until(Until::after_ms(0))
    }

    /// As [`poll`](Self::poll), waiting for at most so many milliseconds; zero and less do not wait.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub fn poll_timeout(&self, timeout_ms: i64) -> Result<bool, PollError> {
        self.poll_until(Until::after_ms(timeout_ms))
    }

    /// Waits until a message, or the end of the stream, can be received.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub fn poll_forever(&self) -> Result<(), PollError> {
        self.poll_until(Until::NEVER).map(drop)
    }

    fn poll_until(&self, deadline: Until) -> Result<bool, PollError> {
        let transport = self.open_to_poll()?;
        match &*transport {
            Transport::Shared(shared) => shared.poll(deadline).map_err(PollError::Os),
            Transport::Stream(stream) => stream.poll(deadline).map_err(PollError::Os),
        }
    }

    /// A descriptor that is readable, for `poll`, `epoll` and the like, when something can be
    /// received. On a stream it is the stream itself, which may be readable too when only part of a
    /// message has arrived. In shared memory it is an event, for waiting only: it also tells of an
    /// end that was closed, but not of one whose holder was killed, which [`poll_forever`] and
    /// [`wait`] find out.
    ///
    /// [`poll_forever`]: Self::poll_forever
    /// [`wait`]: crate::wait::wait
    ///
    /// # Errors
    /// [`PollError::Closed`] when this end was closed before.
    pub fn fileno(&self) -> Result<RawFd, PollError> {
        let transport = self.transport.open().ok_or(PollError::Closed)?;
        if let Transport::Shared(shared) = &*transport {
            shared.expose();
        }
        Ok(transport.fd().as_raw_fd())
    }

    /// Shows the others that this process holds the end, as its first call would: for a process that
    /// was forked and wants its parent to be able to close its own copy before that call.
    ///
    /// # Errors
    /// [`PollError::Closed`] when this end was closed before.
    pub fn register(&self) -> Result<(), PollError> {
        match &*self.transport.open().ok_or(PollError::Closed)? {
            Transport::Shared(shared) => shared.register().map_err(PollError::Os),
            Transport::Stream(_) => Ok(()),
        }
    }

    /// Closes this end; whoever holds the other one sees the end of the stream once no other
    /// process holds this one. May be repeated. A call of another thread that is under way ends
    /// normally.
    pub fn close(&self) {
        self.transport.close();
    }

    /// Whether this end was closed.
    pub fn is_closed(&self) -> bool {
        self.transport.is_closed()
    }

    /// Whether this end receives.
    pub fn is_readable(&self) -> bool {
        self.readable.load(Ordering::SeqCst)
    }

    /// Whether this end sends.
    pub fn is_writable(&self) -> bool {
        self.writable
    }

    /// The stream's descriptor, for the start of a program that is to inherit it.
    ///
    /// # Errors
    /// [`IntoFdError::PartReceived`] when part of a message is already here, so whoever took over
    /// would begin in the middle of it; [`IntoFdError::Closed`].
    pub fn into_fd(self) -> Result<OwnedFd, IntoFdError> {
        match self.transport.into_inner() {
            None => Err(IntoFdError::Closed),
            Some(Transport::Shared(_)) => Err(IntoFdError::NoStream),
            Some(Transport::Stream(stream)) if stream.holds_part_of_a_message() => {
                Err(IntoFdError::PartReceived)
            }
            Some(Transport::Stream(stream)) => Ok(stream.into_fd()),
        }
    }

    fn recv_at_most(&self, max: usize) -> Result<Message, RecvError> {
        let transport = self.open_to_receive()?;
        let result = match &*transport {
            Transport::Shared(shared) => match shared.receive().map_err(RecvError::from) {
                Ok(message) if message.bytes.len() > max => Err(RecvError::TooLong(message.bytes.len())),
                other => other,
            },
            Transport::Stream(stream) => stream.receive(max).map_err(RecvError::from),
        };
        if let Err(RecvError::TooLong(_)) = result {
            // What follows the unread message cannot be found, so nothing more can be received.
            if self.writable {
                self.readable.store(false, Ordering::SeqCst);
            } else {
                self.close();
            }
        }
        result
    }

    #[inline]
    fn open_to_send(&self) -> Result<InUse<'_, Transport>, SendError> {
        let transport = self.transport.open().ok_or(SendError::Closed)?;
        if self.writable { Ok(transport) } else { Err(SendError::WrongDirection) }
    }

    #[inline]
    fn open_to_receive(&self) -> Result<InUse<'_, Transport>, RecvError> {
        let transport = self.transport.open().ok_or(RecvError::Closed)?;
        if self.is_readable() { Ok(transport) } else { Err(RecvError::WrongDirection) }
    }

    /// This end, watched for something to receive.
    pub(crate) fn watch_to_receive(&self) -> Result<Box<dyn Watch + '_>, PollError> {
        Ok(Box::new(self.open_to_poll()?))
    }

    fn open_to_poll(&self) -> Result<InUse<'_, Transport>, PollError> {
        let transport = self.transport.open().ok_or(PollError::Closed)?;
        if self.is_readable() { Ok(transport) } else { Err(PollError::WrongDirection) }
    }
}

impl Transport {
    #[inline]
    fn send(&self, message: &[u8], descriptors: &[OwnedFd]) -> Result<(), SendError> {
        match self {
            Transport::Shared(shared) => shared.send(message, descriptors).map_err(SendError::from),
            Transport::Stream(stream) => stream.send(message, descriptors).map_err(SendError::from),
        }
    }

    fn passes_descriptors(&self) -> bool {
        match self {
            Transport::Shared(_) => true,
            Transport::Stream(stream) => stream.passes_descriptors(),
        }
    }

    /// What is readable when something can be received.
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Transport::Shared(shared) => shared.fd(),
            Transport::Stream(stream) => stream.fd(),
        }
    }
}

impl Watch for InUse<'_, Transport> {
    fn descriptor(&self) -> RawFd {
        self.fd().as_raw_fd()
    }

    fn is_ready(&self) -> io::Result<bool> {
        match &**self {
            Transport::Shared(shared) => Ok(shared.is_ready_or_armed()),
            Transport::Stream(stream) => stream.is_ready(),
        }
    }

    fn tick(&self) -> Option<Duration> {
        match &**self {
            Transport::Shared(_) => Some(Channel::TICK),
            Transport::Stream(_) => None,
        }
    }
}

/// Sends a value that cannot travel as bytes alone.
#[cold]
fn send_with_descriptors<T: Serialize + ?Sized>(transport: &Transport, value: &T) -> Result<(), SendError> {
    // One is kept for the receipt.
    const MOST: usize = MOST_DESCRIPTORS - 1;
    receipt::let_go_of_confirmed();
    let parcel = transfer::encode_with_descriptors(value, Purpose::Connection)
        .map_err(|error| SendError::Encode(error.to_string()))?;
    let count = parcel.descriptors.len();
    if count > MOST {
        let what = format!("it holds {count} descriptors, {MOST} can travel at once");
        return Err(SendError::Encode(what));
    }
    let (receipt, descriptors) = receipt::ask_for(parcel.descriptors, !parcel.held.is_empty())?;
    receipt::keep_until(receipt, parcel.held)?;
    transport.send(&parcel.bytes, &descriptors)
}

/// The part of a buffer that an offset and a size name, or what is wrong with them.
fn range(length: usize, offset: i64, size: Option<i64>) -> Result<std::ops::Range<usize>, String> {
    let begin =
        usize::try_from(offset).map_err(|_| format!("the offset is {offset}, zero or more is expected"))?;
    if begin > length {
        return Err(format!("the offset is {offset}, beyond the {length} bytes of the buffer"));
    }
    let Some(size) = size else { return Ok(begin..length) };
    let count = usize::try_from(size).map_err(|_| format!("the size is {size}, zero or more is expected"))?;
    match begin.checked_add(count).filter(|end| *end <= length) {
        Some(end) => Ok(begin..end),
        None => Err(format!(
            "the offset {offset} and the size {size} reach beyond the {length} bytes of the buffer"
        )),
    }
}
