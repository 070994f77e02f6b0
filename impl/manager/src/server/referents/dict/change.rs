//! Methods that change a dict.

use super::Dict;
use super::source;
use crate::python::{Class, Raise, key_of};
use crate::server::referents::argument::positional;
use crate::server::referents::entries::Incoming;
use crate::server::referents::iterable::Through;
use crate::server::{Call, Fault, Given, Stored, Storing};

impl Dict {
    pub(super) fn set(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name, value] = call.arguments.exactly("__setitem__")?;
        let key = key_of(name, call.work)?;
        let name = Stored::of(name, call.objects);
        let mut incoming = Incoming::one(key, name, Stored::of(value, call.objects));
        self.lock().update(&mut incoming, call.quota)?;
        Ok(Given::none())
    }

    pub(super) fn update(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let mut through = Through { objects: call.objects, work: call.work, quota: call.quota };
        let mut incoming = Incoming::of(source::given(call.arguments, "update", &mut through)?);
        self.lock().update(&mut incoming, call.quota)?;
        Ok(Given::none())
    }

    pub(super) fn set_default(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name, value] = positional(call.arguments, "setdefault", 1)?;
        let Some(name) = name else { return Err(Raise::type_error("setdefault() needs a key").into()) };
        let key = key_of(name, call.work)?;
        let known = key.clone();
        let name = Stored::of(name, call.objects);
        let value = value.map_or_else(Stored::none, |value| Stored::of(value, call.objects));
        let mut incoming = Incoming::one(key, name, value.clone());
        let mut dict = self.lock();
        if let Some(entry) = dict.get(&known) {
            return Ok(Given::Value(entry.value.clone()));
        }
        dict.update(&mut incoming, call.quota)?;
        Ok(Given::Value(value))
    }

    pub(super) fn delete(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name] = call.arguments.exactly("__delitem__")?;
        let key = key_of(name, call.work)?;
        let gone = self.lock().remove(&key);
        match gone {
            Some(_) => Ok(Given::none()),
            None => Err(Raise::key(name).into()),
        }
    }

    pub(super) fn pop(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name, otherwise] = positional(call.arguments, "pop", 1)?;
        let Some(name) = name else { return Err(Raise::type_error("pop() needs a key").into()) };
        // An empty dict does not look at the key.
        let is_empty = self.lock().len() == 0;
        let gone = match is_empty {
            true => None,
            false => {
                let key = key_of(name, call.work)?;
                self.lock().remove(&key)
            }
        };
        match (gone, otherwise) {
            (Some(entry), _) => Ok(Given::Value(entry.value)),
            (None, Some(otherwise)) => Ok(Given::Value(Stored::of(otherwise, call.objects))),
            (None, None) => Err(Raise::key(name).into()),
        }
    }

    pub(super) fn pop_item(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [] = call.arguments.exactly("dict.popitem")?;
        let mut dict = self.lock();
        let gone = dict.last_key().and_then(|key| dict.remove(&key));
        drop(dict);
        let Some(entry) = gone else {
            return Err(Raise::text(Class::Key, "popitem(): dictionary is empty").into());
        };
        let mut storing = Storing::new();
        let pair = [storing.add(&entry.name), storing.add(&entry.value)];
        let root = storing.builder().tuple(&pair);
        Ok(Given::Value(storing.finish(root)))
    }

    pub(super) fn clear(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [] = call.arguments.exactly("dict.clear")?;
        let gone = self.lock().clear();
        drop(gone);
        Ok(Given::none())
    }

    pub(super) fn exchange(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name, read, new] = call.arguments.bind("compare_exchange", ["key", "expected", "new"], 1)?;
        let Some(name) = name else { return Err(Raise::type_error("compare_exchange() needs a key").into()) };
        let key = key_of(name, call.work)?;
        self.0.exchange(key, name, read, new, call)
    }

    pub(super) fn fetch_add(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name, amount] = call.arguments.exactly("fetch_add")?;
        let key = key_of(name, call.work)?;
        self.0.fetch_add(key, amount, call, || Raise::key(name))
    }
}
