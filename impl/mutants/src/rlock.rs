//! Mutants of recursive locks: whose they are, how deep, and until when.

use std::sync::Mutex;

use procession_contract::{Answer, Call, Object, ObjectKind, Outcome};

use crate::calls::{ACQUIRE, RELEASE, TRY, in_vain, is_acquire, is_acquired};
use crate::{Defect, Memory, Mutant};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "rlock_waits_for_its_own_owner",
        about: "The owner cannot acquire again.",
        // The lock of a value is one too, under the name that `get_lock` gives it.
        clauses: &["rlock/recursive", "value/lock-default-recursive"],
        defect: Defect::in_locks(not_recursive),
    },
    Mutant {
        name: "rlock_belongs_to_the_process",
        about: "Every thread of the owner's process may acquire.",
        clauses: &["rlock/owner-is-process-and-thread"],
        defect: Defect::in_locks(of_the_process),
    },
    Mutant {
        name: "rlock_belongs_to_copies_too",
        about: "A child that was forked from the owner owns the lock as well.",
        clauses: &["rlock/fork-does-not-copy-ownership"],
        defect: Defect::in_locks(of_copies),
    },
    Mutant {
        name: "rlock_is_freed_by_one_release",
        about: "The first release of the owner frees the lock, however deep it is.",
        clauses: &[
            "rlock/held-until-last-release",
            "rlock/recursive",
            "rlock/owner-is-process-and-thread",
            "lock/order-in-any-program",
            "lock/among-others-in-any-program",
        ],
        defect: Defect::in_locks(freed_by_one),
    },
    Mutant {
        name: "rlock_keeps_the_depth_of_the_dead",
        about: "Who gets the lock of a dead owner has it at the dead one's depth.",
        clauses: &["rlock/depth-dies-with-its-owner"],
        defect: Defect::in_locks(depth_of_the_dead),
    },
];

fn is_recursive(memory: &Memory) -> bool {
    memory.kind == Some(ObjectKind::Rlock)
}

fn not_recursive(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if is_acquire(call) && memory.flag && is_recursive(memory) {
        return in_vain(call, Answer::truth(false));
    }
    let answer = inner.call(call);
    match call {
        Call::Acquire { .. } => memory.flag |= is_acquired(&answer),
        Call::Release { .. } => memory.flag = false,
        _ => {}
    }
    answer
}

/// The process that holds a recursive lock, as this one knows: a copy of the holder knows it too.
static HOLDER: Mutex<Option<u32>> = Mutex::new(None);

/// Lets in whoever `shares` the lock with its holder.
fn shared(memory: &Memory, call: &Call, inner: &mut dyn Object, shares: fn(u32) -> bool) -> Answer {
    let holder = || HOLDER.lock().expect("nobody panics with it");
    let answer = match is_acquire(call) && is_recursive(memory) && holder().is_some_and(shares) {
        true => match inner.call(&TRY) {
            // The owner itself gets it as ever.
            answer if is_acquired(&answer) => answer,
            _ => return Answer::truth(true),
        },
        false => inner.call(call),
    };
    match call {
        Call::Acquire { .. } if is_acquired(&answer) => *holder() = Some(std::process::id()),
        Call::Release { .. } if answer.outcome == Outcome::Ok => *holder() = None,
        _ => {}
    }
    answer
}

pub(crate) fn of_the_process(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    shared(memory, call, inner, |holder| holder == std::process::id())
}

fn of_copies(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    shared(memory, call, inner, |_| true)
}

fn freed_by_one(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if let (Call::Release { .. }, true, Outcome::Ok) = (call, is_recursive(memory), answer.outcome) {
        while inner.call(&RELEASE).outcome == Outcome::Ok {}
    }
    answer
}

fn depth_of_the_dead(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if is_recursive(memory) && answer.outcome == Outcome::OwnerDied {
        inner.call(&ACQUIRE);
        inner.call(&ACQUIRE);
    }
    answer
}
