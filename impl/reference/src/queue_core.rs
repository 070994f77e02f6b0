//! What all queues have in common: values put and taken through a channel, and closing.

use std::io;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::channel::{Batch, Channel, ChannelFds, ChannelOptions, End, Kind, PopError, PushError};
use crate::closable::Closable;
use crate::codec::{self, CodecError};
use crate::connection::PollError;
use crate::deadline::Deadline;
use crate::region::AttachError;
use crate::wait::Watch;

/// Why no queue was created.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// The maximum is above what a queue can count.
    MaxsizeTooLarge {
        /// What was asked for.
        asked: i64,
        /// The largest maximum.
        most: i64,
    },
    /// The system has no descriptors or memory left.
    Os(io::Error),
}

/// Why nothing was put. The queue is as before.
#[derive(Debug)]
#[non_exhaustive]
pub enum PutError {
    /// The queue was closed in this process.
    Closed,
    /// The queue's memory is inconsistent: some other program has written to it.
    Corrupt(&'static str),
    /// The value cannot be encoded.
    Encode(CodecError),
    /// The system has no memory, descriptor or place left, or the queue's limit of bytes is reached.
    Exhausted(io::Error),
    /// The queue was full until the deadline.
    Full,
    /// The encoded value could never fit.
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The longest one that fits, in bytes.
        limit: u64,
    },
}

/// Why nothing was taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum GetError {
    /// The queue was closed in this process.
    Closed,
    /// The queue's memory is inconsistent: some other program has written to it.
    Corrupt(&'static str),
    /// The item is no value of the type. It has been taken from the queue.
    Decode(CodecError),
    /// The queue was empty until the deadline.
    Empty,
    /// The system has no memory, descriptor or place left. The item stays.
    Exhausted(io::Error),
    /// The queue is empty, and every other process that had it has closed it or ended. Only of
    /// queues that were created to tell, and to calls without a time limit.
    ProducersGone,
}

/// The queue was closed in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedError;

/// `join_thread` was called before `close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotClosedError;

/// Some of several items were not put.
#[derive(Debug)]
pub struct PutManyError {
    /// How many were put, from the first on.
    pub put: usize,
    /// Why the next one was not.
    pub error: PutError,
}

macro_rules! failure_text {
    ($name:ident, $this:ident => $text:expr) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let $this = self;
                f.write_str(&$text)
            }
        }

        impl std::error::Error for $name {}
    };
}
pub(crate) use failure_text;

failure_text!(CreateError, this => match this {
    CreateError::MaxsizeTooLarge { asked, most } => {
        format!("the maximum {asked} is above {most}, the largest that a queue can count")
    }
    CreateError::Os(error) => format!("the system refused: {error}"),
});
failure_text!(PutError, this => match this {
    PutError::Closed => "the queue is closed in this process".to_owned(),
    PutError::Corrupt(what) => format!("the queue's memory is corrupt: {what}"),
    PutError::Encode(error) => error.to_string(),
    PutError::Exhausted(error) => format!("nothing is left for it: {error}"),
    PutError::Full => "the queue is full".to_owned(),
    PutError::TooLong { len, limit } => format!("the value takes {len} bytes, the queue at most {limit}"),
});
failure_text!(GetError, this => match this {
    GetError::Closed => "the queue is closed in this process".to_owned(),
    GetError::Corrupt(what) => format!("the queue's memory is corrupt: {what}"),
    GetError::Decode(error) => error.to_string(),
    GetError::Empty => "the queue is empty".to_owned(),
    GetError::Exhausted(error) => format!("nothing is left for it: {error}"),
    GetError::ProducersGone => "the queue is empty and nobody is left who could put".to_owned(),
});
failure_text!(ClosedError, _this => "the queue is closed in this process");
failure_text!(NotClosedError, _this => "join_thread needs a closed queue: call close first");
failure_text!(PutManyError, this => format!("after {} items: {}", this.put, this.error));

/// A queue of one process; clones are the same queue.
#[derive(Debug)]
pub(crate) struct QueueCore<T> {
    shared: Arc<Shared>,
    values: PhantomData<fn(T) -> T>,
}

impl<T> Clone for QueueCore<T> {
    fn clone(&self) -> QueueCore<T> {
        QueueCore { shared: self.shared.clone(), values: PhantomData }
    }
}

#[derive(Debug)]
struct Shared {
    /// Taken away when the queue is closed and no call is under way in this process.
    channel: Closable<Channel>,
    /// Whether the queue had been used in this process when it was closed.
    was_used: AtomicBool,
}

impl<T> QueueCore<T> {
    /// Creates a queue; `maxsize` of 0 and below means no bound.
    pub fn create(maxsize: i64, options: ChannelOptions) -> Result<QueueCore<T>, CreateError> {
        const MOST: i64 = i32::MAX as i64;
        let max_items = match maxsize {
            ..=0 => None,
            1..=MOST => Some(maxsize as u32),
            asked => return Err(CreateError::MaxsizeTooLarge { asked, most: MOST }),
        };
        let channel = Channel::create(ChannelOptions { max_items, ..options }).map_err(CreateError::Os)?;
        count_in(&channel).map_err(CreateError::Os)?;
        Ok(QueueCore::with(channel))
    }

    /// Attaches to a queue of another process.
    pub fn from_descriptors([segment, event]: [OwnedFd; 2], kind: Kind) -> Result<QueueCore<T>, AttachError> {
        let channel = Channel::attach(ChannelFds { segment, event }, kind)?;
        count_in(&channel).map_err(AttachError::Os)?;
        Ok(QueueCore::with(channel))
    }

