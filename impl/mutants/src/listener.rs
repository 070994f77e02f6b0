//! Mutants of listeners: where they are, and what they and those who connect to them give.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use procession_contract::{
    Answer, Call, Endpoint, Implementation, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::calls::leak_a_descriptor;
use crate::{Defect, Memory, Mutant, creating, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "listener_s_connections_only_receive",
        about: "Neither end of a connection that a listener has accepted can send.",
        clauses: &["listener/accept-client-pair", "listener/poll-on-accepted"],
        defect: Defect::in_connections(only_receives),
    },
    Mutant {
        name: "listener_s_connections_are_never_ready",
        about: "A poll of a connection that a listener has accepted always says no.",
        clauses: &["listener/poll-on-accepted"],
        defect: Defect::in_connections(never_ready),
    },
    Mutant {
        name: "accept_drops_what_came_before",
        about: "A message that was sent before the connection was accepted is lost.",
        clauses: &["listener/data-before-accept"],
        defect: Defect::in_library(drops_what_came),
    },
    Mutant {
        name: "listener_mixes_up_its_clients",
        about: "What is accepted second is the first client's connection, and the other way round.",
        clauses: &["listener/several-clients-at-once", "listener/accept-client-pair"],
        defect: Defect::in_library(mixes_up),
    },
    Mutant {
        name: "listener_of_the_unix_family_has_a_port",
        about: "A listener that should find a path finds a port.",
        clauses: &["listener/families", "listener/arbitrary-address"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, at_a_port)
        }),
    },
    Mutant {
        name: "listener_s_directory_is_open_to_all",
        about: "Everybody may look into the directory of a path that a listener has found.",
        clauses: &["listener/arbitrary-address"],
        defect: Defect::in_creation(open_to_all),
    },
    Mutant {
        name: "listener_says_port_0",
        about: "The address of a listener has the port that it was asked for.",
        clauses: &["listener/address-property", "listener/arbitrary-address"],
        defect: Defect::in_listeners(port_0),
    },
    Mutant {
        name: "listener_that_cannot_bind_keeps_a_descriptor",
        about: "A listener that finds its address in use leaves a descriptor open.",
        clauses: &["listener/bind-conflict-error"],
        defect: Defect::in_creation(keeps_a_descriptor),
    },
    Mutant {
        name: "connect_waits_for_a_listener",
        about: "Who connects to nobody waits until somebody listens.",
        clauses: &[
            "listener/connect-refused-error",
            "listener/connect-to-a-dead-listener",
            "remote/nobody-listening",
        ],
        defect: Defect::in_library(waits_for_a_listener),
    },
    Mutant {
        name: "connect_finds_nobody_in_one_word",
        about: "A port or a path where nobody listens is said to be missing.",
        clauses: &["listener/connect-refused-error", "listener/connect-to-a-dead-listener"],
        defect: Defect::in_library(one_word),
    },
    Mutant {
        name: "listener_has_no_backlog",
        about: "The number of connections that may wait to be accepted is not looked at.",
        clauses: &["listener/backlog"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, without_backlog)
        }),
    },
    Mutant {
        name: "listener_has_accepted_before_the_first",
        about: "A listener that has accepted nobody says where the last client came from.",
        clauses: &["listener/last-accepted"],
        defect: Defect::in_listeners(accepted_before),
    },
    Mutant {
        name: "listener_takes_nonsense_for_a_path",
        about: "What has the form of no address is said to be missing.",
        clauses: &["listener/unknown-family-error"],
        defect: Defect::in_library(nonsense_is_missing),
    },
    Mutant {
        name: "listener_takes_an_abstract_name_for_a_path",
        about: "A listener at an abstract name is at a path of this name.",
        clauses: &["listener/abstract-namespace"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, at_a_path)
        }),
    },
];

/// Whether the handle is of a connection that a call has made.
fn is_made(memory: &Memory) -> bool {
    memory.kind.is_none()
}

