//! The memo of a reader: a vector where the entries come in order, a map where they do not.

use std::collections::HashMap;

use crate::value::Id;

/// Entries by number. A stranger's numbers cost no memory beyond the entries.
#[derive(Debug)]
pub(crate) struct Memo {
    /// Entries `0..dense.len()`.
    dense: Vec<Id>,
    /// Entries beyond.
    sparse: HashMap<u32, Id>,
}

impl Memo {
    /// No entries, and room for so many.
    pub(crate) fn with_room(entries: usize) -> Memo {
        Memo { dense: Vec::with_capacity(entries), sparse: HashMap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.dense.len() + self.sparse.len()
    }

    pub(crate) fn get(&self, index: u32) -> Option<Id> {
        match self.dense.get(index as usize) {
            Some(&id) => Some(id),
            None => self.sparse.get(&index).copied(),
        }
    }

    /// The entry after those there are, as `MEMOIZE` counts them.
    pub(crate) fn push(&mut self, id: Id) {
        if self.sparse.is_empty() {
            self.dense.push(id);
        } else {
            self.put(self.len() as u32, id);
        }
    }

    pub(crate) fn put(&mut self, index: u32, id: Id) {
        match (index as usize).cmp(&self.dense.len()) {
            std::cmp::Ordering::Less => self.dense[index as usize] = id,
            std::cmp::Ordering::Equal => {
                self.sparse.remove(&index);
                self.dense.push(id);
            }
            std::cmp::Ordering::Greater => {
                self.sparse.insert(index, id);
            }
        }
    }
}
