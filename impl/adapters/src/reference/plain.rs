//! A worker's own plain values: a list, a dictionary, a typed array, called by the names of Python's methods.

use std::any::Any;

use procession_contract::{Answer, Call, Object, Outcome};
use procession_manager::python::{self, Class, Key, Raise, Slice, Work, key_of};

use super::managed::wired_one;
use super::raised;
use super::thing::{Shared, Thing};

/// A handle to a plain value.
#[derive(Clone)]
pub(super) struct PlainHandle(pub(super) Thing);

impl Object for PlainHandle {
    fn call(&mut self, call: &Call) -> Answer {
        let answered = match call {
            Call::Iterate { meanwhile: None } => match elements(&self.0) {
                Some(elements) => Ok(Thing::answer_many(&elements)),
                None => Err(Answer::error(Outcome::BadType, "it has no elements")),
            },
            Call::Display | Call::Repr => text(&self.0).map(Answer::text),
            _ => Err(Answer::of(Outcome::Unsupported)),
        };
        answered.unwrap_or_else(|answer| answer)
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// What a call on a plain value may cost: these are small.
fn work() -> Work {
    Work::of(1 << 32)
}

/// The text that Python shows.
fn text(thing: &Thing) -> Result<String, Answer> {
    python::repr(wired_one(thing)?.root(), 1 << 20, &mut work()).map_err(raised::of_plain)
}

/// Whether two values are equal; two proxies are if they are one.
pub(super) fn equal(one: &Thing, other: &Thing) -> Result<bool, Answer> {
    match (one, other) {
        (Thing::Proxy(one), Thing::Proxy(other)) => Ok(one.is(other)),
        (Thing::Proxy(_), _) | (_, Thing::Proxy(_)) => Ok(false),
        _ => {
            let (one, other) = (wired_one(one)?, wired_one(other)?);
            python::equal(one.root(), other.root(), &mut work()).map_err(raised::of_plain)
        }
    }
}

fn key(thing: &Thing) -> Result<Key, Answer> {
    key_of(wired_one(thing)?.root(), &mut work()).map_err(raised::of_plain)
}

/// The elements of a sequence, or the keys of a dictionary.
fn elements(thing: &Thing) -> Option<Vec<Thing>> {
    match thing {
        Thing::Tuple(elements) => Some(elements.clone()),
        Thing::List(elements) | Thing::Array(_, elements) => Some(elements.lock().clone()),
        Thing::Dict(entries) => Some(entries.lock().iter().map(|(key, _)| key.clone()).collect()),
        _ => None,
    }
}

/// Calls a method of a plain value.
pub(super) fn invoke(thing: &Thing, method: &str, arguments: &[Thing]) -> Result<Thing, Answer> {
    let found = match thing {
        Thing::List(list) => of_list(list, method, arguments)?,
        Thing::Array(_, array) if matches!(method, "append" | "extend" | "pop" | "__setitem__") => {
            of_list(array, method, arguments)?
        }
        Thing::Dict(entries) => of_dict(entries, method, arguments)?,
        _ => None,
    };
    match found {
        Some(given) => Ok(given),
        None => of_sequence(thing, method, arguments),
    }
}

fn raise<T>(class: Class, said: &str) -> Result<T, Answer> {
    Err(raised::of_plain(Raise::text(class, said)))
}

/// What a sequence or a dictionary is only asked.
fn of_sequence(thing: &Thing, method: &str, arguments: &[Thing]) -> Result<Thing, Answer> {
    let Some(elements) = elements(thing) else {
        return raise(Class::Attribute, &format!("a {} has no method {method}", thing.kind()));
    };
    Ok(match (method, arguments) {
        ("__len__", []) => Thing::int(elements.len() as i64),
        ("__getitem__", [Thing::Slice(slice)]) => {
            let [start, stop, step] = *slice;
            let chosen = Slice { start, stop, step }.indices(elements.len());
            let chosen = chosen.into_iter().map(|index| elements[index].clone()).collect();
            match thing {
                Thing::Tuple(_) => Thing::Tuple(chosen),
                Thing::Array(letter, _) => Thing::Array(*letter, Shared::new(chosen)),
                _ => Thing::list(chosen),
            }
        }
        ("__getitem__", [at]) => elements[place(at, elements.len())?].clone(),
        ("__contains__", [wanted]) => Thing::flag(position(&elements, wanted)?.is_some()),
        ("index", [wanted]) => match position(&elements, wanted)? {
            Some(index) => Thing::int(index as i64),
            None => return raise(Class::Value, "there is no such element"),
        },
        ("count", [wanted]) => {
            let mut count = 0;
            for element in &elements {
                count += i64::from(equal(element, wanted)?);
            }
            Thing::int(count)
        }
        _ => return raise(Class::Attribute, &format!("a {} has no method {method} for this", thing.kind())),
    })
}

fn position(elements: &[Thing], wanted: &Thing) -> Result<Option<usize>, Answer> {
    for (index, element) in elements.iter().enumerate() {
        if equal(element, wanted)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// The place that an index means.
fn place(at: &Thing, length: usize) -> Result<usize, Answer> {
    let at = python::index_of(wired_one(at)?.root()).map_err(raised::of_plain)?;
    let length = length as i64;
    let from_start = if at < 0 { at.saturating_add(length) } else { at };
    if (0..length).contains(&from_start) {
        return Ok(from_start as usize);
    }
    raise(Class::Index, "list index out of range")
}

/// What changes a list; `None` for a method that it does not have.
fn of_list(list: &Shared<Vec<Thing>>, method: &str, arguments: &[Thing]) -> Result<Option<Thing>, Answer> {
    let more = |thing: &Thing| match elements(thing) {
        Some(elements) => Ok(elements),
        None => raise(Class::Type, &format!("a {} is no sequence", thing.kind())),
    };
    match (method, arguments) {
        ("append", [element]) => list.lock().push(element.clone()),
        ("extend", [others]) => {
            let others = more(others)?;
            list.lock().extend(others);
        }
        ("__iadd__", [others]) => {
            let others = more(others)?;
            list.lock().extend(others);
            return Ok(Some(Thing::List(list.clone())));
        }
        ("__add__", [others]) => {
            let others = more(others)?;
            return Ok(Some(Thing::list([list.lock().clone(), others].concat())));
        }
        ("insert", [at, element]) => {
            let at = python::index_of(wired_one(at)?.root()).map_err(raised::of_plain)?;
            let mut list = list.lock();
            let length = list.len() as i64;
            let at = if at < 0 { at.saturating_add(length).max(0) } else { at.min(length) };
            list.insert(at as usize, element.clone());
        }
        ("pop", [] | [_]) => {
            let mut list = list.lock();
            if list.is_empty() {
                return raise(Class::Index, "pop from empty list");
            }
            let at = match arguments {
                [at] => place(at, list.len())?,
                _ => list.len() - 1,
            };
            return Ok(Some(list.remove(at)));
        }
        ("remove", [wanted]) => {
            let elements = list.lock().clone();
            match position(&elements, wanted)? {
                Some(index) => drop(list.lock().remove(index)),
                None => return raise(Class::Value, "list.remove(x): x not in list"),
            }
        }
        ("__setitem__", [at, element]) => {
            let mut list = list.lock();
            let at = place(at, list.len())?;
            list[at] = element.clone();
        }
        ("__delitem__", [at]) => {
            let mut list = list.lock();
            let at = place(at, list.len())?;
            list.remove(at);
        }
        ("reverse", []) => list.lock().reverse(),
        ("clear", []) => list.lock().clear(),
        ("copy", []) => return Ok(Some(Thing::list(list.lock().clone()))),
        _ => return Ok(None),
    }
    Ok(Some(Thing::none()))
}

/// What a dictionary does besides being asked for its keys; `None` for a method that it does not have.
fn of_dict(
    dict: &Shared<Vec<(Thing, Thing)>>,
    method: &str,
    arguments: &[Thing],
) -> Result<Option<Thing>, Answer> {
    let mut entries = dict.lock();
    let missing = |key: &Thing| Err(raised::of_plain(Raise::key(wired_one(key)?.root())));
    Ok(Some(match (method, arguments) {
        ("__getitem__", [key]) => match find(&entries, key)? {
            Some(at) => entries[at].1.clone(),
            None => return missing(key),
        },
        ("__setitem__", [key, value]) => {
            set(&mut entries, key, value)?;
            Thing::none()
        }
        ("__delitem__", [key]) => match find(&entries, key)? {
            Some(at) => {
                entries.remove(at);
                Thing::none()
            }
            None => return missing(key),
        },
        ("__contains__", [key]) => Thing::flag(find(&entries, key)?.is_some()),
        ("get", [key] | [key, _]) => match find(&entries, key)? {
            Some(at) => entries[at].1.clone(),
            None => arguments.get(1).cloned().unwrap_or_else(Thing::none),
        },
        ("setdefault", [key] | [key, _]) => match find(&entries, key)? {
            Some(at) => entries[at].1.clone(),
            None => {
                let value = arguments.get(1).cloned().unwrap_or_else(Thing::none);
                entries.push((key.clone(), value.clone()));
                value
            }
        },
        ("pop", [key] | [key, _]) => match (find(&entries, key)?, arguments.get(1)) {
            (Some(at), _) => entries.remove(at).1,
            (None, Some(value)) => value.clone(),
            (None, None) => return missing(key),
        },
        ("popitem", []) => match entries.pop() {
            Some((key, value)) => Thing::Tuple(vec![key, value]),
            None => return raise(Class::Key, "popitem(): dictionary is empty"),
        },
        ("update", [Thing::Dict(others)]) => {
            if !others.is(dict) {
                for (key, value) in others.lock().iter() {
                    set(&mut entries, key, value)?;
                }
            }
            Thing::none()
        }
        ("clear", []) => {
            entries.clear();
            Thing::none()
        }
        ("copy", []) => Thing::dict(entries.clone()),
        ("keys", []) => Thing::list(entries.iter().map(|(key, _)| key.clone()).collect()),
        ("values", []) => Thing::list(entries.iter().map(|(_, value)| value.clone()).collect()),
        ("items", []) => {
            let item = |(key, value): &(Thing, Thing)| Thing::Tuple(vec![key.clone(), value.clone()]);
            Thing::list(entries.iter().map(item).collect())
        }
        _ => return Ok(None),
    }))
}

fn set(entries: &mut Vec<(Thing, Thing)>, key: &Thing, value: &Thing) -> Result<(), Answer> {
    match find(entries, key)? {
        Some(at) => entries[at].1 = value.clone(),
        None => entries.push((key.clone(), value.clone())),
    }
    Ok(())
}

/// Where the entry of this key is.
fn find(entries: &[(Thing, Thing)], wanted: &Thing) -> Result<Option<usize>, Answer> {
    let wanted = key(wanted)?;
    for (index, (found, _)) in entries.iter().enumerate() {
        if key(found)? == wanted {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use procession_contract::Value;

    use super::*;

    fn ints(numbers: impl IntoIterator<Item = i64>) -> Thing {
        Thing::list(numbers.into_iter().map(Thing::int).collect())
    }

    fn did(thing: &Thing, method: &str, arguments: &[Thing]) -> Value {
        invoke(thing, method, arguments).map(|given| given.reported()).expect("it has a result")
    }

    fn refused(thing: &Thing, method: &str, arguments: &[Thing]) -> Outcome {
        invoke(thing, method, arguments).map(|given| given.reported()).expect_err("it is refused").outcome
    }

    #[test]
    fn what_is_changed_by_one_name_is_seen_under_another() {
        let inner = ints([1]);
        let outer = Thing::list(vec![inner.clone()]);
        let again = invoke(&outer, "__getitem__", &[Thing::int(0)]).expect("it is there");
        did(&again, "append", &[Thing::int(2)]);
        assert_eq!(inner.reported(), Value::List(vec![Value::Int(1), Value::Int(2)]));
        assert_eq!(did(&outer, "__len__", &[]), Value::Int(1));
    }

    #[test]
    fn a_list_keeps_its_order_and_refuses_what_is_not_there() {
        let list = ints([1, 2, 3]);
        assert_eq!(did(&list, "pop", &[Thing::int(-2)]), Value::Int(2));
        did(&list, "insert", &[Thing::int(0), Thing::int(9)]);
        did(&list, "remove", &[Thing::int(3)]);
        assert_eq!(list.reported(), ints([9, 1]).reported());
        let slice = Thing::Slice([None, None, Some(-1)]);
        assert_eq!(did(&list, "__getitem__", &[slice]), ints([1, 9]).reported());
        assert_eq!(refused(&list, "__getitem__", &[Thing::int(2)]), Outcome::OutOfRange);
        assert_eq!(refused(&list, "remove", &[Thing::int(7)]), Outcome::BadValue);
        assert_eq!(refused(&list, "index", &[Thing::text("x")]), Outcome::BadValue);
        assert_eq!(refused(&list, "__getitem__", &[Thing::text("x")]), Outcome::BadType);
        assert_eq!(refused(&list, "extend", &[Thing::int(1)]), Outcome::BadType);
        assert_eq!(refused(&list, "upper", &[]), Outcome::AttributeMissing);
        assert_eq!(refused(&ints([]), "pop", &[]), Outcome::OutOfRange);
    }

    #[test]
    fn keys_are_equal_as_in_python() {
        let dict = Thing::dict(vec![(Thing::int(1), Thing::text("one"))]);
        did(&dict, "__setitem__", &[Thing::Scalar(Value::Float(1.0)), Thing::text("uno")]);
        assert_eq!(did(&dict, "get", &[Thing::flag(true)]), Value::Text("uno".into()));
        assert_eq!(did(&dict, "get", &[Thing::int(2)]), Value::None);
        assert_eq!(did(&dict, "setdefault", &[Thing::int(2), Thing::int(3)]), Value::Int(3));
        let expected = Value::Tuple(vec![Value::Int(2), Value::Int(3)]);
        assert_eq!(did(&dict, "popitem", &[]), expected);
        assert_eq!(refused(&dict, "__getitem__", &[Thing::int(2)]), Outcome::KeyMissing);
        assert_eq!(refused(&dict, "__getitem__", &[ints([1])]), Outcome::BadType);
    }

    #[test]
    fn equality_goes_by_what_values_hold() {
        assert_eq!(equal(&ints([1]), &ints([1])), Ok(true));
        assert_eq!(equal(&ints([1]), &Thing::Tuple(vec![Thing::int(1)])), Ok(false));
    }
}
