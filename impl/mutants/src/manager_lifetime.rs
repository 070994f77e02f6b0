//! Mutants of managers: how their servers begin, where they are, and how they end.

use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use procession_contract::{
    Answer, Call, Endpoint, Implementation, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::invoking::{invokes, is_wrong_state};
use crate::{Defect, Memory, Mutant, creating, facts, kinds};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "managers_share_a_server",
        about: "The objects of every manager of a process are in the server of the first one.",
        clauses: &["manager/started-server-process"],
        defect: Defect::in_creation(in_the_first),
    },
    Mutant {
        name: "manager_start_of_what_is_started_is_silent",
        about: "Starting a manager that is started or shut down says nothing.",
        clauses: &["manager/start-once"],
        defect: Defect::in_managers(silent_start),
    },
    Mutant {
        name: "manager_starts_when_it_is_needed",
        about: "Creating an object starts the manager, if it has not been started.",
        clauses: &["manager/create-before-start-error"],
        defect: Defect::in_creation(starts_when_needed),
    },
    Mutant {
        name: "manager_shutdown_does_nothing",
        about: "After a shutdown the server serves on.",
        clauses: &[
            "manager/shutdown-stops-server",
            "manager/create-before-start-error",
            "proxy/after-shutdown-error",
            "remote/nobody-listening",
        ],
        defect: Defect::in_managers(does_not_shut_down),
    },
    Mutant {
        name: "manager_is_shut_down_once",
        about: "A second shutdown is an error.",
        clauses: &["manager/shutdown-stops-server"],
        defect: Defect::in_managers(shut_down_once),
    },
    Mutant {
        name: "manager_scope_left_by_an_error_serves_on",
        about: "Leaving a manager's scope by an error shuts nothing down.",
        clauses: &["manager/scope-starts-and-shuts-down"],
        defect: Defect::in_managers(scope_serves_on),
    },
    Mutant {
        name: "manager_has_no_initializer",
        about: "The initializer is not looked at, and not run.",
        clauses: &["manager/initializer", "manager/start-failure-says-why"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, without_initializer)
        }),
    },
    Mutant {
        name: "manager_start_fails_by_an_end_of_stream",
        about: "Whatever keeps a server from starting, the caller is told that a stream has ended.",
        clauses: &["manager/start-failure-says-why", "manager/initializer"],
        defect: Defect { create: Some(created_or_eof), ..Defect::in_managers(started_or_eof) },
    },
    Mutant {
        name: "manager_serves_over_tcp",
        about: "A manager of which nothing is said serves at a port, and not at a path.",
        clauses: &["manager/address"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, over_tcp)
        }),
    },
    Mutant {
        name: "manager_stops_before_children_have_ended",
        about: "The end of the owner's main function shuts the manager down, and its children are joined afterwards.",
        clauses: &["manager/serves-until-children-have-ended"],
        defect: Defect { dropped: Some(stops_first), ..Defect::NONE },
    },
    Mutant {
        name: "manager_leaves_a_process_of_a_killed_owner",
        about: "A process that belongs to the manager lives on when its owner is killed.",
        clauses: &["manager/ends-with-a-killed-owner"],
        defect: Defect { dropped: Some(ends_the_process), ..Defect::in_creation(with_a_process) },
    },
    Mutant {
        name: "manager_is_shut_down_by_anybody",
        about: "A manager that only connected says that it has shut the server down.",
        clauses: &["manager/shutdown-only-for-starter"],
        defect: Defect::in_managers(by_anybody),
    },
    Mutant {
        name: "manager_join_waits_for_nothing",
        about: "A join returns while the server serves, whatever its time limit.",
        clauses: &["manager/join"],
        defect: Defect::in_managers(joins_at_once),
    },
    Mutant {
        name: "manager_serves_on_without_references",
        about: "The server of a manager to which nothing refers any more serves until its owner ends.",
        clauses: &["manager/collected-manager-stops"],
        defect: Defect::in_creation(keeps_a_reference),
    },
    Mutant {
        name: "manager_ends_at_an_interrupt",
        about: "A server that gets SIGINT ends.",
        clauses: &["manager/server-ignores-sigint"],
        defect: Defect::in_library(ends_at_an_interrupt),
    },
    Mutant {
        name: "manager_s_port_is_used_once",
        about: "At a port at which a manager has served no other one can serve.",
        clauses: &["manager/rapid-restart"],
        defect: Defect::in_creation(never_again),
    },
];

fn is_manager(memory: &Memory) -> bool {
    matches!(memory.kind, Some(ObjectKind::Manager { .. }))
}

