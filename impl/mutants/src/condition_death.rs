//! Mutants of conditions: what a process that dies takes with it, or leaves behind.

use procession_contract::{Answer, Call, Object, Outcome};

use crate::{Defect, Memory, Mutant, acquiring, facts, users};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "condition_notifier_waits_for_the_dead",
        about: "A notification waits for every waiter, also for one that is dead.",
        clauses: &["condition/notify-returns-whoever-died", "condition/many-short-lived-waiters"],
        defect: Defect::in_conditions(waits_for_the_dead),
    },
    Mutant {
        name: "condition_notification_is_lost_to_the_dead",
        about: "A notification is taken by a waiter that is dead.",
        clauses: &["condition/no-notification-is-lost-to-the-dead", "condition/many-short-lived-waiters"],
        defect: Defect::in_conditions(lost_to_the_dead),
    },
    Mutant {
        name: "condition_waiters_do_not_look_for_the_lock",
        about: "Who waits never takes the lock of a dead holder.",
        clauses: &["condition/waiter-gets-the-lock-of-a-dead-holder"],
        defect: Defect::in_conditions(takes_nothing),
    },
    Mutant {
        name: "condition_does_not_tell_of_the_dead",
        about: "Who gets the lock of a dead holder is not told.",
        clauses: &["condition/next-acquirer-is-told-of-a-dead-holder"],
        defect: Defect {
            lock: Some(acquiring::does_not_tell),
            ..Defect::in_conditions(acquiring::does_not_tell)
        },
    },
    Mutant {
        name: "condition_is_lost_with_its_user",
        about: "Nobody gets the lock of a condition any more that a process used which was killed.",
        clauses: &[
            "condition/killed-anywhere-frees-the-others",
            "condition/next-acquirer-is-told-of-a-dead-holder",
            "condition/order-despite-death",
        ],
        defect: Defect { dropped: Some(users::leaves), ..Defect::in_conditions(users::lost_with_its_user) },
    },
    Mutant {
        name: "condition_takes_the_stopped_for_dead",
        about: "A holder of the lock that is stopped counts as dead.",
        clauses: &["condition/stopped-holder-is-not-dead"],
        defect: Defect::in_conditions(users::stopped_is_dead),
    },
    Mutant {
        name: "condition_wait_ends_when_another_waiter_dies",
        about: "A wait is over when another waiter dies, and says that its time is.",
        clauses: &["condition/deadline-holds-while-others-die"],
        defect: Defect::in_conditions(ends_with_another),
    },
];

/// Notes who waits; the note of a waiter that dies stays.
fn notes_waiters(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if !matches!(call, Call::Await { .. } | Call::AwaitWord { .. }) {
        return inner.call(call);
    }
    users::note("waiter", memory);
    let answer = inner.call(call);
    users::forget("waiter", memory);
    answer
}

fn waits_for_the_dead(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Notify { .. } | Call::NotifyAll if users::one_is_dead("waiter", memory) => facts::for_ever(),
        _ => notes_waiters(memory, call, inner),
    }
}

fn lost_to_the_dead(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Notify { .. } if users::one_is_dead("waiter", memory) => Answer::ok(),
        _ => notes_waiters(memory, call, inner),
    }
}

fn takes_nothing(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Await { .. }, Outcome::OwnerDied) => facts::for_ever(),
        _ => answer,
    }
}

fn ends_with_another(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let Call::Await { timeout_ms: Some(ms @ 100..) } = call else {
        return notes_waiters(memory, call, inner);
    };
    for _ in 0..ms / 50 {
        let answer = inner.call(&Call::Await { timeout_ms: Some(50) });
        if answer.outcome != Outcome::Ok || answer.value == 1 || users::one_is_dead("waiter", memory) {
            return answer;
        }
    }
    Answer::truth(false)
}
