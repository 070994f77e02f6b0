//! Questions that defects ask of calls on managed objects, and of what they report.

use procession_contract::{Answer, Call, Datum, Outcome, Scalar, Value};

/// The method that a call asks for, and its arguments.
pub fn method(call: &Call) -> Option<(&str, &[Datum])> {
    match call {
        Call::Invoke { method, args, .. } => Some((method, args)),
        _ => None,
    }
}

/// Whether the call asks for this method.
pub fn invokes(call: &Call, name: &str) -> bool {
    method(call).is_some_and(|(method, _)| method == name)
}

/// A call of a method, whose result is reported and not kept.
pub fn invoke(method: &str, args: impl Into<Vec<Datum>>) -> Call {
    Call::Invoke { method: method.to_owned(), args: args.into(), into: None }
}

/// A call of a method, whose result is kept under this name.
pub fn invoke_into(method: &str, args: impl Into<Vec<Datum>>, name: &str) -> Call {
    Call::Invoke { method: method.to_owned(), args: args.into(), into: Some(name.to_owned()) }
}

/// The same call of another method.
pub fn with_method(call: &Call, method: &str) -> Call {
    match call {
        Call::Invoke { args, into, .. } => {
            Call::Invoke { method: method.to_owned(), args: args.clone(), into: into.clone() }
        }
        other => other.clone(),
    }
}

/// The same call with other arguments.
pub fn with_args(call: &Call, args: impl Into<Vec<Datum>>) -> Call {
    match call {
        Call::Invoke { method, into, .. } => {
            Call::Invoke { method: method.clone(), args: args.into(), into: into.clone() }
        }
        other => other.clone(),
    }
}

/// A plain copy of what a managed object holds, kept under this name.
pub fn get_value(name: &str) -> Call {
    Call::GetValue { name: name.to_owned(), deep: false }
}

/// Whether the call is one on a managed object that asks its server for something.
pub fn asks_server(call: &Call) -> bool {
    matches!(call, Call::Invoke { .. } | Call::GetValue { .. })
}

/// The answer to a method that returns nothing.
pub fn nothing() -> Answer {
    Answer::result(&Value::None)
}

/// The integer that an answer reports, if it does report one.
pub fn integer(answer: &Answer) -> Option<i64> {
    let is_integer = answer.aux == Value::Int(answer.value).fingerprint();
    (answer.outcome == Outcome::Ok && is_integer).then_some(answer.value)
}

/// The text of a scalar that is one.
pub fn text(datum: &Datum) -> Option<&str> {
    match datum {
        Datum::Scalar(Scalar::Text(text)) => Some(text),
        _ => None,
    }
}

/// The value that each part of a datum becomes by this, from the outside to the inside; what it leaves alone
/// is looked into.
pub fn mapped(datum: &Datum, change: fn(&Datum) -> Option<Datum>) -> Datum {
    let all = |data: &[Datum]| data.iter().map(|part| mapped(part, change)).collect();
    match change(datum).as_ref().unwrap_or(datum) {
        Datum::List(elements) => Datum::List(all(elements)),
        Datum::Tuple { tuple } => Datum::Tuple { tuple: all(tuple) },
        Datum::Dict { dict } => Datum::Dict {
            dict: dict.iter().map(|(key, value)| (mapped(key, change), mapped(value, change))).collect(),
        },
        other => other.clone(),
    }
}

/// The same call with every part of its arguments changed by this.
pub fn with_parts(call: &Call, change: fn(&Datum) -> Option<Datum>) -> Call {
    match method(call) {
        Some((_, args)) => {
            let args: Vec<Datum> = args.iter().map(|arg| mapped(arg, change)).collect();
            with_args(call, args)
        }
        None => call.clone(),
    }
}

/// What says that a manager is in the wrong state for a call.
pub fn is_wrong_state(answer: &Answer) -> bool {
    matches!(answer.outcome, Outcome::Misuse | Outcome::NotAllowed)
}

/// What says that nobody serves any more, among what an object's own method does not say.
pub fn nobody_serves(answer: &Answer) -> bool {
    matches!(
        answer.outcome,
        Outcome::Closed
            | Outcome::Eof
            | Outcome::BrokenPipe
            | Outcome::PeerDied
            | Outcome::Refused
            | Outcome::NameMissing
    )
}
