//! Calls by the names of things: on managed objects, on a worker's own plain values, and handing both over.

use procession_contract::{Answer, Datum, Objects, Outcome};

use super::connection::ConnectionHandle;
use super::managed::{self, ManagedHandle};
use super::plain::{self, PlainHandle};
use super::queue::QueueHandle;
use super::thing::Thing;

/// What the worker knows by this name as a value.
pub(super) fn thing(name: &str, objects: &mut Objects) -> Result<Thing, Answer> {
    let Some(object) = objects.get_mut(name) else {
        return Err(Answer::error(Outcome::Other, format!("this worker has no `{name}`")));
    };
    let any = object.as_any();
    if let Some(PlainHandle(thing)) = any.downcast_ref::<PlainHandle>() {
        Ok(thing.clone())
    } else if let Some(handle) = any.downcast_ref::<ManagedHandle>() {
        Ok(Thing::Proxy(handle.clone()))
    } else {
        Err(Answer::error(Outcome::BadType, format!("`{name}` is neither a plain value nor managed")))
    }
}

/// Several values of a script.
pub(super) fn things(data: &[Datum], objects: &mut Objects) -> Result<Vec<Thing>, Answer> {
    Thing::of_data(data, &mut |name| thing(name, objects))
}

/// Makes something known by a name; whatever had it is dropped.
fn learn(name: &str, thing: Thing, objects: &mut Objects) {
    match thing {
        Thing::Proxy(handle) => objects.insert(name.into(), Box::new(handle)),
        plain => objects.insert(name.into(), Box::new(PlainHandle(plain))),
    };
}

fn answered(result: Result<Answer, Answer>) -> Answer {
    result.unwrap_or_else(|answer| answer)
}

/// Calls a method of `on`; the result is known as `into` from then on.
pub(super) fn invoke(
    on: &str,
    method: &str,
    arguments: &[Datum],
    into: Option<&str>,
    objects: &mut Objects,
) -> Answer {
    let called = thing(on, objects).and_then(|target| {
        let arguments = things(arguments, objects)?;
        let given = match &target {
            Thing::Proxy(handle) => managed::invoke(handle, method, &arguments)?,
            plain => plain::invoke(plain, method, &arguments)?,
        };
        let answer = given.answer();
        if let Some(name) = into {
            learn(name, given, objects);
        }
        Ok(answer)
    });
    answered(called)
}

/// Makes a plain value known.
pub(super) fn keep(name: &str, value: &Datum, objects: &mut Objects) -> Answer {
    let kept = Thing::of_datum(value, &mut |name| thing(name, objects));
    answered(kept.map(|thing| {
        learn(name, thing, objects);
        Answer::ok()
    }))
}

/// Makes what a managed object holds known as a plain value.
pub(super) fn get_value(on: &str, name: &str, objects: &mut Objects) -> Answer {
    let got = thing(on, objects).and_then(|target| match &target {
        Thing::Proxy(handle) => handle.whole(),
        _ => Err(Answer::error(Outcome::Unsupported, format!("`{on}` is a plain value already"))),
    });
    answered(got.map(|thing| {
        let answer = thing.answer();
        learn(name, thing, objects);
        answer
    }))
}

/// Whether two names stand for equal things.
pub(super) fn equals(on: &str, other: &str, objects: &mut Objects) -> Answer {
    let both = thing(on, objects).and_then(|one| Ok((one, thing(other, objects)?)));
    answered(both.and_then(|(one, other)| plain::equal(&one, &other)).map(Answer::truth))
}

/// Sends what is known as `name` through `on`.
pub(super) fn hand(on: &str, name: &str, objects: &mut Objects) -> Answer {
    let handed = thing(name, objects).and_then(|thing| {
        let Some(object) = objects.get_mut(on) else {
            return Err(Answer::error(Outcome::Other, format!("this worker has no `{on}`")));
        };
        let any = object.as_any();
        if let Some(connection) = any.downcast_ref::<ConnectionHandle>() {
            Ok(connection.hand(&thing))
        } else if let Some(queue) = any.downcast_ref::<QueueHandle>() {
            Ok(queue.hand(&thing))
        } else if let Some(queue) = any.downcast_ref::<ManagedHandle>() {
            managed::invoke(queue, "put", &[thing]).map(|_| Answer::ok())
        } else {
            Err(Answer::of(Outcome::Unsupported))
        }
    });
    answered(handed)
}

/// Receives what another worker handed over through `on`; it is known as `name` from then on.
pub(super) fn take_over(on: &str, name: &str, objects: &mut Objects) -> Answer {
    let Some(object) = objects.get_mut(on) else {
        return Answer::error(Outcome::Other, format!("this worker has no `{on}`"));
    };
    let any = object.as_any();
    let taken = if let Some(connection) = any.downcast_ref::<ConnectionHandle>() {
        connection.take_over()
    } else if let Some(queue) = any.downcast_ref::<QueueHandle>() {
        queue.take_over()
    } else if let Some(queue) = any.downcast_ref::<ManagedHandle>() {
        managed::invoke(queue, "get", &[])
    } else {
        Err(Answer::of(Outcome::Unsupported))
    };
    answered(taken.map(|thing| {
        let answer = thing.answer();
        learn(name, thing, objects);
        answer
    }))
}
