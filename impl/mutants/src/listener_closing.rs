//! Mutants of listeners: their end, and clients that say nothing.

use std::os::unix::net::UnixListener;
use std::path::Path;

use procession_contract::{
    Answer, Call, Endpoint, Implementation, Key, Object, ObjectKind, Objects, Outcome,
};

use crate::{Defect, Memory, Mutant, facts, kinds};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "listener_close_leaves_its_path",
        about: "The path that a listener was given is still there when it has been closed.",
        clauses: &["listener/close-removes-path"],
        defect: Defect::in_listeners(leaves_its_path),
    },
    Mutant {
        name: "accept_on_a_closed_listener_waits",
        about: "Who accepts on a listener that was closed waits for ever.",
        clauses: &["listener/accept-after-close-error", "listener/scope-closes"],
        defect: Defect::in_library(waits_when_closed),
    },
    Mutant {
        name: "listener_scope_left_by_an_error_stays_open",
        about: "Leaving a listener's scope by an error closes nothing.",
        clauses: &["listener/scope-closes"],
        defect: Defect::in_listeners(stays_open),
    },
    Mutant {
        name: "accept_waits_for_a_silent_client",
        about: "A client that says nothing is waited for, and nobody else is accepted meanwhile.",
        clauses: &["listener/silent-client-delays-nobody"],
        defect: Defect::in_library(waits_for_the_silent),
    },
    Mutant {
        name: "client_with_a_key_trusts_who_has_none",
        about: "A client with a key talks to a listener without one.",
        clauses: &["listener/one-sided-key-is-an-error", "auth/bogus-peer-rejected"],
        defect: Defect::in_library(trusts),
    },
    Mutant {
        name: "listener_that_nobody_closed_leaves_its_path",
        about: "The path of a listener that nobody has closed is still there when its process has ended.",
        clauses: &["listener/end-of-its-process-removes-path"],
        defect: Defect { dropped: Some(nobody_closed), ..Defect::NONE },
    },
];

fn leaves_its_path(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Close => closes_and_leaves_its_path(inner),
        _ => inner.call(call),
    }
}

fn nobody_closed(memory: &mut Memory, inner: &mut dyn Object) {
    if matches!(memory.kind, Some(ObjectKind::Listener { .. })) && !memory.is_share {
        closes_and_leaves_its_path(inner);
    }
}

fn closes_and_leaves_its_path(listener: &mut dyn Object) -> Answer {
    let address = listener.call(&Call::Address).text.unwrap_or_default();
    let answer = listener.call(&Call::Close);
    let path = address.strip_prefix("unix:").map(Path::new);
    // In the run's directory alone, with which it vanishes: there are the words of all workers.
    if let Some(path) = path.filter(|path| path.with_file_name("words").exists()) {
        // A socket that nobody listens on any more stays in its place.
        drop(UnixListener::bind(path));
    }
    answer
}

fn waits_when_closed(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (call, answer.outcome) {
        (Call::Accept { .. }, Outcome::Closed) => facts::for_ever(),
        _ => answer,
    }
}

fn stays_open(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Scope { fail: true } => Answer::truth(true),
        _ => inner.call(call),
    }
}

/// Whether the name stands for a listener without a key.
fn is_keyless(name: &str) -> bool {
    matches!(kinds::of(name), Some(ObjectKind::Listener { key: Key::Unsaid | Key::Absent, .. }))
}

fn waits_for_the_silent(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::Connect { key: Key::Absent, .. } => {
            facts::set("silent");
        }
        Call::Accept { .. } if !is_keyless(on) && facts::is_set("silent") => facts::for_ever(),
        _ => {}
    }
    inner.call(on, call, objects)
}

fn trusts(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::Connect { name, to: to @ Endpoint::Of(listener), key: Key::Given(_) }
            if is_keyless(listener) =>
        {
            let connect = Call::Connect { name: name.clone(), to: to.clone(), key: Key::Absent };
            inner.call(on, &connect, objects)
        }
        _ => inner.call(on, call, objects),
    }
}
