//! A value that one thread may close while others use it: closing waits for nobody, and the value is
//! released by the last call that was under way.
//!
//! # Why nothing leaks
//! A user gives its guard back and *then* looks at `closed`; a closer sets `closed` and *then* tries
//! for the value. Both orders are `SeqCst`, so whoever comes second sees the other and releases.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// A value until it is closed.
#[derive(Debug)]
pub(crate) struct Closable<T> {
    closed: AtomicBool,
    value: RwLock<Option<T>>,
}

/// The value, kept from being released for as long as this lives.
pub(crate) struct InUse<'a, T> {
    owner: &'a Closable<T>,
    guard: Option<RwLockReadGuard<'a, Option<T>>>,
}

impl<T> Closable<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { closed: AtomicBool::new(false), value: RwLock::new(Some(value)) }
    }

    /// The value, unless it has been closed.
    pub(crate) fn open(&self) -> Option<InUse<'_, T>> {
        let guard = self.value.read().unwrap_or_else(PoisonError::into_inner);
        let present = guard.is_some();
        // Dropped by `InUse` even when closed: this guard may be the one that kept a closer out.
        let in_use = InUse { owner: self, guard: Some(guard) };
        (present && !self.is_closed()).then_some(in_use)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Closes: no call that begins afterwards gets the value. May be repeated.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.release_if_closed();
    }

    /// Takes the value out of an object that nobody else can reach any more.
    pub(crate) fn into_inner(self) -> Option<T> {
        self.value.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn release_if_closed(&self) {
        fence(Ordering::SeqCst);
        if !self.is_closed() {
            return;
        }
        // A refusal means that another call is under way or another thread is releasing: theirs to do.
        let released = self.value.try_write().ok().and_then(|mut value| value.take());
        drop(released);
    }
}

impl<T> Deref for InUse<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_deref().and_then(Option::as_ref).expect("a value in use is open")
    }
}

impl<T> Drop for InUse<'_, T> {
    fn drop(&mut self) {
        self.guard = None;
        self.owner.release_if_closed();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn closing_during_a_use_releases_when_the_use_ends() {
        let probe = Arc::new(());
        let closable = Closable::new(Arc::clone(&probe));
        let in_use = closable.open().expect("open");
        closable.close();
        assert!(closable.open().is_none(), "closed for whoever comes now");
        assert_eq!(Arc::strong_count(&probe), 2, "still used");
        drop(in_use);
        assert_eq!(Arc::strong_count(&probe), 1, "released by the last user");
        closable.close();
    }

    #[test]
    fn closing_an_idle_value_releases_it_at_once() {
        let probe = Arc::new(());
        let closable = Closable::new(Arc::clone(&probe));
        closable.close();
        assert_eq!(Arc::strong_count(&probe), 1);
        assert!(closable.into_inner().is_none());
    }
}
