//! Questions that defects ask of calls, and what several of them do.

use std::fs::File;
use std::os::fd::IntoRawFd;
use std::time::Duration;

use procession_contract::{Answer, Call, Item, Object, Outcome};

use crate::Memory;

/// The item of a call that puts one.
pub fn put_item(call: &Call) -> Option<Item> {
    match call {
        Call::Put { item, .. } | Call::PutNowait { item } => Some(*item),
        _ => None,
    }
}

/// The item of a call that sends one whole.
pub fn sent_item(call: &Call) -> Option<Item> {
    match call {
        Call::Send { item } | Call::SendBytes { item, offset: None, size: None, .. } => Some(*item),
        _ => None,
    }
}

/// Whether the call takes one item.
pub fn is_get(call: &Call) -> bool {
    matches!(call, Call::Get { .. } | Call::GetNowait)
}

/// Whether the call receives a message.
pub fn is_recv(call: &Call) -> bool {
    matches!(call, Call::Recv | Call::RecvBytes { .. } | Call::RecvBytesInto { .. })
}

/// A put that waits for as long as it takes.
pub fn put(item: Item) -> Call {
    Call::Put { item, block: true, timeout_ms: None, then_clear: false }
}

/// The same get, put, acquire or wait with another time limit, waiting.
pub fn with_limit(call: &Call, timeout_ms: Option<i64>) -> Call {
    match call {
        Call::Put { item, then_clear, .. } => {
            Call::Put { item: *item, block: true, timeout_ms, then_clear: *then_clear }
        }
        Call::PutNowait { item } => Call::Put { item: *item, block: true, timeout_ms, then_clear: false },
        Call::Get { .. } | Call::GetNowait => Call::Get { block: true, timeout_ms },
        Call::Poll { .. } => Call::Poll { timeout_ms, forever: timeout_ms.is_none() },
        Call::Acquire { .. } => Call::Acquire { block: true, timeout_ms },
        Call::Await { .. } => Call::Await { timeout_ms },
        other => other.clone(),
    }
}

/// The time limit of a call that waits, if it has one.
pub fn limit(call: &Call) -> Option<i64> {
    match call {
        Call::Put { block: true, timeout_ms, .. }
        | Call::Get { block: true, timeout_ms }
        | Call::Acquire { block: true, timeout_ms }
        | Call::Await { timeout_ms }
        | Call::Poll { timeout_ms, .. } => *timeout_ms,
        _ => None,
    }
}

/// Whether a get or a put waits.
pub fn waits(call: &Call) -> bool {
    matches!(call, Call::Put { block: true, .. } | Call::Get { block: true, .. })
}

/// An acquire that does not wait.
pub const TRY: Call = Call::Acquire { block: false, timeout_ms: None };

/// An acquire that waits for as long as it takes.
pub const ACQUIRE: Call = Call::Acquire { block: true, timeout_ms: None };

/// A release of one permit.
pub const RELEASE: Call = Call::Release { n: None };

/// Whether the call acquires.
pub fn is_acquire(call: &Call) -> bool {
    matches!(call, Call::Acquire { .. })
}

/// Whether an acquire has got what it asked for.
pub fn is_acquired(answer: &Answer) -> bool {
    answer.outcome == Outcome::OwnerDied || (answer.outcome == Outcome::Ok && answer.value == 1)
}

/// Lets the time of a call go by and gives the answer to one that waited in vain; waits for ever if
/// the call does.
pub fn in_vain(call: &Call, answer: Answer) -> Answer {
    match (call, limit(call)) {
        (Call::Acquire { block: false, .. }, _) => {}
        (_, Some(ms)) => std::thread::sleep(Duration::from_millis(ms.max(0) as u64)),
        (Call::Acquire { .. } | Call::Await { .. }, None) => crate::facts::for_ever(),
        (_, None) => {}
    }
    answer
}

/// Puts what was held back.
pub fn put_held(memory: &mut Memory, inner: &mut dyn Object) {
    for item in memory.held.drain(..) {
        inner.call(&put(item));
    }
}

/// Sends what was held back, as objects.
pub fn send_held(memory: &mut Memory, inner: &mut dyn Object) {
    for item in memory.held.drain(..) {
        inner.call(&Call::Send { item });
    }
}

/// The answer with a payload that is damaged.
pub fn damaged(answer: Answer) -> Answer {
    Answer { aux: answer.aux ^ 1, ..answer }
}

/// Whether a payload was received that is longer than this many bytes.
pub fn is_longer(answer: &Answer, bytes: u64) -> bool {
    answer.outcome == Outcome::Ok && answer.aux >> 32 > bytes
}

/// Opens a descriptor and forgets it.
pub fn leak_a_descriptor() {
    if let Ok(file) = File::open("/dev/null") {
        let _ = file.into_raw_fd();
    }
}
