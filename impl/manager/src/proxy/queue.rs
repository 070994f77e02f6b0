//! Managed queues.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::typed::{failures, typed};
use super::{CallError, Remote};

typed! {
    /// A queue in a server. An item that was put is there when the call returns.
    QueueProxy<T>
}

typed! {
    /// A queue in a server whose getters tell when they have dealt with an item.
    JoinableQueueProxy<T>
}

failures! {
    /// Why an item was not put.
    PutError {
        /// There was no room, not in time either where a time was given.
        Full("queue.Full") => "the queue is full",
        /// The queue was shut down (Python 3.13).
        ShutDown("queue.ShutDown") => "the queue was shut down",
    }

    /// Why there is no item.
    GetError {
        /// There was none, not in time either where a time was given.
        Empty("queue.Empty") => "the queue is empty",
        /// The queue was shut down (Python 3.13), and all items are gone.
        ShutDown("queue.ShutDown") => "the queue was shut down",
    }

    /// Why an item was not taken for dealt with.
    TaskDoneError {
        /// It was called more often than items were put.
        TooOften("ValueError") => "task_done was called more often than items were put",
    }
}

impl Remote {
    /// Creates a queue for at most so many items; 0 for as many as there is memory.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn queue<T>(&self, most: u64) -> Result<QueueProxy<T>, CallError> {
        self.create("Queue", (most,), ()).map(QueueProxy::from)
    }

    /// Creates a queue whose getters tell when they have dealt with an item.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn joinable_queue<T>(&self, most: u64) -> Result<JoinableQueueProxy<T>, CallError> {
        self.create("JoinableQueue", (most,), ()).map(JoinableQueueProxy::from)
    }
}

macro_rules! queue {
    ($($name:ident)*) => {$(
        impl<T: Serialize + DeserializeOwned> $name<T> {
            /// Puts an item, waiting for room.
            ///
            /// # Errors
            /// See [`PutError`].
            pub fn put(&self, item: &T) -> Result<(), PutError> {
                Ok(self.proxy.get("put", (item,))?)
            }

            /// Puts an item, waiting for room for at most this time.
            ///
            /// # Errors
            /// See [`PutError`].
            pub fn put_timeout(&self, item: &T, time: Duration) -> Result<(), PutError> {
                Ok(self.proxy.get("put", (item, true, time.as_secs_f64()))?)
            }

            /// Puts an item if there is room.
            ///
            /// # Errors
            /// See [`PutError`].
            pub fn try_put(&self, item: &T) -> Result<(), PutError> {
                Ok(self.proxy.get("put_nowait", (item,))?)
            }

            /// Takes the item that was put first, waiting for one.
            ///
            /// # Errors
            /// See [`GetError`].
            pub fn get(&self) -> Result<T, GetError> {
                Ok(self.proxy.get("get", ())?)
            }

            /// Takes the item that was put first, waiting for one for at most this time.
            ///
            /// # Errors
            /// See [`GetError`].
            pub fn get_timeout(&self, time: Duration) -> Result<T, GetError> {
                Ok(self.proxy.get("get", (true, time.as_secs_f64()))?)
            }

            /// Takes the item that was put first, if there is one.
            ///
            /// # Errors
            /// See [`GetError`].
            pub fn try_get(&self) -> Result<T, GetError> {
                Ok(self.proxy.get("get_nowait", ())?)
            }

            /// How many items there are.
            ///
            /// # Errors
            /// See [`CallError`].
            pub fn len(&self) -> Result<u64, CallError> {
                self.proxy.get("qsize", ())
            }

            /// Whether there are none.
            ///
            /// # Errors
            /// See [`CallError`].
            pub fn is_empty(&self) -> Result<bool, CallError> {
                self.proxy.get("empty", ())
            }

            /// Whether there is no room.
            ///
            /// # Errors
            /// See [`CallError`].
            pub fn is_full(&self) -> Result<bool, CallError> {
                self.proxy.get("full", ())
            }

            /// Tells that an item that was taken has been dealt with.
            ///
            /// # Errors
            /// See [`TaskDoneError`].
            pub fn task_done(&self) -> Result<(), TaskDoneError> {
                Ok(self.proxy.get("task_done", ())?)
            }

            /// Waits until every item that was put has been dealt with.
            ///
            /// # Errors
            /// See [`CallError`].
            pub fn join(&self) -> Result<(), CallError> {
                self.proxy.get("join", ())
            }
        }
    )*};
}

queue! { QueueProxy JoinableQueueProxy }
