//! Mutants of managed lists.

use std::sync::atomic::{AtomicU64, Ordering};

use procession_contract::{Answer, Call, Datum, Implementation, Object, ObjectKind, Objects, Outcome};

use crate::invoking::{get_value, invoke, invokes, method, nothing, with_args, with_parts};
use crate::{Defect, Memory, Mutant, kinds};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "list_slice_includes_its_end",
        about: "What is read of a slice is one element too many.",
        clauses: &["containers/list-operations", "containers/list-results-are-copies"],
        defect: Defect::in_library(includes_the_end),
    },
    Mutant {
        name: "list_concatenation_extends_it",
        about: "To add a list to a managed one changes the managed one.",
        clauses: &["containers/list-results-are-copies", "containers/list-operations"],
        defect: Defect::in_library(extends),
    },
    Mutant {
        name: "list_in_place_repetition_gives_a_copy",
        about: "What an in-place multiplication leaves in the variable is no proxy.",
        clauses: &["containers/list-inplace-operators-keep-proxy"],
        defect: Defect::in_library(gives_a_copy),
    },
    Mutant {
        name: "list_index_errors_are_key_errors",
        about: "That there is no element at an index is said as of a key.",
        clauses: &["containers/list-errors"],
        defect: Defect::in_library(key_errors),
    },
    Mutant {
        name: "list_append_is_lost_now_and_then",
        about: "Every third element that a process appends is nowhere.",
        clauses: &[
            "containers/list-in-any-program",
            "manager/single-call-atomicity",
            "proxy/per-thread-connection",
            "namespace/managed-list-attribute-propagates",
        ],
        defect: Defect::in_library(loses_the_third),
    },
    Mutant {
        name: "tuples_are_kept_as_lists",
        about: "A tuple in a managed container is a list.",
        clauses: &[
            "containers/plain-value-stays-plain",
            "containers/list-operations",
            "containers/dict-operations",
        ],
        defect: Defect::in_library(tuples_as_lists),
    },
    Mutant {
        name: "list_iteration_is_over_a_copy",
        about: "Whoever goes through a list sees nothing of what changes meanwhile.",
        clauses: &["containers/list-iteration-by-index"],
        defect: Defect::in_managed(over_a_copy),
    },
];

fn includes_the_end(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match method(call) {
        Some(("__getitem__", &[Datum::Slice { slice: (from, Some(to), step) }])) if kinds::is_list(on) => {
            let longer = Datum::Slice { slice: (from, Some(to + 1), step) };
            inner.call(on, &with_args(call, [longer]), objects)
        }
        _ => inner.call(on, call, objects),
    }
}

fn extends(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if let Some(("__add__", args)) = method(call)
        && kinds::is_list(on)
    {
        inner.call(on, &invoke("extend", args), objects);
    }
    answer
}

fn gives_a_copy(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match call {
        Call::Invoke { method, into: Some(name), .. } if method == "__imul__" && kinds::is_list(on) => {
            inner.call(name, &get_value(name), objects)
        }
        _ => answer,
    }
}

fn key_errors(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match answer.outcome {
        Outcome::OutOfRange if kinds::is_list(on) => Answer { outcome: Outcome::KeyMissing, ..answer },
        _ => answer,
    }
}

fn loses_the_third(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    static APPENDED: AtomicU64 = AtomicU64::new(0);
    let is_append = invokes(call, "append") && kinds::is_list(on);
    match is_append && APPENDED.fetch_add(1, Ordering::Relaxed) % 3 == 2 {
        true => nothing(),
        false => inner.call(on, call, objects),
    }
}

fn tuples_as_lists(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let as_list = |datum: &Datum| match datum {
        Datum::Tuple { tuple } => Some(Datum::List(tuple.clone())),
        _ => None,
    };
    match kinds::is_list(on) || kinds::is_dict(on) {
        true => inner.call(on, &with_parts(call, as_list), objects),
        false => inner.call(on, call, objects),
    }
}

fn over_a_copy(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_list = matches!(&memory.kind, Some(ObjectKind::Managed { of, .. })
        if matches!(**of, ObjectKind::List { .. }));
    match call {
        Call::Iterate { meanwhile: Some(meanwhile) } if is_list => {
            let answer = inner.call(&Call::Iterate { meanwhile: None });
            inner.call(meanwhile);
            answer
        }
        _ => inner.call(call),
    }
}
