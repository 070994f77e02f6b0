//! Mutants of proxies: how they travel, and how long what is behind them lives.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use procession_contract::{
    Answer, Call, Datum, Implementation, Key, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::invoking::{asks_server, get_value, method, nothing};
use crate::{Defect, Memory, Mutant, facts, kinds};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "handed_proxy_changes_a_copy",
        about: "What is changed through a proxy that was sent is not changed for anybody else.",
        clauses: &["proxy/transferable", "proxy/custom-key-is-carried"],
        defect: Defect::in_library(changes_a_copy),
    },
    Mutant {
        name: "nested_proxy_is_a_copy",
        about: "A proxy that was put into a container comes back as a copy of what is behind it.",
        clauses: &[
            "proxy/nested",
            "containers/plain-value-stays-plain",
            "namespace/managed-list-attribute-propagates",
        ],
        defect: Defect::in_library(nested_as_a_copy),
    },
    Mutant {
        name: "dict_proxy_is_not_iterated_elsewhere",
        about: "In a process that was given the proxy of a dictionary its iterator is missing.",
        clauses: &["proxy/works-the-same-in-every-process"],
        defect: Defect::in_managed(iterated_by_its_creator),
    },
    Mutant {
        name: "proxy_has_the_process_s_key",
        about: "A proxy that comes out of a message or a container tries the process's own key.",
        clauses: &["proxy/custom-key-is-carried"],
        defect: Defect::in_library(with_the_process_s_key),
    },
    Mutant {
        name: "proxies_are_never_given_back",
        about: "An object outlives the last of its proxies.",
        clauses: &[
            "proxy/referent-lives-while-referenced",
            "proxy/child-takes-own-reference",
            "proxy/spawned-child-takes-own-reference",
        ],
        defect: Defect::in_creation(never_given_back),
    },
    Mutant {
        name: "child_borrows_its_parent_s_reference",
        about: "An object that a child was given goes when its parent drops its own proxy.",
        clauses: &["proxy/child-takes-own-reference", "proxy/spawned-child-takes-own-reference"],
        defect: Defect { dropped: Some(takes_it_from_children), ..Defect::in_library(borrows) },
    },
    Mutant {
        name: "proxy_in_transit_keeps_nothing",
        about: "An object whose proxy is under way goes when the sender drops its own.",
        clauses: &["proxy/in-transit-keeps-its-referent"],
        defect: Defect { dropped: Some(lost_in_transit), ..Defect::in_library(keeps_nothing) },
    },
    Mutant {
        name: "what_was_nested_is_never_freed",
        about: "What has been put into a container as a proxy stays for ever.",
        clauses: &["proxy/nested-referents-are-freed"],
        defect: Defect::in_library(never_freed),
    },
];

/// Whether an answer reports the proxy of something that can be copied.
fn is_copied(answer: &Answer) -> bool {
    let is_container =
        |kind: &ObjectKind| matches!(kind.plain(), ObjectKind::List { .. } | ObjectKind::Dict { .. });
    kinds::reported(answer).as_ref().is_some_and(is_container)
}

/// The names of the proxies that this process was sent.
static SENT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn changes_a_copy(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let mut sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
    if sent.contains(on) && matches!(method(call), Some(("append" | "__setitem__", _))) {
        return nothing();
    }
    if let Call::TakeOver { name } = call {
        sent.insert(name.clone());
    }
    drop(sent);
    inner.call(on, call, objects)
}

fn nested_as_a_copy(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    const READ: &str = "what was read";
    let Some(("__getitem__" | "__getattribute__" | "pop", args)) = method(call) else {
        return inner.call(on, call, objects);
    };
    let Call::Invoke { method, into, .. } = call else { return inner.call(on, call, objects) };
    let name = into.as_deref().unwrap_or(READ);
    let named = Call::Invoke { method: method.clone(), args: args.to_vec(), into: Some(name.to_owned()) };
    let answer = inner.call(on, &named, objects);
    let answer = if is_copied(&answer) { inner.call(name, &get_value(name), objects) } else { answer };
    if into.is_none() {
        objects.remove(READ);
    }
    answer
}

fn iterated_by_its_creator(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_dict = matches!(memory.kind.as_ref().map(ObjectKind::plain), Some(ObjectKind::Dict { .. }));
    match call {
        Call::Iterate { .. } if is_dict && facts::worker() != "main" => Answer::of(Outcome::AttributeMissing),
        _ => inner.call(call),
    }
}

fn with_the_process_s_key(
    inner: &dyn Implementation,
    on: &str,
    call: &Call,
    objects: &mut Objects,
) -> Answer {
    let answer = inner.call(on, call, objects);
    let has_a_key = |kind: &ObjectKind| matches!(kind, ObjectKind::Manager { key: Key::Given(_), .. });
    let is_kept = matches!(call, Call::TakeOver { .. } | Call::Invoke { into: Some(_), .. });
    match is_kept && kinds::reported(&answer).is_some() && kinds::any(has_a_key) {
        true => Answer::of(Outcome::AuthFailed),
        false => answer,
    }
}

fn never_given_back(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let created = inner.create(spec, method, existing)?;
    if let ObjectKind::Managed { .. } = spec.kind {
        created.values().flat_map(|proxy| proxy.share()).for_each(std::mem::forget);
    }
    Ok(created)
}

/// Whether main drops the proxy that it had first.
fn is_dropped_by_main(memory: &Memory) -> bool {
    let is_proxy = matches!(memory.kind, Some(ObjectKind::Managed { .. }));
    is_proxy && !memory.is_share && facts::worker() == "main"
}

fn takes_it_from_children(memory: &mut Memory, _: &mut dyn Object) {
    if is_dropped_by_main(memory) {
        facts::set(&format!("dropped.{}", memory.name));
    }
}

fn borrows(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let is_gone = facts::worker() != "main" && facts::is_set(&format!("dropped.{on}"));
    match asks_server(call) && is_gone {
        true => Answer::of(Outcome::RemoteError),
        false => inner.call(on, call, objects),
    }
}

fn lost_in_transit(memory: &mut Memory, _: &mut dyn Object) {
    if is_dropped_by_main(memory) && facts::is_set(&format!("sent.{}", memory.name)) {
        facts::set("lost in transit");
    }
}

fn keeps_nothing(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    if let Call::Hand { name } = call {
        facts::set(&format!("sent.{name}"));
    }
    let answer = inner.call(on, call, objects);
    match call {
        // It is received, and stands for nothing any more.
        Call::TakeOver { .. } if facts::is_set("lost in transit") => Answer::of(Outcome::RemoteError),
        _ => answer,
    }
}

fn never_freed(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let args = method(call).map_or(&[][..], |(_, args)| args);
    for arg in args {
        if let Datum::Known { object } = arg
            && kinds::is_proxy(object)
            && let Some(Ok(share)) = objects.get(object).map(|proxy| proxy.share())
        {
            std::mem::forget(share);
        }
    }
    inner.call(on, call, objects)
}
