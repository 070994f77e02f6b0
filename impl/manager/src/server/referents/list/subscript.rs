//! `l[i]`, `l[i:j:k]`, and storing and deleting there.

use std::ops::Range;

use super::{List, list_of};
use crate::python::{Raise, Slice, Subscript};
use crate::server::referents::iterable::Through;
use crate::server::{Call, Fault, Given, Stored};

impl List {
    pub(super) fn get(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [at] = call.arguments.exactly("__getitem__")?;
        match Subscript::of(at, "list")? {
            Subscript::Index(index) => {
                let list = self.lock();
                let at = list.place(index, "list index out of range")?;
                Ok(Given::Value(list.all()[at].clone()))
            }
            Subscript::Slice(slice) => {
                let list = self.lock();
                let all = list.all();
                let found: Vec<Stored> =
                    slice.indices(all.len()).into_iter().map(|at| all[at].clone()).collect();
                drop(list);
                Ok(Given::Value(list_of(&found)))
            }
        }
    }

    pub(super) fn set(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [at, value] = call.arguments.exactly("__setitem__")?;
        match Subscript::of(at, "list")? {
            Subscript::Index(index) => {
                let mut new = vec![Stored::of(value, call.objects)];
                let mut list = self.lock();
                let at = list.place(index, "list assignment index out of range")?;
                let gone = list.splice(at..at + 1, &mut new, call.quota)?;
                list.let_go(gone);
            }
            Subscript::Slice(slice) => {
                let mut through = Through { objects: call.objects, work: call.work, quota: call.quota };
                let mut new = through.elements(value).map_err(|raised| match slice.step {
                    Some(step) if step != 1 => raised,
                    _ if raised.class == crate::python::Class::Type => {
                        Raise::type_error("can only assign an iterable")
                    }
                    _ => raised,
                })?;
                let mut list = self.lock();
                let length = list.all().len();
                let gone = if slice.stride() == 1 {
                    list.splice(run(slice, length), &mut new, call.quota)?
                } else {
                    let places = slice.indices(length);
                    if places.len() != new.len() {
                        return Err(Raise::value_error(format!(
                            "attempt to assign sequence of size {} to extended slice of size {}",
                            new.len(),
                            places.len()
                        ))
                        .into());
                    }
                    list.put(&places, &mut new, call.quota)?
                };
                list.let_go(gone);
            }
        }
        Ok(Given::none())
    }

    pub(super) fn delete(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [at] = call.arguments.exactly("__delitem__")?;
        let subscript = Subscript::of(at, "list")?;
        let mut list = self.lock();
        let length = list.all().len();
        let places = match subscript {
            Subscript::Index(index) => vec![list.place(index, "list assignment index out of range")?],
            Subscript::Slice(slice) => {
                let mut places = slice.indices(length);
                if slice.stride() < 0 {
                    places.reverse();
                }
                places
            }
        };
        let gone = list.take(&places);
        list.let_go(gone);
        Ok(Given::none())
    }
}

/// The elements that a slice without steps stands for: none, perhaps, but at a place.
pub fn run(slice: Slice, length: usize) -> Range<usize> {
    let (start, count) = slice.extent(length);
    let start = usize::try_from(start).unwrap_or(0).min(length);
    start..start.saturating_add(count).min(length)
}
