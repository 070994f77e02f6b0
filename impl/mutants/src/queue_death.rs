//! Mutants of queues: what a process that dies takes with it, or leaves behind.

use std::time::Duration;

use procession_contract::{Answer, Call, Item, Object, ObjectKind, Outcome};

use crate::calls::{damaged, is_get, leak_a_descriptor, limit, put, put_held, put_item, waits};
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "queue_killed_reader_keeps_the_lock",
        about: "A get waits under a lock, which nobody takes from a process that was killed.",
        clauses: &["queue/killed-reader-frees-the-others"],
        defect: Defect::in_queues(reads_under_a_lock),
    },
    Mutant {
        name: "queue_killed_waiting_producer_keeps_the_lock",
        about: "A put waits for room under a lock, which nobody takes from a process that was killed.",
        clauses: &["queue/killed-waiting-producer-frees-the-others"],
        defect: Defect::in_queues(puts_under_a_lock),
    },
    Mutant {
        name: "queue_delivers_half_an_item",
        about: "What arrived of an item whose producer was killed is handed over as an item.",
        clauses: &["queue/torn-item-is-discarded", "queue/get-keeps-its-timeout-while-an-item-is-under-way"],
        defect: Defect { dropped: Some(put_large), ..Defect::in_queues(delivers_half) },
    },
    Mutant {
        name: "queue_waits_for_the_rest_of_an_item",
        about: "A get whose item has arrived in part forgets its time limit.",
        clauses: &["queue/get-keeps-its-timeout-while-an-item-is-under-way"],
        defect: Defect { dropped: Some(put_large), ..Defect::in_queues(waits_for_the_rest) },
    },
    Mutant {
        name: "queue_dead_producers_keep_their_room",
        about: "The place of an item that was in the buffer of a killed producer is never given back.",
        clauses: &["queue/dead-producers-room-comes-back"],
        defect: Defect { dropped: Some(put_counted), ..Defect::in_queues(room_of_the_dead) },
    },
    Mutant {
        name: "queue_consumer_never_learns",
        about: "A get waits for ever although nobody is left who could put.",
        clauses: &["queue/consumer-learns-that-producers-are-gone"],
        defect: Defect::in_queues(never_learns),
    },
    Mutant {
        name: "queue_close_keeps_a_descriptor",
        about: "Closing a queue leaves a descriptor open.",
        clauses: &["queue/unused-queue-releases-its-descriptors"],
        defect: Defect::in_queues(close_keeps_a_descriptor),
    },
];

pub(crate) fn reads_under_a_lock(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if !(is_get(call) && waits(call)) {
        return inner.call(call);
    }
    let lock = format!("read.{}", memory.name);
    if !facts::lock(&lock, limit(call)) {
        return Answer::of(Outcome::Empty);
    }
    let answer = inner.call(call);
    facts::clear(&lock);
    answer
}

fn puts_under_a_lock(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if put_item(call).is_none() || !waits(call) {
        return inner.call(call);
    }
    let lock = format!("write.{}", memory.name);
    if !facts::lock(&lock, limit(call)) {
        return Answer::of(Outcome::Full);
    }
    let answer = inner.call(call);
    facts::clear(&lock);
    answer
}

/// What says that an item of this queue is under way.
fn under_way(memory: &Memory) -> String {
    format!("under-way.{}", memory.name)
}

/// A large item is under way from its put to the producer's next call.
fn large_items_take_time(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Option<Answer> {
    put_large(memory, inner);
    let item = put_item(call).filter(|item| item.len >= 1_000_000)?;
    facts::set(&under_way(memory));
    memory.held.push_back(item);
    Some(Answer::ok())
}

fn put_large(memory: &mut Memory, inner: &mut dyn Object) {
    if !memory.held.is_empty() {
        put_held(memory, inner);
        facts::clear(&under_way(memory));
    }
}

fn delivers_half(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Some(answer) = large_items_take_time(memory, call, inner) {
        return answer;
    }
    if is_get(call) && facts::clear(&under_way(memory)) {
        let (value, aux) = Item::bytes(1, 500_000).expected();
        return damaged(Answer { value, aux, ..Answer::ok() });
    }
    inner.call(call)
}

fn waits_for_the_rest(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Some(answer) = large_items_take_time(memory, call, inner) {
        return answer;
    }
    if is_get(call) {
        let fact = under_way(memory);
        facts::wait_until(|| !facts::is_set(&fact));
    }
    inner.call(call)
}

/// The places of items of 64 kB and more that are in buffers.
fn places(memory: &Memory) -> impl Iterator<Item = String> {
    let name = memory.name.clone();
    (0..8).map(move |number| format!("place.{name}.{number}"))
}

fn put_counted(memory: &mut Memory, inner: &mut dyn Object) {
    for item in std::mem::take(&mut memory.held) {
        inner.call(&put(item));
        let _ = places(memory).any(|place| facts::clear(&place));
    }
}

fn room_of_the_dead(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    put_counted(memory, inner);
    let (Some(item), Some(ObjectKind::Queue { maxsize: bound @ 1.. })) = (put_item(call), &memory.kind)
    else {
        return inner.call(call);
    };
    let buffered = places(memory).filter(|place| facts::is_set(place)).count() as i64;
    if buffered > 0 && inner.call(&Call::Qsize).value + buffered >= *bound {
        match limit(call) {
            Some(ms) => std::thread::sleep(Duration::from_millis(ms.max(0) as u64)),
            None if waits(call) => facts::for_ever(),
            None => {}
        }
        return Answer::of(Outcome::Full);
    }
    if item.len < 1 << 16 {
        return inner.call(call);
    }
    let _ = places(memory).any(|place| facts::set(&place));
    memory.held.push_back(item);
    Answer::ok()
}

fn never_learns(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match answer.outcome {
        Outcome::PeerDied | Outcome::Eof if waits(call) => facts::for_ever(),
        _ => answer,
    }
}

fn close_keeps_a_descriptor(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::Close = call {
        leak_a_descriptor();
    }
    inner.call(call)
}
