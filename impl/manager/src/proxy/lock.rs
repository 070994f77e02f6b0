//! Managed locks and semaphores.

use std::marker::PhantomData;

use super::typed::{failures, typed};
use super::{CallError, Proxy, Remote};

typed! {
    /// A lock in a server. Anybody may release it.
    LockProxy
}

typed! {
    /// A lock in a server that belongs to the thread that has acquired it, which may acquire it again.
    RLockProxy
}

typed! {
    /// A counter in a server that is waited for when it is 0.
    SemaphoreProxy
}

typed! {
    /// A counter in a server that is waited for when it is 0, and never becomes more than it was at first.
    BoundedSemaphoreProxy
}

failures! {
    /// Why nothing was released.
    ReleaseError {
        /// It was not held; a recursive lock, not by this thread.
        NotHeld("RuntimeError" | "AssertionError") => "it was not held",
        /// A bounded semaphore was released more often than acquired.
        TooOften("ValueError") => "the semaphore was released more often than acquired",
    }
}

impl Remote {
    /// Creates a lock.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn lock(&self) -> Result<LockProxy, CallError> {
        self.create("Lock", (), ()).map(LockProxy::from)
    }

    /// Creates a recursive lock.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn rlock(&self) -> Result<RLockProxy, CallError> {
        self.create("RLock", (), ()).map(RLockProxy::from)
    }

    /// Creates a semaphore.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn semaphore(&self, value: u64) -> Result<SemaphoreProxy, CallError> {
        self.create("Semaphore", (value,), ()).map(SemaphoreProxy::from)
    }

    /// Creates a bounded semaphore.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn bounded_semaphore(&self, value: u64) -> Result<BoundedSemaphoreProxy, CallError> {
        self.create("BoundedSemaphore", (value,), ()).map(BoundedSemaphoreProxy::from)
    }
}

/// What is held. Dropping it releases it; that this fails because the server is gone is of no more interest.
///
/// It stays in its thread: to the server, the thread is who holds it.
#[derive(Debug)]
#[must_use = "what is dropped is released"]
pub struct Guard<'a> {
    proxy: &'a Proxy,
    _of_this_thread: PhantomData<*const ()>,
}

impl Guard<'_> {
    /// Releases it.
    ///
    /// # Errors
    /// See [`ReleaseError`].
    pub fn release(self) -> Result<(), ReleaseError> {
        let released = release(self.proxy);
        std::mem::forget(self);
        released
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let _ = release(self.proxy);
    }
}

pub(super) fn guard(proxy: &Proxy) -> Guard<'_> {
    Guard { proxy, _of_this_thread: PhantomData }
}

pub(super) fn release(proxy: &Proxy) -> Result<(), ReleaseError> {
    Ok(proxy.get("release", ())?)
}

/// The methods of what can be acquired and released.
macro_rules! acquired {
    ($($name:ident)*) => {$(
        impl $name {
            /// Acquires it, waiting as long as it takes, until the guard is dropped.
            ///
            /// # Errors
            /// See [`CallError`](crate::proxy::CallError).
            pub fn hold(&self) -> Result<crate::proxy::Guard<'_>, crate::proxy::CallError> {
                self.acquire().map(|()| crate::proxy::lock::guard(&self.proxy))
            }

            /// Acquires it, waiting as long as it takes.
            ///
            /// # Errors
            /// See [`CallError`](crate::proxy::CallError).
            pub fn acquire(&self) -> Result<(), crate::proxy::CallError> {
                self.proxy.get::<bool>("acquire", ()).map(drop)
            }

            /// Acquires it if that is possible at once: whether it was.
            ///
            /// # Errors
            /// See [`CallError`](crate::proxy::CallError).
            pub fn try_acquire(&self) -> Result<bool, crate::proxy::CallError> {
                self.proxy.get("acquire", (false,))
            }

            /// Acquires it, waiting for at most this time: whether it was.
            ///
            /// # Errors
            /// See [`CallError`](crate::proxy::CallError).
            pub fn acquire_timeout(&self, time: std::time::Duration) -> Result<bool, crate::proxy::CallError> {
                self.proxy.get("acquire", (true, time.as_secs_f64()))
            }

            /// Releases it.
            ///
            /// # Errors
            /// See [`ReleaseError`](crate::proxy::ReleaseError).
            pub fn release(&self) -> Result<(), crate::proxy::ReleaseError> {
                crate::proxy::lock::release(&self.proxy)
            }
        }
    )*};
}

pub(super) use acquired;

acquired! { LockProxy RLockProxy SemaphoreProxy BoundedSemaphoreProxy }
