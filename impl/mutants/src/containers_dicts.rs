//! Mutants of managed dictionaries.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use procession_contract::{Answer, Call, Implementation, Object, Objects, Outcome};

use crate::invoking::{invoke, invoke_into, invokes, method, nothing, with_method};
use crate::{Defect, Memory, Mutant, kinds};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "dict_setdefault_overwrites",
        about: "setdefault writes its value, whatever is there.",
        clauses: &["containers/dict-operations", "manager/single-call-atomicity"],
        defect: Defect::in_library(overwrites),
    },
    Mutant {
        name: "dict_pop_leaves_the_entry",
        about: "pop gives the value of a key, and the entry stays.",
        clauses: &["containers/dict-operations", "containers/dict-in-any-program"],
        defect: Defect::in_library(leaves_the_entry),
    },
    Mutant {
        name: "dict_views_are_live",
        about: "The list of the keys, the values or the entries changes with the dictionary.",
        clauses: &["containers/dict-views-are-list-snapshots"],
        defect: Defect::in_library(live_views),
    },
    Mutant {
        name: "dict_has_nothing_under_a_missing_key",
        about: "What is read under a key that is missing is nothing.",
        clauses: &["containers/dict-errors", "containers/dict-in-any-program"],
        defect: Defect::in_library(nothing_is_there),
    },
    Mutant {
        name: "dict_iterator_ends_when_the_dictionary_changes",
        about: "To go through a dictionary whose size changes meanwhile is to stop early.",
        clauses: &["containers/dict-iterator-proxy"],
        defect: Defect::in_managed(ends_early),
    },
    Mutant {
        name: "dict_merge_is_the_other_one",
        about: "A dictionary merged with another one is the other one.",
        clauses: &["containers/missing-newer-methods"],
        defect: Defect::in_library(is_the_other_one),
    },
];

fn overwrites(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Some(("setdefault", [key, value])) = method(call).filter(|_| kinds::is_dict(on)) else {
        return inner.call(on, call, objects);
    };
    let written = inner.call(on, &invoke("__setitem__", [key.clone(), value.clone()]), objects);
    value.answer().filter(|_| written.outcome == Outcome::Ok).unwrap_or(written)
}

fn leaves_the_entry(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match method(call) {
        Some(("pop", [_])) if kinds::is_dict(on) => {
            inner.call(on, &with_method(call, "__getitem__"), objects)
        }
        _ => inner.call(on, call, objects),
    }
}

/// The views of this process: of which dictionary, and by which method.
static VIEWS: Mutex<BTreeMap<String, (String, String)>> = Mutex::new(BTreeMap::new());

fn live_views(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let mut views = VIEWS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((dict, method)) = views.get(on) {
        inner.call(dict, &invoke_into(method, [], on), objects);
    }
    if let Call::Invoke { method, into: Some(name), .. } = call {
        views.remove(name);
        if matches!(method.as_str(), "keys" | "values" | "items") && kinds::is_dict(on) {
            views.insert(name.clone(), (on.to_owned(), method.clone()));
        }
    }
    drop(views);
    inner.call(on, call, objects)
}

fn nothing_is_there(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match answer.outcome {
        Outcome::KeyMissing if invokes(call, "__getitem__") && kinds::is_dict(on) => nothing(),
        _ => answer,
    }
}

fn ends_early(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Iterate { .. }, Outcome::NotAllowed) => Answer::number(0),
        _ => answer,
    }
}

fn is_the_other_one(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match method(call) {
        Some(("__or__", [other])) if kinds::is_dict(on) => {
            other.answer().unwrap_or_else(|| inner.call(on, call, objects))
        }
        _ => inner.call(on, call, objects),
    }
}
