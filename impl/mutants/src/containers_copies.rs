//! Mutants of managed containers and namespaces: what is copied, what is shared, and what an update is.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use procession_contract::{
    Answer, Call, Datum, Implementation, Object, ObjectKind, Objects, Outcome, Scalar, Value,
};

use crate::invoking::{integer, invoke, method, nothing, with_args};
use crate::{Defect, Memory, Mutant, facts, kinds};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "changed_copy_is_written_back",
        about: "What is changed in a copy of an element is changed in the container as well.",
        clauses: &[
            "containers/nested-plain-mutation-does-not-propagate",
            "namespace/plain-list-mutation-does-not-propagate",
        ],
        defect: Defect::in_library(writes_back),
    },
    Mutant {
        name: "assigning_back_does_nothing",
        about: "A value that was read is taken for unchanged when it is assigned back.",
        clauses: &[
            "containers/nested-plain-mutation-does-not-propagate",
            "namespace/reassignment-propagates",
        ],
        defect: Defect::in_library(taken_for_unchanged),
    },
    Mutant {
        name: "concurrent_updates_are_merged",
        about: "Who writes a number that another one has changed since it was read adds the difference.",
        clauses: &["containers/compound-update-not-atomic", "namespace/increment-not-atomic"],
        defect: Defect::in_library(merges),
    },
    Mutant {
        name: "addition_is_lost_now_and_then",
        about: "Every fifth addition of a process gives the sum and writes nothing.",
        clauses: &["containers/compound-update-not-atomic", "namespace/increment-not-atomic"],
        defect: Defect::in_managed(loses_the_fifth),
    },
];

/// From where a value of this process's own was read.
#[derive(Clone, PartialEq)]
struct Origin {
    /// The container's name.
    container: String,
    /// The key, the index or the attribute's name.
    at: Datum,
    /// The method that writes there.
    write: &'static str,
}

static ORIGINS: Mutex<BTreeMap<String, Origin>> = Mutex::new(BTreeMap::new());

fn origins() -> MutexGuard<'static, BTreeMap<String, Origin>> {
    ORIGINS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The method that writes what this one reads.
fn writer(reader: &str) -> Option<&'static str> {
    match reader {
        "__getitem__" => Some("__setitem__"),
        "__getattribute__" => Some("__setattr__"),
        _ => None,
    }
}

/// Notes from where a call has read what it keeps.
fn note_origin(on: &str, call: &Call, answer: &Answer) {
    let Call::Invoke { method, args, into: Some(name) } = call else { return };
    let mut origins = origins();
    origins.remove(name);
    if let (Some(write), [at]) = (writer(method), args.as_slice())
        && kinds::is_proxy(on)
        && answer.outcome == Outcome::Ok
        && kinds::reported(answer).is_none()
    {
        origins.insert(name.clone(), Origin { container: on.to_owned(), at: at.clone(), write });
    }
}

fn writes_back(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    note_origin(on, call, &answer);
    let origin = origins().get(on).cloned();
    if let (Some(Origin { container, at, write }), Some(("append" | "__setitem__", _))) =
        (origin, method(call))
    {
        inner.call(&container, &invoke(write, [at, Datum::known(on)]), objects);
    }
    answer
}

fn taken_for_unchanged(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    if let Some(("__setitem__" | "__setattr__", [at, Datum::Known { object }])) = method(call)
        && origins().get(object).is_some_and(|origin| origin.container == on && origin.at == *at)
    {
        return nothing();
    }
    let answer = inner.call(on, call, objects);
    note_origin(on, call, &answer);
    answer
}

/// What this process has read where last.
static READ: LazyLock<Mutex<HashMap<(String, Datum), i64>>> = LazyLock::new(Mutex::default);

fn read() -> MutexGuard<'static, HashMap<(String, Datum), i64>> {
    READ.lock().unwrap_or_else(PoisonError::into_inner)
}

fn merges(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match method(call).filter(|_| kinds::is_proxy(on)) {
        Some(("__getitem__" | "__getattribute__", [at])) => {
            let answer = inner.call(on, call, objects);
            if let Some(number) = integer(&answer) {
                read().insert((on.to_owned(), at.clone()), number);
            }
            answer
        }
        Some((write @ ("__setitem__" | "__setattr__"), [at, Datum::Scalar(Scalar::Int(to))])) => {
            let before = read().remove(&(on.to_owned(), at.clone()));
            let Some(before) = before else { return inner.call(on, call, objects) };
            let reader = if write == "__setitem__" { "__getitem__" } else { "__getattribute__" };
            facts::lock("merging", None);
            let now = integer(&inner.call(on, &invoke(reader, [at.clone()]), objects)).unwrap_or(before);
            let merged = with_args(call, [at.clone(), (to + now - before).into()]);
            let answer = inner.call(on, &merged, objects);
            facts::clear("merging");
            answer
        }
        _ => inner.call(on, call, objects),
    }
}

fn loses_the_fifth(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    static ADDED: AtomicU64 = AtomicU64::new(0);
    let is_container = matches!(
        memory.kind.as_ref().map(ObjectKind::plain),
        Some(ObjectKind::Dict { .. } | ObjectKind::Namespace { .. })
    );
    let Call::Add { at, field, amount, times, locked } = call else { return inner.call(call) };
    if !is_container || ADDED.fetch_add(1, Ordering::Relaxed) % 5 != 4 {
        return inner.call(call);
    }
    let (at, field) = (*at, field.clone());
    let answer = inner.call(&Call::Add { at, field, amount: 0, times: *times, locked: *locked });
    match answer.outcome {
        Outcome::Ok => {
            let sum = answer.value + amount;
            let aux = if answer.aux == 0 { 0 } else { Value::Int(sum).fingerprint() };
            Answer { value: sum, aux, ..answer }
        }
        _ => answer,
    }
}
