//! The objects that a manager offers, each with the methods of the Python object that it stands for.
//!
//! What Python's own list, dict or array does is done here step by step: results, and the classes of errors. Three
//! things are firmer. Each call is one step: nobody sees it half done, and one that raises an error has changed
//! nothing, also where Python's list is left half sorted or its dict half updated. What grows has a bound, of
//! which a `MemoryError` tells. And there are methods that Python does not have, listed behind its own, with which
//! a client updates what is there without losing another's update: `compare_exchange` and `fetch_add`.

#![allow(clippy::result_large_err, reason = "an error carries a value, as a result does")]

mod argument;
mod arithmetic;
mod array;
mod barrier;
mod condition;
#[cfg(test)]
mod container_tests;
mod deadline;
mod dict;
mod entries;
mod event;
mod exchange;
mod exclusive;
mod hold;
mod holding;
mod integer;
mod items;
mod iterable;
mod iterator;
mod line;
mod list;
mod lock;
mod namespace;
mod permits;
mod queue;
mod semaphore;
mod serial;
mod shared;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod told;
mod value;

pub use array::Array;
pub use barrier::Barrier;
pub use condition::Condition;
use deadline::{Deadline, Limit};
pub use dict::Dict;
pub use event::Event;
use holding::Came;
pub use iterator::Iterator;
pub use list::List;
pub use lock::Lock;
pub use namespace::Namespace;
pub use queue::Queue;
pub use semaphore::Semaphore;
use serial::Serial;
use shared::Shared;
pub use value::Value;
