//! Mutants of shared values, arrays and records: deaths that nobody is told of, and torn writes.

use procession_contract::{Answer, Call, Object, ObjectKind, Outcome, Scalar};

use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "value_lock_forgets_the_dead",
        about: "Who gets a value's lock from a holder that died is not told.",
        clauses: &[
            "value/killed-updater-is-told",
            "array/killed-updater-is-told",
            "sharedctypes/killed-updater-is-told",
        ],
        defect: Defect::in_values(forgets_the_dead),
    },
    Mutant {
        name: "value_is_lost_with_its_holder",
        about: "Nobody gets at a value any more whose lock was held by a process that died.",
        clauses: &["value/order-despite-death", "value/killed-updater-is-told"],
        defect: Defect::in_values(lost_with_its_holder),
    },
    Mutant {
        name: "value_is_written_in_two_halves",
        about: "A number of eight bytes is written half by half, and a kill comes between the halves.",
        clauses: &["value/killed-writer-tears-nothing", "array/killed-writer-tears-nothing"],
        defect: Defect::in_values(written_in_halves),
    },
];

/// The write in the middle of which the kill comes.
const FATAL: u64 = 20;

fn forgets_the_dead(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Acquire { .. }, Outcome::OwnerDied) => Answer::truth(true),
        _ => answer,
    }
}

fn lost_with_its_holder(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if answer.outcome == Outcome::OwnerDied { facts::for_ever() } else { answer }
}

fn written_in_halves(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_wide = matches!(
        &memory.kind,
        Some(ObjectKind::Value { code, .. } | ObjectKind::Array { code, .. }) if code == "q"
    );
    match call {
        Call::Store { at, field: None, to: Scalar::Int(to) } if is_wide && memory.calls == FATAL => {
            let old = inner.call(&Call::Load { at: *at, field: None }).value;
            let torn = (old & !0xFFFF_FFFF) | (to & 0xFFFF_FFFF);
            inner.call(&Call::Store { at: *at, field: None, to: torn.into() });
            facts::for_ever()
        }
        _ => inner.call(call),
    }
}
