//! Mutants of queues: waits that are too short, too long, or slept through.

use procession_contract::{Answer, Call, Object, ObjectKind, Outcome};

use crate::calls::{is_get, limit, put_item, waits, with_limit};
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "queue_put_never_waits",
        about: "A put that is to wait for room says at once that the queue is full.",
        clauses: &["queue/put-blocks-when-full", "queue/put-timeout-full"],
        defect: Defect::in_queues(put_never_waits),
    },
    Mutant {
        name: "queue_nonblocking_put_keeps_a_timeout",
        about: "A put that is not to wait waits if it has a time limit.",
        clauses: &["queue/put-nonblocking-full"],
        defect: Defect::in_queues(nonblocking_put_waits),
    },
    Mutant {
        name: "queue_put_times_out_early",
        about: "A put waits for half of its time limit.",
        clauses: &["queue/put-timeout-full"],
        defect: Defect::in_queues(put_early),
    },
    Mutant {
        name: "queue_put_times_out_late",
        about: "A put waits for 700 ms more than its time limit.",
        clauses: &["queue/put-timeout-full"],
        defect: Defect::in_queues(put_late),
    },
    Mutant {
        name: "queue_put_takes_a_negative_timeout_for_none",
        about: "A put with a negative time limit waits for ever.",
        clauses: &["queue/put-nonpositive-timeout"],
        defect: Defect::in_queues(negative_put_for_ever),
    },
    Mutant {
        name: "queue_nonblocking_get_keeps_a_timeout",
        about: "A get that is not to wait waits if it has a time limit.",
        clauses: &["queue/get-nonblocking-empty"],
        defect: Defect::in_queues(nonblocking_get_waits),
    },
    Mutant {
        name: "queue_get_times_out_early",
        about: "A get waits for half of its time limit.",
        clauses: &["queue/get-timeout-empty"],
        defect: Defect::in_queues(get_early),
    },
    Mutant {
        name: "queue_get_takes_a_negative_timeout_for_none",
        about: "A get with a negative time limit waits for ever.",
        clauses: &["queue/get-nonpositive-timeout"],
        defect: Defect::in_queues(negative_get_for_ever),
    },
    Mutant {
        name: "queue_get_gives_up",
        about: "A get without a time limit says after 140 ms that the queue is empty.",
        clauses: &["queue/blocking-get-waits-forever"],
        defect: Defect::in_queues(get_gives_up),
    },
    Mutant {
        name: "queue_third_waiting_get_is_not_woken",
        about: "A get that begins to wait while two others do is woken by no item.",
        clauses: &["queue/put-wakes-one-waiting-get"],
        defect: Defect::in_queues(third_get_sleeps_on),
    },
    Mutant {
        name: "queue_second_waiting_put_is_not_woken",
        about: "A put that begins to wait while another does is woken by no room.",
        clauses: &["queue/get-wakes-one-waiting-put"],
        defect: Defect::in_queues(second_put_sleeps_on),
    },
];

fn put_never_waits(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match put_item(call) {
        Some(item) => inner.call(&Call::PutNowait { item }),
        None => inner.call(call),
    }
}

/// Enough beyond the slack of the clauses about time.
const TOO_LONG_MS: i64 = 700;

fn nonblocking_put_waits(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Put { block: false, timeout_ms: Some(_), .. } => {
            inner.call(&with_limit(call, Some(TOO_LONG_MS)))
        }
        _ => inner.call(call),
    }
}

fn nonblocking_get_waits(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Get { block: false, timeout_ms: Some(_) } => inner.call(&with_limit(call, Some(TOO_LONG_MS))),
        _ => inner.call(call),
    }
}

fn put_early(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match limit(call) {
        Some(ms) if put_item(call).is_some() => inner.call(&with_limit(call, Some(ms / 2))),
        _ => inner.call(call),
    }
}

fn put_late(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match limit(call) {
        Some(ms) if ms > 0 && put_item(call).is_some() => {
            inner.call(&with_limit(call, Some(ms + TOO_LONG_MS)))
        }
        _ => inner.call(call),
    }
}

pub(crate) fn get_early(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match limit(call) {
        Some(ms) if is_get(call) => inner.call(&with_limit(call, Some(ms / 2))),
        _ => inner.call(call),
    }
}

fn negative_put_for_ever(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_negative = limit(call).is_some_and(|ms| ms < 0) && put_item(call).is_some();
    if is_negative { inner.call(&with_limit(call, None)) } else { inner.call(call) }
}

fn negative_get_for_ever(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_negative = limit(call).is_some_and(|ms| ms < 0) && is_get(call);
    if is_negative { inner.call(&with_limit(call, None)) } else { inner.call(call) }
}

fn get_gives_up(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Get { block: true, timeout_ms: None } => inner.call(&with_limit(call, Some(50))),
        _ => inner.call(call),
    }
}

/// Answers a call that finds nothing at first, where `most` may wait at once and others sleep on.
fn sleeps_on(memory: &Memory, call: &Call, inner: &mut dyn Object, at_once: Call, most: u32) -> Answer {
    let answer = inner.call(&at_once);
    if !matches!(answer.outcome, Outcome::Empty | Outcome::Full) {
        return answer;
    }
    let place = |number| format!("waits.{}.{number}", memory.name);
    match (0..most).find(|number| facts::set(&place(*number))) {
        Some(number) => {
            let answer = inner.call(call);
            facts::clear(&place(number));
            answer
        }
        None => facts::for_ever(),
    }
}

fn third_get_sleeps_on(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match is_get(call) && waits(call) {
        true => sleeps_on(memory, call, inner, Call::GetNowait, 2),
        false => inner.call(call),
    }
}

fn second_put_sleeps_on(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let bounded = matches!(memory.kind, Some(ObjectKind::Queue { maxsize: 1.. }));
    match put_item(call) {
        Some(item) if bounded && waits(call) => sleeps_on(memory, call, inner, Call::PutNowait { item }, 1),
        _ => inner.call(call),
    }
}
