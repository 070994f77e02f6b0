//! A queue whose items are reported as done, so that one can wait until all of them are.

use std::io;
use std::time::Duration;

use crate::channel::{Channel, ChannelOptions, JoinFailure, Kind};
use crate::deadline::Deadline;
use crate::queue_core::{ClosedError, CreateError, QueueCore, failure_text};

/// A queue as [`Queue`](crate::Queue) with [`task_done`](Self::task_done) and [`join`](Self::join).
#[derive(Debug)]
pub struct JoinableQueue<T> {
    pub(crate) core: QueueCore<T>,
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
}
