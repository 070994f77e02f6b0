//! A lock whose holder can wait until another holder notifies it.
//!
//! # Invariants
//! 1. What follows the words of a condition is [`Node`]s, which are atomics, at a multiple of their
//!    alignment. All of them are mapped; the memory of those in use has been provided.
#![expect(unsafe_code, reason = "makes typed references into shared memory")]

use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::acquire::{AcquireError, Acquired, NotOwner};
use crate::deadline::Deadline;
use crate::lock::{Lock, LockGuard};
use crate::rlock::{self, RLock, RLockGuard};
use crate::segment::Kind;
use crate::shared::{Body, Shared, travels_when_starting};
use crate::sync::condition::{self, Node, Nodes, Refused, Waited, Words};
use crate::sync::open_lock::OpenLock;
use crate::sync::owned::{OwnedLock, OwnedRLock};
use crate::sync::raw_lock::Held;
use crate::sync::rlock::RecursiveLock;
use crate::sync::user_lock::UserLock;

/// How many can wait on one condition at the same time.
const NODES: usize = 4096;

/// A condition, as Python's `multiprocessing.Condition`.
///
/// It belongs to a lock, which its callers must own: one that is given, or a re-entrant one of its own. A
/// waiter gives the lock up, whatever the depth to which it owns it, sleeps until it is notified, and has
/// the lock back to the same depth when the call returns, for whatever reason it does. No notification can
/// be missed between the two: who changes something under the lock and then notifies is heard by all who
/// found it unchanged under the lock and waited.
///
/// ```
/// use procession_reference::Condition;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// let condition = Condition::new()?;
/// let ready = AtomicBool::new(false);
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let _guard = condition.lock().unwrap();
///         condition.wait_for(|| ready.load(Ordering::Relaxed)).unwrap();
///     });
///     let _guard = condition.lock().unwrap();
///     ready.store(true, Ordering::Relaxed);
///     condition.notify_all().unwrap();
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Who is woken
/// At most as many as a notification says, among those who waited when it was given, the oldest first.
/// Nothing is remembered for those who come later. A waiter whose time is over, but which has not got the
/// lock back yet, may still be the one: its call then says that it was notified. A handled signal does
/// not end a wait.
///
/// # When a process dies
/// A dead waiter blocks nobody, and takes no notification with it: within some 20 ms of its end the
/// notification goes to the oldest live process that waited when it was given. If the lock's holder dies,
/// whoever gets the lock next is told, as with a [`Lock`]; if all others wait, one of them is woken to
/// take the lock over, by [`ConditionWaitError::OwnerDied`].
///
/// # Who owns the lock
/// Of a re-entrant lock, one thread. A [`Lock`] is held by a process: any of its threads passes for the
/// owner.
///
/// # Sharing
/// As with a [`Lock`]: a condition is handed to a process that is being started, together with its lock, or
/// copied by a fork. It costs one descriptor, and a given lock another one. Up to 4096 can wait at a time,
/// processes and threads alike.
///
/// # Source
/// `threading.Condition` and `multiprocessing.synchronize.Condition` of CPython, whose waits and
/// notifications hang for ever when a waiter is killed (issue 75158).
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Travelling", into = "Travelling")]
pub struct Condition {
    core: Core,
    lock: ConditionLock,
    is_own: bool,
}

/// The lock of a condition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ConditionLock {
    /// A lock that a process holds.
    Plain(Lock),
    /// A lock that a thread owns, to some depth.
    Recursive(RLock),
}

impl From<Lock> for ConditionLock {
    fn from(lock: Lock) -> ConditionLock {
        ConditionLock::Plain(lock)
    }
}

impl From<RLock> for ConditionLock {
    fn from(lock: RLock) -> ConditionLock {
        ConditionLock::Recursive(lock)
    }
}

/// A condition on its way to a process that is being started.
#[derive(Serialize, Deserialize)]
struct Travelling {
    core: Core,
    given: Option<ConditionLock>,
}

impl From<Condition> for Travelling {
    fn from(condition: Condition) -> Travelling {
        Travelling { given: (!condition.is_own).then_some(condition.lock), core: condition.core }
    }
}

impl From<Travelling> for Condition {
    fn from(Travelling { core, given }: Travelling) -> Condition {
        Condition { is_own: given.is_none(), lock: given.unwrap_or_else(|| core.own_lock()), core }
    }
}

