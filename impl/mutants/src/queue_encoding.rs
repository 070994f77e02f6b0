//! Mutants of queues: encoding that fails late, silently or at the cost of others; and items seen late.

use procession_contract::{Answer, Call, Item, ItemKind, Object, ObjectKind, Outcome};

use crate::calls::{is_get, put, put_held, put_item};
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "queue_unencodable_item_keeps_its_place",
        about: "The place of an item that could not be encoded is never given back.",
        clauses: &["queue/serialisation-failure-does-not-break-queue"],
        defect: Defect::in_queues(unencodable_keeps_its_place),
    },
    Mutant {
        name: "queue_swallows_what_cannot_be_encoded",
        about: "An item that cannot be encoded is dropped, and its producer hears nothing.",
        clauses: &["queue/put-refuses-what-cannot-be-encoded"],
        defect: Defect::in_queues(swallows_unencodable),
    },
    Mutant {
        name: "queue_bad_item_takes_the_next_with_it",
        about: "The item after one that cannot be encoded is lost.",
        clauses: &["queue/bad-item-loses-no-good-one", "queue/serialisation-failure-does-not-break-queue"],
        defect: Defect::in_queues(bad_takes_next),
    },
    Mutant {
        name: "queue_encodes_after_put_has_returned",
        about: "What is delivered shows what the producer did to it after put had returned.",
        clauses: &["queue/item-is-what-it-was-at-put"],
        defect: Defect::in_queues(encodes_late),
    },
    Mutant {
        name: "queue_item_is_visible_late",
        about: "An item is in its producer's buffer, where nobody finds it, until the producer's next call.",
        clauses: &["queue/item-visible-when-put-returns", "queue/what-was-put-outlives-its-producer"],
        defect: Defect { dropped: Some(put_held), ..Defect::in_queues(visible_late) },
    },
    Mutant {
        name: "queue_says_empty_when_others_take",
        about: "The fiftieth get of a process that does not wait says empty if others have been taking.",
        clauses: &["queue/nonblocking-get-finds-what-is-there"],
        defect: Defect::in_queues(spuriously_empty),
    },
];

fn is_unencodable(call: &Call) -> bool {
    put_item(call).is_some_and(|item| item.kind == ItemKind::Unencodable)
}

fn unencodable_keeps_its_place(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let bounded = matches!(memory.kind, Some(ObjectKind::Queue { maxsize: 1.. }));
    if memory.flag && bounded && put_item(call).is_some() {
        return Answer::of(Outcome::Full);
    }
    memory.flag |= is_unencodable(call);
    inner.call(call)
}

fn swallows_unencodable(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if is_unencodable(call) { Answer::ok() } else { inner.call(call) }
}

fn bad_takes_next(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if put_item(call).is_some() {
        let after_a_bad_one = std::mem::replace(&mut memory.flag, is_unencodable(call));
        if after_a_bad_one && !memory.flag {
            return Answer::ok();
        }
    }
    inner.call(call)
}

fn encodes_late(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Put { then_clear: true, .. } => inner.call(&put(Item::of(0, ItemKind::List))),
        _ => inner.call(call),
    }
}

fn visible_late(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::Empty | Call::GetNowait = call {
        let answer = inner.call(call);
        put_held(memory, inner);
        return answer;
    }
    put_held(memory, inner);
    match put_item(call) {
        Some(item) if !is_unencodable(call) && inner.call(&Call::Full).value == 0 => {
            memory.held.push_back(item);
            Answer::ok()
        }
        _ => inner.call(call),
    }
}

fn spuriously_empty(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if is_get(call) && memory.calls == 0 {
        facts::count("takers");
    }
    let others_take = || facts::is_set("takers.1");
    if *call == Call::GetNowait && memory.calls == 49 && others_take() {
        return Answer::of(Outcome::Empty);
    }
    inner.call(call)
}
