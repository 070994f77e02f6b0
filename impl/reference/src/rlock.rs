//! A lock between processes that its owner, a thread, may acquire again.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::acquire::{AcquireError, Acquired, Holder, NotOwner};
use crate::deadline::Deadline;
use crate::region::AttachError;
use crate::segment::Kind;
use crate::shared::{Body, Shared, travels_when_starting};
use crate::sync::raw_lock::Peers;
use crate::sync::rlock::{NotTaken, RecursiveLock, Tag};

/// A re-entrant lock, as Python's `multiprocessing.RLock`.
///
/// One thread of one process owns it, may acquire it again without waiting, and must release it as often.
/// Others can acquire it only after the last of its releases. Nobody else can release it: that is an error
/// and changes nothing. Nobody is served in any particular order.
///
/// ```
/// use procession_reference::RLock;
///
/// let lock = RLock::new()?;
/// let outer = lock.lock()?;
/// let inner = lock.lock()?;
/// std::thread::scope(|scope| {
///     scope.spawn(|| assert!(lock.try_acquire().is_err() && lock.release().is_err()));
/// });
/// drop((inner, outer));
/// assert!(lock.release().is_err(), "nobody owns it");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # When an owner dies
/// As with a [`Lock`](crate::Lock): the next to acquire it is told, and owns it once, however often the
/// dead did. What counts is the end of the owner's process: a thread that ends while it owns the lock
/// keeps it until then.
///
/// # Sharing
/// As with a [`Lock`](crate::Lock). A forked child owns nothing of what its parent owns.
#[derive(Clone)]
pub struct RLock {
    shared: Shared<RecursiveLock>,
}

// SAFETY: atomic words.
#[expect(unsafe_code, reason = "promises that the words may be shared")]
unsafe impl Body for RecursiveLock {}

travels_when_starting!(RLock, "RLock", Kind::RLock);

