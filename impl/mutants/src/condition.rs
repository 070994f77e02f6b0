//! Mutants of conditions: the lock, waits, and whom a notification wakes.

use nix::unistd::{getpid, gettid};
use procession_contract::{Answer, Call, Object, ObjectKind, Outcome, read_word};

use crate::calls::{ACQUIRE, RELEASE, in_vain, is_acquire, is_acquired};
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "condition_lock_is_not_recursive",
        about: "The lock that a condition makes for itself cannot be acquired again by its holder.",
        clauses: &["condition/default-lock-recursive", "condition/wait-releases-and-reacquires"],
        defect: Defect::in_conditions(not_recursive),
    },
    Mutant {
        name: "condition_asks_nobody_for_the_lock",
        about: "Who waits or notifies without the lock is told nothing of it.",
        clauses: &[
            "condition/wait-requires-ownership",
            "condition/notify-requires-ownership",
            "condition/wait-for-returns-predicate",
            "condition/order-in-any-program",
        ],
        defect: Defect::in_conditions(asks_nobody),
    },
    Mutant {
        name: "condition_wait_keeps_a_deep_lock",
        about: "A wait at depth 2 or more keeps the lock.",
        clauses: &["condition/wait-releases-and-reacquires"],
        defect: Defect::in_conditions(keeps_a_deep_lock),
    },
    Mutant {
        name: "condition_wait_returns_without_the_lock",
        about: "A wait that is over returns without the lock.",
        clauses: &["condition/wait-releases-and-reacquires"],
        defect: Defect::in_conditions(returns_without),
    },
    Mutant {
        name: "condition_wait_always_says_yes",
        about: "A wait says that it was notified, also when its time is over.",
        clauses: &[
            "condition/wait-result",
            "condition/notify-not-remembered",
            "condition/wait-releases-and-reacquires",
            "condition/deadline-holds-while-others-die",
        ],
        defect: Defect::in_conditions(always_yes),
    },
    Mutant {
        name: "condition_wakes_no_threads",
        about: "A thread that is not its process's first one is never woken.",
        clauses: &[
            "condition/shared-between-threads-and-processes",
            "condition/notify-one",
            "condition/notify-all",
            "condition/timed-out-waiters-do-not-absorb",
        ],
        defect: Defect::in_conditions(no_threads),
    },
    Mutant {
        name: "condition_notify_wakes_one_more",
        about: "A notification of n wakes n + 1.",
        clauses: &["condition/notify-n"],
        defect: Defect::in_conditions(one_more),
    },
    Mutant {
        name: "condition_notify_all_wakes_one",
        about: "notify_all wakes one waiter.",
        clauses: &[
            "condition/notify-all",
            "condition/shared-between-threads-and-processes",
            "condition/timed-out-waiters-do-not-absorb",
        ],
        defect: Defect::in_conditions(all_is_one),
    },
    Mutant {
        name: "condition_remembers_a_notification",
        about: "A notification is kept for the next wait.",
        clauses: &["condition/notify-not-remembered"],
        defect: Defect::in_conditions(remembers),
    },
    Mutant {
        name: "condition_timed_out_waiters_absorb",
        about: "Waiters that timed out take the next notification.",
        clauses: &["condition/timed-out-waiters-do-not-absorb"],
        defect: Defect::in_conditions(absorbed),
    },
    Mutant {
        name: "condition_wait_for_is_a_wait",
        about: "wait_for waits once and asks no predicate.",
        clauses: &["condition/wait-for-returns-predicate"],
        defect: Defect::in_conditions(wait_for_is_a_wait),
    },
    Mutant {
        name: "condition_wait_for_begins_anew",
        about: "The time limit of wait_for begins anew at each wake-up.",
        clauses: &["condition/wait-for-timeout"],
        defect: Defect::in_conditions(begins_anew),
    },
    Mutant {
        name: "condition_asks_the_predicate_without_the_lock",
        about: "wait_for gives up the lock between asking the predicate and waiting.",
        clauses: &["condition/no-lost-wakeup-with-predicate"],
        defect: Defect::in_conditions(asks_without_the_lock),
    },
];

