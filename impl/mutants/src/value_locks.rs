//! Mutants of shared values, arrays and records: their locks.

use procession_contract::{
    Answer, Call, Implementation, LockChoice, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
    Scalar,
};

use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "value_has_a_plain_lock",
        about: "The lock of its own that a value has is not recursive.",
        clauses: &["value/lock-default-recursive", "array/lock-options"],
        defect: Defect::in_creation(plain_lock),
    },
    Mutant {
        name: "value_ignores_the_given_lock",
        about: "A value that was given a lock has one of its own.",
        clauses: &["value/lock-given", "array/lock-options"],
        defect: Defect::in_creation(ignores_given),
    },
    Mutant {
        name: "value_takes_anything_for_a_lock",
        about: "A value that is given what is no lock has one of its own.",
        clauses: &["value/lock-given", "array/lock-options"],
        defect: Defect::in_creation(takes_anything),
    },
    Mutant {
        name: "value_always_has_a_lock",
        about: "Where bare storage was asked for, there is a lock around it.",
        clauses: &["value/lock-false-raw", "array/lock-options"],
        defect: Defect::in_creation(always_locked),
    },
    Mutant {
        name: "value_access_does_not_wait",
        about: "A read or a write while another holds the lock is answered at once, with zero.",
        clauses: &[
            "value/single-access-locked",
            "value/lock-given",
            "array/each-access-locked",
            "sharedctypes/record-fields-synchronised",
        ],
        defect: Defect::in_values(does_not_wait),
    },
    Mutant {
        name: "value_scope_takes_no_lock",
        about: "A scope of a value's lock is entered whoever holds it.",
        clauses: &["value/scoped-lock"],
        defect: Defect::in_values(scope_takes_no_lock),
    },
    Mutant {
        name: "value_read_keeps_the_lock",
        about: "Who has read a value has its lock until it writes.",
        clauses: &["value/compound-update-not-atomic"],
        defect: Defect::in_values(read_keeps_lock),
    },
    Mutant {
        name: "value_storage_below_is_locked",
        about: "The storage below a lock is the value with its lock.",
        clauses: &["array/raw-unprotected"],
        defect: Defect::in_library(below_is_locked),
    },
];

/// The lock that a specification asks for, where there can be one.
fn lock_of(spec: &mut ObjectSpec) -> Option<&mut LockChoice> {
    match &mut spec.kind {
        ObjectKind::Value { lock, .. } | ObjectKind::Array { lock, .. } | ObjectKind::Record { lock, .. } => {
            Some(lock)
        }
        _ => None,
    }
}

fn with_lock(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
    change: impl Fn(&mut LockChoice),
) -> Result<Objects, Answer> {
    let mut spec = spec.clone();
    lock_of(&mut spec).into_iter().for_each(change);
    inner.create(&spec, method, existing)
}

fn plain_lock(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    const LOCK: &str = "a lock that is not recursive";
    let lock = ObjectSpec { name: LOCK.into(), kind: ObjectKind::Lock, method: None };
    let plain = inner.create(&lock, method, existing)?;
    existing.extend(plain);
    let created = with_lock(inner, spec, method, existing, |lock| {
        if matches!(lock, LockChoice::Unsaid | LockChoice::Own | LockChoice::Absent) {
            *lock = LockChoice::Given(LOCK.into());
        }
    });
    existing.remove(LOCK);
    created
}

fn ignores_given(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    with_lock(inner, spec, method, existing, |lock| {
        if matches!(lock, LockChoice::Given(_)) {
            *lock = LockChoice::Own;
        }
    })
}

fn takes_anything(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    with_lock(inner, spec, method, existing, |lock| {
        if *lock == LockChoice::Nonsense {
            *lock = LockChoice::Own;
        }
    })
}

fn always_locked(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    with_lock(inner, spec, method, existing, |lock| {
        if *lock == LockChoice::Raw {
            *lock = LockChoice::Own;
        }
    })
}

/// Whether the call is one access to what is shared.
fn is_access(call: &Call) -> bool {
    matches!(call, Call::Load { .. } | Call::Store { .. } | Call::LoadSlice { .. } | Call::StoreSlice { .. })
}

fn try_acquire(inner: &mut dyn Object) -> Answer {
    inner.call(&Call::Acquire { block: false, timeout_ms: None })
}

fn does_not_wait(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if !is_access(call) {
        return inner.call(call);
    }
    let got = try_acquire(inner);
    if got.outcome == Outcome::Ok && got.value == 0 {
        return Scalar::Int(0).answer();
    }
    let answer = inner.call(call);
    if matches!(got.outcome, Outcome::Ok | Outcome::OwnerDied) {
        inner.call(&Call::Release { n: None });
    }
    answer
}

fn scope_takes_no_lock(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Scope { .. } => Answer::truth(true),
        Call::Add { at: None, field: None, amount, times, locked: true } => {
            let read = inner.call(&Call::Load { at: None, field: None });
            facts::count("adders");
            // Two have read before either writes.
            facts::wait_until(|| facts::is_set("adders.1"));
            let sum = read.value + amount * i64::from(*times);
            inner.call(&Call::Store { at: None, field: None, to: sum.into() });
            Answer::number(sum)
        }
        _ => inner.call(call),
    }
}

fn read_keeps_lock(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Load { .. } if !memory.flag => {
            let got = inner.call(&Call::Acquire { block: true, timeout_ms: None });
            memory.flag = got.outcome == Outcome::Ok;
            inner.call(call)
        }
        Call::Store { .. } if memory.flag => {
            let answer = inner.call(call);
            memory.flag = false;
            inner.call(&Call::Release { n: None });
            answer
        }
        _ => inner.call(call),
    }
}

fn below_is_locked(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Call::GetObject { name } = call else { return inner.call(on, call, objects) };
    let answer = inner.call(on, call, objects);
    if answer.outcome == Outcome::Ok
        && let Some(Ok(same)) = objects.get(on).map(|object| object.share())
    {
        objects.insert(name.clone(), same);
    }
    answer
}