impl RLock {
    /// Creates a lock that nobody owns.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn new() -> io::Result<RLock> {
        Ok(RLock { shared: Shared::create(Kind::RLock, RecursiveLock::new(), 0)? })
    }

    /// The lock of another process, by the descriptor of its [`to_descriptor`](Self::to_descriptor).
    ///
    /// # Errors
    /// The descriptor is not that of a re-entrant lock, or of another version.
    pub fn from_descriptor(descriptor: OwnedFd) -> Result<RLock, AttachError> {
        Ok(RLock { shared: Shared::attach(descriptor, Kind::RLock)? })
    }

    /// A copy of the descriptor that another process needs for [`from_descriptor`](Self::from_descriptor).
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn to_descriptor(&self) -> io::Result<OwnedFd> {
        self.shared.file().try_clone_to_owned()
    }

    /// The lock among the words of another object, a value or a condition.
    pub(crate) fn of(shared: Shared<RecursiveLock>) -> RLock {
        RLock { shared }
    }

    /// The words, for those who wait with the lock.
    pub(crate) fn shared(&self) -> &Shared<RecursiveLock> {
        &self.shared
    }

    /// Acquires the lock, at once if this thread owns it; waits for as long as others own it.
    ///
    /// # Errors
    /// [`AcquireError::Exhausted`], or [`AcquireError::TooDeep`] if this thread owns it 2^32 - 1 times.
    #[inline]
    pub fn acquire(&self) -> Result<Acquired, AcquireError> {
        self.acquire_until(Deadline::Never)
    }

    /// Acquires the lock if it is free, this thread owns it, or its owner is dead.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire); [`AcquireError::TimedOut`] if another one owns it.
    #[inline]
    pub fn try_acquire(&self) -> Result<Acquired, AcquireError> {
        self.acquire_until(Deadline::Now)
    }

    /// Acquires the lock; waits for at most this long, by the monotonic clock. A signal that is handled
    /// meanwhile makes it neither shorter nor longer.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire); [`AcquireError::TimedOut`] if others owned it all the time.
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Acquired, AcquireError> {
        self.acquire_until(Deadline::after(timeout))
    }

    /// Acquires the lock; waits until the deadline.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire); [`AcquireError::TimedOut`] if others owned it all the time.
    #[inline]
    pub fn acquire_until(&self, deadline: Deadline) -> Result<Acquired, AcquireError> {
        let me = self.shared.me().map_err(AcquireError::Exhausted)?;
        let taken = self.shared.words().acquire(tag(me), &self.shared, deadline);
        taken.map(Acquired::from).map_err(|not_taken| match not_taken {
            NotTaken::TimedOut => AcquireError::TimedOut,
            NotTaken::TooDeep => AcquireError::TooDeep,
        })
    }

    /// Releases the lock once. Never waits.
    ///
    /// # Errors
    /// [`NotOwner`] if this thread does not own it.
    #[inline]
    pub fn release(&self) -> Result<(), NotOwner> {
        let me = self.shared.me_if_member().ok_or(NotOwner)?;
        self.shared.words().release(tag(me)).map_err(|_| NotOwner)
    }

    /// As [`acquire`](Self::acquire); releases when the guard is dropped.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire).
    #[inline]
    pub fn lock(&self) -> Result<RLockGuard<'_>, AcquireError> {
        Ok(RLockGuard { acquired: self.acquire()?, lock: self, of_this_thread: PhantomData })
    }

    /// As [`try_acquire`](Self::try_acquire); releases when the guard is dropped.
    ///
    /// # Errors
    /// Those of [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn try_lock(&self) -> Result<RLockGuard<'_>, AcquireError> {
        Ok(RLockGuard { acquired: self.try_acquire()?, lock: self, of_this_thread: PhantomData })
    }

    /// As [`acquire_timeout`](Self::acquire_timeout); releases when the guard is dropped.
    ///
    /// # Errors
    /// Those of [`acquire_timeout`](Self::acquire_timeout).
    pub fn lock_timeout(&self, timeout: Duration) -> Result<RLockGuard<'_>, AcquireError> {
        Ok(RLockGuard { acquired: self.acquire_timeout(timeout)?, lock: self, of_this_thread: PhantomData })
    }

    /// Whether this thread owns the lock. Never waits.
    #[inline]
    pub fn is_mine(&self) -> bool {
        self.shared.me_if_member().is_some_and(|me| self.shared.words().is_mine(tag(me)))
    }

    /// Who owns the lock at this moment. Never waits.
    pub fn holder(&self) -> Holder {
        let is_dead = |owner| self.shared.is_dead(owner);
        match Holder::of(self.shared.words().owner(), self.shared.me_if_member(), is_dead) {
            Holder::This if !self.is_mine() => Holder::OtherThread,
            holder => holder,
        }
    }

    /// How often its owner owns the lock at this moment; 0 if nobody does. Never waits.
    pub fn depth(&self) -> u32 {
        self.shared.words().depth()
    }
}

impl fmt::Debug for RLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RLock").field("holder", &self.holder()).field("depth", &self.depth()).finish()
    }
}

/// Owns an [`RLock`] once until it is dropped. It stays in its thread.
#[derive(Debug)]
#[must_use = "the lock is released at once"]
pub struct RLockGuard<'a> {
    lock: &'a RLock,
    acquired: Acquired,
    of_this_thread: PhantomData<*const ()>,
}

impl RLockGuard<'_> {
    /// Whether the owner before has died: what the lock protects may be half-changed.
    pub fn owner_died(&self) -> bool {
        self.acquired.owner_died()
    }
}

impl Drop for RLockGuard<'_> {
    fn drop(&mut self) {
        // It fails in a forked child, which owns nothing, and where it has been released explicitly.
        let _ = self.lock.release();
    }
}

/// This thread, in the process with this owner word.
#[inline]
pub(crate) fn tag(me: u32) -> Tag {
    Tag::new(me, thread_number())
}

/// The number of this thread, which no other thread of this process gets: there are 2^34 of them.
#[inline]
fn thread_number() -> u64 {
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    #[cold]
    fn next() -> u64 {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        NUMBER.set(number);
        number
    }
    match NUMBER.get() {
        0 => next(),
        number => number,
    }
}