/// What stands for one acquire of this handle's worker that has not been released.
fn is_held(memory: &Memory) -> bool {
    !memory.answers.is_empty()
}

/// Counts how deep the worker has the lock.
fn counts_depth(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Acquire { .. } if is_acquired(&answer) => memory.answers.push_back(answer.clone()),
        Call::Release { .. } if answer.outcome == Outcome::Ok => {
            memory.answers.pop_back();
        }
        _ => {}
    }
    answer
}

fn not_recursive(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match memory.kind {
        Some(ObjectKind::Condition { lock: None }) if is_acquire(call) && is_held(memory) => {
            in_vain(call, Answer::truth(false))
        }
        _ => counts_depth(memory, call, inner),
    }
}

pub(crate) fn asks_nobody(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Release { .. }, _) => answer,
        (_, Outcome::NotOwner) => Answer::ok(),
        _ => answer,
    }
}

fn keeps_a_deep_lock(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Await { .. } if memory.answers.len() > 1 => in_vain(call, Answer::truth(false)),
        _ => counts_depth(memory, call, inner),
    }
}

fn returns_without(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = counts_depth(memory, call, inner);
    if matches!(call, Call::Await { .. }) && answer.outcome == Outcome::Ok {
        while inner.call(&RELEASE).outcome == Outcome::Ok {}
    }
    answer
}

fn always_yes(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Await { .. }, Outcome::Ok) => Answer::truth(true),
        _ => answer,
    }
}

fn no_threads(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Await { .. } if gettid() != getpid() => {
            inner.call(&RELEASE);
            facts::for_ever()
        }
        _ => inner.call(call),
    }
}

fn one_more(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Notify { n: Some(n) } => inner.call(&Call::Notify { n: Some(n + 1) }),
        _ => inner.call(call),
    }
}

pub(crate) fn all_is_one(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::NotifyAll => inner.call(&Call::Notify { n: None }),
        _ => inner.call(call),
    }
}

fn remembers(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let kept = format!("kept.{}", memory.name);
    match call {
        Call::Notify { .. } | Call::NotifyAll => {
            facts::set(&kept);
        }
        Call::Await { .. } if facts::clear(&kept) => return Answer::truth(true),
        _ => {}
    }
    inner.call(call)
}

fn absorbed(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let absorbs = format!("absorbs.{}", memory.name);
    match call {
        Call::Await { timeout_ms: Some(_) } => {
            let answer = inner.call(call);
            if answer.outcome == Outcome::Ok && answer.value == 0 {
                facts::set(&absorbs);
            }
            answer
        }
        Call::Notify { .. } | Call::NotifyAll if facts::clear(&absorbs) => Answer::ok(),
        _ => inner.call(call),
    }
}

fn wait_for_is_a_wait(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::AwaitWord { timeout_ms, .. } => inner.call(&Call::Await { timeout_ms: *timeout_ms }),
        _ => inner.call(call),
    }
}

fn begins_anew(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let Call::AwaitWord { index, least, timeout_ms: Some(ms) } = call else { return inner.call(call) };
    while read_word(*index) < *least {
        let answer = inner.call(&Call::Await { timeout_ms: Some(*ms) });
        if answer.outcome != Outcome::Ok || answer.value == 0 {
            return answer;
        }
    }
    Answer::truth(true)
}

fn asks_without_the_lock(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let Call::AwaitWord { index, least, timeout_ms: None } = call else { return inner.call(call) };
    while read_word(*index) < *least {
        inner.call(&RELEASE);
        facts::pause();
        inner.call(&ACQUIRE);
        let answer = inner.call(&Call::Await { timeout_ms: None });
        if answer.outcome != Outcome::Ok {
            return answer;
        }
    }
    Answer::truth(true)
}
