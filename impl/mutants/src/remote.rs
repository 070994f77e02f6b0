//! Mutants of managers whose clients are no relatives of theirs.

use procession_contract::{
    Answer, Call, Endpoint, Implementation, Key, Object, ObjectKind, Objects, Outcome, Value,
};

use crate::frames::FAILURE;
use crate::{Defect, Memory, Mutant, facts, kinds, listener};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "manager_takes_any_key",
        about: "Who connects to a manager with a wrong key is let in.",
        clauses: &["remote/wrong-key"],
        defect: Defect::in_library(takes_any_key),
    },
    Mutant {
        name: "manager_says_port_0",
        about: "The address of a manager has the port that it was asked for.",
        clauses: &["remote/port-zero"],
        defect: Defect::in_managers(listener::port_0),
    },
    Mutant {
        name: "strangers_are_told_why",
        about: "After the verdict on a wrong response comes an account of where the error was raised.",
        clauses: &["remote/strangers-learn-nothing"],
        defect: Defect::in_connections(tells_why),
    },
    Mutant {
        name: "server_in_the_foreground_never_ends",
        about: "A server in the foreground that is asked to stop stops serving, and does not return.",
        clauses: &["remote/serve-forever"],
        defect: Defect::in_managers(never_returns),
    },
    Mutant {
        name: "server_waits_for_a_silent_stranger",
        about: "Whoever comes after a stranger that says nothing is not looked at.",
        clauses: &["remote/silent-stranger-delays-nobody"],
        defect: Defect::in_library(waits_for_the_silent),
    },
];

fn takes_any_key(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    if let Call::ConnectManager { name, to: to @ Endpoint::Of(manager), key: Key::Unsaid | Key::Given(_) } =
        call
        && let Some(ObjectKind::Manager { key, .. }) = kinds::of(manager)
    {
        return inner.call(on, &Call::ConnectManager { name: name.clone(), to: to.clone(), key }, objects);
    }
    inner.call(on, call, objects)
}

fn tells_why(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    let Call::RecvBytes { .. } = call else { return answer };
    let is_refused = std::mem::replace(&mut memory.flag, answer.aux == Value::fingerprint_of_bytes(FAILURE));
    match answer.outcome {
        Outcome::Eof | Outcome::BrokenPipe if is_refused => {
            Answer::received(&Value::Bytes(b"Traceback (most recent call last)".to_vec()))
        }
        _ => answer,
    }
}

fn never_returns(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Serve => facts::for_ever(),
        _ => answer,
    }
}

fn waits_for_the_silent(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::Connect { key: Key::Absent, .. } => {
            facts::set("silent");
        }
        Call::ConnectManager { .. } if facts::is_set("silent") => facts::for_ever(),
        _ => {}
    }
    inner.call(on, call, objects)
}
