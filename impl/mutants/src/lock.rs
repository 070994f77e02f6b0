//! Mutants of locks, most of them of recursive ones too.

use std::sync::atomic::{AtomicI64, Ordering};

use procession_contract::{
    Answer, Call, Implementation, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::calls::{RELEASE, TRY, is_acquire, is_acquired, limit};
use crate::{Defect, Memory, Mutant, acquiring, facts, users};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "lock_lets_in_who_waits",
        about: "Who would have to wait goes in beside the holder.",
        clauses: &["lock/mutual-exclusion", "lock/none-timeout-infinite", "lock/not-recursive"],
        defect: Defect::in_locks(lets_in),
    },
    Mutant {
        name: "lock_within_its_time_says_no",
        about: "An acquire with a time limit that gets the lock says that it did not.",
        clauses: &["lock/acquire-returns-true"],
        defect: Defect::in_locks(says_no),
    },
    Mutant {
        name: "lock_is_recursive",
        about: "The holder may acquire again.",
        clauses: &["lock/not-recursive", "lock/order-in-any-program"],
        defect: Defect::in_locks(recursive),
    },
    Mutant {
        name: "lock_released_by_its_holder_alone",
        about: "Nobody but the worker that acquired it may release it.",
        clauses: &["lock/release-by-anyone"],
        defect: Defect::in_locks(by_its_holder),
    },
    Mutant {
        name: "lock_releases_what_is_not_held",
        about: "A release of what is not held, or not held by the caller, says nothing.",
        clauses: &[
            "lock/over-release-error",
            "rlock/release-by-non-owner-error",
            "rlock/newcomer-is-not-the-dead-owner",
            "value/lock-default-recursive",
        ],
        defect: Defect::in_locks(releases_anything),
    },
    Mutant {
        name: "lock_scope_left_by_an_error_keeps_it",
        about: "Leaving a scope by an error releases nothing.",
        clauses: &["lock/scoped-use", "rlock/timeouts-as-lock"],
        defect: Defect::in_locks(acquiring::scope_keeps),
    },
    Mutant {
        name: "lock_dies_with_its_creator",
        about: "Nobody gets the lock once the process is gone that created it.",
        clauses: &["lock/survives-creator-exit"],
        defect: Defect { create: Some(notes_the_creator), ..Defect::in_locks(dies_with_its_creator) },
    },
    Mutant {
        name: "lock_nonblocking_waits_out_its_limit",
        about: "An acquire that is not to wait waits for as long as its time limit says.",
        clauses: &["lock/nonblocking-acquire", "rlock/timeouts-as-lock"],
        defect: Defect::in_locks(acquiring::nonblocking_waits),
    },
    Mutant {
        name: "lock_times_out_early",
        about: "A time limit counts for half.",
        clauses: &[
            "lock/timed-acquire",
            "lock/handled-signal-keeps-deadline",
            "lock/deadline-holds-while-others-die",
            "rlock/timeouts-as-lock",
        ],
        defect: Defect::in_locks(acquiring::early),
    },
    Mutant {
        name: "lock_negative_limit_is_none",
        about: "A time limit below zero is none at all.",
        clauses: &["lock/nonpositive-timeout-polls", "rlock/timeouts-as-lock"],
        defect: Defect::in_locks(acquiring::negative_waits),
    },
    Mutant {
        name: "lock_gives_up",
        about: "An acquire without a time limit gives up after a while.",
        clauses: &["lock/none-timeout-infinite", "rlock/timeouts-as-lock"],
        defect: Defect::in_locks(acquiring::gives_up),
    },
    Mutant {
        name: "lock_wakes_one_waiter",
        about: "Who comes second to wait is never woken.",
        clauses: &["lock/release-wakes-a-waiter", "rlock/timeouts-as-lock"],
        defect: Defect::in_locks(acquiring::one_waiter),
    },
    Mutant {
        name: "lock_wait_ends_at_a_signal",
        about: "A handled signal ends an acquire with a time limit.",
        clauses: &["lock/handled-signal-keeps-deadline"],
        defect: Defect::in_locks(acquiring::signal_ends_the_wait),
    },
    Mutant {
        name: "lock_wait_begins_anew_at_a_signal",
        about: "After a handled signal the time limit begins anew.",
        clauses: &["lock/handled-signal-keeps-deadline"],
        defect: Defect::in_locks(acquiring::signal_begins_anew),
    },
    Mutant {
        name: "lock_looks_before_it_releases",
        about: "A release looks whether the lock is held, and releases it a little later.",
        clauses: &["lock/racing-releases-let-one-through"],
        defect: Defect::in_locks(acquiring::looks_then_releases),
    },
    Mutant {
        name: "lock_does_not_tell_of_the_dead",
        about: "Who gets the lock of a dead holder is not told.",
        clauses: &[
            "lock/next-acquirer-is-told-of-a-dead-holder",
            "lock/waiter-is-told-of-a-dead-holder",
            "lock/dead-holder-s-children-do-not-keep-it",
            "lock/deadline-holds-while-others-die",
            "lock/many-short-lived-holders",
            "rlock/next-acquirer-is-told-of-a-dead-owner",
            "rlock/waiter-is-told-of-a-dead-owner",
            "rlock/depth-dies-with-its-owner",
            "rlock/newcomer-is-not-the-dead-owner",
            "rlock/dead-owner-s-children-do-not-keep-it",
            "rlock/many-short-lived-owners",
            "lock/order-despite-death",
        ],
        defect: Defect::in_locks(acquiring::does_not_tell),
    },
    Mutant {
        name: "lock_is_lost_with_its_user",
        about: "Nobody gets a lock any more that a process used which was killed.",
        clauses: &[
            "lock/killed-anywhere-frees-the-others",
            "lock/next-acquirer-is-told-of-a-dead-holder",
            "lock/waiter-is-told-of-a-dead-holder",
            "rlock/killed-anywhere-frees-the-others",
            "rlock/waiter-is-told-of-a-dead-owner",
            "lock/order-despite-death",
        ],
        defect: Defect { dropped: Some(users::leaves), ..Defect::in_locks(users::lost_with_its_user) },
    },
    Mutant {
        name: "lock_dead_waiter_keeps_its_turn",
        about: "Waiting takes place under another lock, which nobody takes from a process that was killed.",
        clauses: &["lock/dead-waiter-takes-nothing-along", "rlock/dead-waiter-takes-nothing-along"],
        defect: Defect::in_locks(acquiring::waits_under_a_lock),
    },
    Mutant {
        name: "lock_takes_the_stopped_for_dead",
        about: "A holder that is stopped counts as dead.",
        clauses: &["lock/stopped-holder-is-not-dead", "rlock/stopped-owner-is-not-dead"],
        defect: Defect::in_locks(users::stopped_is_dead),
    },
    Mutant {
        name: "lock_is_freed_by_its_thread_s_end",
        about: "A lock becomes free when the thread ends that acquired it.",
        clauses: &["lock/thread-exit-is-not-death"],
        defect: Defect { dropped: Some(freed_at_the_end), ..Defect::in_locks(remembers_that_it_holds) },
    },
];

