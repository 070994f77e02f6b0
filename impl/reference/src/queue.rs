//! A FIFO queue of values between any number of producers and consumers in any processes.

use crate::channel::ChannelOptions;
use crate::queue_core::{CreateError, PutError, QueueCore};

/// A FIFO queue. Clones are the same queue in this process; dropping the last one closes it.
///
/// A process killed at any instruction of any call leaves the queue usable for all others: an item
/// is in it wholly or not at all, and an item whose taking was completed is the taker's.
#[derive(Debug)]
pub struct Queue<T> {
    pub(crate) core: QueueCore<T>,
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
}

/// How a queue is to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueueOptions {
    /// The most items; 0 and below means no bound.
    pub maxsize: i64,
    /// The most bytes of encoded items, including 8 for each and padding to multiples of 8.
    pub limit_bytes: Option<u64>,
    /// Whether a get without a time limit learns, by
    /// [`GetError::ProducersGone`](crate::GetError::ProducersGone), that the queue is empty and that
    /// nobody is left who could put: every other process that had it, by creating it, being started with
    /// it or putting, has closed it or ended. The process that waits counts only if it has put, or
    /// [announced](Queue::announce_producer) that it will. A queue that no other process has had tells
    /// nothing.
    pub tells_end: bool,
}
