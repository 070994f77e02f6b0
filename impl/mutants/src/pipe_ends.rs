//! Mutants of pipes: ends that go the wrong way, are not closed, or are closed for others.

use procession_contract::{
    Answer, Call, Implementation, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "pipe_end_hears_itself",
        about: "An end that has just sent says that there is something to receive.",
        clauses: &["pipe/returns-two-connected-ends"],
        defect: Defect::in_connections(hears_itself),
    },
    Mutant {
        name: "pipe_duplex_end_denies_that_it_receives",
        about: "The second end of a pipe that goes both ways says that it only sends.",
        clauses: &["pipe/duplex-default"],
        defect: Defect::in_connections(denies_receiving),
    },
    Mutant {
        name: "pipe_one_way_goes_both_ways",
        about: "A pipe that was to go one way goes both ways.",
        clauses: &[
            "pipe/simplex-roles",
            "pipe/simplex-recv-only-end-rejects-send",
            "pipe/simplex-send-only-end-rejects-recv-and-poll",
        ],
        defect: Defect { create: Some(goes_both_ways), ..Defect::NONE },
    },
    Mutant {
        name: "pipe_one_way_is_turned_round",
        about: "Of a pipe that goes one way the first end sends and the second one receives.",
        clauses: &["pipe/simplex-roles"],
        defect: Defect { create: Some(turned_round), ..Defect::NONE },
    },
    Mutant {
        name: "pipe_gives_a_message_twice",
        about: "The fifth message that a process receives is given to it once more.",
        clauses: &["pipe/two-ends-only", "pipe/order-preserved"],
        defect: Defect::in_connections(gives_twice),
    },
    Mutant {
        name: "pipe_close_reaches_other_processes",
        about: "An end that one process closes is closed in every process.",
        clauses: &["pipe/inherited-ends-shared"],
        defect: Defect::in_connections(close_reaches_others),
    },
    Mutant {
        name: "pipe_has_no_descriptor",
        about: "The descriptor of an open connection is -1.",
        clauses: &["pipe/fileno-integer"],
        defect: Defect::in_connections(no_descriptor),
    },
    Mutant {
        name: "pipe_scope_leaves_it_open",
        about: "A connection that was used as a scope is still open afterwards.",
        clauses: &["pipe/scope-closes"],
        defect: Defect::in_connections(scope_leaves_open),
    },
    Mutant {
        name: "pipe_closed_end_has_a_descriptor",
        about: "A closed connection still names its descriptor, which may be another file's by now.",
        clauses: &["pipe/closed-handle-errors"],
        defect: Defect::in_connections(closed_has_descriptor),
    },
];

fn hears_itself(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let has_just_sent = std::mem::replace(&mut memory.flag, matches!(call, Call::Send { .. }));
    match call {
        Call::Poll { timeout_ms: None, forever: false } if has_just_sent => Answer::truth(true),
        _ => inner.call(call),
    }
}

fn denies_receiving(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_second = memory.kind == Some(ObjectKind::Pipe { duplex: true }) && memory.name.ends_with(".1");
    match call {
        Call::Readable if is_second => Answer::truth(false),
        _ => inner.call(call),
    }
}

fn goes_both_ways(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let mut spec = spec.clone();
    if let ObjectKind::Pipe { duplex } = &mut spec.kind {
        *duplex = true;
    }
    inner.create(&spec, method, existing)
}

fn turned_round(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let created = inner.create(spec, method, existing)?;
    if spec.kind != (ObjectKind::Pipe { duplex: false }) {
        return Ok(created);
    }
    let other = |name: String| match name.strip_suffix(".0") {
        Some(pipe) => format!("{pipe}.1"),
        None => format!("{}.0", spec.name),
    };
    Ok(created.into_iter().map(|(name, end)| (other(name), end)).collect())
}

fn gives_twice(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if *call == Call::Recv
        && let Some(again) = memory.answers.pop_front()
    {
        return again;
    }
    let answer = inner.call(call);
    if memory.calls == 4 && *call == Call::Recv && answer.outcome == Outcome::Ok {
        memory.answers.push_back(answer.clone());
    }
    answer
}

fn close_reaches_others(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let fact = format!("closed.{}", memory.name);
    if let Call::Close = call {
        facts::set(&fact);
    } else if facts::is_set(&fact) {
        inner.call(&Call::Close);
    }
    inner.call(call)
}

fn no_descriptor(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Fileno, Outcome::Ok) => Answer::number(-1),
        _ => answer,
    }
}

fn scope_leaves_open(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Scope { .. } => Answer::truth(true),
        _ => inner.call(call),
    }
}

fn closed_has_descriptor(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Fileno, Outcome::Closed) => Answer::number(5),
        _ => answer,
    }
}
