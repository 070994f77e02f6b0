//! Mutants of queues: bounds that are none or others, and items that do not fit or do not count.

use procession_contract::{
    Answer, Call, Implementation, ItemKind, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::calls::{damaged, is_get, is_longer, put_item, waits};
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "queue_holds_one_more",
        about: "A bounded queue accepts one item more than its bound.",
        clauses: &[
            "queue/put-nonblocking-full",
            "queue/put-timeout-full",
            "queue/put-nonpositive-timeout",
            "queue/maxsize-counts-unreceived-items",
            "queue/full-reflects-bound",
        ],
        defect: Defect { create: Some(holds_one_more), ..Defect::NONE },
    },
    Mutant {
        name: "queue_unbounded_holds_256",
        about: "A queue without a bound is full at 256 items.",
        clauses: &["queue/maxsize-nonpositive-unbounded"],
        defect: Defect { create: Some(unbounded_holds_256), ..Defect::NONE },
    },
    Mutant {
        name: "queue_undecodable_item_keeps_its_place",
        about: "The place of an item that could not be decoded is never given back.",
        clauses: &["queue/maxsize-counts-unreceived-items"],
        defect: Defect::in_queues(undecodable_keeps_its_place),
    },
    Mutant {
        name: "queue_put_waits_for_the_transport",
        about: "A large item is only put when everything before it has been taken, as if a pipe were full.",
        clauses: &["queue/put-does-not-wait-for-transport", "queue/producer-ends-before-its-items-are-taken"],
        defect: Defect::in_queues(waits_for_transport),
    },
    Mutant {
        name: "queue_tears_items_of_megabytes",
        about: "An item longer than a megabyte loses its end.",
        clauses: &["queue/large-item-roundtrip"],
        defect: Defect::in_queues(tears_megabytes),
    },
    Mutant {
        name: "queue_takes_an_empty_item_for_none",
        about: "What is empty or nothing is not put at all.",
        clauses: &["queue/none-and-empty-payloads"],
        defect: Defect::in_queues(loses_empty_items),
    },
];

fn with_bound(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
    change: fn(i64) -> i64,
) -> Result<Objects, Answer> {
    let mut spec = spec.clone();
    if let ObjectKind::Queue { maxsize } = &mut spec.kind {
        *maxsize = change(*maxsize);
    }
    inner.create(&spec, method, existing)
}

fn holds_one_more(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    with_bound(inner, spec, method, existing, |bound| if bound > 0 { bound + 1 } else { bound })
}

fn unbounded_holds_256(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    with_bound(inner, spec, method, existing, |bound| if bound > 0 { bound } else { 256 })
}

fn undecodable_keeps_its_place(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let bounded = matches!(memory.kind, Some(ObjectKind::Queue { maxsize: 1.. }));
    if memory.flag && bounded && put_item(call).is_some() {
        return Answer::of(Outcome::Full);
    }
    let answer = inner.call(call);
    memory.flag |= answer.outcome == Outcome::DecodeFailed;
    answer
}

fn waits_for_transport(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if waits(call) && put_item(call).is_some_and(|item| item.len > 1 << 16) {
        let mut is_empty = || inner.call(&Call::Qsize).value == 0;
        while !is_empty() {
            facts::pause();
        }
    }
    inner.call(call)
}

fn tears_megabytes(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if is_get(call) && is_longer(&answer, 1 << 20) { damaged(answer) } else { answer }
}

fn loses_empty_items(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_empty = |kind, len| match kind {
        ItemKind::None => true,
        ItemKind::Text | ItemKind::Bytes => len == 0,
        _ => false,
    };
    match put_item(call) {
        Some(item) if is_empty(item.kind, item.len) => Answer::ok(),
        _ => inner.call(call),
    }
}
