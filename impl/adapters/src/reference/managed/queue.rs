//! Managed queues, joinable or not.

use procession_contract::{Answer, Call, Item, Outcome, Value};

use super::super::thing::Thing;
use super::{ManagedHandle, seconds};

/// Answers a call on a queue.
pub(super) fn answer(queue: &ManagedHandle, call: &Call) -> Answer {
    match call {
        Call::Put { item, block, timeout_ms, then_clear } => {
            put(queue, item, &[Thing::flag(*block), seconds(*timeout_ms)], *then_clear)
        }
        Call::PutNowait { item } => queue.tell("put_nowait", &[Thing::of_value(item.value())]),
        Call::Get { block, timeout_ms } => get(queue, "get", &[Thing::flag(*block), seconds(*timeout_ms)]),
        Call::GetNowait => get(queue, "get_nowait", &[]),
        Call::Qsize => queue.ask_number("qsize", &[]),
        Call::Empty => queue.ask_number("empty", &[]),
        Call::Full => queue.ask_number("full", &[]),
        Call::TaskDone => queue.tell("task_done", &[]),
        Call::JoinTasks { timeout_ms: None } => queue.tell("join", &[]),
        _ => Answer::of(Outcome::Unsupported),
    }
}

fn put(queue: &ManagedHandle, item: &Item, waiting: &[Thing; 2], then_clear: bool) -> Answer {
    let thing = Thing::of_value(item.value());
    let [block, timeout] = waiting.clone();
    let answer = queue.tell("put", &[thing.clone(), block, timeout]);
    if let Thing::List(elements) = &thing
        && then_clear
    {
        elements.lock().clear();
    }
    answer
}

fn get(queue: &ManagedHandle, method: &str, waiting: &[Thing]) -> Answer {
    match queue.ask(method, waiting) {
        Ok(thing) => received(&thing),
        Err(answer) => answer,
    }
}

/// The answer to receiving an item, or something that a worker handed over.
pub(super) fn received(thing: &Thing) -> Answer {
    match thing.value() {
        Some(value) => Answer::received(&value),
        None => Answer::received(&Value::Object(thing.kind())),
    }
}
