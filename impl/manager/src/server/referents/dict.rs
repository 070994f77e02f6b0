//! `dict`: what Python's dict does, in the order in which its keys came.

mod change;
mod lookup;
mod source;

use std::sync::Arc;

use procession_wire::value::Id;

use super::entries::{Entries, Incoming};
use super::hold::{Held, Hold};
use super::iterable::Through;
use super::list::no_attribute;
use crate::python::{self, Raise, Work};
use crate::server::{Arguments, Call, Fault, Given, Objects, Quota, Referent, Stored, Storing, Whole};

/// A dict. Its iterators share its entries with it.
pub struct Dict(Arc<Held<Entries>>);

const EXPOSED: &[&str] = &[
    "__contains__",
    "__delitem__",
    "__getitem__",
    "__iter__",
    "__len__",
    "__setitem__",
    "clear",
    "copy",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
    // Again, since Python names what gives proxies behind the rest.
    "__iter__",
    // Ours.
    "compare_exchange",
    "fetch_add",
];

impl Dict {
    /// `dict()`, `dict(mapping)`, `dict(pairs)`, each with keywords.
    ///
    /// # Errors
    /// Python's, and a `MemoryError` for more than the quota.
    pub fn create(
        arguments: Arguments<'_>,
        objects: &Objects,
        work: &mut Work,
        quota: &Quota,
    ) -> Result<Dict, Raise> {
        let given = source::given(arguments, "dict", &mut Through { objects, work, quota })?;
        let mut entries = Entries::default();
        entries.update(&mut Incoming::of(given), quota)?;
        Ok(Dict(Arc::new(Held::new(entries))))
    }

    fn lock(&self) -> Hold<'_, Entries> {
        self.0.lock()
    }

    /// Keys and values at one moment.
    fn now(&self) -> Vec<(Stored, Stored)> {
        self.lock().iter().map(|entry| (entry.name.clone(), entry.value.clone())).collect()
    }
}

impl Referent for Dict {
    fn exposed(&self) -> &[&'static str] {
        EXPOSED
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "__contains__" => self.contains(call),
            "__delitem__" => self.delete(call),
            "__getitem__" => self.item(call),
            "__iter__" => {
                let [] = call.arguments.exactly("__iter__")?;
                Ok(Given::Proxy {
                    typeid: "Iterator",
                    referent: Arc::new(super::Iterator::over(Arc::clone(&self.0))),
                })
            }
            "__len__" => {
                let [] = call.arguments.exactly("__len__")?;
                Ok(Given::int(self.lock().len() as i64))
            }
            "__setitem__" => self.set(call),
            "clear" => self.clear(call),
            "copy" => {
                let [] = call.arguments.exactly("dict.copy")?;
                Ok(Given::Value(dict_of(&self.now())))
            }
            "get" => self.get(call),
            "items" => self.items(call),
            "keys" => self.keys(call),
            "pop" => self.pop(call),
            "popitem" => self.pop_item(call),
            "setdefault" => self.set_default(call),
            "update" => self.update(call),
            "values" => self.values(call),
            "compare_exchange" => self.exchange(call),
            "fetch_add" => self.fetch_add(call),
            other => Err(no_attribute("dict", other).into()),
        }
    }

    fn whole(&self) -> Whole {
        Whole::Value(dict_of(&self.now()))
    }

    fn repr(&self, most: usize, work: &mut Work) -> Result<String, Raise> {
        python::repr(dict_of(&self.now()).root(), most, work)
    }

    fn size(&self) -> usize {
        self.lock().bytes()
    }
}

/// A dict of these.
pub fn dict_of(pairs: &[(Stored, Stored)]) -> Stored {
    let mut storing = Storing::new();
    let ids: Vec<(Id, Id)> =
        pairs.iter().map(|(key, value)| (storing.add(key), storing.add(value))).collect();
    let root = match storing.builder().dict(&ids) {
        Ok(dict) => dict,
        // What was a key here can be one there.
        Err(_) => unreachable!("every key was found hashable when it came"),
    };
    storing.finish(root)
}
