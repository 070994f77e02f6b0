//! Methods that look entries up, or give all of them.

use procession_wire::value::Id;

use super::Dict;
use crate::python::{Raise, key_of};
use crate::server::referents::argument::positional;
use crate::server::referents::list::list_of;
use crate::server::{Call, Fault, Given, Stored, Storing};

impl Dict {
    pub(super) fn contains(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [key] = call.arguments.exactly("__contains__")?;
        let key = key_of(key, call.work)?;
        Ok(Given::flag(self.lock().get(&key).is_some()))
    }

    pub(super) fn item(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name] = call.arguments.exactly("__getitem__")?;
        let key = key_of(name, call.work)?;
        match self.lock().get(&key) {
            Some(entry) => Ok(Given::Value(entry.value.clone())),
            None => Err(Raise::key(name).into()),
        }
    }

    pub(super) fn get(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [name, otherwise] = positional(call.arguments, "get", 1)?;
        let Some(name) = name else { return Err(Raise::type_error("get() needs a key").into()) };
        let key = key_of(name, call.work)?;
        let found = self.lock().get(&key).map(|entry| entry.value.clone());
        Ok(Given::Value(match (found, otherwise) {
            (Some(found), _) => found,
            (None, Some(otherwise)) => Stored::of(otherwise, call.objects),
            (None, None) => Stored::none(),
        }))
    }

    pub(super) fn keys(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [] = call.arguments.exactly("dict.keys")?;
        Ok(Given::Value(list_of(self.now().iter().map(|(key, _)| key))))
    }

    pub(super) fn values(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [] = call.arguments.exactly("dict.values")?;
        Ok(Given::Value(list_of(self.now().iter().map(|(_, value)| value))))
    }

    pub(super) fn items(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [] = call.arguments.exactly("dict.items")?;
        let mut storing = Storing::new();
        let mut pairs: Vec<Id> = Vec::new();
        for (key, value) in &self.now() {
            let pair = [storing.add(key), storing.add(value)];
            pairs.push(storing.builder().tuple(&pair));
        }
        let root = storing.builder().list(&pairs);
        Ok(Given::Value(storing.finish(root)))
    }
}