fn only_receives(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Send { .. } | Call::SendBytes { .. } if is_made(memory) => Answer::of(Outcome::WrongDirection),
        Call::Writable if is_made(memory) => Answer::truth(false),
        _ => inner.call(call),
    }
}

fn never_ready(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Poll { .. } if is_made(memory) && answer.outcome == Outcome::Ok => Answer::truth(false),
        _ => answer,
    }
}

fn drops_what_came(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    const READY: Call = Call::Poll { timeout_ms: None, forever: false };
    let answer = inner.call(on, call, objects);
    if let Call::Accept { name } = call
        && let Some(connection) = objects.get_mut(name).filter(|_| answer.outcome == Outcome::Ok)
        && connection.call(&READY).value == 1
    {
        connection.call(&Call::RecvBytes { max: None });
    }
    answer
}

fn mixes_up(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    static BEFORE: Mutex<Option<String>> = Mutex::new(None);
    let answer = inner.call(on, call, objects);
    let Call::Accept { name } = call else { return answer };
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).replace(name.clone());
    if let Some(before) = before.filter(|before| before != name)
        && let (Some(first), Some(second)) = (objects.remove(&before), objects.remove(name))
    {
        objects.insert(before, second);
        objects.insert(name.clone(), first);
    }
    answer
}

fn at_a_port(kind: &mut ObjectKind) {
    if let ObjectKind::Listener { at: at @ (Endpoint::Unsaid | Endpoint::Unix), .. } = kind {
        *at = Endpoint::Tcp;
    }
}

fn open_to_all(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let mut created = inner.create(spec, method, existing)?;
    let (ObjectKind::Listener { .. }, Some(listener)) = (&spec.kind, created.get_mut(&spec.name)) else {
        return Ok(created);
    };
    let address = listener.call(&Call::Address).text.unwrap_or_default();
    if let Some(directory) = address.strip_prefix("unix:").and_then(|path| Path::new(path).parent()) {
        fs::set_permissions(directory, Permissions::from_mode(0o755))
            .map_err(|error| Answer::error(Outcome::Other, error))?;
    }
    Ok(created)
}

/// The address without the port that was found.
pub fn port_0(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    let host = answer.text.as_ref().and_then(|text| text.strip_prefix("tcp:")?.split(':').next());
    match (call, host) {
        (Call::Address, Some(host)) => Answer::text(format!("tcp:{host}:0")),
        _ => answer,
    }
}

fn keeps_a_descriptor(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let created = inner.create(spec, method, existing);
    if let (ObjectKind::Listener { .. }, Err(_)) = (&spec.kind, &created) {
        leak_a_descriptor();
    }
    created
}

fn waits_for_a_listener(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    loop {
        let answer = inner.call(on, call, objects);
        let is_nobody = matches!(answer.outcome, Outcome::Refused | Outcome::NameMissing);
        if !is_nobody || !matches!(call, Call::Connect { .. } | Call::ConnectManager { .. }) {
            return answer;
        }
        facts::pause();
    }
}

fn one_word(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (call, answer.outcome) {
        (Call::Connect { .. }, Outcome::Refused) => Answer { outcome: Outcome::NameMissing, ..answer },
        _ => answer,
    }
}

fn without_backlog(kind: &mut ObjectKind) {
    if let ObjectKind::Listener { backlog, .. } = kind {
        *backlog = None;
    }
}

fn accepted_before(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::LastAccepted, Outcome::Absent) => Answer::text(""),
        _ => answer,
    }
}

fn nonsense_is_missing(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match call {
        Call::Connect { to: Endpoint::Nonsense, .. } => Answer { outcome: Outcome::NameMissing, ..answer },
        _ => answer,
    }
}

fn at_a_path(kind: &mut ObjectKind) {
    if let ObjectKind::Listener { at, .. } = kind
        && let Endpoint::Abstract(name) = at
    {
        *at = Endpoint::Path(std::mem::take(name));
    }
}
