//! Managed locks, semaphores, conditions, events and barriers.

use std::time::{Duration, Instant};

use procession_contract::{Answer, Call, Outcome, Value, read_word};

use super::super::thing::Thing;
use super::{ManagedHandle, seconds};

/// Answers a call on one of them.
pub(super) fn answer(object: &ManagedHandle, call: &Call) -> Answer {
    match call {
        Call::Acquire { block, timeout_ms: None } => object.ask_number("acquire", &[Thing::flag(*block)]),
        Call::Acquire { block, timeout_ms } => {
            object.ask_number("acquire", &[Thing::flag(*block), seconds(*timeout_ms)])
        }
        Call::Release { n: None } => object.tell("release", &[]),
        Call::Release { n: Some(n) } => object.tell("release", &[Thing::int(*n)]),
        Call::Scope { fail: _ } => scope(object),
        Call::Await { timeout_ms: None } => object.ask_number("wait", &[]),
        Call::Await { timeout_ms } => object.ask_number("wait", &[seconds(*timeout_ms)]),
        Call::AwaitWord { index, least, timeout_ms } => await_word(object, *index, *least, *timeout_ms),
        Call::Notify { n: None } => object.tell("notify", &[]),
        Call::Notify { n: Some(n) } => object.tell("notify", &[Thing::int(*n)]),
        Call::NotifyAll => object.tell("notify_all", &[]),
        Call::Set => object.tell("set", &[]),
        Call::Clear => object.tell("clear", &[]),
        Call::IsSet => object.ask_number("is_set", &[]),
        Call::Abort => object.tell("abort", &[]),
        Call::Reset => object.tell("reset", &[]),
        Call::Parties => object.ask_number("__getattribute__", &[Thing::text("parties")]),
        Call::Waiting => object.ask_number("__getattribute__", &[Thing::text("n_waiting")]),
        Call::Broken => object.ask_number("__getattribute__", &[Thing::text("broken")]),
        _ => Answer::of(Outcome::Unsupported),
    }
}

/// Enters a scope by acquiring and leaves it by releasing, also where it is left by an error.
fn scope(object: &ManagedHandle) -> Answer {
    let entered = object.ask_number("acquire", &[]);
    if entered.outcome != Outcome::Ok {
        return entered;
    }
    match object.tell("release", &[]) {
        Answer { outcome: Outcome::Ok, .. } => entered,
        refused => refused,
    }
}

/// Waits on a condition until a word that all workers share is at least so much. The predicate is asked here,
/// by the client, with the lock held.
fn await_word(object: &ManagedHandle, index: u32, least: i64, timeout_ms: Option<i64>) -> Answer {
    let deadline = timeout_ms.map(|ms| Instant::now() + Duration::from_millis(ms.max(0) as u64));
    loop {
        if read_word(index) >= least {
            return Answer::truth(true);
        }
        let waited = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            Some(left) if left.is_zero() => return Answer::truth(false),
            Some(left) => object.ask_number("wait", &[Thing::Scalar(Value::Float(left.as_secs_f64()))]),
            None => object.ask_number("wait", &[]),
        };
        if waited.outcome != Outcome::Ok {
            return waited;
        }
    }
}