/// Why a wait was refused, or what it has to tell besides its answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConditionWaitError {
    /// This process cannot take part: all 1024 places of the condition are taken by others, or the system
    /// has no descriptor or memory left. The lock was not given up.
    Exhausted(io::Error),
    /// The caller does not own the lock. Nothing was done.
    NotOwner,
    /// The caller has the lock back, and from a holder that died: what it protects may be half-changed.
    OwnerDied {
        /// What the call would have answered otherwise: whether it was notified; of
        /// [`wait_for`](Condition::wait_for) and its siblings the predicate's last value.
        answer: bool,
    },
    /// 4096 others wait. The lock was not given up.
    TooManyWaiters,
}

impl fmt::Display for ConditionWaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConditionWaitError::Exhausted(error) => write!(f, "this process cannot take part: {error}"),
            ConditionWaitError::NotOwner => f.write_str("the condition's lock is not owned by the caller"),
            ConditionWaitError::OwnerDied { .. } => {
                f.write_str("the holder of the condition's lock has died")
            }
            ConditionWaitError::TooManyWaiters => write!(f, "{NODES} others wait on the condition already"),
        }
    }
}

impl std::error::Error for ConditionWaitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConditionWaitError::Exhausted(error) => Some(error),
            _ => None,
        }
    }
}

/// Why nobody was notified.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConditionNotifyError {
    /// This process cannot take part: all 1024 places of the condition are taken by others, or the system
    /// has no descriptor or memory left.
    Exhausted(io::Error),
    /// The caller does not own the lock.
    NotOwner,
}

impl fmt::Display for ConditionNotifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConditionNotifyError::Exhausted(error) => write!(f, "this process cannot take part: {error}"),
            ConditionNotifyError::NotOwner => f.write_str("the condition's lock is not owned by the caller"),
        }
    }
}

impl std::error::Error for ConditionNotifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConditionNotifyError::Exhausted(error) => Some(error),
            ConditionNotifyError::NotOwner => None,
        }
    }
}

