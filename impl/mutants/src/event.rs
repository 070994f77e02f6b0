//! Mutants of events: set when they are not, waits that end wrongly, and setters that wait.

use std::time::{Duration, Instant};

use procession_contract::{Answer, Call, Object};

use crate::calls::{limit, with_limit};
use crate::{Defect, Memory, Mutant, facts, users};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "event_begins_set",
        about: "An event that nobody has set or cleared is set.",
        clauses: &["event/initially-clear", "event/wait-timeout-false"],
        defect: Defect::in_events(begins_set),
    },
    Mutant {
        name: "event_second_set_clears",
        about: "To set what is set clears it.",
        clauses: &["event/set-is-sticky-and-idempotent", "event/order-in-any-program"],
        defect: Defect::in_events(toggles),
    },
    Mutant {
        name: "event_wait_without_time_is_in_vain",
        about: "A wait for no time says no, whether the event is set or not.",
        clauses: &["event/wait-returns-immediately-when-set"],
        defect: Defect::in_events(no_time_is_no),
    },
    Mutant {
        name: "event_wait_times_out_early",
        about: "A time limit counts for half.",
        clauses: &["event/wait-timeout-false"],
        defect: Defect::in_events(early),
    },
    Mutant {
        name: "event_wait_gives_up",
        about: "A wait without a time limit gives up after a while.",
        clauses: &["event/wait-without-limit-waits"],
        defect: Defect::in_events(gives_up),
    },
    Mutant {
        name: "event_wakes_one_waiter",
        about: "Who comes second to wait is never woken.",
        clauses: &["event/set-wakes-all", "event/wait-result-reflects-set", "event/pulse-wakes-everybody"],
        defect: Defect::in_events(wakes_one),
    },
    Mutant {
        name: "event_forgets_a_pulse",
        about: "A wait looks now and then whether the event is set.",
        clauses: &["event/wait-result-reflects-set", "event/pulse-wakes-everybody"],
        defect: Defect::in_events(looks_now_and_then),
    },
    Mutant {
        name: "event_set_waits_for_the_woken",
        about: "A set waits until everybody that waited has gone on, and holds up the others meanwhile.",
        clauses: &[
            "event/set-returns-whoever-died",
            "event/is-set-never-waits",
            "event/set-waits-for-nobody",
            "event/many-short-lived-waiters",
        ],
        defect: Defect::in_events(waits_for_the_woken),
    },
    Mutant {
        name: "event_is_lost_with_its_user",
        about: "Nobody can use an event any more that a process used which was killed.",
        clauses: &[
            "event/killed-setter-frees-the-others",
            "event/is-set-never-waits",
            "event/order-despite-death",
        ],
        defect: Defect { dropped: Some(users::leaves), ..Defect::in_events(lost_with_its_user) },
    },
];

fn begins_set(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let used = format!("used.{}", memory.name);
    match call {
        Call::Set | Call::Clear => {
            facts::set(&used);
        }
        Call::IsSet | Call::Await { .. } if !facts::is_set(&used) => return Answer::truth(true),
        _ => {}
    }
    inner.call(call)
}

fn toggles(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Set if inner.call(&Call::IsSet).value == 1 => inner.call(&Call::Clear),
        _ => inner.call(call),
    }
}

fn no_time_is_no(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match limit(call) {
        Some(..=0) => Answer::truth(false),
        _ => inner.call(call),
    }
}

fn early(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match limit(call) {
        Some(ms @ 1..) => inner.call(&with_limit(call, Some(ms / 2))),
        _ => inner.call(call),
    }
}

fn gives_up(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Await { timeout_ms: None } => inner.call(&with_limit(call, Some(50))),
        _ => inner.call(call),
    }
}

fn wakes_one(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if !matches!(call, Call::Await { .. }) || inner.call(&Call::IsSet).value == 1 {
        return inner.call(call);
    }
    let waits = format!("waits.{}", memory.name);
    if !facts::set(&waits) {
        facts::for_ever();
    }
    let answer = inner.call(call);
    facts::clear(&waits);
    answer
}

pub(crate) fn looks_now_and_then(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let Call::Await { timeout_ms } = call else { return inner.call(call) };
    let limit = timeout_ms.map(|ms| Duration::from_millis(ms.max(0) as u64));
    let began = Instant::now();
    loop {
        let answer = inner.call(&Call::IsSet);
        if answer.value == 1 || limit.is_some_and(|limit| began.elapsed() >= limit) {
            return answer;
        }
        facts::pause();
    }
}

fn waits_for_the_woken(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let setting = format!("setting.{}", memory.name);
    match call {
        Call::Await { .. } => {
            users::note("waiter", memory);
            let answer = inner.call(call);
            users::forget("waiter", memory);
            answer
        }
        Call::Set => {
            facts::lock(&setting, None);
            let answer = inner.call(call);
            facts::wait_until(|| users::noted("waiter", memory).is_empty());
            facts::clear(&setting);
            answer
        }
        _ => {
            facts::wait_until(|| !facts::is_set(&setting));
            inner.call(call)
        }
    }
}

fn lost_with_its_user(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    users::note("user", memory);
    if users::one_is_dead("user", memory) {
        facts::for_ever();
    }
    inner.call(call)
}
