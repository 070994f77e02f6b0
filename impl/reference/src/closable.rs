//! A value that one thread may close while others use it: closing waits for nobody, and the value is
//! released by the last call that was under way.
//!
//! # Why nothing leaks
//! A user takes its mark away and *then* looks at `closed`; a closer sets `closed` and *then* looks at
//! the marks. [`marks`] puts a fence between the two on both sides, so whoever comes second sees the
//! other and releases.
//!
//! # Invariants
//! 1. A reference to the value exists only while a mark with this object's number is set, or `others`
//!    is not 0, and `closed` was looked at after that and found unset.
//! 2. The value is taken only by the one who has set `taken`, after `closed` was set and then neither
//!    a mark nor another user was found: by 1 and the fences there is no reference, nor will be one.
#![expect(unsafe_code, reason = "lends a value that is taken back only when nobody uses it")]

use std::cell::UnsafeCell;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

mod marks;

/// A value until it is closed.
#[derive(Debug)]
pub(crate) struct Closable<T> {
    closed: AtomicBool,
    taken: AtomicBool,
    /// How many users have no mark.
    others: AtomicUsize,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: the value is lent to any thread (hence `Sync`) and dropped by any (hence `Send`); by 1 and
// 2 never both at a time.
unsafe impl<T: Send + Sync> Sync for Closable<T> {}

/// The value, kept from being released for as long as this lives.
pub(crate) struct InUse<'a, T> {
    value: &'a T,
    // After the value: it is dropped last.
    _use: Use<'a, T>,
}

/// That the value is being used, or may be.
struct Use<'a, T> {
    owner: &'a Closable<T>,
    mark: Option<&'static AtomicUsize>,
}

impl<T> Closable<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            closed: AtomicBool::new(false),
            taken: AtomicBool::new(false),
            others: AtomicUsize::new(0),
            value: UnsafeCell::new(Some(value)),
        }
    }

    /// The value, unless it has been closed.
    #[inline]
    pub(crate) fn open(&self) -> Option<InUse<'_, T>> {
        let mark = marks::mark(self.number());
        if mark.is_none() {
            self.others.fetch_add(1, Ordering::SeqCst);
            fence(Ordering::SeqCst);
        }
        // Dropped even when closed: this mark may be the one that kept a closer from releasing.
        let in_use = Use { owner: self, mark };
        if self.is_closed() {
            return None;
        }
        // SAFETY: we are marked, and it was not closed afterwards: by 2 nobody takes the value.
        let value = unsafe { &*self.value.get() }.as_ref()?;
        Some(InUse { value, _use: in_use })
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Closes: no call that begins afterwards gets the value. May be repeated.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.release();
    }

    /// Takes the value out of an object that nobody else can reach any more.
    pub(crate) fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// What marks name this object by: no other object can have its flag at the same place.
    #[inline]
    fn number(&self) -> usize {
        std::ptr::from_ref(&self.closed).addr()
    }

    /// Releases the value of a closed object unless it is in use: then its last user does.
    #[cold]
    fn release(&self) {
        fence(Ordering::SeqCst);
        if marks::is_marked(self.number()) || self.others.load(Ordering::SeqCst) != 0 {
            return;
        }
        if !self.taken.swap(true, Ordering::AcqRel) {
            // SAFETY: by 2.
            let value = unsafe { &mut *self.value.get() }.take();
            drop(value);
        }
    }
}

impl<T> Deref for InUse<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.value
    }
}

impl<T> Drop for Use<'_, T> {
    #[inline]
    fn drop(&mut self) {
        match self.mark {
            Some(mark) => marks::unmark(mark),
            None => {
                self.owner.others.fetch_sub(1, Ordering::SeqCst);
                fence(Ordering::SeqCst);
            }
        }
        if self.owner.is_closed() {
            self.owner.release();
        }
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

    #[test]
    fn more_uses_at_a_time_than_a_thread_has_marks_for_are_counted() {
        let probe = Arc::new(());
        let closable = Closable::new(Arc::clone(&probe));
        let mut uses: Vec<_> = (0..20).map(|_| closable.open().expect("open")).collect();
        closable.close();
        while uses.len() > 1 {
            drop(uses.swap_remove(uses.len() / 2));
            assert_eq!(Arc::strong_count(&probe), 2, "still used");
        }
        drop(uses);
        assert_eq!(Arc::strong_count(&probe), 1, "released by the last user");
    }

    #[test]
    fn threads_that_use_while_another_closes_see_it_whole_or_closed() {
        struct Whole(AtomicBool);
        impl Drop for Whole {
            fn drop(&mut self) {
                self.0.store(false, Ordering::SeqCst);
            }
        }
        for _ in 0..200 {
            let closable = Closable::new((Whole(AtomicBool::new(true)), Arc::new(())));
            let probe = Arc::clone(&closable.open().expect("open").1);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        while let Some(value) = closable.open() {
                            assert!(value.0.0.load(Ordering::SeqCst), "whole while it is in use");
                        }
                    });
                }
                scope.spawn(|| closable.close());
            });
            assert_eq!(Arc::strong_count(&probe), 1, "released, with nobody left");
        }
    }
}
