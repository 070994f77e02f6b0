//! The types that every manager has: those of Python's `SyncManager`.

use std::sync::Arc;

use procession_wire::Kind;

use super::super::referents::{
    Array, Barrier, Condition, Dict, Event, List, Lock, Namespace, Queue, Semaphore, Value,
};
use super::super::{Creation, Fault, Referent};
use crate::python::{Class, Raise};

/// What makes an object of one type.
type Make = fn(&mut Creation<'_>) -> Result<Arc<dyn Referent>, Fault>;

/// The types, by the names that Python has for them.
pub(super) const TYPES: &[(&str, Make)] = &[
    ("Array", |c| made(Array::create(c.arguments, c.objects, c.work, c.quota))),
    ("Barrier", |c| made(Barrier::create(c.arguments))),
    ("BoundedSemaphore", |c| made(Semaphore::create_bounded(c.arguments))),
    ("Condition", |c| made(Condition::create(c.arguments, c.objects))),
    ("Event", |c| made(Event::create(c.arguments))),
    ("JoinableQueue", |c| made(Queue::create(c.arguments))),
    ("Lock", |c| made(Lock::create(c.arguments))),
    ("Namespace", |c| made(Namespace::create(c.arguments, c.objects, c.work, c.quota))),
    ("Pool", |_| {
        let said = "a Pool runs functions of Python, which this server does not have";
        Err(Raise::text(Class::NotImplemented, said).into())
    }),
    ("Queue", |c| made(Queue::create(c.arguments))),
    ("RLock", |c| made(Lock::create_recursive(c.arguments))),
    ("Semaphore", |c| made(Semaphore::create(c.arguments))),
    ("Value", |c| made(Value::create(c.arguments, c.objects, c.work, c.quota))),
    ("dict", |c| made(Dict::create(c.arguments, c.objects, c.work, c.quota))),
    ("list", |c| made(List::create(c.arguments, c.objects, c.work, c.quota))),
];

/// What a client gives, as an object.
pub(super) fn stored(creation: &mut Creation<'_>) -> Result<Arc<dyn Referent>, Fault> {
    let c = creation;
    let given = match c.arguments.positional.array() {
        Some([given]) if c.arguments.named.is_empty() => given,
        _ => {
            let said = "Without callable, must have one non-keyword argument";
            return Err(Raise::value_error(said).into());
        }
    };
    match given.kind() {
        Kind::List(_) => made(List::create(c.arguments, c.objects, c.work, c.quota)),
        Kind::Dict(_) => made(Dict::create(c.arguments, c.objects, c.work, c.quota)),
        _ => {
            let said = format!("a {} has no methods here, expected a list or a dict", given.type_name());
            Err(Raise::type_error(said).into())
        }
    }
}

fn made<R: Referent>(made: Result<R, Raise>) -> Result<Arc<dyn Referent>, Fault> {
    Ok(Arc::new(made?))
}