fn in_the_first(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let mut spec = spec.clone();
    let is_manager = |name: &&String| matches!(kinds::of(name), Some(ObjectKind::Manager { .. }));
    if let ObjectKind::Managed { manager, .. } = &mut spec.kind
        && let Some(first) = existing.keys().find(is_manager)
    {
        first.clone_into(manager);
    }
    inner.create(&spec, method, existing)
}

fn silent_start(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Start if is_wrong_state(&answer) => Answer::ok(),
        _ => answer,
    }
}

fn starts_when_needed(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let created = inner.create(spec, method, existing);
    let (ObjectKind::Managed { manager, .. }, Err(answer)) = (&spec.kind, &created) else { return created };
    let starts = is_wrong_state(answer)
        && existing.get_mut(manager).is_some_and(|manager| manager.call(&Call::Start).outcome == Outcome::Ok);
    if starts { inner.create(spec, method, existing) } else { created }
}

fn does_not_shut_down(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Shutdown => Answer::ok(),
        _ => inner.call(call),
    }
}

fn shut_down_once(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Shutdown if std::mem::replace(&mut memory.flag, true) => Answer::of(Outcome::Misuse),
        _ => inner.call(call),
    }
}

fn scope_serves_on(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Scope { fail: true } => {
            inner.call(&Call::Start);
            Answer::truth(true)
        }
        _ => inner.call(call),
    }
}

fn without_initializer(kind: &mut ObjectKind) {
    if let ObjectKind::Manager { initializer, .. } = kind {
        *initializer = None;
    }
}

/// What is said of a start that failed, unless it came at the wrong time.
fn eof(answer: Answer) -> Answer {
    match answer.outcome {
        Outcome::Ok => answer,
        _ if is_wrong_state(&answer) => answer,
        _ => Answer::of(Outcome::Eof),
    }
}

fn created_or_eof(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let created = inner.create(spec, method, existing);
    match spec.kind {
        ObjectKind::Manager { .. } => created.map_err(eof),
        _ => created,
    }
}

fn started_or_eof(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if let Call::Start = call { eof(answer) } else { answer }
}

fn over_tcp(kind: &mut ObjectKind) {
    if let ObjectKind::Manager { at: at @ Endpoint::Unsaid, .. } = kind {
        *at = Endpoint::Tcp;
    }
}

fn stops_first(memory: &mut Memory, inner: &mut dyn Object) {
    if is_manager(memory) && !memory.is_share && facts::worker() == "main" {
        inner.call(&Call::Shutdown);
    }
}

/// The process that belongs to the manager of this process, and whose child it is.
static PROCESS: Mutex<Option<(u32, Child)>> = Mutex::new(None);

fn with_a_process(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let created = inner.create(spec, method, existing)?;
    if let ObjectKind::Manager { .. } = spec.kind {
        let mut sleep = Command::new("sleep");
        sleep.arg("60").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = sleep.spawn().map_err(|error| Answer::error(Outcome::Other, error))?;
        *PROCESS.lock().unwrap_or_else(PoisonError::into_inner) = Some((std::process::id(), child));
    }
    Ok(created)
}

fn ends_the_process(memory: &mut Memory, _: &mut dyn Object) {
    if !is_manager(memory) || memory.is_share {
        return;
    }
    // A forked process has a copy of what its parent remembers, and no child to end.
    let process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((_, mut child)) = process.filter(|(parent, _)| *parent == std::process::id()) {
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn by_anybody(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if let Call::Shutdown = call { Answer::ok() } else { answer }
}

fn joins_at_once(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Join { .. } => Answer::ok(),
        _ => inner.call(call),
    }
}

fn keeps_a_reference(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let created = inner.create(spec, method, existing)?;
    if let ObjectKind::Manager { .. } = spec.kind
        && let Some(manager) = created.get(&spec.name)
    {
        std::mem::forget(manager.share()?);
    }
    Ok(created)
}

fn ends_at_an_interrupt(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if invokes(call, "interrupt")
        && let Some(ObjectKind::Managed { manager, .. }) = kinds::of(on)
        && let Some(manager) = objects.get_mut(&manager)
    {
        manager.call(&Call::KillServer);
    }
    answer
}

fn never_again(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    if let ObjectKind::Manager { at: Endpoint::Of(other), .. } = &spec.kind
        && let Some(ObjectKind::Manager { at: Endpoint::Tcp, .. }) = kinds::of(other)
    {
        return Err(Answer::of(Outcome::NameTaken));
    }
    inner.create(spec, method, existing)
}
