//! Mutants of semaphores: permits counted wrongly, lost, or given back too often.

use procession_contract::{Answer, Call, Object, ObjectKind, Outcome, Scalar};

use crate::calls::{RELEASE, is_acquire, is_acquired};
use crate::{Defect, Memory, Mutant, acquiring, creating, facts, proc, users};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "semaphore_release_gives_two",
        about: "A release gives two permits.",
        clauses: &["semaphore/counting", "semaphore/unbounded-release"],
        defect: Defect::in_semaphores(gives_two),
    },
    Mutant {
        name: "semaphore_begins_with_two",
        about: "A semaphore without an initial value has two permits.",
        clauses: &["semaphore/default-one"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, begins_with_two)
        }),
    },
    Mutant {
        name: "semaphore_of_nothing_has_one",
        about: "A semaphore with the initial value 0 has a permit.",
        clauses: &["semaphore/default-one", "semaphore/timeouts", "semaphore/counting"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, never_nothing)
        }),
    },
    Mutant {
        name: "semaphore_is_always_bounded",
        about: "A plain semaphore, too, is never released above its initial value.",
        clauses: &["semaphore/unbounded-release", "semaphore/counting", "semaphore/order-in-any-program"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, always_bounded)
        }),
    },
    Mutant {
        name: "semaphore_is_never_bounded",
        about: "A bounded semaphore may be released above its initial value.",
        clauses: &["semaphore/bounded-over-release-error"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, never_bounded)
        }),
    },
    Mutant {
        name: "semaphore_swallows_an_over_release",
        about: "A release too many says nothing.",
        clauses: &[
            "semaphore/bounded-over-release-error",
            "semaphore/permits-never-exceed-the-initial-value",
        ],
        defect: Defect::in_semaphores(swallows),
    },
    Mutant {
        name: "semaphore_takes_less_than_nothing_for_nothing",
        about: "A negative initial value is taken for 0.",
        clauses: &["semaphore/negative-initial-error"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, negative_is_nothing)
        }),
    },
    Mutant {
        name: "semaphore_rounds_its_initial_value",
        about: "An initial value that is no whole number is rounded.",
        clauses: &["semaphore/negative-initial-error"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other(inner, spec, method, existing, rounds)
        }),
    },
    Mutant {
        name: "semaphore_times_out_early",
        about: "A time limit counts for half.",
        clauses: &["semaphore/timeouts", "semaphore/deadline-holds-while-others-die"],
        defect: Defect::in_semaphores(acquiring::early),
    },
    Mutant {
        name: "semaphore_nonblocking_waits_out_its_limit",
        about: "An acquire that is not to wait waits for as long as its time limit says.",
        clauses: &["semaphore/timeouts"],
        defect: Defect::in_semaphores(acquiring::nonblocking_waits),
    },
    Mutant {
        name: "semaphore_wakes_one_waiter",
        about: "Who comes second to wait is never woken.",
        clauses: &["semaphore/counting"],
        defect: Defect::in_semaphores(acquiring::one_waiter),
    },
    Mutant {
        name: "semaphore_released_by_its_holder_alone",
        about: "Nobody may release a permit but a process that acquired one.",
        clauses: &["semaphore/cross-process-release"],
        defect: Defect::in_semaphores(by_its_holder),
    },
    Mutant {
        name: "semaphore_looks_before_it_releases",
        about: "A release looks whether a permit is missing, and gives one a little later.",
        clauses: &["semaphore/racing-releases-let-one-through"],
        defect: Defect::in_semaphores(acquiring::looks_then_releases),
    },
    Mutant {
        name: "semaphore_is_lost_with_its_user",
        about: "Nobody gets a permit any more once a process that had one was killed.",
        clauses: &[
            "semaphore/permits-of-the-dead-come-back",
            "semaphore/waiter-gets-a-dead-holder-s-permit",
            "semaphore/dead-holder-s-children-do-not-keep-its-permit",
            "semaphore/killed-anywhere-frees-the-others",
            "semaphore/many-short-lived-holders",
            "semaphore/order-despite-death",
        ],
        defect: Defect { dropped: Some(users::leaves), ..Defect::in_semaphores(users::lost_with_its_user) },
    },
    Mutant {
        name: "semaphore_gives_back_twice",
        about: "What a process had that died is given back once more.",
        clauses: &["semaphore/permits-never-exceed-the-initial-value"],
        defect: Defect::in_semaphores(gives_back_twice),
    },
    Mutant {
        name: "semaphore_dead_waiter_keeps_its_turn",
        about: "Waiting takes place under a lock, which nobody takes from a process that was killed.",
        clauses: &["semaphore/dead-waiter-takes-nothing-along"],
        defect: Defect::in_semaphores(acquiring::waits_under_a_lock),
    },
    Mutant {
        name: "semaphore_takes_the_stopped_for_dead",
        about: "A holder that is stopped counts as dead.",
        clauses: &["semaphore/stopped-holder-is-not-dead"],
        defect: Defect::in_semaphores(users::stopped_is_dead),
    },
];

fn gives_two(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let (Call::Release { .. }, Some(ObjectKind::Semaphore { .. })) = (call, &memory.kind) {
        inner.call(&RELEASE);
    }
    inner.call(call)
}

/// The initial value that a semaphore is asked to have.
fn value_of(kind: &mut ObjectKind) -> Option<&mut Option<Scalar>> {
    match kind {
        ObjectKind::Semaphore { value } | ObjectKind::BoundedSemaphore { value } => Some(value),
        _ => None,
    }
}

fn begins_with_two(kind: &mut ObjectKind) {
    if let Some(value @ None) = value_of(kind) {
        *value = Some(2.into());
    }
}

fn never_nothing(kind: &mut ObjectKind) {
    if let Some(value @ Some(Scalar::Int(0))) = value_of(kind) {
        *value = Some(1.into());
    }
}

pub(crate) fn negative_is_nothing(kind: &mut ObjectKind) {
    if let Some(value @ Some(Scalar::Int(..0))) = value_of(kind) {
        *value = Some(0.into());
    }
}

fn rounds(kind: &mut ObjectKind) {
    if let Some(Some(value)) = value_of(kind)
        && let Scalar::Real(number) = value
    {
        *value = (number.0 as i64).into();
    }
}

fn always_bounded(kind: &mut ObjectKind) {
    if let ObjectKind::Semaphore { value } = kind {
        *kind = ObjectKind::BoundedSemaphore { value: value.take() };
    }
}

pub(crate) fn never_bounded(kind: &mut ObjectKind) {
    if let ObjectKind::BoundedSemaphore { value } = kind {
        *kind = ObjectKind::Semaphore { value: value.take() };
    }
}

fn swallows(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if answer.outcome == Outcome::OverRelease { Answer::ok() } else { answer }
}

fn by_its_holder(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if matches!(call, Call::Release { .. }) && !memory.flag {
        return Answer::of(Outcome::NotOwner);
    }
    let answer = inner.call(call);
    memory.flag |= is_acquire(call) && is_acquired(&answer);
    answer
}

fn gives_back_twice(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Release { .. } => users::forget("holder", memory),
        Call::Acquire { .. } if is_acquired(&answer) => {
            for pid in users::noted("holder", memory).into_iter().filter(|pid| !proc::runs(*pid)) {
                if facts::clear(&format!("holder.{}.{pid}", memory.name)) {
                    inner.call(&RELEASE);
                }
            }
            users::note("holder", memory);
        }
        _ => {}
    }
    answer
}
