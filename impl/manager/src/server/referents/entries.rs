//! Keys with their values, found by key and gone through in the order in which they came.

mod atomic;
mod incoming;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::argument::fits;
use crate::python::{Key, Raise};
use crate::server::{Quota, Stored};

pub use self::incoming::Incoming;

/// The entries of a dict or a namespace. What is taken out is given to the caller, to be dropped when the lock is
/// released.
#[derive(Default)]
pub struct Entries {
    /// Each under the number that it got when its key came; numbers only grow.
    entries: BTreeMap<u64, Entry>,
    numbers: HashMap<Arc<Key>, u64>,
    next: u64,
    bytes: usize,
}

/// One key with its value.
pub struct Entry {
    /// The key as it was first given.
    pub name: Stored,
    /// Its value.
    pub value: Stored,
    key: Arc<Key>,
}

impl Entries {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn get(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(self.numbers.get(key)?)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The first entry whose number is not less, and its number.
    pub fn from(&self, number: u64) -> Option<(u64, &Entry)> {
        self.entries.range(number..).next().map(|(&number, entry)| (number, entry))
    }

    /// The entries whose numbers are not less.
    pub fn after(&self, number: u64) -> impl Iterator<Item = &Entry> {
        self.entries.range(number..).map(|(_, entry)| entry)
    }

    /// The entry whose key came last.
    pub fn last_key(&self) -> Option<Arc<Key>> {
        self.entries.last_key_value().map(|(_, entry)| Arc::clone(&entry.key))
    }

    /// Gives keys their values, all or none: where there is no room nothing changes. What is not needed afterwards
    /// is left in `incoming`: keys that were there already, and values that were replaced.
    pub fn update(&mut self, incoming: &mut Incoming, quota: &Quota) -> Result<(), Raise> {
        let (mut more, mut bytes) = (0_usize, self.bytes);
        // The size of the value that each key has by then.
        let mut sizes: HashMap<&Key, usize> = HashMap::new();
        for (key, name, value) in incoming.entries() {
            let before = sizes.insert(key, value.size()).or_else(|| Some(self.get(key)?.value.size()));
            if before.is_none() {
                more += 1;
                bytes = bytes.saturating_add(frame(key, name));
            }
            bytes = bytes.saturating_add(value.size()).saturating_sub(before.unwrap_or(0));
        }
        fits(quota, self.len().saturating_add(more), bytes)?;
        incoming.each(|key, name, value| self.set(key, name, value));
        Ok(())
    }

    fn set(&mut self, key: Key, name: Stored, value: Stored) -> Vec<Stored> {
        if let Some(number) = self.numbers.get(&key)
            && let Some(entry) = self.entries.get_mut(number)
        {
            self.bytes = self.bytes + value.size() - entry.value.size();
            return vec![name, std::mem::replace(&mut entry.value, value)];
        }
        let number = self.next;
        self.next += 1;
        self.bytes += frame(&key, &name) + value.size();
        let key = Arc::new(key);
        self.numbers.insert(Arc::clone(&key), number);
        self.entries.insert(number, Entry { name, value, key });
        Vec::new()
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &Key) -> Option<Entry> {
        let entry = self.entries.remove(&self.numbers.remove(key)?)?;
        self.bytes -= frame(key, &entry.name) + entry.value.size();
        Some(entry)
    }

    /// Takes all out; numbers go on.
    pub fn clear(&mut self) -> Entries {
        let next = self.next;
        std::mem::replace(self, Entries { next, ..Entries::default() })
    }
}

/// What an entry takes beside its value.
fn frame(key: &Key, name: &Stored) -> usize {
    // The entry, and two places that name it.
    const PLACES: usize = size_of::<Entry>() + size_of::<(u64, u64, Arc<Key>)>();
    PLACES + key.size() + name.size()
}
