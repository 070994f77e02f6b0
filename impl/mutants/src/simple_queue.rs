//! Mutants of simple queues.

use procession_contract::{Answer, Call, ItemKind, Object, Outcome};

use crate::calls::{damaged, is_get, is_longer, put_held, put_item};
use crate::queue_death::reads_under_a_lock;
use crate::{Defect, Memory, Mutant};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "simple_queue_get_does_not_wait",
        about: "A get says that the queue is empty instead of waiting.",
        clauses: &["simplequeue/operations"],
        defect: Defect::in_simple_queues(get_does_not_wait),
    },
    Mutant {
        name: "simple_queue_swallows_what_cannot_be_encoded",
        about: "An item that cannot be encoded is dropped, and its producer hears nothing.",
        clauses: &["simplequeue/put-is-synchronous"],
        defect: Defect::in_simple_queues(swallows_unencodable),
    },
    Mutant {
        name: "simple_queue_tears_items_of_megabytes",
        about: "An item of a megabyte loses its end.",
        clauses: &["simplequeue/put-is-synchronous"],
        defect: Defect::in_simple_queues(tears_megabytes),
    },
    Mutant {
        name: "simple_queue_item_is_visible_late",
        about: "An item is in its producer's buffer until the producer's next call or end.",
        clauses: &["simplequeue/item-visible-when-put-returns"],
        defect: Defect { dropped: Some(put_held), ..Defect::in_simple_queues(visible_late) },
    },
    Mutant {
        name: "simple_queue_tears_items_of_100_kilobytes",
        about: "An item longer than 64 kB arrives with bytes of another one in it.",
        clauses: &["simplequeue/fifo-and-exclusion"],
        defect: Defect::in_simple_queues(tears),
    },
    Mutant {
        name: "simple_queue_unused_and_closed_says_empty",
        about: "A closed queue still answers whether it is empty.",
        clauses: &["simplequeue/closed-operations-error"],
        defect: Defect::in_simple_queues(closed_says_empty),
    },
    Mutant {
        name: "simple_queue_killed_reader_keeps_the_lock",
        about: "A get waits under a lock, which nobody takes from a process that was killed.",
        clauses: &["simplequeue/killed-reader-frees-the-others"],
        defect: Defect::in_simple_queues(reads_under_a_lock),
    },
];

fn get_does_not_wait(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if is_get(call) && inner.call(&Call::Empty).value == 1 {
        return Answer::of(Outcome::Empty);
    }
    inner.call(call)
}

fn swallows_unencodable(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match put_item(call) {
        Some(item) if item.kind == ItemKind::Unencodable => Answer::ok(),
        _ => inner.call(call),
    }
}

fn tears_megabytes(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if is_get(call) && is_longer(&answer, 900_000) { damaged(answer) } else { answer }
}

fn tears(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if is_get(call) && is_longer(&answer, 1 << 16) { damaged(answer) } else { answer }
}

fn visible_late(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::Empty = call {
        let answer = inner.call(call);
        put_held(memory, inner);
        return answer;
    }
    put_held(memory, inner);
    match put_item(call) {
        Some(item)
            if item.kind != ItemKind::Unencodable && inner.call(&Call::Empty).outcome == Outcome::Ok =>
        {
            memory.held.push_back(item);
            Answer::ok()
        }
        _ => inner.call(call),
    }
}

fn closed_says_empty(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Empty, Outcome::Closed) => Answer::truth(true),
        _ => answer,
    }
}
