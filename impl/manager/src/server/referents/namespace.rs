//! `Namespace`: attributes by name.

use procession_wire::message::MANAGERS;
use procession_wire::{Node, Text};

use super::argument::{short, type_name};
use super::dict::dict_of;
use super::entries::{Entries, Incoming};
use super::hold::Held;
use super::list::no_attribute;
use crate::python::{self, Key, Raise, Work, key_of};
use crate::server::{Arguments, Call, Fault, Given, Objects, Quota, Referent, Stored, Storing, Whole};

/// An object that has whatever attributes it is given.
pub struct Namespace(Held<Entries>);

const EXPOSED: &[&str] = &[
    "__getattribute__",
    "__setattr__",
    "__delattr__",
    // Ours.
    "compare_exchange",
    "fetch_add",
];

impl Namespace {
    /// `Namespace(name=value, ...)`.
    ///
    /// # Errors
    /// Python's, and a `MemoryError` for more than the quota.
    pub fn create(
        arguments: Arguments<'_>,
        objects: &Objects,
        work: &mut Work,
        quota: &Quota,
    ) -> Result<Namespace, Raise> {
        if !arguments.positional.is_empty() {
            let given = arguments.positional.len() + 1;
            return Err(Raise::type_error(format!(
                "Namespace.__init__() takes 1 positional argument but {given} were given"
            )));
        }
        let mut attributes = Vec::with_capacity(arguments.named.len());
        for (name, value) in arguments.named.iter() {
            let key = key_of(name, work)?;
            attributes.push((key, Stored::of(name, objects), Stored::of(value, objects)));
        }
        let mut entries = Entries::default();
        entries.update(&mut Incoming::of(attributes), quota)?;
        Ok(Namespace(Held::new(entries)))
    }

    fn get(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name] = call.arguments.exactly("__getattribute__")?;
        let key = name_of(name, call.work)?;
        match self.0.lock().get(&key) {
            Some(entry) => Ok(Given::Value(entry.value.clone())),
            None => Err(missing(name).into()),
        }
    }

    fn set(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name, value] = call.arguments.exactly("__setattr__")?;
        let key = name_of(name, call.work)?;
        let name = Stored::of(name, call.objects);
        let mut incoming = Incoming::one(key, name, Stored::of(value, call.objects));
        self.0.lock().update(&mut incoming, call.quota)?;
        Ok(Given::none())
    }

    fn delete(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name] = call.arguments.exactly("__delattr__")?;
        let key = name_of(name, call.work)?;
        let gone = self.0.lock().remove(&key);
        match gone {
            Some(_) => Ok(Given::none()),
            None => Err(missing(name).into()),
        }
    }

    fn exchange(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name, read, new] = call.arguments.bind("compare_exchange", ["name", "expected", "new"], 1)?;
        let Some(name) = name else { return Err(Raise::type_error("a name is missing").into()) };
        let key = name_of(name, call.work)?;
        self.0.exchange(key, name, read, new, call)
    }

    fn fetch_add(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name, amount] = call.arguments.exactly("fetch_add")?;
        let key = name_of(name, call.work)?;
        self.0.fetch_add(key, amount, call, || missing(name))
    }

    fn now(&self) -> Vec<(Stored, Stored)> {
        self.0.lock().iter().map(|entry| (entry.name.clone(), entry.value.clone())).collect()
    }
}

impl Referent for Namespace {
    fn exposed(&self) -> &[&'static str] {
        EXPOSED
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "__getattribute__" => self.get(call),
            "__setattr__" => self.set(call),
            "__delattr__" => self.delete(call),
            "compare_exchange" => self.exchange(call),
            "fetch_add" => self.fetch_add(call),
            other => Err(no_attribute("Namespace", other).into()),
        }
    }

    fn whole(&self) -> Whole {
        let attributes = self.now();
        let mut storing = Storing::new();
        let state = dict_of(&attributes);
        let state = storing.add(&state);
        let builder = storing.builder();
        let class = builder.global(MANAGERS, "Namespace");
        let namespace = builder.new_object(class, &[]);
        // Python gives no state to what has none.
        if !attributes.is_empty() {
            builder.set_state(namespace, state);
        }
        Whole::Value(storing.finish(namespace))
    }

    fn repr(&self, most: usize, work: &mut Work) -> Result<String, Raise> {
        let mut attributes = Vec::new();
        let mut left = most;
        for (name, value) in &self.now() {
            let name = name.root().text().map(Text::to_str_lossy).unwrap_or_default();
            if !name.starts_with('_') {
                let value = python::repr(value.root(), left, work)?;
                left = left.saturating_sub(value.len());
                attributes.push(format!("{name}={value}"));
            }
        }
        attributes.sort_unstable();
        short(format!("Namespace({})", attributes.join(", ")), most)
    }

    fn size(&self) -> usize {
        self.0.lock().bytes()
    }
}

fn name_of(name: Node<'_>, work: &mut Work) -> Result<Key, Raise> {
    match name.text() {
        Some(_) => key_of(name, work),
        None => Err(Raise::type_error(format!("attribute name must be string, not '{}'", type_name(name)))),
    }
}

fn missing(name: Node<'_>) -> Raise {
    no_attribute("Namespace", &name.text().map(Text::to_str_lossy).unwrap_or_default())
}
