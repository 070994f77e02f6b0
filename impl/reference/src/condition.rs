//! A lock whose holder can wait until another holder notifies it.
//!
//! # Invariants
//! 1. What follows the words of a condition is [`Node`]s, which are atomics, at a multiple of their
//!    alignment. All of them are mapped; the memory of those in use has been provided.
#![expect(unsafe_code, reason = "makes typed references into shared memory")]

mod error;

use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::sys::stat::fstat;
use serde::{Deserialize, Serialize};

use crate::acquire::{AcquireError, Acquired, NotOwner};
use crate::deadline::Deadline;
use crate::lock::{Lock, LockGuard};
use crate::region::AttachError;
use crate::rlock::{self, RLock, RLockGuard};
use crate::segment::Kind;
use crate::shared::{Body, Shared, travels_when_starting};
use crate::sync::condition::{self, Node, Nodes, Refused, Waited, Words};
use crate::sync::open_lock::OpenLock;
use crate::sync::owned::{OwnedLock, OwnedRLock};
use crate::sync::raw_lock::Held;
use crate::sync::rlock::RecursiveLock;
use crate::sync::user_lock::UserLock;
use crate::sync::{A64, Ordering};

pub use error::{ConditionNotifyError, ConditionWaitError};

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
/// copied by a fork. To others its [descriptor](Self::to_descriptor) is passed, and beside it that of a lock
/// that was given. It costs one descriptor, and a given lock another one. Up to 4096 can wait at a time,
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

impl ConditionLock {
    /// What tells the memory of this lock from all other memory, for every process: never 0.
    fn identity(&self) -> io::Result<u64> {
        let file: BorrowedFd<'_> = match self {
            ConditionLock::Plain(lock) => lock.shared().file(),
            ConditionLock::Recursive(lock) => lock.shared().file(),
        };
        Ok(fstat(file)?.st_ino)
    }
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

impl Condition {
    /// Creates a condition with a re-entrant lock of its own.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn new() -> io::Result<Condition> {
        Ok(Condition::over_its_own(Core::create(OWN, NODES)?))
    }

    fn over_its_own(core: Core) -> Condition {
        Condition { lock: core.own_lock(), is_own: true, core }
    }

    /// Creates a condition over a lock, a [`Lock`] or an [`RLock`], which it shares with all who use that
    /// lock otherwise.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn with_lock(lock: impl Into<ConditionLock>) -> io::Result<Condition> {
        let lock = lock.into();
        Ok(Condition { core: Core::create(lock.identity()?, NODES)?, lock, is_own: false })
    }

    /// The condition of another process, with its own lock, by the descriptor of its
    /// [`to_descriptor`](Self::to_descriptor).
    ///
    /// # Errors
    /// The descriptor is not that of a condition, or of another version. [`AttachError::Kind`] also if the
    /// condition was made over a lock, for [`from_descriptor_with_lock`](Self::from_descriptor_with_lock).
    pub fn from_descriptor(descriptor: OwnedFd) -> Result<Condition, AttachError> {
        let core = Core { shared: Shared::attach(descriptor, Kind::Condition)? };
        match core.belongs_to() {
            OWN => Ok(Condition::over_its_own(core)),
            _ => Err(AttachError::Kind {
                found: "condition over a given lock",
                expected: "condition with a lock of its own",
            }),
        }
    }

    /// The condition of another process, by the descriptor of its [`to_descriptor`](Self::to_descriptor), and
    /// the lock over which it was made, which has come the same way.
    ///
    /// # Errors
    /// The descriptor is not that of a condition, or of another version. [`AttachError::Kind`] also if the
    /// condition was made over another lock, or has one of its own.
    pub fn from_descriptor_with_lock(
        descriptor: OwnedFd,
        lock: impl Into<ConditionLock>,
    ) -> Result<Condition, AttachError> {
        let core = Core { shared: Shared::attach(descriptor, Kind::Condition)? };
        let lock = lock.into();
        let identity = lock.identity().map_err(AttachError::Os)?;
        let expected = "condition over this lock";
        match core.belongs_to() {
            belongs_to if belongs_to == identity => Ok(Condition { core, lock, is_own: false }),
            OWN => Err(AttachError::Kind { found: "condition with a lock of its own", expected }),
            _ => Err(AttachError::Kind { found: "condition over another lock", expected }),
        }
    }

    /// A copy of the descriptor that another process needs for [`from_descriptor`](Self::from_descriptor),
    /// or, beside that of the lock over which the condition was made, for
    /// [`from_descriptor_with_lock`](Self::from_descriptor_with_lock).
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn to_descriptor(&self) -> io::Result<OwnedFd> {
        self.core.shared.file().try_clone_to_owned()
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

/// The words of a condition, and of the lock of its own that it may have; the last one never changes.
#[repr(C)]
struct ConditionWords {
    words: Words,
    lock: RecursiveLock,
    /// The identity of the given lock, or [`OWN`].
    belongs_to: A64,
}

/// In place of the identity of a given lock: the condition has its own.
const OWN: u64 = 0;

// SAFETY: atomics only.
unsafe impl Body for ConditionWords {}

/// The condition without its lock.
#[derive(Clone)]
struct Core {
    shared: Shared<ConditionWords>,
}

travels_when_starting!(Core, "Condition", Kind::Condition);

impl Core {
    /// Over the lock of this identity, or its own, with room for so many waiters.
    fn create(belongs_to: u64, nodes: usize) -> io::Result<Core> {
        let belongs_to = A64::new(belongs_to);
        let words = ConditionWords { words: Words::new(), lock: RecursiveLock::new(), belongs_to };
        let shared = Shared::create_sparse(Kind::Condition, words, nodes * size_of::<Node>())?;
        Ok(Core { shared })
    }

    fn belongs_to(&self) -> u64 {
        self.shared.words().belongs_to.load(Ordering::Relaxed)
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn one_waiter_too_many_keeps_the_lock_and_is_told() {
        let condition = Condition::over_its_own(Core::create(OWN, 2).unwrap());
        thread::scope(|scope| {
            for _ in 0..2 {
                let (tell, told) = channel();
                let condition = &condition;
                scope.spawn(move || {
                    let _guard = condition.lock().unwrap();
                    tell.send(()).unwrap();
                    condition.wait().unwrap();
                });
                told.recv().unwrap();
                // When we have the lock, it has been given up: the thread is queued.
                drop(condition.lock().unwrap());
            }
            let guard = condition.lock().unwrap();
            assert!(matches!(condition.wait(), Err(ConditionWaitError::TooManyWaiters)));
            assert_eq!(condition.notify_all().unwrap(), 2, "the lock was not given up");
            drop(guard);
        });
        // There is room again.
        let _guard = condition.lock().unwrap();
        assert!(!condition.wait_timeout(Duration::from_millis(1)).unwrap());
    }
}
