//! A FIFO queue of values between any number of producers and consumers in any processes.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::channel::{Channel, ChannelOptions, Kind};
use crate::codec::CodecError;
use crate::connection::PollError;
use crate::deadline::Deadline;
use crate::queue_core::{
    ClosedError, CreateError, GetError, NotClosedError, PutError, PutManyError, QueueCore,
};
use crate::region::AttachError;
use crate::wait::{Waitable, Watch};

/// A FIFO queue. Clones are the same queue in this process; dropping the last one closes it.
///
/// A process killed at any instruction of any call leaves the queue usable for all others: an item
/// is in it wholly or not at all, and an item whose taking was completed is the taker's.
#[derive(Debug)]
pub struct Queue<T> {
    pub(crate) core: QueueCore<T>,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Queue { core: self.core.clone() }
    }
}

/// Ready while there is an item to take.
impl<T> Waitable for Queue<T> {
    fn watch(&self) -> Result<Box<dyn Watch + '_>, PollError> {
        self.core.watch()
    }
}

impl<T> Queue<T> {
    /// A queue without a bound on items. Its bytes are limited to a quarter of the machine's
    /// memory, at most 4 GiB.
    ///
    /// # Errors
    /// The system has no descriptors or memory left.
    pub fn new() -> Result<Self, CreateError> {
        Queue::bounded(0)
    }

    /// A queue of at most `maxsize` items; 0 and below means no bound.
    ///
    /// # Errors
    /// `maxsize` is above 2^31 - 1, or the system has no descriptors or memory left.
    pub fn bounded(maxsize: i64) -> Result<Self, CreateError> {
        Queue::with_options(QueueOptions { maxsize, ..QueueOptions::default() })
    }

    /// A queue as described.
    ///
    /// # Errors
    /// As [`bounded`](Self::bounded).
    pub fn with_options(options: QueueOptions) -> Result<Self, CreateError> {
        let defaults = ChannelOptions::default();
        let limit_bytes = options.limit_bytes.unwrap_or(defaults.limit_bytes);
        let channel = ChannelOptions { limit_bytes, eof: options.tells_end, ..defaults };
        Ok(Queue { core: QueueCore::create(options.maxsize, channel)? })
    }

    /// Says, of a queue that tells when nobody is left who could put, that this process means to: its
    /// own threads that wait for an item then count on it. The first put says so too. A forked process
    /// whose queue was no argument is known to have it from this call, or its first other one, on.
    ///
    /// # Errors
    /// [`PutError::Closed`], and [`PutError::Exhausted`] when the system has no place for it.
    pub fn announce_producer(&self) -> Result<(), PutError> {
        self.core
            .with_channel(|channel| if channel.limits().eof { channel.announce_sender() } else { Ok(()) })?
            .map_err(PutError::Exhausted)
    }

    /// The queue of another process, by the descriptors of its
    /// [`to_descriptors`](Self::to_descriptors). The values must be of the same type there.
    ///
    /// # Errors
    /// The descriptors are not those of such a queue, or of another version.
    pub fn from_descriptors(descriptors: [OwnedFd; 2]) -> Result<Self, AttachError> {
        Ok(Queue { core: QueueCore::from_descriptors(descriptors, Kind::Queue)? })
    }

    /// Puts raw bytes as an item, without encoding them; for [`get_bytes`](Self::get_bytes).
    pub fn put_bytes(&self, bytes: &[u8], deadline: Deadline) -> Result<(), PutError> {
        self.core.put_bytes(bytes, deadline)
    }

    /// Takes an item as raw bytes, appended to `into`; returns how many.
    pub fn get_bytes(&self, into: &mut Vec<u8>, deadline: Deadline) -> Result<usize, GetError> {
        self.core.get_bytes(into, deadline)
    }

    /// How many items were put and not yet taken.
    pub fn len(&self) -> Result<usize, ClosedError> {
        self.core.with_channel(|channel| channel.len() as usize)
    }

    /// Whether there is no item. Of a queue that this process closed without having used it: true.
    pub fn is_empty(&self) -> Result<bool, ClosedError> {
        self.core.is_empty()
    }

    /// Whether a put would have to wait; never so without a bound.
    pub fn is_full(&self) -> Result<bool, ClosedError> {
        self.core.with_channel(Channel::is_full)
    }

    /// Closes the queue in this process, for all clones; other processes are not concerned. May be
    /// repeated. The descriptors are given back at once, or when the last call under way returns.
    pub fn close(&self) {
        self.core.close();
    }

    /// Whether this process has closed the queue.
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// Waits until what this process put is where others can take it; that is so when `put` has
    /// returned, so it does not wait.
    ///
    /// # Errors
    /// The queue has not been closed.
    pub fn join_thread(&self) -> Result<(), NotClosedError> {
        if self.is_closed() { Ok(()) } else { Err(NotClosedError) }
    }

