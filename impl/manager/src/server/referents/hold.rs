//! A lock that lets go of values only after it has been released.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::server::Stored;

/// What one object holds, under its lock.
///
/// A stored value may be the last to refer to an object, perhaps to the one that is locked, and with it that object
/// ends. So nothing stored is dropped under the lock: what is taken out is given to [`Hold::let_go`], and what was
/// to be put in belongs to the caller until it is in.
pub struct Held<T>(Mutex<T>);

/// The lock, and what was taken out under it.
pub struct Hold<'a, T> {
    // Fields are dropped in this order: first the lock, then the values.
    held: MutexGuard<'a, T>,
    gone: Vec<Stored>,
}

impl<T> Held<T> {
    pub fn new(held: T) -> Held<T> {
        Held(Mutex::new(held))
    }

    /// Locks it. Whoever panicked with it left nothing half done: values are moved, not changed.
    pub fn lock(&self) -> Hold<'_, T> {
        Hold { held: self.0.lock().unwrap_or_else(PoisonError::into_inner), gone: Vec::new() }
    }
}

impl<T> Hold<'_, T> {
    /// Drops these values after the lock is released.
    pub fn let_go(&mut self, gone: impl IntoIterator<Item = Stored>) {
        self.gone.extend(gone);
    }
}

impl<T> Deref for Hold<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.held
    }
}

impl<T> DerefMut for Hold<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.held
    }
}
