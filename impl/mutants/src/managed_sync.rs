//! Mutants of managed locks, semaphores, conditions, events and barriers.

use procession_contract::{Answer, Call, Object, ObjectKind, Outcome};

use crate::defect::OnObject;
use crate::{Defect, Memory, Mutant, acquiring, condition, creating, event, lock, rlock, semaphore};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "managed_lock_releases_what_is_not_held",
        about: "A release of what is not held, or not held by the caller, says nothing.",
        clauses: &["mgrsync/lock", "mgrsync/rlock-owner-is-client-thread"],
        defect: Defect::in_managed(|memory, call, inner| {
            as_plain(memory, call, inner, is_lock, lock::releases_anything)
        }),
    },
    Mutant {
        name: "managed_rlock_belongs_to_the_process",
        about: "Every thread of the owner's process may acquire.",
        clauses: &["mgrsync/rlock-owner-is-client-thread"],
        defect: Defect::in_managed(|memory, call, inner| {
            as_plain(memory, call, inner, |kind| *kind == ObjectKind::Rlock, rlock::of_the_process)
        }),
    },
    Mutant {
        name: "managed_semaphore_is_never_bounded",
        about: "A bounded semaphore may be released above its initial value.",
        clauses: &["mgrsync/semaphores", "manager/convenience-constructor"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other_in_manager(inner, spec, method, existing, semaphore::never_bounded)
        }),
    },
    Mutant {
        name: "managed_semaphore_takes_less_than_nothing_for_nothing",
        about: "A negative initial value is taken for 0.",
        clauses: &["mgrsync/semaphores"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other_in_manager(inner, spec, method, existing, semaphore::negative_is_nothing)
        }),
    },
    Mutant {
        name: "managed_condition_notify_all_wakes_one",
        about: "notify_all wakes one waiter.",
        clauses: &["mgrsync/condition"],
        defect: Defect::in_managed(|memory, call, inner| {
            as_plain(memory, call, inner, is_condition, condition::all_is_one)
        }),
    },
    Mutant {
        name: "managed_condition_asks_nobody_for_the_lock",
        about: "Who waits or notifies without the lock is told nothing of it.",
        clauses: &["mgrsync/condition"],
        defect: Defect::in_managed(|memory, call, inner| {
            as_plain(memory, call, inner, is_condition, condition::asks_nobody)
        }),
    },
    Mutant {
        name: "managed_condition_makes_its_own_lock",
        about: "A condition takes no notice of the lock that it is given.",
        clauses: &["mgrsync/condition-on-lock-proxy", "mgrsync/condition-on-recursive-lock-proxy"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other_in_manager(inner, spec, method, existing, with_its_own_lock)
        }),
    },
    Mutant {
        name: "managed_event_forgets_a_pulse",
        about: "A wait looks now and then whether the event is set.",
        clauses: &["mgrsync/event"],
        defect: Defect::in_managed(|memory, call, inner| {
            as_plain(memory, call, inner, |kind| *kind == ObjectKind::Event, event::looks_now_and_then)
        }),
    },
    Mutant {
        name: "managed_barrier_breaks_in_other_words",
        about: "That a barrier is broken is said as an error of the server.",
        clauses: &["mgrsync/barrier"],
        defect: Defect::in_managed(breaks_in_other_words),
    },
    Mutant {
        name: "managed_scope_left_by_an_error_keeps_it",
        about: "Leaving a scope by an error releases nothing.",
        clauses: &["mgrsync/scoped-acquire"],
        defect: Defect::in_managed(acquiring::scope_keeps),
    },
];

/// What a defect answers that knows nothing of managers, if the managed object is of such a kind.
pub fn as_plain(
    memory: &mut Memory,
    call: &Call,
    inner: &mut dyn Object,
    wanted: fn(&ObjectKind) -> bool,
    defect: OnObject,
) -> Answer {
    let Some(plain) = memory.kind.as_ref().map(|kind| kind.plain().clone()).filter(wanted) else {
        return inner.call(call);
    };
    let kind = memory.kind.replace(plain);
    let answer = defect(memory, call, inner);
    memory.kind = kind;
    answer
}

fn is_lock(kind: &ObjectKind) -> bool {
    matches!(kind, ObjectKind::Lock | ObjectKind::Rlock)
}

fn is_condition(kind: &ObjectKind) -> bool {
    matches!(kind, ObjectKind::Condition { .. })
}

fn with_its_own_lock(kind: &mut ObjectKind) {
    if let ObjectKind::Condition { lock } = kind {
        *lock = None;
    }
}

fn breaks_in_other_words(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match answer.outcome {
        Outcome::BrokenBarrier => Answer { outcome: Outcome::RemoteError, ..answer },
        _ => answer,
    }
}
