//! The least queue: put, get, empty and close.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::channel::{ChannelOptions, Kind};
use crate::deadline::Deadline;
use crate::queue_core::{ClosedError, CreateError, GetError, PutError, QueueCore};

/// A FIFO queue without bound, size or time-outs. Clones are the same queue in this process.
#[derive(Debug)]
pub struct SimpleQueue<T> {
    pub(crate) core: QueueCore<T>,
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
