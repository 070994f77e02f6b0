//! Objects that are called as sessions call them: from several threads, by clients that die.

mod barriers;
mod conditions;
mod events;
mod locks;
mod queues;
mod semaphores;

use std::any::Any;
use std::sync::Arc;

use super::testing::{Client, Datum, Said, World, until};
use super::{Barrier, Condition, Event, Lock, Queue, Semaphore};
use crate::python::Class;
use crate::server::Object;

/// How many wait in an object's lines; in a condition those who wait for its lock are not among them.
fn waiting(object: &Arc<Object>) -> usize {
    let any: &dyn Any = &*object.referent;
    let found = any
        .downcast_ref::<Lock>()
        .map(|lock| lock.exclusive().waiting())
        .or_else(|| any.downcast_ref::<Semaphore>().map(Semaphore::waiting))
        .or_else(|| any.downcast_ref::<Condition>().map(Condition::waiting))
        .or_else(|| any.downcast_ref::<Event>().map(Event::waiting))
        .or_else(|| any.downcast_ref::<Barrier>().map(Barrier::waiting))
        .or_else(|| any.downcast_ref::<Queue>().map(Queue::waiting));
    found.expect("one of these")
}

fn until_waiting(object: &Arc<Object>, count: usize) {
    until(|| waiting(object) == count);
}

fn flag(flag: bool) -> Datum {
    Datum::Bool(flag)
}

fn int(number: i64) -> Datum {
    Datum::Int(number)
}

fn seconds(number: f64) -> Datum {
    Datum::Float(number)
}

/// Acquires without waiting.
fn try_acquire(client: &Client, object: &Arc<Object>) -> Said {
    client.call(object, "acquire", &[flag(false)])
}
