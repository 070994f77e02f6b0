//! Managed values and arrays, and what of containers is read and written as theirs is.

use procession_contract::{Answer, Call, Outcome, Value};

use super::super::thing::Thing;
use super::{ManagedHandle, container};

/// Answers a call on one of them.
pub(super) fn answer(object: &ManagedHandle, call: &Call) -> Answer {
    let answered = match call {
        Call::Load { at, field } => {
            Place::of(object, *at, field.as_deref()).and_then(|place| Ok(place.load()?.answer()))
        }
        Call::Store { at, field, to } => Place::of(object, *at, field.as_deref())
            .and_then(|place| place.store(&Thing::Scalar(to.value())).map(|()| Answer::ok())),
        Call::Add { at, field, amount, times, locked: false } => {
            Place::of(object, *at, field.as_deref()).and_then(|place| add(&place, *amount, *times))
        }
        Call::LoadSlice { from, to, step } => {
            let slice = Thing::Slice([*from, *to, *step]);
            object.ask("__getitem__", &[slice]).map(|given| match container::elements(&given) {
                Some(elements) => Thing::answer_many(&elements),
                None => Answer::error(Outcome::Other, "a slice without elements"),
            })
        }
        Call::StoreSlice { from, to, step, values } => {
            let values = values.iter().map(|value| Thing::Scalar(value.value())).collect();
            let arguments = [Thing::Slice([*from, *to, *step]), Thing::list(values)];
            object.ask("__setitem__", &arguments).map(|_| Answer::ok())
        }
        Call::Length => Ok(object.ask_number("__len__", &[])),
        _ => Err(Answer::of(Outcome::Unsupported)),
    };
    answered.unwrap_or_else(|answer| answer)
}

/// Where something is read and written.
enum Place<'a> {
    /// All that a value holds.
    Value(&'a ManagedHandle),
    /// An element, or the entry of a key.
    Item(&'a ManagedHandle, Thing),
    /// An attribute of a namespace.
    Attribute(&'a ManagedHandle, &'a str),
}

impl Place<'_> {
    fn of<'a>(
        object: &'a ManagedHandle,
        at: Option<i64>,
        field: Option<&'a str>,
    ) -> Result<Place<'a>, Answer> {
        Ok(match (object.kind().as_str(), at, field) {
            ("value", None, None) => Place::Value(object),
            ("array" | "list", Some(at), None) => Place::Item(object, Thing::int(at)),
            ("dict", None, Some(key)) => Place::Item(object, Thing::text(key)),
            ("namespace", None, Some(name)) => Place::Attribute(object, name),
            _ => return Err(Answer::of(Outcome::Unsupported)),
        })
    }

    fn load(&self) -> Result<Thing, Answer> {
        match self {
            Place::Value(value) => value.ask("get", &[]),
            Place::Item(object, at) => object.ask("__getitem__", std::slice::from_ref(at)),
            Place::Attribute(namespace, name) => {
                container::attribute(namespace, "__getattribute__", &[Thing::text(name)])
            }
        }
    }

    fn store(&self, to: &Thing) -> Result<(), Answer> {
        match self {
            Place::Value(value) => value.ask("set", std::slice::from_ref(to)),
            Place::Item(object, at) => object.ask("__setitem__", &[at.clone(), to.clone()]),
            Place::Attribute(namespace, name) => {
                container::attribute(namespace, "__setattr__", &[Thing::text(name), to.clone()])
            }
        }
        .map(drop)
    }
}

/// As `+=` does it: a read, and then a write.
fn add(place: &Place<'_>, amount: i64, times: u32) -> Result<Answer, Answer> {
    let mut written = Answer::ok();
    for _ in 0..times {
        let sum = match place.load()?.value() {
            Some(Value::Int(number)) => Value::Int(number.wrapping_add(amount)),
            Some(Value::Flag(flag)) => Value::Int(i64::from(flag).wrapping_add(amount)),
            Some(Value::Float(number)) => Value::Float(number + amount as f64),
            _ => return Err(Answer::error(Outcome::BadType, "nothing can be added to what is no number")),
        };
        written = match &sum {
            Value::Int(number) => Answer::number(*number),
            _ => Answer::ok(),
        };
        place.store(&Thing::Scalar(sum))?;
    }
    Ok(written)
}