impl Condition {
    /// Creates a condition with a re-entrant lock of its own.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn new() -> io::Result<Condition> {
        let core = Core::create()?;
        Ok(Condition { lock: core.own_lock(), is_own: true, core })
    }

    /// Creates a condition over a lock, a [`Lock`] or an [`RLock`], which it shares with all who use that
    /// lock otherwise.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn with_lock(lock: impl Into<ConditionLock>) -> io::Result<Condition> {
        Ok(Condition { core: Core::create()?, lock: lock.into(), is_own: false })
    }

    /// The condition's lock.
    pub fn user_lock(&self) -> &ConditionLock {
        &self.lock
    }

    // -- The lock --

    /// Acquires the condition's lock; waits for as long as others own it.
    ///
    /// # Errors
    /// Those of [`Lock::acquire`] or [`RLock::acquire`].
    pub fn acquire(&self) -> Result<Acquired, AcquireError> {
        self.acquire_until(Deadline::Never)
    }

    /// Acquires the condition's lock if that is possible at once.
    ///
    /// # Errors
    /// Those of [`Lock::try_acquire`] or [`RLock::try_acquire`].
    pub fn try_acquire(&self) -> Result<Acquired, AcquireError> {
        self.acquire_until(Deadline::Now)
    }

    /// Acquires the condition's lock; waits for at most this long.
    ///
    /// # Errors
    /// Those of [`Lock::acquire_timeout`] or [`RLock::acquire_timeout`].
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Acquired, AcquireError> {
        self.acquire_until(Deadline::after(timeout))
    }

    /// Acquires the condition's lock; waits until the deadline.
    ///
    /// # Errors
    /// Those of [`Lock::acquire_until`] or [`RLock::acquire_until`].
    pub fn acquire_until(&self, deadline: Deadline) -> Result<Acquired, AcquireError> {
        match &self.lock {
            ConditionLock::Plain(lock) => lock.acquire_until(deadline),
            ConditionLock::Recursive(lock) => lock.acquire_until(deadline),
        }
    }

    /// Releases the condition's lock once. Never waits.
    ///
    /// # Errors
    /// [`NotOwner`] if nobody holds it, or if it is re-entrant and not owned by this thread.
    pub fn release(&self) -> Result<(), NotOwner> {
        match &self.lock {
            ConditionLock::Plain(lock) => lock.release().map_err(|_| NotOwner),
            ConditionLock::Recursive(lock) => lock.release(),
        }
    }

    /// As [`acquire`](Self::acquire); releases when the guard is dropped.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire).
    pub fn lock(&self) -> Result<ConditionGuard<'_>, AcquireError> {
        match &self.lock {
            ConditionLock::Plain(lock) => lock.lock().map(ConditionGuard::Plain),
            ConditionLock::Recursive(lock) => lock.lock().map(ConditionGuard::Recursive),
        }
    }

    // -- Waiting --

    /// Gives the lock up, waits to be notified, and has the lock back.
    ///
    /// # Errors
    /// Those of [`wait_until`](Self::wait_until). After [`ConditionWaitError::OwnerDied`] the caller owns the lock and
    /// may not have been notified: it was woken because the lock's holder died.
    pub fn wait(&self) -> Result<(), ConditionWaitError> {
        self.wait_until(Deadline::Never).map(drop)
    }

    /// As [`wait`](Self::wait), for at most this long besides getting the lock back, by the monotonic clock;
    /// whether the caller was notified.
    ///
    /// # Errors
    /// Those of [`wait_until`](Self::wait_until).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, ConditionWaitError> {
        self.wait_until(Deadline::after(timeout))
    }

    /// As [`wait`](Self::wait), until the deadline and then until the lock is got back; whether the caller was
    /// notified. If the deadline has come already, the lock is given up for a moment only, nobody can
    /// notify the caller, and the answer is no.
    ///
    /// # Errors
    /// [`ConditionWaitError`]. The caller owns the lock afterwards as it did before.
    pub fn wait_until(&self, deadline: Deadline) -> Result<bool, ConditionWaitError> {
        let waited = match &self.lock {
            ConditionLock::Plain(lock) => {
                self.wait_with(&owned(lock).ok_or(ConditionWaitError::NotOwner)?, deadline)
            }
            ConditionLock::Recursive(lock) => {
                self.wait_with(&owned_again(lock).ok_or(ConditionWaitError::NotOwner)?, deadline)
            }
        }?;
        match waited.held {
            Held::Clean => Ok(waited.notified),
            Held::Inherited => Err(ConditionWaitError::OwnerDied { answer: waited.notified }),
        }
    }

    fn wait_with(&self, lock: &impl UserLock, deadline: Deadline) -> Result<Waited, ConditionWaitError> {
        if !lock.is_mine() {
            return Err(ConditionWaitError::NotOwner);
        }
        let me = self.core.shared.me().map_err(ConditionWaitError::Exhausted)?;
        self.core.of(me).wait(lock, deadline).map_err(|refused| match refused {
            Refused::NotOwner => ConditionWaitError::NotOwner,
            Refused::OutOfMemory => ConditionWaitError::Exhausted(io::ErrorKind::OutOfMemory.into()),
            Refused::TooManyWaiters => ConditionWaitError::TooManyWaiters,
        })
    }

    /// Waits until the predicate is true: asks it before the first wait and after each time the caller was
    /// woken. If it is true at once, the lock need not be owned.
    ///
    /// # Errors
    /// Those of [`wait_until`](Self::wait_until).
    pub fn wait_for(&self, predicate: impl FnMut() -> bool) -> Result<(), ConditionWaitError> {
        self.wait_for_until(predicate, Deadline::Never).map(drop)
    }

    /// As [`wait_for`](Self::wait_for), for at most this long, all waits together; the predicate's last value.
    ///
    /// # Errors
    /// Those of [`wait_until`](Self::wait_until).
    pub fn wait_for_timeout(
        &self,
        predicate: impl FnMut() -> bool,
        timeout: Duration,
    ) -> Result<bool, ConditionWaitError> {
        self.wait_for_until(predicate, Deadline::after(timeout))
    }

    /// As [`wait_for`](Self::wait_for), until the deadline; the predicate's last value.
    ///
    /// # Errors
    /// Those of [`wait_until`](Self::wait_until).
    pub fn wait_for_until(
        &self,
        mut predicate: impl FnMut() -> bool,
        deadline: Deadline,
    ) -> Result<bool, ConditionWaitError> {
        while !predicate() {
            if deadline.passed() {
                return Ok(false);
            }
            match self.wait_until(deadline) {
                Ok(_) => {}
                Err(ConditionWaitError::OwnerDied { .. }) => {
                    return Err(ConditionWaitError::OwnerDied { answer: predicate() });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    // -- Notifying --

    /// Wakes at most `most` of those who wait, the oldest first; how many. They go on when they get the lock.
    /// Never waits for them.
    ///
    /// # Errors
    /// [`ConditionNotifyError`]: nobody was woken.
    pub fn notify(&self, most: u32) -> Result<u32, ConditionNotifyError> {
        match &self.lock {
            ConditionLock::Plain(lock) => {
                self.notify_with(&owned(lock).ok_or(ConditionNotifyError::NotOwner)?, most)
            }
            ConditionLock::Recursive(lock) => {
                self.notify_with(&owned_again(lock).ok_or(ConditionNotifyError::NotOwner)?, most)
            }
        }
    }

    /// Wakes all who wait; how many.
    ///
    /// # Errors
    /// Those of [`notify`](Self::notify).
    pub fn notify_all(&self) -> Result<u32, ConditionNotifyError> {
        self.notify(u32::MAX)
    }

    fn notify_with(&self, lock: &impl UserLock, most: u32) -> Result<u32, ConditionNotifyError> {
        if !lock.is_mine() {
            return Err(ConditionNotifyError::NotOwner);
        }
        let me = self.core.shared.me().map_err(ConditionNotifyError::Exhausted)?;
        self.core.of(me).notify(lock, most).map_err(|_| ConditionNotifyError::NotOwner)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("lock", &self.lock).finish_non_exhaustive()
    }
}

/// Owns the lock of a [`Condition`] until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is released at once"]
pub enum ConditionGuard<'a> {
    /// Of a lock that a process holds.
    Plain(LockGuard<'a>),
    /// Of a lock that a thread owns.
    Recursive(RLockGuard<'a>),
}

impl ConditionGuard<'_> {
    /// Whether the owner before has died: what the lock protects may be half-changed.
    pub fn owner_died(&self) -> bool {
        match self {
            ConditionGuard::Plain(guard) => guard.owner_died(),
            ConditionGuard::Recursive(guard) => guard.owner_died(),
        }
    }
}

/// The lock as this process has it; nothing if it has never used it.
fn owned(lock: &Lock) -> Option<OwnedLock<'_, Shared<OpenLock>>> {
    let shared = lock.shared();
    Some(OwnedLock { lock: shared.words(), peers: shared, who: rlock::tag(shared.me_if_member()?) })
}

/// The lock as this thread has it; nothing if its process has never used it.
fn owned_again(lock: &RLock) -> Option<OwnedRLock<'_, Shared<RecursiveLock>>> {
    let shared = lock.shared();
    Some(OwnedRLock { lock: shared.words(), peers: shared, who: rlock::tag(shared.me_if_member()?) })
}

// -- In shared memory --

/// The words of a condition, and of the lock of its own that it may have.
#[repr(C)]
struct ConditionWords {
    words: Words,
    lock: RecursiveLock,
}

// SAFETY: atomics only.
unsafe impl Body for ConditionWords {}

/// The condition without its lock.
#[derive(Clone)]
struct Core {
    shared: Shared<ConditionWords>,
}

travels_when_starting!(Core, "Condition", Kind::Condition);

impl Core {
    fn create() -> io::Result<Core> {
        let words = ConditionWords { words: Words::new(), lock: RecursiveLock::new() };
        let shared = Shared::create_sparse(Kind::Condition, words, NODES * size_of::<Node>())?;
        Ok(Core { shared })
    }

    fn own_lock(&self) -> ConditionLock {
        RLock::of(self.shared.part(std::mem::offset_of!(ConditionWords, lock))).into()
    }

    fn nodes(&self) -> &[Node] {
        let (first, len) = self.shared.tail();
        // SAFETY: by 1; `len` bytes from there on are mapped as long as the handle lives.
        unsafe { std::slice::from_raw_parts(first.cast::<Node>().as_ptr(), len / size_of::<Node>()) }
    }

    /// The condition as the process `me` sees it.
    fn of(&self, me: u32) -> condition::Condition<'_, Shared<ConditionWords>> {
        let words = &self.shared.words().words;
        condition::Condition { words, nodes: self.nodes(), surroundings: &self.shared, me }
    }
}

impl Nodes for Shared<ConditionWords> {
    fn provide(&self, count: usize) -> bool {
        self.provide_tail(count * size_of::<Node>()).is_ok()
    }
}

const _: () = assert!(align_of::<Node>() <= 64 && !std::mem::needs_drop::<Node>());
