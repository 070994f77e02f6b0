//! `Value`: one value that is read and replaced.

use procession_wire::message::MANAGERS;

use super::argument::{fits, short};
use super::arithmetic::sum;
use super::exchange::{exchanged, is_still};
use super::hold::Held;
use super::list::no_attribute;
use crate::python::{self, Raise, Work};
use crate::server::{Arguments, Call, Fault, Given, Objects, Quota, Referent, Stored, Storing, Whole};

/// A value of any type. The type code that it is given is only shown.
pub struct Value {
    typecode: Stored,
    value: Held<Stored>,
}

const EXPOSED: &[&str] = &[
    "get",
    "set",
    // Ours.
    "compare_exchange",
    "fetch_add",
];

impl Value {
    /// `Value(typecode, value, lock=True)`.
    ///
    /// # Errors
    /// Python's, and a `MemoryError` for more than the quota.
    pub fn create(
        arguments: Arguments<'_>,
        objects: &Objects,
        _work: &mut Work,
        quota: &Quota,
    ) -> Result<Value, Raise> {
        let [typecode, value, _lock] = arguments.bind("Value", ["typecode", "value", "lock"], 2)?;
        let stored = |node: Option<_>| node.map_or_else(Stored::none, |node| Stored::of(node, objects));
        let (typecode, value) = (stored(typecode), stored(value));
        fits(quota, 1, typecode.size().saturating_add(value.size()))?;
        Ok(Value { typecode, value: Held::new(value) })
    }

    fn now(&self) -> Stored {
        self.value.lock().clone()
    }

    fn set(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [value] = call.arguments.exactly("set")?;
        let new = Stored::of(value, call.objects);
        fits(call.quota, 1, self.typecode.size().saturating_add(new.size()))?;
        let mut value = self.value.lock();
        let gone = std::mem::replace(&mut *value, new);
        value.let_go([gone]);
        Ok(Given::none())
    }

    fn exchange(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [read, new] = call.arguments.exactly("compare_exchange")?;
        let new = Stored::of(new, call.objects);
        fits(call.quota, 1, self.typecode.size().saturating_add(new.size()))?;
        let mut value = self.value.lock();
        let present = value.clone();
        let stores = is_still(&present, read, call.work)?;
        if stores {
            let gone = std::mem::replace(&mut *value, new);
            value.let_go([gone]);
        }
        drop(value);
        Ok(exchanged(stores, Some(&present)))
    }

    fn fetch_add(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [amount] = call.arguments.exactly("fetch_add")?;
        let mut value = self.value.lock();
        let sum = sum(value.root(), amount)?;
        let before = std::mem::replace(&mut *value, sum);
        drop(value);
        Ok(Given::Value(before))
    }
}

impl Referent for Value {
    fn exposed(&self) -> &[&'static str] {
        EXPOSED
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "get" => {
                let [] = call.arguments.exactly("get")?;
                Ok(Given::Value(self.now()))
            }
            "set" => self.set(call),
            "compare_exchange" => self.exchange(call),
            "fetch_add" => self.fetch_add(call),
            other => Err(no_attribute("Value", other).into()),
        }
    }

    fn whole(&self) -> Whole {
        let mut storing = Storing::new();
        let parts = [("_typecode", self.typecode.clone()), ("_value", self.now())];
        let attributes = parts.each_ref().map(|(name, value)| {
            let value = storing.add(value);
            (storing.builder().str(*name), value)
        });
        let builder = storing.builder();
        let class = builder.global(MANAGERS, "Value");
        let value = builder.new_object(class, &[]);
        match builder.dict(&attributes) {
            Ok(state) => builder.set_state(value, state),
            Err(_) => unreachable!("texts can be hashed"),
        }
        Whole::Value(storing.finish(value))
    }

    fn repr(&self, most: usize, work: &mut Work) -> Result<String, Raise> {
        let typecode = python::repr(self.typecode.root(), most, work)?;
        let value = python::repr(self.now().root(), most, work)?;
        short(format!("Value({typecode}, {value})"), most)
    }

    fn size(&self) -> usize {
        self.typecode.size() + self.value.lock().size()
    }
}
