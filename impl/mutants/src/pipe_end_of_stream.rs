//! Mutants of pipes: ends of the stream that come too early, too late, once only or in disguise.

use std::sync::{Mutex, PoisonError};

use procession_contract::{
    Answer, Call, Implementation, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome, Worker,
};

use crate::calls::{damaged, is_longer, is_recv, sent_item};
use crate::pipe_messages::other_end;
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "pipe_says_once_that_it_has_ended",
        about: "A receive after the one that met the end of the stream waits for ever.",
        clauses: &["pipe/eof-after-peer-closed", "pipe/unread-data-does-not-hide-the-end"],
        defect: Defect::in_connections(says_once),
    },
    Mutant {
        name: "pipe_close_drops_what_is_under_way",
        about: "The end of the stream comes before the messages that were sent before it.",
        clauses: &["pipe/buffered-data-before-eof"],
        defect: Defect::in_connections(drops_what_is_under_way),
    },
    Mutant {
        name: "pipe_takes_a_torn_message_for_the_end",
        about: "An end of the stream inside a message is reported as one between messages.",
        clauses: &["pipe/eof-mid-message-error"],
        defect: Defect::in_connections(torn_is_end),
    },
    Mutant {
        name: "pipe_sends_to_nobody",
        about: "Sending succeeds although nobody is left who could receive.",
        clauses: &["pipe/send-to-closed-peer-error"],
        defect: Defect::in_connections(sends_to_nobody),
    },
    Mutant {
        name: "pipe_poll_does_not_see_the_end",
        about: "A poll says no when the other end is closed.",
        clauses: &["pipe/poll-true-at-eof", "pipe/poll-default-immediate"],
        defect: Defect::in_connections(poll_misses_end),
    },
    Mutant {
        name: "pipe_every_process_has_every_end",
        about: "A new process is given the ends that it was not to have, and keeps them open.",
        clauses: &["pipe/end-seen-when-its-users-are-gone"],
        defect: Defect { create: Some(remembers_ends), construct: Some(gives_every_end), ..Defect::NONE },
    },
    Mutant {
        name: "pipe_any_program_ends_in_a_reset",
        about: "Where an end has sent and received, the end of the stream is reported as a broken connection.",
        clauses: &["pipe/unread-data-does-not-hide-the-end", "pipe/order-and-end-in-any-program"],
        defect: Defect::in_connections(ends_in_a_reset),
    },
    Mutant {
        name: "pipe_hands_over_a_damaged_frame",
        about: "A frame that is torn or of an impossible length is received as an empty message.",
        clauses: &["pipe/impossible-length-is-an-error", "pipe/eof-mid-message-error"],
        defect: Defect::in_connections(hands_over_damage),
    },
    Mutant {
        name: "pipe_waits_for_the_rest_of_a_message",
        about: "A receive waits for ever for the rest of a message whose sender is gone.",
        clauses: &["pipe/eof-mid-message-error"],
        defect: Defect::in_connections(waits_for_the_rest),
    },
    Mutant {
        name: "pipe_gives_half_of_a_large_message",
        about: "Of a message of 8 MiB what has arrived first is received as if it were all.",
        clauses: &["pipe/killed-sender-leaves-no-half-message"],
        defect: Defect::in_connections(gives_half),
    },
];

fn says_once(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if memory.flag && is_recv(call) {
        facts::for_ever();
    }
    let answer = inner.call(call);
    memory.flag |= answer.outcome == Outcome::Eof;
    answer
}

fn closed(end: &str) -> String {
    format!("closed.{end}")
}

fn drops_what_is_under_way(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::Close = call {
        facts::set(&closed(&memory.name));
    } else if is_recv(call) && facts::is_set(&closed(&other_end(memory))) {
        return Answer::of(Outcome::Eof);
    }
    inner.call(call)
}

fn torn_is_end(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if answer.outcome == Outcome::Corrupt { Answer::of(Outcome::Eof) } else { answer }
}

fn sends_to_nobody(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if answer.outcome == Outcome::BrokenPipe { Answer::ok() } else { answer }
}

fn poll_misses_end(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Close => {
            facts::set(&closed(&memory.name));
        }
        Call::Poll { .. } if facts::is_set(&closed(&other_end(memory))) => return Answer::truth(false),
        _ => {}
    }
    inner.call(call)
}

/// Every end of every pipe that this process has created.
static ENDS: Mutex<Objects> = Mutex::new(Objects::new());

fn remembers_ends(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let created = inner.create(spec, method, existing)?;
    if let ObjectKind::Pipe { .. } = spec.kind {
        let mut ends = ENDS.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, end) in &created {
            ends.insert(name.clone(), end.share()?);
        }
    }
    Ok(created)
}

fn gives_every_end(_: &mut Worker, _: &mut Method, gets: &mut Objects) {
    let ends = ENDS.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, end) in ends.iter() {
        if let (false, Ok(end)) = (gets.contains_key(name), end.share()) {
            gets.insert(name.clone(), end);
        }
    }
}

fn ends_in_a_reset(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    memory.flag |= sent_item(call).is_some();
    let answer = inner.call(call);
    match answer.outcome {
        Outcome::Eof if memory.flag => Answer::error(Outcome::Other, "connection reset by peer"),
        _ => answer,
    }
}

fn hands_over_damage(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::RecvBytes { .. }, Outcome::Corrupt) => {
            let (value, aux) = procession_contract::Item::bytes(0, 0).expected();
            Answer { value, aux, items: vec![(0, 0)], ..Answer::ok() }
        }
        _ => answer,
    }
}

fn gives_half(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if is_recv(call) && is_longer(&answer, 8_000_000) { damaged(answer) } else { answer }
}

fn waits_for_the_rest(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    memory.flag |= answer.outcome == Outcome::Ok && is_recv(call);
    match (call, answer.outcome) {
        (Call::RecvBytes { .. }, Outcome::Corrupt | Outcome::PeerDied) => facts::for_ever(),
        (Call::RecvBytes { .. }, Outcome::Eof) if memory.flag => facts::for_ever(),
        _ => answer,
    }
}
