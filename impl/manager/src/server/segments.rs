//! The shared memory of a `SharedMemoryManager`: segments that clients make and the server removes at its end.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::sys::mman::shm_unlink;

use super::reply::key_error;
use crate::python::{Class, Raise};

/// The segments that are to be removed. Those that are left are removed when this is dropped.
pub(super) struct Segments {
    names: Mutex<BTreeSet<String>>,
    most: usize,
}

impl Segments {
    /// None so far, of which there may be so many.
    pub(super) fn new(most: usize) -> Segments {
        Segments { names: Mutex::default(), most }
    }

    /// Remembers one.
    ///
    /// # Errors
    /// A `ValueError` for what is no name of one, a `MemoryError` for one too many.
    pub(super) fn track(&self, name: &str) -> Result<(), Raise> {
        let bare = name.strip_prefix('/').unwrap_or(name);
        if bare.is_empty() || bare.len() > 255 || bare.contains(['/', '\0']) || bare == "." || bare == ".." {
            let said = format!("{name:?} names no shared memory: expected 1 to 255 bytes without '/'");
            return Err(Raise::value_error(said));
        }
        let mut names = self.lock();
        if names.len() >= self.most {
            let said = format!("the server has {} segments, and allows no more", self.most);
            return Err(Raise::text(Class::Memory, said));
        }
        names.insert(name.to_owned());
        Ok(())
    }

    /// Removes one.
    ///
    /// # Errors
    /// A `KeyError` for one that is not remembered, a `RuntimeError` where the system does not remove it.
    pub(super) fn release(&self, name: &str) -> Result<(), Raise> {
        if !self.lock().remove(name) {
            return Err(key_error(name));
        }
        remove(name).map_err(|error| {
            Raise::text(Class::Runtime, format!("the segment {name:?} was not removed: {error}"))
        })
    }

    /// Their names.
    pub(super) fn names(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a segment; one that is gone already is no error.
fn remove(name: &str) -> Result<(), Errno> {
    let name = if name.starts_with('/') { name.to_owned() } else { format!("/{name}") };
    match shm_unlink(name.as_str()) {
        Err(Errno::ENOENT) | Ok(()) => Ok(()),
        other => other,
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        for name in self.names() {
            // Nobody is left to be told.
            let _ = remove(&name);
        }
    }
}
