//! Mutants of managed queues, values and arrays.

use procession_contract::{Answer, Call, Object, ObjectKind, Outcome, Scalar};

use crate::calls::{limit, put_held, put_item, with_limit};
use crate::{Defect, Memory, Mutant, creating};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "managed_queue_takes_negative_limits",
        about: "A time limit below zero is taken for none of it.",
        clauses: &["mgrsync/queue"],
        defect: Defect::in_managed(negative_is_zero),
    },
    Mutant {
        name: "managed_queue_is_never_full",
        about: "A put that would have to wait for room finds some.",
        clauses: &["mgrsync/queue"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other_in_manager(inner, spec, method, existing, without_a_bound)
        }),
    },
    Mutant {
        name: "managed_queue_puts_later",
        about: "A put returns at once, and its item is sent with the next call.",
        clauses: &["mgrsync/queue-put-is-synchronous"],
        defect: Defect { dropped: Some(put_held), ..Defect::in_managed(puts_later) },
    },
    Mutant {
        name: "managed_value_checks_its_type",
        about: "A value that began with an integer takes nothing else.",
        clauses: &["mgrsync/value"],
        defect: Defect::in_managed(checks_its_type),
    },
    Mutant {
        name: "managed_array_takes_what_fits_and_what_does_not",
        about: "A number that is too large for an array is stored as what is left of it.",
        clauses: &["mgrsync/array"],
        defect: Defect::in_managed(cuts_numbers),
    },
    Mutant {
        name: "managed_queue_counts_no_tasks",
        about: "Who waits until every item has been reported as done waits for nothing.",
        clauses: &["mgrsync/queue-has-task-done"],
        defect: Defect::in_managed(counts_no_tasks),
    },
];

fn is_queue(memory: &Memory) -> bool {
    let kind = memory.kind.as_ref().map(ObjectKind::plain);
    matches!(kind, Some(ObjectKind::Queue { .. } | ObjectKind::JoinableQueue { .. }))
}

fn negative_is_zero(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match limit(call) {
        Some(..0) if is_queue(memory) => inner.call(&with_limit(call, Some(0))),
        _ => inner.call(call),
    }
}

fn without_a_bound(kind: &mut ObjectKind) {
    if let ObjectKind::Queue { maxsize } = kind {
        *maxsize = 0;
    }
}

fn puts_later(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if !is_queue(memory) {
        return inner.call(call);
    }
    put_held(memory, inner);
    match put_item(call) {
        Some(item) => {
            memory.held.push_back(item);
            Answer::ok()
        }
        None => inner.call(call),
    }
}

fn checks_its_type(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_value = matches!(memory.kind.as_ref().map(ObjectKind::plain), Some(ObjectKind::Value { .. }));
    match call {
        Call::Store { to, .. } if is_value && !matches!(to, Scalar::Int(_)) => Answer::of(Outcome::BadType),
        _ => inner.call(call),
    }
}

fn cuts_numbers(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_array = matches!(memory.kind.as_ref().map(ObjectKind::plain), Some(ObjectKind::Array { .. }));
    match call {
        Call::Store { at, field, to: Scalar::Int(to) } if is_array => {
            let (at, field, to) = (*at, field.clone(), i64::from(*to as i32).into());
            inner.call(&Call::Store { at, field, to })
        }
        _ => inner.call(call),
    }
}

fn counts_no_tasks(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::JoinTasks { .. } => Answer::ok(),
        _ => inner.call(call),
    }
}
