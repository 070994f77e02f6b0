//! `list`: what Python's list does.

mod change;
mod elements;
mod lookup;
mod subscript;

use procession_wire::value::Id;

use self::elements::Elements;
pub use self::subscript::run;
use super::argument::positional;
use super::hold::{Held, Hold};
use super::iterable::Through;
use crate::python::{self, Class, Raise, Work};
use crate::server::{Arguments, Call, Fault, Given, Objects, Quota, Referent, Stored, Storing, Whole};

/// A list. Its elements are shared by whoever reads them and never change.
pub struct List(Held<Elements>);

const EXPOSED: &[&str] = &[
    "__add__",
    "__contains__",
    "__delitem__",
    "__getitem__",
    "__len__",
    "__mul__",
    "__reversed__",
    "__rmul__",
    "__setitem__",
    "append",
    "count",
    "extend",
    "index",
    "insert",
    "pop",
    "remove",
    "reverse",
    "sort",
    "__imul__",
    // Since Python 3.14.
    "clear",
    "copy",
    // Ours.
    "compare_exchange",
    "fetch_add",
];

impl List {
    /// `list()` or `list(iterable)`.
    ///
    /// # Errors
    /// Python's, and a `MemoryError` for more than the quota.
    pub fn create(
        arguments: Arguments<'_>,
        objects: &Objects,
        work: &mut Work,
        quota: &Quota,
    ) -> Result<List, Raise> {
        let [elements] = positional(arguments, "list", 0)?;
        let elements = match elements {
            None => Vec::new(),
            Some(elements) => Through { objects, work, quota }.elements(elements)?,
        };
        Ok(List(Held::new(Elements::of(elements))))
    }

    fn lock(&self) -> Hold<'_, Elements> {
        self.0.lock()
    }

    /// The elements at one moment.
    fn now(&self) -> Vec<Stored> {
        self.lock().all().to_vec()
    }

    fn exchange(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [index, read, new] = call.arguments.exactly("compare_exchange")?;
        let index = python::index_of(index)?;
        let mut new = vec![Stored::of(new, call.objects)];
        let mut list = self.lock();
        let at = list.place(index, "list index out of range")?;
        let present = list.all()[at].clone();
        let stores = super::exchange::is_still(&present, read, call.work)?;
        if stores {
            let gone = list.splice(at..at + 1, &mut new, call.quota)?;
            list.let_go(gone);
        }
        drop(list);
        Ok(super::exchange::exchanged(stores, Some(&present)))
    }

    fn fetch_add(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [index, amount] = call.arguments.exactly("fetch_add")?;
        let index = python::index_of(index)?;
        let mut list = self.lock();
        let at = list.place(index, "list index out of range")?;
        let sum = super::arithmetic::sum(list.all()[at].root(), amount)?;
        let before = list.splice(at..at + 1, &mut vec![sum], call.quota)?;
        drop(list);
        Ok(Given::Value(before.into_iter().next().unwrap_or_else(Stored::none)))
    }
}

impl Referent for List {
    fn exposed(&self) -> &[&'static str] {
        EXPOSED
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "__add__" => self.add(call),
            "__contains__" => self.contains(call),
            "__delitem__" => self.delete(call),
            "__getitem__" => self.get(call),
            "__len__" => {
                let [] = call.arguments.exactly("__len__")?;
                Ok(Given::int(self.lock().all().len() as i64))
            }
            "__mul__" | "__rmul__" => self.times(call),
            "__reversed__" => self.reversed(call),
            "__setitem__" => self.set(call),
            "append" => self.append(call),
            "count" => self.count(call),
            "extend" => self.extend(call),
            "index" => self.index(call),
            "insert" => self.insert(call),
            "pop" => self.pop(call),
            "remove" => self.remove(call),
            "reverse" => self.reverse(call),
            "sort" => self.sort(call),
            "__imul__" => self.multiply(call),
            "clear" => self.clear(call),
            "copy" => {
                let [] = call.arguments.exactly("list.copy")?;
                Ok(Given::Value(list_of(&self.now())))
            }
            "compare_exchange" => self.exchange(call),
            "fetch_add" => self.fetch_add(call),
            other => Err(no_attribute("list", other).into()),
        }
    }

    fn whole(&self) -> Whole {
        // Under the lock, in which nothing is dropped for the last time: the list itself has all of it.
        Whole::Value(list_of(self.lock().all()))
    }

    fn repr(&self, most: usize, work: &mut Work) -> Result<String, Raise> {
        python::repr(list_of(&self.now()).root(), most, work)
    }

    fn size(&self) -> usize {
        self.lock().bytes()
    }
}

/// A list of these elements.
pub fn list_of<'s>(elements: impl IntoIterator<Item = &'s Stored, IntoIter: Clone>) -> Stored {
    let elements = elements.into_iter();
    // Numbers are most of what is kept in large lists.
    let mut atoms = Vec::with_capacity(elements.size_hint().0);
    let mut rest = elements.clone();
    loop {
        match rest.next().map(Stored::as_atom) {
            Some(Some(atom)) => atoms.push(atom),
            Some(None) => break,
            None => return Stored::list_of_atoms(atoms),
        }
    }
    let mut storing = Storing::new();
    let ids: Vec<Id> = elements.map(|element| storing.add(element)).collect();
    let root = storing.builder().list(&ids);
    storing.finish(root)
}

/// What Python says of a method that an object does not have.
pub fn no_attribute(class: &str, name: &str) -> Raise {
    Raise::text(Class::Attribute, format!("'{class}' object has no attribute '{name}'"))
}
