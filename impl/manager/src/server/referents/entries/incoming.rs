//! Keys with values, on their way in.

use crate::python::Key;
use crate::server::Stored;

/// Keys with values to be put in, and what is left over when they are in.
pub struct Incoming {
    entries: Vec<(Key, Stored, Stored)>,
    gone: Vec<Stored>,
}

impl Incoming {
    pub fn of(entries: Vec<(Key, Stored, Stored)>) -> Incoming {
        Incoming { entries, gone: Vec::new() }
    }

    /// One key with its value.
    pub fn one(key: Key, name: Stored, value: Stored) -> Incoming {
        Incoming::of(vec![(key, name, value)])
    }

    pub fn entries(&self) -> impl Iterator<Item = (&Key, &Stored, &Stored)> {
        self.entries.iter().map(|(key, name, value)| (key, name, value))
    }

    /// Hands each over in turn, and keeps what is given back.
    pub fn each(&mut self, mut take: impl FnMut(Key, Stored, Stored) -> Vec<Stored>) {
        for (key, name, value) in self.entries.drain(..) {
            self.gone.extend(take(key, name, value));
        }
    }
}
