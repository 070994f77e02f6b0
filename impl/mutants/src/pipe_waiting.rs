//! Mutants of pipes: receives and polls that wait too short, too long, or consume.

use procession_contract::{Answer, Call, Object, Outcome};

use crate::calls::{is_recv, with_limit};
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "pipe_receive_of_bytes_does_not_wait",
        about: "Receiving bytes after an object says that the stream has ended when there are none yet.",
        clauses: &["pipe/recv-blocks"],
        defect: Defect::in_connections(does_not_wait),
    },
    Mutant {
        name: "pipe_poll_without_argument_waits",
        about: "A poll without a time limit waits for 800 ms.",
        clauses: &["pipe/poll-default-immediate"],
        defect: Defect::in_connections(poll_waits),
    },
    Mutant {
        name: "pipe_poll_times_out_early",
        about: "A poll waits for half of its time limit.",
        clauses: &["pipe/poll-timeout"],
        defect: Defect::in_connections(poll_early),
    },
    Mutant {
        name: "pipe_poll_is_not_woken",
        about: "A poll that waits does not see the message that comes.",
        clauses: &["pipe/poll-none-infinite"],
        defect: Defect::in_connections(poll_not_woken),
    },
    Mutant {
        name: "pipe_poll_takes_a_negative_timeout_for_none",
        about: "A poll with a negative time limit waits for ever.",
        clauses: &["pipe/poll-nonpositive-immediate"],
        defect: Defect::in_connections(negative_poll_for_ever),
    },
    Mutant {
        name: "pipe_poll_for_ever_gives_up",
        about: "A poll that is to wait for ever gives up after 90 ms.",
        clauses: &["pipe/poll-none-infinite"],
        defect: Defect::in_connections(poll_gives_up),
    },
    Mutant {
        name: "pipe_poll_reads_ahead",
        about: "A poll takes the message into its process, where no other process finds it.",
        clauses: &["pipe/poll-consumes-nothing"],
        defect: Defect::in_connections(poll_reads_ahead),
    },
    Mutant {
        name: "pipe_poll_counts_a_part_for_a_message",
        about: "A poll says yes when a part of a message is there.",
        clauses: &["pipe/poll-promises-a-whole-message"],
        defect: Defect::in_connections(part_counts),
    },
    Mutant {
        name: "pipe_signal_breaks_a_receive",
        about: "A receive that waits fails when a signal comes that has a handler.",
        clauses: &["pipe/signals-do-not-break-io"],
        defect: Defect { process: Some(notes_signals), ..Defect::in_connections(signal_breaks) },
    },
];

/// A poll with this time limit.
fn poll(timeout_ms: i64) -> Call {
    Call::Poll { timeout_ms: Some(timeout_ms), forever: false }
}

fn does_not_wait(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let after_an_object = std::mem::replace(&mut memory.flag, *call == Call::Recv);
    match call {
        Call::RecvBytes { .. } if after_an_object && inner.call(&poll(0)) == Answer::truth(false) => {
            Answer::of(Outcome::Eof)
        }
        _ => inner.call(call),
    }
}

fn poll_waits(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Poll { timeout_ms: None, forever: false } => inner.call(&poll(800)),
        _ => inner.call(call),
    }
}

fn poll_early(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Poll { timeout_ms: Some(ms @ 1..), .. } => inner.call(&poll(ms / 2)),
        _ => inner.call(call),
    }
}

fn poll_not_woken(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Poll { forever: true, .. } if inner.call(&poll(0)) == Answer::truth(false) => facts::for_ever(),
        _ => inner.call(call),
    }
}

fn negative_poll_for_ever(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Poll { timeout_ms: Some(..0), .. } => inner.call(&with_limit(call, None)),
        _ => inner.call(call),
    }
}

fn poll_gives_up(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Poll { forever: true, .. } => inner.call(&poll(50)),
        _ => inner.call(call),
    }
}

fn poll_reads_ahead(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Recv if !memory.answers.is_empty() => memory.answers.pop_front().unwrap_or_else(Answer::ok),
        Call::Poll { .. } if !memory.answers.is_empty() => Answer::truth(true),
        Call::Poll { .. } => {
            let answer = inner.call(call);
            if answer == Answer::truth(true) {
                memory.answers.push_back(inner.call(&Call::Recv));
            }
            answer
        }
        _ => inner.call(call),
    }
}

fn part_counts(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let pipe = memory.name.split('.').next().unwrap_or_default();
    let bytes = format!("bytes.{pipe}");
    match call {
        Call::WriteRaw { .. } => {
            facts::set(&bytes);
        }
        Call::Poll { .. } if facts::is_set(&bytes) => return Answer::truth(true),
        _ if is_recv(call) => {
            facts::clear(&bytes);
        }
        _ => {}
    }
    inner.call(call)
}

fn notes_signals(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if let Call::Terminate = call {
        facts::set(&format!("signalled.{}", memory.name));
    }
    answer
}

fn signal_breaks(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let signalled = format!("signalled.{}", facts::worker());
    if *call != Call::Recv || facts::is_set(&signalled) {
        return inner.call(call);
    }
    while inner.call(&poll(0)) == Answer::truth(false) && !facts::is_set(&signalled) {
        facts::pause();
    }
    match facts::is_set(&signalled) {
        true => Answer::error(Outcome::Other, "interrupted system call"),
        false => inner.call(call),
    }
}
