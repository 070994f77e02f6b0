//! `Array`: numbers or characters of one type, as `array.array` holds them.

mod cells;
mod typecode;

use procession_wire::Kind;

pub use self::cells::Cells;
use self::typecode::Typecode;
use super::argument::{fits, place_of, type_name};
use super::exchange::{exchanged, is_still};
use super::hold::Held;
use super::iterable::Through;
use super::list::{no_attribute, run};
use crate::python::{Class, Raise, Slice, Subscript, Work, index_of};
use crate::server::{Arguments, Call, Fault, Given, Objects, Quota, Referent, Whole};

/// An array. Its type never changes.
pub struct Array(Held<Cells>);

const EXPOSED: &[&str] = &[
    "__len__",
    "__getitem__",
    "__setitem__",
    // Ours.
    "compare_exchange",
    "fetch_add",
];

impl Array {
    /// `Array(typecode, sequence, lock=True)`.
    ///
    /// # Errors
    /// Python's, and a `MemoryError` for more than the quota.
    pub fn create(
        arguments: Arguments<'_>,
        objects: &Objects,
        work: &mut Work,
        quota: &Quota,
    ) -> Result<Array, Raise> {
        let [typecode, sequence, _lock] = arguments.bind("Array", ["typecode", "sequence", "lock"], 2)?;
        let (Some(typecode), Some(sequence)) = (typecode, sequence) else {
            return Err(Raise::type_error("Array() needs a type code and a sequence"));
        };
        let cells = Cells::new(Typecode::of(typecode)?, sequence, &mut Through { objects, work, quota })?;
        fits(quota, cells.len(), cells.bytes().len())?;
        Ok(Array(Held::new(cells)))
    }

    fn get(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [at] = call.arguments.exactly("__getitem__")?;
        let at = Subscript::of(at, "array")?;
        let cells = self.0.lock();
        let found = match at {
            Subscript::Index(index) => cells.get(place(&cells, index, "array index out of range")?)?,
            Subscript::Slice(slice) => cells.slice(slice).to_stored(),
        };
        Ok(Given::Value(found))
    }

    fn set(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [at, value] = call.arguments.exactly("__setitem__")?;
        match Subscript::of(at, "array")? {
            Subscript::Index(index) => {
                let mut cells = self.0.lock();
                let at = place(&cells, index, "array assignment index out of range")?;
                cells.set(at, value)?;
            }
            Subscript::Slice(slice) => {
                let new = match value.kind() {
                    Kind::Object(object) => Cells::sent(object)?,
                    _ => None,
                };
                let Some(new) = new else {
                    let found = type_name(value);
                    return Err(Raise::type_error(format!(
                        "can only assign array (not \"{found}\") to array slice"
                    ))
                    .into());
                };
                self.set_slice(slice, &new, call)?;
            }
        }
        Ok(Given::none())
    }

    fn set_slice(&self, slice: Slice, new: &Cells, call: &Call<'_>) -> Result<(), Raise> {
        let mut cells = self.0.lock();
        if new.typecode() != cells.typecode() {
            return Err(Raise::type_error("bad argument type for built-in operation"));
        }
        if slice.stride() == 1 {
            let places = run(slice, cells.len());
            let length = cells.len() - places.len() + new.len();
            fits(call.quota, length, length.saturating_mul(cells.typecode().width()))?;
            cells.splice(places, new);
            return Ok(());
        }
        let places = slice.indices(cells.len());
        // An empty array takes them out, also from between others.
        if new.len() == 0 {
            cells.take(places);
            return Ok(());
        }
        if places.len() != new.len() {
            return Err(Raise::value_error(format!(
                "attempt to assign array of size {} to extended slice of size {}",
                new.len(),
                places.len()
            )));
        }
        cells.put(&places, new);
        Ok(())
    }

    fn exchange(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [index, read, new] = call.arguments.exactly("compare_exchange")?;
        let index = index_of(index)?;
        let mut cells = self.0.lock();
        let at = place(&cells, index, "array index out of range")?;
        let present = cells.get(at)?;
        let stores = is_still(&present, read, call.work)?;
        if stores {
            cells.set(at, new)?;
        }
        Ok(exchanged(stores, Some(&present)))
    }

    fn fetch_add(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [index, amount] = call.arguments.exactly("fetch_add")?;
        let index = index_of(index)?;
        let mut cells = self.0.lock();
        let at = place(&cells, index, "array index out of range")?;
        let before = cells.get(at)?;
        let sum = super::arithmetic::sum(before.root(), amount)?;
        cells.set(at, sum.root())?;
        Ok(Given::Value(before))
    }
}

fn place(cells: &Cells, index: i64, otherwise: &str) -> Result<usize, Raise> {
    place_of(index, cells.len()).ok_or_else(|| Raise::text(Class::Index, otherwise))
}

impl Referent for Array {
    fn exposed(&self) -> &[&'static str] {
        EXPOSED
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "__len__" => {
                let [] = call.arguments.exactly("__len__")?;
                Ok(Given::int(self.0.lock().len() as i64))
            }
            "__getitem__" => self.get(call),
            "__setitem__" => self.set(call),
            "compare_exchange" => self.exchange(call),
            "fetch_add" => self.fetch_add(call),
            other => Err(no_attribute("array.array", other).into()),
        }
    }

    fn whole(&self) -> Whole {
        Whole::Value(self.0.lock().to_stored())
    }

    fn repr(&self, most: usize, work: &mut Work) -> Result<String, Raise> {
        let now = self.0.lock().clone();
        now.repr(most, work)
    }

    fn size(&self) -> usize {
        self.0.lock().bytes().len()
    }
}
