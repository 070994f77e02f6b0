//! `Iterator`: the keys of a dict, one by one, as `iter(d)` gives them.

use std::sync::{Arc, Mutex, PoisonError};

use super::entries::Entries;
use super::hold::Held;
use super::list::{list_of, no_attribute};
use crate::python::{Class, Raise, Work};
use crate::server::{Call, Fault, Given, Referent, Stored, Storing, Whole};

/// An iterator over the keys of a dict, which it keeps alive.
///
/// Each key is given to one caller only. A dict that has more or fewer keys than at the beginning ends it, as does
/// one of which keys were replaced.
pub struct Iterator {
    entries: Arc<Held<Entries>>,
    /// Locked before the entries.
    stand: Mutex<Stand>,
}

/// How far it is.
struct Stand {
    /// Keys that came before this one were given.
    next: u64,
    /// The size that the dict must have; nothing once it had another.
    size: Option<usize>,
    /// How many keys are still to come.
    left: usize,
    /// Whether it has said that there are no more.
    ended: bool,
}

const EXPOSED: &[&str] = &["__next__", "send", "throw", "close"];

impl Iterator {
    /// The keys that these entries have now.
    pub fn over(entries: Arc<Held<Entries>>) -> Iterator {
        let size = entries.lock().len();
        let stand = Stand { next: 0, size: Some(size), left: size, ended: false };
        Iterator { entries, stand: Mutex::new(stand) }
    }

    fn next(&self) -> Result<Stored, Raise> {
        let mut stand = self.stand.lock().unwrap_or_else(PoisonError::into_inner);
        if stand.ended {
            return Err(Raise::bare(Class::StopIteration));
        }
        let entries = self.entries.lock();
        if stand.size != Some(entries.len()) {
            // Said again and again, whatever size the dict has later.
            stand.size = None;
            return Err(Raise::text(Class::Runtime, "dictionary changed size during iteration"));
        }
        let Some((number, entry)) = entries.from(stand.next) else {
            stand.ended = true;
            return Err(Raise::bare(Class::StopIteration));
        };
        if stand.left == 0 {
            stand.ended = true;
            return Err(Raise::text(Class::Runtime, "dictionary keys changed during iteration"));
        }
        stand.next = number + 1;
        stand.left -= 1;
        Ok(entry.name.clone())
    }

    /// The keys that are still to come, as far as that can be said.
    fn rest(&self) -> Vec<Stored> {
        let stand = self.stand.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = self.entries.lock();
        if stand.ended || stand.size != Some(entries.len()) {
            return Vec::new();
        }
        entries.after(stand.next).map(|entry| entry.name.clone()).collect()
    }
}

impl Referent for Iterator {
    fn exposed(&self) -> &[&'static str] {
        EXPOSED
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "__next__" => {
                let [] = call.arguments.exactly("__next__")?;
                Ok(Given::Value(self.next()?))
            }
            // Those of generators, which this is none of.
            other => Err(no_attribute("dict_keyiterator", other).into()),
        }
    }

    /// An iterator over the keys that are still to come, as Python sends it.
    fn whole(&self) -> Whole {
        let rest = list_of(&self.rest());
        let mut storing = Storing::new();
        let rest = storing.add(&rest);
        let builder = storing.builder();
        let class = builder.global("builtins", "iter");
        let iterator = builder.call(class, &[rest]);
        Whole::Value(storing.finish(iterator))
    }

    fn repr(&self, most: usize, _work: &mut Work) -> Result<String, Raise> {
        super::argument::short("<dict_keyiterator object>", most)
    }

    fn size(&self) -> usize {
        // The entries are the dict's, and count there.
        size_of::<Iterator>()
    }
}
