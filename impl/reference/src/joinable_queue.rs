//! A queue whose items are reported as done, so that one can wait until all of them are.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::channel::{Channel, ChannelOptions, JoinFailure, Kind};
use crate::codec::CodecError;
use crate::connection::PollError;
use crate::deadline::Deadline;
use crate::queue_core::{
    ClosedError, CreateError, GetError, NotClosedError, PutError, PutManyError, QueueCore, failure_text,
};
use crate::region::AttachError;
use crate::wait::{Waitable, Watch};

/// A queue as [`Queue`](crate::Queue) with [`task_done`](Self::task_done) and [`join`](Self::join).
#[derive(Debug)]
pub struct JoinableQueue<T> {
    core: QueueCore<T>,
}

/// Why nothing was reported as done.
#[derive(Debug)]
#[non_exhaustive]
pub enum TaskDoneError {
    /// The queue was closed in this process.
    Closed,
    /// The system has no memory, descriptor or place left.
    Exhausted(io::Error),
    /// Every item that was ever put has been reported already.
    OverRelease,
}

/// Why not everything is done.
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// The queue was closed in this process.
    Closed,
    /// The system has no memory, descriptor or place left.
    Exhausted(io::Error),
    /// Some items were not done in the time given.
    TimedOut,
    /// So many items were taken by processes that have ended, or closed the queue, without
    /// reporting them. Whoever makes up for it reports them in their place.
    WorkerDied(u32),
}

failure_text!(TaskDoneError, this => match this {
    TaskDoneError::Closed => ClosedError.to_string(),
    TaskDoneError::Exhausted(error) => format!("nothing is left for it: {error}"),
    TaskDoneError::OverRelease => "task_done was called more often than items were put".to_owned(),
});
failure_text!(JoinError, this => match this {
    JoinError::Closed => ClosedError.to_string(),
    JoinError::Exhausted(error) => format!("nothing is left for it: {error}"),
    JoinError::TimedOut => "items are still being worked on".to_owned(),
    JoinError::WorkerDied(items) => format!("{items} items were taken by workers that have died"),
});

impl<T> Clone for JoinableQueue<T> {
    fn clone(&self) -> Self {
        JoinableQueue { core: self.core.clone() }
    }
}

/// Ready while there is an item to take.
impl<T> Waitable for JoinableQueue<T> {
    fn watch(&self) -> Result<Box<dyn Watch + '_>, PollError> {
        self.core.watch()
    }
}

impl<T> JoinableQueue<T> {
    /// A queue without a bound on items.
    ///
    /// # Errors
    /// The system has no descriptors or memory left.
    pub fn new() -> Result<Self, CreateError> {
        JoinableQueue::bounded(0)
    }

    /// A queue of at most `maxsize` items; 0 and below means no bound.
    ///
    /// # Errors
    /// `maxsize` is above 2^31 - 1, or the system has no descriptors or memory left.
    pub fn bounded(maxsize: i64) -> Result<Self, CreateError> {
        let options =
            ChannelOptions { joinable: true, kind: Kind::JoinableQueue, ..ChannelOptions::default() };
        Ok(JoinableQueue { core: QueueCore::create(maxsize, options)? })
    }

    /// Reports one item as done.
    ///
    /// # Errors
    /// [`TaskDoneError::OverRelease`] if all items that were put have been reported.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        match self.core.with_channel(Channel::report_done) {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(TaskDoneError::OverRelease),
            Ok(Err(error)) => Err(TaskDoneError::Exhausted(error)),
            Err(ClosedError) => Err(TaskDoneError::Closed),
        }
    }

    /// Waits until every item that was put has been reported as done.
    ///
    /// # Errors
    /// [`JoinError::WorkerDied`] as soon as a process has ended that had taken items and not
    /// reported them: waiting for those would never end.
    pub fn join(&self) -> Result<(), JoinError> {
        self.join_until(Deadline::Never)
    }

    /// As [`join`](Self::join), for no longer than this.
    ///
    /// # Errors
    /// [`JoinError::TimedOut`] if it was not so in that time.
    pub fn join_timeout(&self, timeout: Duration) -> Result<(), JoinError> {
        self.join_until(Deadline::after(timeout))
    }

    fn join_until(&self, deadline: Deadline) -> Result<(), JoinError> {
        match self.core.with_channel(|channel| channel.wait_done(deadline)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(JoinFailure::Exhausted(error))) => Err(JoinError::Exhausted(error)),
            Ok(Err(JoinFailure::TimedOut)) => Err(JoinError::TimedOut),
            Ok(Err(JoinFailure::WorkersDied(items))) => Err(JoinError::WorkerDied(items)),
            Err(ClosedError) => Err(JoinError::Closed),
        }
    }

    /// How many items were put and not reported as done.
    pub fn unfinished(&self) -> Result<usize, ClosedError> {
        self.core.with_channel(|channel| channel.unfinished() as usize)
    }

    /// The queue of another process, by the descriptors of its
    /// [`to_descriptors`](Self::to_descriptors). The values must be of the same type there.
    ///
    /// # Errors
    /// The descriptors are not those of such a queue, or of another version.
    pub fn from_descriptors(descriptors: [OwnedFd; 2]) -> Result<Self, AttachError> {
        Ok(JoinableQueue { core: QueueCore::from_descriptors(descriptors, Kind::JoinableQueue)? })
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

impl<T: Serialize> JoinableQueue<T> {
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

impl<T: DeserializeOwned> JoinableQueue<T> {
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
