//! Mutants of shared values: what they hold, who sees it, and whose storage it is.

use std::sync::{Mutex, PoisonError};

use procession_contract::{
    Answer, Call, Implementation, LockChoice, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "value_is_written_at_home",
        about: "What a process stores is seen by nobody else.",
        clauses: &["value/shared-between-processes", "value/scoped-lock", "value/order-in-any-program"],
        defect: Defect::in_values(written_at_home),
    },
    Mutant {
        name: "value_float_is_a_double",
        about: "A float has the precision of a double.",
        clauses: &["value/typecodes"],
        defect: Defect::in_creation(float_is_a_double),
    },
    Mutant {
        name: "value_of_any_type_is_an_int",
        about: "A type that there is not is taken for an int.",
        clauses: &["value/typecodes", "array/element-type-checked"],
        defect: Defect::in_creation(any_type_is_an_int),
    },
    Mutant {
        name: "value_holds_what_was_there_before",
        about: "The second value of a type that is created without one is not zero.",
        clauses: &["value/zero-initialised"],
        defect: Defect::in_creation(holds_what_was_there),
    },
    Mutant {
        name: "value_storage_is_handed_out_again",
        about: "A new value gets the storage of one that its creator has dropped.",
        clauses: &["value/storage-stays-with-its-users", "value/zero-initialised"],
        defect: Defect { create: Some(from_the_dropped), dropped: Some(keep_the_dropped), ..Defect::NONE },
    },
    Mutant {
        name: "value_object_is_a_new_one",
        about: "The storage below a lock is asked for, and other storage is given.",
        clauses: &["value/get-obj-live", "array/lock-options"],
        defect: Defect::in_library(object_is_new),
    },
    Mutant {
        name: "value_copy_is_the_thing_itself",
        about: "A copy is the same storage under another name.",
        clauses: &["sharedctypes/copy-independent"],
        defect: Defect::in_library(copy_is_itself),
    },
    Mutant {
        name: "value_can_be_sent_anywhere",
        about: "A value is serialised for whoever asks.",
        clauses: &["value/not-serialisable-elsewhere"],
        defect: Defect::in_values(can_be_sent),
    },
    Mutant {
        name: "value_dies_with_its_creator",
        about: "When a value's creator is gone, nobody can use it.",
        clauses: &["value/outlives-its-creator"],
        defect: Defect::in_values(dies_with_its_creator),
    },
];

fn written_at_home(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Store { at: None, field: None, to } => {
            memory.answers.push_back(to.answer());
            Answer::ok()
        }
        Call::Load { at: None, field: None } => match memory.answers.back() {
            Some(stored) => stored.clone(),
            None => inner.call(call),
        },
        Call::Add { at: None, field: None, locked: true, amount, times } => {
            memory.answers.push_back(Answer::number(amount * i64::from(*times)));
            Answer::ok()
        }
        _ => inner.call(call),
    }
}

/// Creates what the specification says after a change.
fn created(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
    change: impl Fn(&mut String),
) -> Result<Objects, Answer> {
    let mut spec = spec.clone();
    if let ObjectKind::Value { code, .. } | ObjectKind::Array { code, .. } = &mut spec.kind {
        change(code);
    }
    inner.create(&spec, method, existing)
}

fn float_is_a_double(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    created(inner, spec, method, existing, |code| {
        if code == "f" {
            *code = "d".into();
        }
    })
}

fn any_type_is_an_int(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    created(inner, spec, method, existing, |code| {
        if !matches!(code.as_str(), "c" | "u" | "f" | "d") && !"bBhHiIlLqQ".contains(code.as_str())
            || code.len() != 1
        {
            *code = "i".into();
        }
    })
}

fn holds_what_was_there(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let mut objects = inner.create(spec, method, existing)?;
    if let ObjectKind::Value { code, initial: None, .. } = &spec.kind
        && !facts::set(&format!("created.{code}"))
    {
        for object in objects.values_mut() {
            object.call(&Call::Store { at: None, field: None, to: 99.into() });
        }
    }
    Ok(objects)
}

/// Handles of values that were dropped, for whoever creates the next one.
static DROPPED: Mutex<Vec<Box<dyn Object>>> = Mutex::new(Vec::new());

fn keep_the_dropped(memory: &mut Memory, inner: &mut dyn Object) {
    if let Some(ObjectKind::Value { code, .. }) = &memory.kind
        && code == "q"
        && let Ok(handle) = inner.share()
    {
        DROPPED.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
    }
}

fn from_the_dropped(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    if let ObjectKind::Value { code, initial: None, .. } = &spec.kind
        && code == "q"
        && let Some(handle) = DROPPED.lock().unwrap_or_else(PoisonError::into_inner).pop()
    {
        return Ok(Objects::from([(spec.name.clone(), handle)]));
    }
    inner.create(spec, method, existing)
}

fn object_is_new(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Call::GetObject { name } = call else { return inner.call(on, call, objects) };
    let answer = inner.call(on, call, objects);
    let is_array = objects.get_mut(name).is_some_and(|it| it.call(&Call::Length).outcome == Outcome::Ok);
    let (code, lock) = ("i".to_owned(), LockChoice::Raw);
    let kind = match is_array {
        true => ObjectKind::Array { code, length: Some(3), initial: None, lock },
        false => ObjectKind::Value { code, initial: Some(1.into()), lock },
    };
    let spec = ObjectSpec { name: name.clone(), kind, method: None };
    if let Ok(created) = inner.create(&spec, Method::Fork, objects) {
        objects.extend(created);
    }
    answer
}

fn copy_is_itself(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Call::Copy { name } = call else { return inner.call(on, call, objects) };
    match objects.get(on).map(|object| object.share()) {
        Some(Ok(same)) => {
            objects.insert(name.clone(), same);
            Answer::ok()
        }
        Some(Err(answer)) => answer,
        None => inner.call(on, call, objects),
    }
}

fn can_be_sent(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if *call == Call::Serialise { Answer::ok() } else { inner.call(call) }
}

/// The process that constructed this one, when a value was first used in it.
static PARENT: Mutex<Option<u32>> = Mutex::new(None);

fn dies_with_its_creator(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if facts::worker() != "main" {
        let parent = std::os::unix::process::parent_id();
        let first = *PARENT.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(parent);
        if first != parent {
            return Answer::of(Outcome::PeerDied);
        }
    }
    inner.call(call)
}
