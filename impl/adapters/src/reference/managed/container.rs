//! Methods of managed objects by their names, and going through the containers among them.

use std::sync::PoisonError;

use procession_contract::{Answer, Call, Outcome};
use procession_manager::python::{Class, Raise};

use super::super::raised;
use super::super::thing::Thing;
use super::ManagedHandle;

/// Calls a method by the name that it has on Python's proxies.
pub(in super::super) fn invoke(
    object: &ManagedHandle,
    method: &str,
    arguments: &[Thing],
) -> Result<Thing, Answer> {
    match (object.kind().as_str(), method, arguments) {
        ("namespace", "__getattribute__" | "__setattr__" | "__delattr__", _) => {
            attribute(object, method, arguments)
        }
        // The operators that write leave the proxy where it was.
        ("list", "__iadd__", [_]) => {
            by_name(object, "extend", arguments).map(|_| Thing::Proxy(object.clone()))
        }
        ("list", "__imul__", [_]) => by_name(object, method, arguments).map(|_| Thing::Proxy(object.clone())),
        (_, "_callmethod", [name, arguments @ ..]) => match name.value() {
            Some(procession_contract::Value::Text(name)) => {
                object.call(&name, arguments).map_err(|failure| failure.by_name(false))
            }
            _ => Err(Answer::error(Outcome::BadType, "the name of a method is a text")),
        },
        _ => by_name(object, method, arguments),
    }
}

/// Whether the object has the method, the server says: there is no class here that would know.
fn by_name(object: &ManagedHandle, method: &str, arguments: &[Thing]) -> Result<Thing, Answer> {
    object.call(method, arguments).map_err(|failure| failure.by_name(true))
}

/// Reads, writes or removes an attribute of a namespace, as the language's own operations do. A name that
/// begins with an underscore is the proxy's own.
pub(super) fn attribute(object: &ManagedHandle, method: &str, arguments: &[Thing]) -> Result<Thing, Answer> {
    let name = arguments.first().and_then(Thing::value);
    let Some(procession_contract::Value::Text(name)) = name else {
        return Err(Answer::error(Outcome::BadType, "the name of an attribute is a text"));
    };
    if !name.starts_with('_') {
        return by_name(object, method, arguments);
    }
    let mut own = object.0.own.lock().unwrap_or_else(PoisonError::into_inner);
    let found = match (method, arguments) {
        ("__setattr__", [_, value]) => {
            own.insert(name, value.clone());
            return Ok(Thing::none());
        }
        ("__delattr__", [_]) => own.remove(&name).map(|_| Thing::none()),
        _ => own.get(&name).cloned(),
    };
    found.ok_or_else(|| raised::of_plain(Raise::text(Class::Attribute, name)))
}

/// Goes through a container; after the first element does a call on it once.
pub(super) fn iterate(object: &ManagedHandle, meanwhile: Option<&Call>) -> Answer {
    let mut found = Vec::new();
    let mut next: Box<dyn FnMut(usize) -> Result<Option<Thing>, Answer>> = match object.kind().as_str() {
        "dict" => match invoke(object, "__iter__", &[]) {
            Ok(Thing::Proxy(iterator)) => {
                Box::new(move |_| there(iterator.call("__next__", &[]).map_err(|error| error.by_name(true))))
            }
            Ok(_) => return Answer::error(Outcome::Other, "its iterator is none"),
            Err(answer) => return answer,
        },
        "list" | "array" => {
            Box::new(|index| there(invoke(object, "__getitem__", &[Thing::int(index as i64)])))
        }
        other => return Answer::error(Outcome::BadType, format!("a {other} has no elements")),
    };
    loop {
        match next(found.len()) {
            Ok(Some(element)) => found.push(element),
            Ok(None) => return Thing::answer_many(&found),
            Err(answer) => return answer,
        }
        if found.len() == 1
            && let Some(call) = meanwhile
        {
            let answer = once(object, call);
            if answer.outcome != Outcome::Ok {
                return answer;
            }
        }
    }
}

/// The element, if there was one more.
fn there(given: Result<Thing, Answer>) -> Result<Option<Thing>, Answer> {
    match given {
        Ok(element) => Ok(Some(element)),
        Err(Answer { outcome: Outcome::Finished | Outcome::OutOfRange, .. }) => Ok(None),
        Err(answer) => Err(answer),
    }
}

fn once(object: &ManagedHandle, call: &Call) -> Answer {
    let mut nothing_known = |name: &str| {
        Err(Answer::error(Outcome::Unsupported, format!("`{name}` is not known in the middle of a call")))
    };
    match call {
        Call::Invoke { method, args, into: None } => Thing::of_data(args, &mut nothing_known)
            .and_then(|arguments| invoke(object, method, &arguments))
            .map_or_else(|answer| answer, |given| given.answer()),
        call => procession_contract::Object::call(&mut object.clone(), call),
    }
}

/// The elements of a sequence that was received.
pub(super) fn elements(thing: &Thing) -> Option<Vec<Thing>> {
    match thing {
        Thing::Tuple(elements) => Some(elements.clone()),
        Thing::List(elements) | Thing::Array(_, elements) => Some(elements.lock().clone()),
        _ => None,
    }
}