fn is_plain(memory: &Memory) -> bool {
    memory.kind == Some(ObjectKind::Lock)
}

fn lets_in(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Acquire { block: true, timeout_ms: None } => {
            let answer = inner.call(&TRY);
            memory.flag = !is_acquired(&answer);
            if memory.flag { Answer::truth(true) } else { answer }
        }
        // Who was let in has nothing to release.
        Call::Release { .. } if std::mem::take(&mut memory.flag) => Answer::ok(),
        _ => inner.call(call),
    }
}

fn says_no(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match is_acquire(call) && limit(call).is_some() && is_acquired(&answer) {
        true => Answer::truth(false),
        false => answer,
    }
}

fn recursive(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if is_acquire(call) && memory.flag && is_plain(memory) {
        return Answer::truth(true);
    }
    remembers_that_it_holds(memory, call, inner)
}

fn remembers_that_it_holds(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Acquire { .. } if is_acquired(&answer) => memory.flag = true,
        Call::Release { .. } => memory.flag = false,
        _ => {}
    }
    answer
}

fn by_its_holder(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Release { .. } if !memory.flag && is_plain(memory) => Answer::of(Outcome::NotOwner),
        _ => remembers_that_it_holds(memory, call, inner),
    }
}

pub(crate) fn releases_anything(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Release { .. }, Outcome::OverRelease | Outcome::NotOwner) => Answer::ok(),
        _ => answer,
    }
}

/// There is no place for notes before the first process is started, which is after this.
fn notes_the_creator(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    CREATOR.store(i64::from(std::process::id()), Ordering::Relaxed);
    inner.create(spec, method, existing)
}

/// The process that created what there is, in its memory and that of its copies.
static CREATOR: AtomicI64 = AtomicI64::new(0);

fn dies_with_its_creator(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let own = i64::from(std::process::id());
    if CREATOR.load(Ordering::Relaxed) == own {
        users::note("creator", memory);
    }
    match is_acquire(call) && users::one_is_dead("creator", memory) {
        true => facts::for_ever(),
        false => inner.call(call),
    }
}

fn freed_at_the_end(memory: &mut Memory, inner: &mut dyn Object) {
    if memory.flag && is_plain(memory) {
        inner.call(&RELEASE);
    }
}
