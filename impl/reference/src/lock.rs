//! A lock between processes that survives the death of its holder.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use crate::acquire::{AcquireError, Acquired, Holder, NotHeld};
use crate::deadline::Deadline;
use crate::region::AttachError;
use crate::rlock;
use crate::segment::Kind;
use crate::shared::{Body, Shared, travels_when_starting};
use crate::sync::open_lock::OpenLock;
use crate::sync::raw_lock::{Peers, TimedOut};

/// A lock that one process at a time holds, as Python's `multiprocessing.Lock`.
///
/// Between a successful acquire and the matching release no other acquire succeeds, from any thread of any
/// process that shares the lock. It is not re-entrant: a holder that acquires again waits like anybody
/// else. What holds it is the *process*, not the thread, and any thread of any process that shares it may
/// release it. Nobody is served in any particular order.
///
/// ```
/// use procession_reference::Lock;
///
/// let lock = Lock::new()?;
/// {
///     let guard = lock.lock()?;
///     assert!(!guard.owner_died());
///     assert!(lock.try_lock().is_err());
/// }
/// lock.acquire()?;
/// lock.release()?;
/// assert!(lock.release().is_err(), "nobody holds it");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # When a holder dies
/// A process that is killed, ends, or calls `exec` while it holds the lock gives it up. The next to acquire
/// it is told, once per death ([`Acquired::OwnerDied`]), within some 15 ms of the end of the dead process,
/// or as soon as the kernel has taken down its memory. Until then others wait, as they do for a holder
/// that is stopped. Whoever releases the lock for a dead holder takes the responsibility: nobody is told
/// then. A process that drops its last handle while it holds the lock gives it up in the same way.
///
/// # Sharing
/// A lock is handed to a process that is being started as (a part of) its arguments; a fork copies it. A
/// forked child holds nothing of what its parent holds. A lock costs one descriptor, and up to 1024 live
/// processes can use it.
#[derive(Clone)]
pub struct Lock {
    shared: Shared<OpenLock>,
}

// SAFETY: atomic words.
#[expect(unsafe_code, reason = "promises that the words may be shared")]
unsafe impl Body for OpenLock {}

travels_when_starting!(Lock, "Lock", Kind::Lock);

impl Lock {
    /// Creates a lock that nobody holds.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn new() -> io::Result<Lock> {
        Ok(Lock { shared: Shared::create(Kind::Lock, OpenLock::new(), 0)? })
    }

    /// The lock of another process, by the descriptor of its [`to_descriptor`](Self::to_descriptor).
    ///
    /// # Errors
    /// The descriptor is not that of a lock, or of another version.
    pub fn from_descriptor(descriptor: OwnedFd) -> Result<Lock, AttachError> {
        Ok(Lock { shared: Shared::attach(descriptor, Kind::Lock)? })
    }

    /// A copy of the descriptor that another process needs for [`from_descriptor`](Self::from_descriptor).
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn to_descriptor(&self) -> io::Result<OwnedFd> {
        self.shared.file().try_clone_to_owned()
    }

    /// The words, for those who wait with the lock.
    pub(crate) fn shared(&self) -> &Shared<OpenLock> {
        &self.shared
    }

    /// Acquires the lock; waits for as long as a live process holds it.
    ///
    /// # Errors
    /// [`AcquireError::Exhausted`] only.
    #[inline]
    pub fn acquire(&self) -> Result<Acquired, AcquireError> {
        self.acquire_until(Deadline::Never)
    }

    /// Acquires the lock if it is free, or its holder is dead.
    ///
    /// # Errors
    /// [`AcquireError::TimedOut`] if a live process holds it.
    #[inline]
    pub fn try_acquire(&self) -> Result<Acquired, AcquireError> {
        self.acquire_until(Deadline::Now)
    }

    /// Acquires the lock; waits for at most this long, by the monotonic clock. A signal that is handled
    /// meanwhile makes it neither shorter nor longer.
    ///
    /// # Errors
    /// [`AcquireError::TimedOut`] if a live process held it all the time.
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Acquired, AcquireError> {
        self.acquire_until(Deadline::after(timeout))
    }

    /// Acquires the lock; waits until the deadline.
    ///
    /// # Errors
    /// [`AcquireError::TimedOut`] if a live process held it all the time.
    #[inline]
    pub fn acquire_until(&self, deadline: Deadline) -> Result<Acquired, AcquireError> {
        let who = rlock::tag(self.shared.me().map_err(AcquireError::Exhausted)?);
        let held = match deadline {
            Deadline::Now => self.shared.words().lock_now(who, &self.shared),
            _ => self.shared.words().lock(who, &self.shared, deadline),
        };
        held.map(Acquired::from).map_err(|TimedOut| AcquireError::TimedOut)
    }

    /// Releases the lock, whoever holds it, and lets one of those that wait acquire it. Never waits, but
    /// where this process is forbidden `membarrier` and the holder's is not: there a release for a holder
    /// that lives waits until that releases too, or somebody else wants the lock.
    ///
    /// The thread that acquired the lock releases it by a store. The first release by another one ends that
    /// for good, and costs every later one an exchange.
    ///
    /// # Errors
    /// [`NotHeld`] if nobody holds it. Of two releases at the same time, only one succeeds.
    #[inline]
    pub fn release(&self) -> Result<(), NotHeld> {
        let who = self.shared.me_if_member().map(rlock::tag);
        self.shared.words().release(who, &self.shared).map_err(|_| NotHeld)
    }

    /// As [`acquire`](Self::acquire); releases when the guard is dropped.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire).
    #[inline]
    pub fn lock(&self) -> Result<LockGuard<'_>, AcquireError> {
        Ok(LockGuard { acquired: self.acquire()?, lock: self })
    }

    /// As [`try_acquire`](Self::try_acquire); releases when the guard is dropped.
    ///
    /// # Errors
    /// Those of [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn try_lock(&self) -> Result<LockGuard<'_>, AcquireError> {
        Ok(LockGuard { acquired: self.try_acquire()?, lock: self })
    }

    /// As [`acquire_timeout`](Self::acquire_timeout); releases when the guard is dropped.
    ///
    /// # Errors
    /// Those of [`acquire_timeout`](Self::acquire_timeout).
    pub fn lock_timeout(&self, timeout: Duration) -> Result<LockGuard<'_>, AcquireError> {
        Ok(LockGuard { acquired: self.acquire_timeout(timeout)?, lock: self })
    }

    /// Who holds the lock at this moment. Never waits.
    pub fn holder(&self) -> Holder {
        let is_dead = |owner| self.shared.is_dead(owner);
        Holder::of(self.shared.words().owner(&self.shared), self.shared.me_if_member(), is_dead)
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("holder", &self.holder()).finish()
    }
}

/// Holds a [`Lock`] until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is released at once"]
pub struct LockGuard<'a> {
    lock: &'a Lock,
    acquired: Acquired,
}

impl LockGuard<'_> {
    /// Whether the holder before has died: what the lock protects may be half-changed.
    pub fn owner_died(&self) -> bool {
        self.acquired.owner_died()
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        // Not if somebody has released it for us, and others hold it now; nor in a forked child.
        if let Some(me) = self.lock.shared.me_if_member() {
            self.lock.shared.words().release_if_mine(rlock::tag(me), &self.lock.shared);
        }
    }
}
