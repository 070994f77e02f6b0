//! The least queue: put, get, empty and close.

use std::io;
use std::os::fd::OwnedFd;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::channel::{ChannelOptions, Kind};
use crate::connection::PollError;
use crate::deadline::Deadline;
use crate::queue_core::{ClosedError, CreateError, GetError, PutError, QueueCore};
use crate::region::AttachError;
use crate::wait::{Waitable, Watch};

/// A FIFO queue without bound, size or time-outs. Clones are the same queue in this process.
#[derive(Debug)]
pub struct SimpleQueue<T> {
    core: QueueCore<T>,
}

impl<T> Clone for SimpleQueue<T> {
    fn clone(&self) -> Self {
        SimpleQueue { core: self.core.clone() }
    }
}

/// Ready while there is an item to take.
impl<T> Waitable for SimpleQueue<T> {
    fn watch(&self) -> Result<Box<dyn Watch + '_>, PollError> {
        self.core.watch()
    }
}

impl<T> SimpleQueue<T> {
    /// A queue. Its bytes are limited to a quarter of the machine's memory, at most 4 GiB.
    ///
    /// # Errors
    /// The system has no descriptors or memory left.
    pub fn new() -> Result<Self, CreateError> {
        let options = ChannelOptions { kind: Kind::SimpleQueue, ..ChannelOptions::default() };
        Ok(SimpleQueue { core: QueueCore::create(0, options)? })
    }

    /// Whether there is no item.
    ///
    /// # Errors
    /// The queue was closed in this process, whether it was used or not.
    pub fn is_empty(&self) -> Result<bool, ClosedError> {
        if self.core.is_closed() { Err(ClosedError) } else { self.core.is_empty() }
    }

    /// Closes the queue in this process, for all clones, and gives its descriptors back. May be
    /// repeated.
    pub fn close(&self) {
        self.core.close();
    }

    /// Copies of the two descriptors that another process needs for
    /// [`from_descriptors`](Self::from_descriptors).
    pub fn to_descriptors(&self) -> io::Result<[OwnedFd; 2]> {
        self.core.to_descriptors()
    }

    /// The queue of another process, by the descriptors of its
    /// [`to_descriptors`](Self::to_descriptors). The values must be of the same type there.
    ///
    /// # Errors
    /// The descriptors are not those of such a queue, or of another version.
    pub fn from_descriptors(descriptors: [OwnedFd; 2]) -> Result<Self, AttachError> {
        Ok(SimpleQueue { core: QueueCore::from_descriptors(descriptors, Kind::SimpleQueue)? })
    }
}

impl<T: Serialize> SimpleQueue<T> {
    /// Puts an item. When it returns, every process sees that the queue is not empty.
    ///
    /// # Errors
    /// See [`PutError`]; nothing was put then.
    pub fn put(&self, value: &T) -> Result<(), PutError> {
        self.core.put(value, Deadline::Never)
    }
}

impl<T: DeserializeOwned> SimpleQueue<T> {
    /// Takes the oldest item; on an empty queue it waits as long as needed.
    ///
    /// # Errors
    /// See [`GetError`]. An item that cannot be decoded is gone.
    pub fn get(&self) -> Result<T, GetError> {
        self.core.get(Deadline::Never)
    }
}
