//! Mutants in start methods and contexts.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use procession_contract::{
    Answer, Call, Implementation, Method, Object, ObjectSpec, Objects, Outcome, Worker,
};

use crate::{Defect, Memory, Mutant};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "context_methods_without_forkserver",
        about: "The start methods are told without forkserver.",
        clauses: &["context/methods-listed-default-first"],
        defect: Defect::in_library(without_forkserver),
    },
    Mutant {
        name: "context_names_in_any_case",
        about: "A start method is known by its name in capitals too.",
        clauses: &["context/get-context-unknown-error"],
        defect: Defect::in_library(names_in_any_case),
    },
    Mutant {
        name: "context_can_be_changed",
        about: "Changing the method of a concrete context says nothing.",
        clauses: &["context/concrete-context-is-fixed"],
        defect: Defect::in_library(can_be_changed),
    },
    Mutant {
        name: "context_set_again",
        about: "A method that was decided can be decided again.",
        clauses: &["context/set-once", "context/query-fixes-default"],
        defect: Defect::in_library(set_again),
    },
    Mutant {
        name: "context_unknown_method_ignored",
        about: "Choosing an unknown method says nothing.",
        clauses: &["context/set-unknown-method-error"],
        defect: Defect::in_library(unknown_method_ignored),
    },
    Mutant {
        name: "context_query_decides_nothing",
        about: "Asking for the undecided method tells the default and leaves it undecided.",
        clauses: &["context/query-fixes-default"],
        defect: Defect::in_library(query_decides_nothing),
    },
    Mutant {
        name: "context_child_has_default_method",
        about: "A child reports the default method, whatever it was started by.",
        clauses: &["context/child-sees-same-method"],
        defect: Defect::in_library(child_has_default_method),
    },
    Mutant {
        name: "context_objects_of_one_method",
        about: "An object can be handed only to processes that are started by its own context's method.",
        clauses: &["context/objects-carry-their-context"],
        defect: Defect {
            process: Some(objects_of_one_method),
            create: Some(notes_creation),
            construct: Some(notes_other_method),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "context_queues_travel_once",
        about: "A queue that a process was given cannot be passed on.",
        clauses: &["context/received-objects-can-be-passed-on"],
        defect: Defect { construct: Some(queues_travel_once), ..Defect::NONE },
    },
    Mutant {
        name: "context_drops_what_cannot_travel",
        about: "An argument that cannot be encoded is left out.",
        clauses: &["context/spawn-requires-transferable-arguments"],
        defect: Defect { construct: Some(drops_what_cannot_travel), ..Defect::NONE },
    },
    Mutant {
        name: "context_spawn_forks",
        about: "Every process is a copy of its creator, whatever method was asked for.",
        clauses: &[
            "context/spawn-does-not-leak-descriptors",
            "context/spawn-requires-transferable-arguments",
            "context/child-sees-same-method",
            "process/no-lock-is-held-at-birth",
            "process/child-fd-count-independent-of-siblings",
        ],
        defect: Defect { construct: Some(spawn_forks), ..Defect::NONE },
    },
    Mutant {
        name: "context_objects_serialise_anywhere",
        about: "A queue can be serialised at any time.",
        clauses: &["context/sharing-only-by-inheritance"],
        defect: Defect::in_queues(serialise_anywhere),
    },
];

fn without_forkserver(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (call, &answer.text) {
        (Call::StartMethods, Some(text)) => {
            let methods: Vec<&str> = text.split(',').filter(|method| *method != "forkserver").collect();
            Answer::text(methods.join(","))
        }
        _ => answer,
    }
}

fn names_in_any_case(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::Context { method } => inner.call(on, &Call::Context { method: method.to_lowercase() }, objects),
        call => inner.call(on, call, objects),
    }
}

fn can_be_changed(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::SetContextMethod { .. } => Answer::ok(),
        call => inner.call(on, call, objects),
    }
}

fn set_again(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::SetStartMethod { method, .. } => {
            inner.call(on, &Call::SetStartMethod { method: method.clone(), force: true }, objects)
        }
        call => inner.call(on, call, objects),
    }
}

fn unknown_method_ignored(
    inner: &dyn Implementation,
    on: &str,
    call: &Call,
    objects: &mut Objects,
) -> Answer {
    let answer = inner.call(on, call, objects);
    match (call, answer.outcome) {
        (Call::SetStartMethod { .. }, Outcome::BadValue) => Answer::ok(),
        _ => answer,
    }
}

/// The method that the list of all names first.
fn default_method(inner: &dyn Implementation, objects: &mut Objects) -> Answer {
    let methods = inner.call("", &Call::StartMethods, objects).text.unwrap_or_default();
    Answer::text(methods.split(',').next().unwrap_or_default())
}

fn query_decides_nothing(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    if let ("", Call::StartMethod { allow_none: false }) = (on, call) {
        let decided = inner.call(on, &Call::StartMethod { allow_none: true }, objects);
        return match decided.outcome {
            Outcome::Absent => default_method(inner, objects),
            _ => decided,
        };
    }
    inner.call(on, call, objects)
}

fn child_has_default_method(
    inner: &dyn Implementation,
    on: &str,
    call: &Call,
    objects: &mut Objects,
) -> Answer {
    if let ("", Call::StartMethod { .. }) = (on, call)
        && inner.call("parent", &Call::Pid, objects).outcome == Outcome::Ok
    {
        return default_method(inner, objects);
    }
    inner.call(on, call, objects)
}

/// The method under which this process has created objects.
static CREATED: Mutex<Option<Method>> = Mutex::new(None);

/// Whether a process is to be started by another one.
static OTHER: AtomicBool = AtomicBool::new(false);

fn notes_creation(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    *CREATED.lock().expect("nobody panics with it") = Some(method);
    inner.create(spec, method, existing)
}

fn notes_other_method(_: &mut Worker, method: &mut Method, _: &mut Objects) {
    let created = *CREATED.lock().expect("nobody panics with it");
    OTHER.fetch_or(created.is_some_and(|created| created != *method), Ordering::SeqCst);
}

fn objects_of_one_method(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if *call == Call::Start && OTHER.load(Ordering::SeqCst) {
        return Answer::error(Outcome::NotAllowed, "an object of another context is among the arguments");
    }
    inner.call(call)
}

fn queues_travel_once(worker: &mut Worker, _: &mut Method, gets: &mut Objects) {
    if worker.parent.as_deref() != Some("main") {
        // The ends of pipes have a dot in their names.
        gets.retain(|name, _| name.contains('.'));
    }
}

fn drops_what_cannot_travel(worker: &mut Worker, _: &mut Method, _: &mut Objects) {
    worker.unserialisable_argument = false;
}

fn spawn_forks(_: &mut Worker, method: &mut Method, _: &mut Objects) {
    *method = Method::Fork;
}

fn serialise_anywhere(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Serialise => Answer::ok(),
        call => inner.call(call),
    }
}