    fn with(channel: Channel) -> QueueCore<T> {
        let shared = Shared { channel: Closable::new(channel), was_used: AtomicBool::new(false) };
        QueueCore { shared: Arc::new(shared), values: PhantomData }
    }

    /// Copies of the descriptors that another process needs.
    pub fn to_descriptors(&self) -> io::Result<[OwnedFd; 2]> {
        match self.with_channel(Channel::duplicate_fds) {
            Ok(fds) => fds.map(|fds| [fds.segment, fds.event]),
            Err(closed) => Err(io::Error::other(closed)),
        }
    }

    /// Runs a call on the channel, unless the queue is closed.
    #[inline]
    pub fn with_channel<R>(&self, call: impl FnOnce(&Channel) -> R) -> Result<R, ClosedError> {
        let channel = self.shared.channel.open().ok_or(ClosedError)?;
        Ok(call(&channel))
    }

    /// The queue, watched for an item to take.
    pub fn watch(&self) -> Result<Box<dyn Watch + '_>, PollError> {
        let channel = self.with_channel(Channel::clone).map_err(|_| PollError::Closed)?;
        Ok(Box::new(channel))
    }

    pub fn is_closed(&self) -> bool {
        self.shared.channel.is_closed()
    }

    pub fn close(&self) {
        let _ = self.with_channel(|channel| {
            self.shared.was_used.store(channel.is_registered(), Ordering::Release);
            while channel.holds(End::Sending) {
                channel.let_go(End::Sending);
            }
        });
        self.shared.channel.close();
    }

    pub fn is_empty(&self) -> Result<bool, ClosedError> {
        match self.with_channel(Channel::is_empty) {
            // What was never used here is empty, as far as this process can tell.
            Err(ClosedError) if !self.shared.was_used.load(Ordering::Acquire) => Ok(true),
            answer => answer,
        }
    }

    pub fn put_bytes(&self, bytes: &[u8], deadline: Deadline) -> Result<(), PutError> {
        self.with_channel(|channel| {
            become_producer(channel)?;
            channel.push(&[bytes], deadline).map_err(PutError::from)
        })?
    }

    pub fn get_bytes(&self, into: &mut Vec<u8>, deadline: Deadline) -> Result<usize, GetError> {
        Ok(self.with_channel(|channel| channel.pop(into, deadline))??.len)
    }
}

impl<T: Serialize> QueueCore<T> {
    pub fn put(&self, value: &T, deadline: Deadline) -> Result<(), PutError> {
        if self.is_closed() {
            return Err(PutError::Closed);
        }
        codec::with_buffer(|buffer| {
            codec::encode(value, buffer).map_err(PutError::Encode)?;
            self.put_bytes(buffer, deadline)
        })
    }

    pub fn put_many<'v>(
        &self,
        values: impl IntoIterator<Item = &'v T>,
        deadline: Deadline,
    ) -> Result<(), PutManyError>
    where
        T: 'v,
    {
        let none = |error| PutManyError { put: 0, error };
        codec::with_buffer(|buffer| {
            let mut ends = Vec::new();
            for value in values {
                codec::encode(value, buffer).map_err(|error| none(PutError::Encode(error)))?;
                ends.push(buffer.len());
            }
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let records: Vec<&[u8]> = starts.zip(&ends).map(|(start, end)| &buffer[start..*end]).collect();
            let outcome = self.with_channel(|channel| {
                become_producer(channel).map_err(none)?;
                let (put, outcome) = channel.push_many(&records, deadline);
                outcome.map_err(|error| PutManyError { put, error: error.into() })
            });
            outcome.unwrap_or_else(|closed| Err(none(closed.into())))
        })
    }
}

impl<T: DeserializeOwned> QueueCore<T> {
    pub fn get(&self, deadline: Deadline) -> Result<T, GetError> {
        codec::with_buffer(|buffer| {
            self.get_bytes(buffer, deadline)?;
            codec::decode(buffer).map_err(GetError::Decode)
        })
    }

    pub fn get_many(&self, max: u32, deadline: Deadline) -> Result<Vec<Result<T, CodecError>>, GetError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let mut batch = Batch::default();
        self.with_channel(|channel| channel.pop_many(max, &mut batch, deadline))??;
        Ok(batch.records().map(codec::decode).collect())
    }
}

/// In a queue that tells when nobody is left who could put, whoever has it is one who could.
fn count_in(channel: &Channel) -> io::Result<()> {
    if channel.limits().eof { channel.hold(End::Sending) } else { Ok(()) }
}

/// Whoever puts may do so again, also while another of its threads waits for an item.
fn become_producer(channel: &Channel) -> Result<(), PutError> {
    if channel.limits().eof {
        channel.announce_sender().map_err(PutError::Exhausted)?;
    }
    Ok(())
}

impl From<PushError> for PutError {
    fn from(error: PushError) -> PutError {
        match error {
            PushError::Corrupt(what) => PutError::Corrupt(what),
            PushError::Exhausted(error) => PutError::Exhausted(error),
            PushError::TooLong { len, limit } => PutError::TooLong { len, limit },
            // Queues are not created to look for receivers.
            PushError::Full | PushError::BrokenPipe => PutError::Full,
        }
    }
}

impl From<PopError> for GetError {
    fn from(error: PopError) -> GetError {
        match error {
            PopError::Corrupt(what) => GetError::Corrupt(what),
            PopError::Empty => GetError::Empty,
            PopError::Eof => GetError::ProducersGone,
            PopError::Exhausted(error) => GetError::Exhausted(error),
        }
    }
}

impl From<ClosedError> for PutError {
    fn from(_: ClosedError) -> PutError {
        PutError::Closed
    }
}

impl From<ClosedError> for GetError {
    fn from(_: ClosedError) -> GetError {
        GetError::Closed
    }
}
