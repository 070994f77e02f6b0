//! Mutants of barriers: who passes when, with which index, and what the action does.

use procession_contract::{
    Answer, BarrierAction, Call, Implementation, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "barrier_lets_the_last_but_one_pass",
        about: "The party before the last one does not wait.",
        clauses: &["barrier/releases-all-together", "barrier/order-in-any-program"],
        defect: Defect::in_barriers(last_but_one_passes),
    },
    Mutant {
        name: "barrier_wears_out",
        about: "After its twentieth round a party finds the barrier broken.",
        clauses: &["barrier/reusable"],
        defect: Defect::in_barriers(wears_out),
    },
    Mutant {
        name: "barrier_fast_party_overtakes",
        about: "Every fifth wait of a process returns at once.",
        clauses: &["barrier/reusable"],
        defect: Defect::in_barriers(overtakes),
    },
    Mutant {
        name: "barrier_gives_everybody_an_index",
        about: "Every party but one has the index 1.",
        clauses: &["barrier/index-unique"],
        defect: Defect::in_barriers(same_index),
    },
    Mutant {
        name: "barrier_everybody_acts",
        about: "Every party runs the action, when it is released.",
        clauses: &["barrier/action-once-before-release"],
        defect: Defect { create: Some(without_action), ..Defect::in_barriers(everybody_acts) },
    },
    Mutant {
        name: "barrier_nobody_acts",
        about: "Nobody runs the action.",
        clauses: &["barrier/action-once-before-release", "barrier/action-error-breaks"],
        defect: Defect { create: Some(without_action), ..Defect::NONE },
    },
    Mutant {
        name: "barrier_counts_the_absent",
        about: "The number of waiting parties is the number of those that are missing.",
        clauses: &["barrier/attributes"],
        defect: Defect::in_barriers(counts_the_absent),
    },
    Mutant {
        name: "barrier_alone_waits_for_another",
        about: "A barrier of one party waits for a second one.",
        clauses: &["barrier/single-party"],
        defect: Defect::in_barriers(alone_waits),
    },
];

fn parties(memory: &Memory) -> i64 {
    match memory.kind {
        Some(ObjectKind::Barrier { parties, .. }) => parties,
        _ => 0,
    }
}

fn action(memory: &Memory) -> Option<BarrierAction> {
    match memory.kind {
        Some(ObjectKind::Barrier { action, .. }) => action,
        _ => None,
    }
}

fn last_but_one_passes(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Await { .. }
            if parties(memory) > 2 && inner.call(&Call::Waiting).value == parties(memory) - 2 =>
        {
            Answer::number(0)
        }
        _ => inner.call(call),
    }
}

fn wears_out(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Await { .. } if memory.calls >= 20 => Answer::of(Outcome::BrokenBarrier),
        _ => inner.call(call),
    }
}

fn overtakes(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Await { .. } if memory.calls % 5 == 4 && facts::worker() == "p" => Answer::number(0),
        _ => inner.call(call),
    }
}

fn same_index(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Await { .. }, Outcome::Ok) => Answer::number(answer.value.min(1)),
        _ => answer,
    }
}

fn without_action(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let mut spec = spec.clone();
    if let ObjectKind::Barrier { action, .. } = &mut spec.kind {
        *action = None;
    }
    inner.create(&spec, method, existing)
}

fn everybody_acts(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if let (Call::Await { .. }, Outcome::Ok, Some(action)) = (call, answer.outcome, action(memory))
        && action.perform().is_err()
    {
        return Answer::of(Outcome::ActionFailed);
    }
    answer
}

fn counts_the_absent(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Waiting => Answer::number(parties(memory) - answer.value),
        _ => answer,
    }
}

fn alone_waits(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Await { .. } if parties(memory) == 1 => facts::for_ever(),
        _ => inner.call(call),
    }
}
