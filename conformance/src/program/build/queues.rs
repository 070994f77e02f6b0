//! The words about queues.

use procession_contract::{Call, Item};

use super::{Payload, on};
use crate::program::Line;

/// Puts an item through the call that never waits.
pub fn put_nowait(queue: &str, item: impl Into<Payload>) -> Line {
    on(queue, Call::PutNowait { item: item.into().0 })
}

/// Puts a list and empties it in the caller's memory right after the call has returned.
pub fn put_then_clear(queue: &str, item: Item) -> Line {
    on(queue, Call::Put { item, block: true, timeout_ms: None, then_clear: true })
}

/// Puts several items in one call.
pub fn put_many(queue: &str, items: impl IntoIterator<Item = Item>) -> Line {
    on(queue, Call::PutMany { items: items.into_iter().collect(), timeout_ms: None })
}

/// Takes an item through the call that never waits.
pub fn get_nowait(queue: &str) -> Line {
    on(queue, Call::GetNowait)
}

/// Takes at least one and at most `max` items.
pub fn get_many(queue: &str, max: u32) -> Line {
    on(queue, Call::GetMany { max, timeout_ms: None })
}

/// Asks for the number of items.
pub fn qsize(queue: &str) -> Line {
    on(queue, Call::Qsize)
}

/// Asks whether there are no items.
pub fn empty(queue: &str) -> Line {
    on(queue, Call::Empty)
}

/// Asks whether a put would have to wait.
pub fn full(queue: &str) -> Line {
    on(queue, Call::Full)
}

/// Waits until what this process put is where others can take it.
pub fn join_thread(queue: &str) -> Line {
    on(queue, Call::JoinThread)
}

/// Allows this process to end without that.
pub fn cancel_join_thread(queue: &str) -> Line {
    on(queue, Call::CancelJoinThread)
}

/// Reports one item as done.
pub fn task_done(queue: &str) -> Line {
    on(queue, Call::TaskDone)
}

/// Waits until every item put has been reported as done.
pub fn join_tasks(queue: &str) -> Line {
    on(queue, Call::JoinTasks { timeout_ms: None })
}

/// A call that waits until this worker is killed, or until an item comes into a queue that is there
/// for this alone.
pub fn stay(idle: &str) -> Line {
    super::get(idle).label("stay")
}