    /// Allows the process to end without waiting; it never waits, and nothing is lost.
    pub fn cancel_join_thread(&self) {}

    /// Waits, for no longer than this, until a get would return at once; whether it would. It takes
    /// nothing, so with several consumers another one may be faster.
    pub fn wait_readable(&self, timeout: Duration) -> Result<bool, ClosedError> {
        let deadline = Deadline::after(timeout);
        self.core.with_channel(|channel| channel.wait_readable(deadline))
    }

    /// Makes this process a user of the queue now instead of on its first call: afterwards a failure
    /// for want of memory, descriptors or places can no longer come from that.
    ///
    /// # Errors
    /// As said, or the queue is closed.
    pub fn enlist(&self) -> io::Result<()> {
        self.core.with_channel(Channel::register).unwrap_or_else(|closed| Err(io::Error::other(closed)))
    }

    /// Copies of the two descriptors that another process needs for
    /// [`from_descriptors`](Self::from_descriptors).
    pub fn to_descriptors(&self) -> io::Result<[OwnedFd; 2]> {
        self.core.to_descriptors()
    }
}

impl<T: Serialize> Queue<T> {
    /// Puts an item; on a full queue it waits until a consumer has taken one.
    ///
    /// When it returns, the item is where every process can take it: the death of this process no
    /// longer matters. The value is encoded in this call; changing it afterwards changes nothing.
    ///
    /// # Errors
    /// See [`PutError`]; nothing was put then.
    pub fn put(&self, value: &T) -> Result<(), PutError> {
        self.core.put(value, Deadline::Never)
    }

    /// Puts an item if the queue is not full.
    ///
    /// # Errors
    /// [`PutError::Full`] at once if it is.
    pub fn try_put(&self, value: &T) -> Result<(), PutError> {
        self.core.put(value, Deadline::Now)
    }

    /// Puts an item, waiting for room no longer than this; zero does not wait.
    ///
    /// # Errors
    /// [`PutError::Full`] if there was none in that time.
    pub fn put_timeout(&self, value: &T, timeout: Duration) -> Result<(), PutError> {
        self.core.put(value, Deadline::after(timeout))
    }

    /// Puts several items in order, as many as fit at a time, waiting for room as long as needed.
    ///
    /// # Errors
    /// If one cannot be encoded, none is put; otherwise the error tells how many were.
    pub fn put_many<'v>(&self, values: impl IntoIterator<Item = &'v T>) -> Result<(), PutManyError>
    where
        T: 'v,
    {
        self.core.put_many(values, Deadline::Never)
    }

    /// As [`put_many`](Self::put_many), waiting for room no longer than this altogether.
    pub fn put_many_timeout<'v>(
        &self,
        values: impl IntoIterator<Item = &'v T>,
        timeout: Duration,
    ) -> Result<(), PutManyError>
    where
        T: 'v,
    {
        self.core.put_many(values, Deadline::after(timeout))
    }
}

impl<T: DeserializeOwned> Queue<T> {
    /// Takes the oldest item; on an empty queue it waits as long as needed.
    ///
    /// # Errors
    /// See [`GetError`]. An item that cannot be decoded is gone.
    pub fn get(&self) -> Result<T, GetError> {
        self.core.get(Deadline::Never)
    }

    /// Takes the oldest item if there is one.
    ///
    /// # Errors
    /// [`GetError::Empty`] at once if there is none; never because another consumer is busy.
    pub fn try_get(&self) -> Result<T, GetError> {
        self.core.get(Deadline::Now)
    }

    /// Takes the oldest item, waiting for one no longer than this; zero does not wait.
    ///
    /// # Errors
    /// [`GetError::Empty`] if none came in that time.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        self.core.get(Deadline::after(timeout))
    }

    /// Takes at least one and at most `max` items, waiting for the first as long as needed. Each is
    /// the value, or the error in decoding it.
    pub fn get_many(&self, max: u32) -> Result<Vec<Result<T, CodecError>>, GetError> {
        self.core.get_many(max, Deadline::Never)
    }

    /// As [`get_many`](Self::get_many), waiting for the first item no longer than this.
    pub fn get_many_timeout(
        &self,
        max: u32,
        timeout: Duration,
    ) -> Result<Vec<Result<T, CodecError>>, GetError> {
        self.core.get_many(max, Deadline::after(timeout))
    }
}

/// How a queue is to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueueOptions {
    /// The most items; 0 and below means no bound.
    pub maxsize: i64,
    /// The most bytes of encoded items, including 8 for each and padding to multiples of 8.
    pub limit_bytes: Option<u64>,
    /// Whether a get without a time limit learns, by [`GetError::ProducersGone`], that the queue is
    /// empty and that nobody is left who could put: every other process that had it, by creating it,
    /// being started with it or putting, has closed it or ended. The process that waits counts only if
    /// it has put, or [announced](Queue::announce_producer) that it will. A queue that no other process
    /// has had tells nothing.
    pub tells_end: bool,
}
