//! Mutants of queues: items out of order, twice, not at all or torn.

use std::sync::{Mutex, PoisonError};

use procession_contract::{
    Answer, Call, Implementation, Item, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::calls::{damaged, is_get, is_longer, put_held, put_item};
use crate::{Defect, Memory, Mutant};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "queue_swaps_two_items",
        about: "Of items that one process puts without a pause, every fifth comes after its successor.",
        clauses: &["queue/fifo-per-producer", "queue/stands-in-for-a-pipe"],
        defect: Defect { dropped: Some(put_held), ..Defect::in_queues(swaps) },
    },
    Mutant {
        name: "queue_gives_the_newest_first",
        about: "A consumer that comes to two items takes the second one first.",
        clauses: &["queue/linearizable-as-claimed"],
        defect: Defect::in_queues(newest_first),
    },
    Mutant {
        name: "queue_turns_after_a_put_with_a_limit",
        about: "To a process that has put with a time limit, a get gives the second item and puts the first one back.",
        clauses: &["queue/linearizable-as-claimed"],
        defect: Defect::in_queues(turns),
    },
    Mutant {
        name: "queue_gives_a_batch_backwards_after_a_get",
        about: "Of several items taken in one call the last one is given first, if one was taken alone before.",
        clauses: &["queue/batches-in-any-program"],
        defect: Defect::in_queues(backwards),
    },
    Mutant {
        name: "queue_gives_an_item_twice",
        about: "The fifth item that a process takes is given to it once more.",
        clauses: &["queue/each-item-delivered-once", "queue/ten-producers"],
        defect: Defect::in_queues(gives_twice),
    },
    Mutant {
        name: "queue_loses_an_item",
        about: "The seventh put of a process returns, and its item is nowhere.",
        clauses: &["queue/each-item-delivered-once", "queue/fifo-per-producer"],
        defect: Defect::in_queues(loses),
    },
    Mutant {
        name: "queue_tears_items_of_100_kilobytes",
        about: "An item longer than 64 kB arrives with bytes of another one in it.",
        clauses: &["queue/multi-consumer-mutual-exclusion", "queue/large-item-roundtrip"],
        defect: Defect::in_queues(tears),
    },
    Mutant {
        name: "queue_the_third_is_the_second",
        about: "Queues share what they should have each: the third one created is the second one.",
        clauses: &["queue/several-at-once"],
        defect: Defect { create: Some(third_is_second), ..Defect::NONE },
    },
];

fn swaps(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match put_item(call) {
        Some(item) if memory.calls % 5 == 4 && memory.held.is_empty() => {
            memory.held.push_back(item);
            Answer::ok()
        }
        Some(_) => {
            let answer = inner.call(call);
            put_held(memory, inner);
            answer
        }
        None => {
            put_held(memory, inner);
            inner.call(call)
        }
    }
}

fn newest_first(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if is_get(call)
        && let Some(kept) = memory.answers.pop_front()
    {
        return kept;
    }
    let first = inner.call(call);
    if memory.calls == 0 && is_get(call) && first.outcome == Outcome::Ok {
        let second = inner.call(&Call::GetNowait);
        if second.outcome == Outcome::Ok {
            memory.answers.push_back(first);
            return second;
        }
    }
    first
}

fn turns(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    memory.flag |= matches!(call, Call::Put { timeout_ms: Some(_), .. });
    let first = inner.call(call);
    // Only an integer can be made again from what was received of it.
    let again = Item::int(first.value as u32);
    let is_integer = again.expected() == (first.value, first.aux);
    if !memory.flag || !is_get(call) || first.outcome != Outcome::Ok || !is_integer {
        return first;
    }
    let second = inner.call(&Call::GetNowait);
    if second.outcome != Outcome::Ok {
        return first;
    }
    inner.call(&Call::PutNowait { item: again });
    second
}

fn backwards(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    memory.flag |= is_get(call);
    let mut answer = inner.call(call);
    if memory.flag && matches!(call, Call::GetMany { .. }) {
        answer.items.reverse();
    }
    answer
}

pub(crate) fn gives_twice(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if is_get(call)
        && let Some(again) = memory.answers.pop_front()
    {
        return again;
    }
    let answer = inner.call(call);
    if memory.calls == 4 && is_get(call) && answer.outcome == Outcome::Ok {
        memory.answers.push_back(answer.clone());
    }
    answer
}

fn loses(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match put_item(call) {
        Some(_) if memory.calls == 6 => Answer::ok(),
        _ => inner.call(call),
    }
}

fn tears(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if is_get(call) && is_longer(&answer, 1 << 16) { damaged(answer) } else { answer }
}

fn third_is_second(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    static CREATED: Mutex<Vec<Box<dyn Object>>> = Mutex::new(Vec::new());
    if !matches!(spec.kind, ObjectKind::Queue { .. }) {
        return inner.create(spec, method, existing);
    }
    let mut created = CREATED.lock().unwrap_or_else(PoisonError::into_inner);
    if let [_, second, ..] = created.as_slice() {
        return Ok(Objects::from([(spec.name.clone(), second.share()?)]));
    }
    let objects = inner.create(spec, method, existing)?;
    for object in objects.values() {
        created.push(object.share()?);
    }
    Ok(objects)
}
