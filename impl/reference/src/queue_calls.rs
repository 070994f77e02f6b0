//! The calls that several kinds of queue have in common, written once.
//!
//! Each kind is a type of its own, since what was created as one must not be attached to as another;
//! macros give each the same documented methods.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::channel::{Channel, Kind};
use crate::codec::CodecError;
use crate::connection::PollError;
use crate::deadline::Deadline;
use crate::joinable_queue::JoinableQueue;
use crate::queue::Queue;
use crate::queue_core::{ClosedError, GetError, NotClosedError, PutError, PutManyError, QueueCore};
use crate::region::AttachError;
use crate::simple_queue::SimpleQueue;
use crate::wait::{Waitable, Watch};

/// What a handle to any kind of queue offers.
macro_rules! shared_handle {
    ($queue:ident, $kind:expr) => {
        impl<T> Clone for $queue<T> {
            fn clone(&self) -> Self {
                $queue { core: self.core.clone() }
            }
        }

        /// Ready while there is an item to take.
        impl<T> Waitable for $queue<T> {
            fn watch(&self) -> Result<Box<dyn Watch + '_>, PollError> {
                self.core.watch()
            }
        }

        impl<T> $queue<T> {
            /// The queue of another process, by the descriptors of its
            /// [`to_descriptors`](Self::to_descriptors). The values must be of the same type there.
            ///
            /// # Errors
            /// The descriptors are not those of such a queue, or of another version.
            pub fn from_descriptors(descriptors: [OwnedFd; 2]) -> Result<Self, AttachError> {
                Ok($queue { core: QueueCore::from_descriptors(descriptors, $kind)? })
            }

            /// Copies of the two descriptors that another process needs for
            /// [`from_descriptors`](Self::from_descriptors).
            ///
            /// # Errors
            /// The queue is closed, or the system has no descriptors left.
            pub fn to_descriptors(&self) -> io::Result<[OwnedFd; 2]> {
                self.core.to_descriptors()
            }

            /// Closes the queue in this process, for all clones; other processes are not concerned. May be
            /// repeated. The descriptors are given back at once, or when the last call under way returns.
            pub fn close(&self) {
                self.core.close();
            }
        }
    };
}

/// The calls of a queue with a size and time limits.
macro_rules! full_calls {
    ($queue:ident) => {
        impl<T> $queue<T> {
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
                self.core
                    .with_channel(Channel::register)
                    .unwrap_or_else(|closed| Err(io::Error::other(closed)))
            }
        }

        impl<T: Serialize> $queue<T> {
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

        impl<T: DeserializeOwned> $queue<T> {
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
    };
}

shared_handle!(Queue, Kind::Queue);
shared_handle!(JoinableQueue, Kind::JoinableQueue);
shared_handle!(SimpleQueue, Kind::SimpleQueue);
full_calls!(Queue);
full_calls!(JoinableQueue);
