//! Mutants of barriers: what breaks them, what repairs them, and what the death of a party does.

use procession_contract::{
    Answer, Call, Implementation, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::calls::{limit, with_limit};
use crate::{Defect, Memory, Mutant, facts, users};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "barrier_hides_the_action_s_error",
        about: "The party whose action failed is told only that the barrier is broken.",
        clauses: &["barrier/action-error-breaks"],
        defect: Defect::in_barriers(hides_the_error),
    },
    Mutant {
        name: "barrier_repairs_itself",
        about: "A barrier that broke because a time limit was over repairs itself.",
        clauses: &["barrier/timeout-breaks"],
        defect: Defect::in_barriers(repairs_itself),
    },
    Mutant {
        name: "barrier_has_no_default_limit",
        about: "The time limit that was given at construction is forgotten.",
        clauses: &["barrier/default-timeout"],
        defect: Defect { create: Some(without_limit), ..Defect::NONE },
    },
    Mutant {
        name: "barrier_abort_resets",
        about: "An abort leaves the barrier usable.",
        clauses: &["barrier/abort", "barrier/attributes"],
        defect: Defect::in_barriers(abort_resets),
    },
    Mutant {
        name: "barrier_reset_breaks",
        about: "A reset leaves the barrier broken.",
        clauses: &["barrier/reset-with-waiters", "barrier/reset-after-break", "barrier/order-in-any-program"],
        defect: Defect::in_barriers(reset_breaks),
    },
    Mutant {
        name: "barrier_waits_for_the_dead",
        about: "Who waits at a barrier goes on waiting when another party dies.",
        clauses: &[
            "barrier/dead-party-breaks-it",
            "barrier/action-runner-s-death-breaks-it",
            "barrier/many-short-lived-parties",
        ],
        defect: Defect::in_barriers(waits_for_the_dead),
    },
    Mutant {
        name: "barrier_is_lost_with_its_user",
        about: "Nobody passes a barrier any more that a process used which was killed.",
        clauses: &[
            "barrier/party-that-has-passed-may-die",
            "barrier/party-killed-as-it-arrives",
            "barrier/killed-breaker-frees-the-others",
            "barrier/dead-party-breaks-it",
            "barrier/order-despite-death",
        ],
        defect: Defect { dropped: Some(users::leaves), ..Defect::in_barriers(lost_with_its_user) },
    },
    Mutant {
        name: "barrier_takes_the_stopped_for_dead",
        about: "A waiting party that is stopped counts as dead.",
        clauses: &["barrier/stopped-party-is-not-dead"],
        defect: Defect::in_barriers(stopped_is_dead),
    },
    Mutant {
        name: "barrier_forgets_limits",
        about: "A wait's own time limit is forgotten.",
        clauses: &[
            "barrier/deadline-holds-while-others-die",
            "barrier/timeout-breaks",
            "barrier/default-timeout",
        ],
        defect: Defect::in_barriers(forgets_limits),
    },
];

fn hides_the_error(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if answer.outcome == Outcome::ActionFailed { Answer::of(Outcome::BrokenBarrier) } else { answer }
}

fn repairs_itself(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if limit(call).is_some() && answer.outcome == Outcome::BrokenBarrier {
        inner.call(&Call::Reset);
    }
    answer
}

fn without_limit(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let mut spec = spec.clone();
    if let ObjectKind::Barrier { timeout_ms, .. } = &mut spec.kind {
        *timeout_ms = None;
    }
    inner.create(&spec, method, existing)
}

fn abort_resets(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Abort => inner.call(&Call::Reset),
        _ => inner.call(call),
    }
}

fn reset_breaks(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Reset => inner.call(&Call::Abort),
        _ => inner.call(call),
    }
}

/// Waits with a note of who waits; that of a party that dies stays.
fn notes_parties(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if !matches!(call, Call::Await { .. }) {
        return inner.call(call);
    }
    users::note("waiter", memory);
    let answer = inner.call(call);
    users::forget("waiter", memory);
    answer
}

fn waits_for_the_dead(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = notes_parties(memory, call, inner);
    match (call, answer.outcome) {
        (Call::Await { .. }, Outcome::BrokenBarrier) if users::one_is_dead("waiter", memory) => {
            facts::for_ever()
        }
        _ => answer,
    }
}

fn lost_with_its_user(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    users::note("user", memory);
    let answer = inner.call(call);
    match call {
        Call::Await { .. } if users::one_is_dead("user", memory) => facts::for_ever(),
        _ => answer,
    }
}

fn stopped_is_dead(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if matches!(call, Call::Await { .. }) && users::one_is_stopped("waiter", memory) {
        inner.call(&Call::Abort);
    }
    notes_parties(memory, call, inner)
}

fn forgets_limits(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match limit(call) {
        Some(1..) => inner.call(&with_limit(call, None)),
        _ => inner.call(call),
    }
}
