//! Methods that look for elements, or give lists made of them.

use std::ops::Range;

use procession_wire::{Kind, Node};

use super::{List, list_of};
use crate::python::{self, Raise, Work};
use crate::server::referents::argument::{fits, place_of, positional, size_of, type_name};
use crate::server::referents::iterable::Through;
use crate::server::{Call, Fault, Given, Stored, Storing};

impl List {
    pub(super) fn contains(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [element] = call.arguments.exactly("__contains__")?;
        let list = self.lock();
        let found = position(list.all(), 0..list.all().len(), element, call.work)?;
        Ok(Given::flag(found.is_some()))
    }

    pub(super) fn count(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [element] = call.arguments.exactly("list.count")?;
        let mut count = 0;
        for one in self.lock().all() {
            count += i64::from(python::equal(one.root(), element, call.work)?);
        }
        Ok(Given::int(count))
    }

    pub(super) fn index(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [element, start, stop] = positional(call.arguments, "index", 1)?;
        let Some(element) = element else { return Err(Raise::type_error("index() needs a value").into()) };
        let start = start.map_or(Ok(0), bound)?;
        let stop = stop.map_or(Ok(i64::MAX), bound)?;
        let list = self.lock();
        let length = list.all().len();
        let place = |bound: i64| match bound < 0 {
            true => place_of(bound, length).unwrap_or(0),
            false => usize::try_from(bound).unwrap_or(usize::MAX).min(length),
        };
        let (start, stop) = (place(start), place(stop));
        let found = position(list.all(), start..stop.max(start), element, call.work)?;
        drop(list);
        match found {
            Some(at) => Ok(Given::int(at as i64)),
            None => {
                let name = python::repr(element, call.quota.text.min(1000), call.work);
                let said = match name {
                    Ok(name) => format!("{name} is not in list"),
                    // What would be long to write is not written.
                    Err(_) => "list.index(x): x not in list".into(),
                };
                Err(Raise::value_error(said).into())
            }
        }
    }

    pub(super) fn add(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [other] = call.arguments.exactly("__add__")?;
        let Kind::List(_) = other.kind() else {
            let found = type_name(other);
            return Err(
                Raise::type_error(format!("can only concatenate list (not \"{found}\") to list")).into()
            );
        };
        let added = Through { objects: call.objects, work: call.work, quota: call.quota }.elements(other)?;
        let now = self.now();
        let bytes = now.iter().chain(&added).map(Stored::size).fold(0, usize::saturating_add);
        fits(call.quota, now.len().saturating_add(added.len()), bytes)?;
        Ok(Given::Value(list_of(now.iter().chain(&added))))
    }

    pub(super) fn times(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [times] = call.arguments.exactly("__mul__")?;
        let times = size_of(times)?;
        let repeated = self.lock().repeated(times, call.quota)?;
        Ok(Given::Value(list_of(&repeated)))
    }

    /// The iterator itself, as Python sends it: the list, and the index of what comes first.
    pub(super) fn reversed(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [] = call.arguments.exactly("__reversed__")?;
        let now = self.now();
        let mut storing = Storing::new();
        let list = list_of(&now);
        let list = storing.add(&list);
        let builder = storing.builder();
        let class = builder.global("builtins", "reversed");
        let iterator = builder.call(class, &[list]);
        let last = builder.int(now.len() as i64 - 1);
        builder.set_state(iterator, last);
        Ok(Given::Value(storing.finish(iterator)))
    }
}

/// Where the first element equal to this one is.
pub fn position(
    all: &[Stored],
    places: Range<usize>,
    element: Node<'_>,
    work: &mut Work,
) -> Result<Option<usize>, Raise> {
    for at in places {
        if let Some(one) = all.get(at)
            && python::equal(one.root(), element, work)?
        {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// A bound of `index`, as far as one can count.
fn bound(node: Node<'_>) -> Result<i64, Raise> {
    match super::super::arithmetic::integer(node) {
        Some(number) => Ok(number.to_i64().unwrap_or(if number.is_negative() { i64::MIN } else { i64::MAX })),
        None => Err(Raise::type_error("slice indices must be integers or have an __index__ method")),
    }
}
