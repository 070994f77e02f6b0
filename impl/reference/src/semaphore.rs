//! Semaphores between processes, of whose permits the dead keep none.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::acquire::AcquireError;
use crate::deadline::Deadline;
use crate::liveness;
use crate::region::AttachError;
use crate::segment::Kind;
use crate::shared::{Body, Shared};
use crate::sync::raw_lock::TimedOut;
use crate::sync::semaphore::{Accounts, MOST_PERMITS, Permits, Semaphore as View, Terms, TooMany};
use crate::sync::{A32, A64, Ordering};

/// How a permit was acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitAcquired {
    /// No permit has come back from the dead since somebody was told.
    Clean,
    /// So many permits have come back from processes that died, or ended, holding them. The caller is the
    /// only one who is told: what the dead did with what the semaphore guards may be half-done.
    Restored(u32),
}

impl PermitAcquired {
    /// Whether a process has died holding permits.
    pub fn owner_died(self) -> bool {
        self != PermitAcquired::Clean
    }
}

/// Why permits were not released. Nothing has changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum PermitReleaseError {
    /// This process cannot take part: all 1024 places of the semaphore are taken by others, or the system
    /// has no descriptor or memory left for another one.
    Exhausted(io::Error),
    /// There would be more permits than there may be: the initial value of a bounded semaphore, 2^31 - 1
    /// of any other.
    OverRelease,
}

impl fmt::Display for PermitReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PermitReleaseError::Exhausted(error) => write!(f, "this process cannot take part: {error}"),
            PermitReleaseError::OverRelease => f.write_str("more would be released than may be there"),
        }
    }
}

impl std::error::Error for PermitReleaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PermitReleaseError::Exhausted(error) => Some(error),
            PermitReleaseError::OverRelease => None,
        }
    }
}

/// Why no semaphore was created.
#[derive(Debug)]
#[non_exhaustive]
pub enum SemaphoreCreateError {
    /// The system has no descriptor or memory left.
    Os(io::Error),
    /// The initial value is beyond 2^31 - 1.
    TooMany(u32),
}

impl fmt::Display for SemaphoreCreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SemaphoreCreateError::Os(error) => write!(f, "the system refused: {error}"),
            SemaphoreCreateError::TooMany(initial) => {
                write!(f, "a semaphore has at most {MOST_PERMITS} permits, not {initial}")
            }
        }
    }
}

impl std::error::Error for SemaphoreCreateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SemaphoreCreateError::Os(error) => Some(error),
            SemaphoreCreateError::TooMany(_) => None,
        }
    }
}

/// The words of either kind.
#[derive(Debug)]
#[repr(C)]
struct Words {
    permits: Permits,
    initial: A32,
    is_tracked: A32,
}

// SAFETY: atomic words.
#[expect(unsafe_code, reason = "promises that the words may be shared")]
unsafe impl Body for Words {}

impl Accounts for Shared<Words> {
    fn used(&self) -> usize {
        self.slots_used()
    }

    #[inline]
    fn slot_of(&self, owner: u32) -> usize {
        liveness::slot_of(owner)
    }

    #[inline]
    fn account(&self, slot: usize) -> &A64 {
        &self.slot_number(slot).account
    }
}

/// What both kinds are.
#[derive(Clone)]
struct Core {
    shared: Shared<Words>,
    terms: Terms,
}

impl Core {
    fn create(kind: Kind, initial: u32, is_tracked: bool) -> Result<Core, SemaphoreCreateError> {
        if initial > MOST_PERMITS {
            return Err(SemaphoreCreateError::TooMany(initial));
        }
        let words = Words {
            permits: Permits::new(initial),
            initial: A32::new(initial),
            is_tracked: A32::new(is_tracked.into()),
        };
        let shared = Shared::create(kind, words, 0).map_err(SemaphoreCreateError::Os)?;
        Ok(Core { terms: Terms { initial, is_bounded: kind == Kind::BoundedSemaphore, is_tracked }, shared })
    }

    fn of(shared: Shared<Words>, kind: Kind) -> Result<Core, AttachError> {
        let initial = shared.words().initial.load(Ordering::Relaxed);
        if initial > MOST_PERMITS {
            return Err(AttachError::Corrupt("the initial value is impossible"));
        }
        let is_tracked = shared.words().is_tracked.load(Ordering::Relaxed) != 0;
        Ok(Core { terms: Terms { initial, is_bounded: kind == Kind::BoundedSemaphore, is_tracked }, shared })
    }

    #[inline]
    fn view(&self) -> io::Result<View<'_, Shared<Words>>> {
        Ok(self.view_of(self.shared.me()?))
    }

    #[inline]
    fn view_of(&self, me: u32) -> View<'_, Shared<Words>> {
        View { words: &self.shared.words().permits, terms: self.terms, accounts: &self.shared, me }
    }

    #[inline]
    fn acquire(&self, deadline: Deadline) -> Result<PermitAcquired, AcquireError> {
        let restored = self.view().map_err(AcquireError::Exhausted)?.acquire(deadline);
        match restored {
            Ok(0) => Ok(PermitAcquired::Clean),
            Ok(restored) => Ok(PermitAcquired::Restored(restored)),
            Err(TimedOut) => Err(AcquireError::TimedOut),
        }
    }

    #[inline]
    fn release(&self, count: u32) -> Result<(), PermitReleaseError> {
        let released = self.view().map_err(PermitReleaseError::Exhausted)?.release(count);
        released.map_err(|TooMany| PermitReleaseError::OverRelease)
    }
}

macro_rules! semaphore {
    ($(#[$documentation:meta])* $name:ident, $guard:ident, $what:literal, $kind:expr) => {
        $(#[$documentation])*
        #[derive(Clone)]
        pub struct $name {
            core: Core,
        }

        impl $name {
            /// Creates a semaphore with this many permits, 0 to 2^31 - 1.
            ///
            /// # Errors
            /// The value is beyond that, or the system has no descriptor or memory left.
            pub fn new(initial: u32) -> Result<$name, SemaphoreCreateError> {
                Ok($name { core: Core::create($kind, initial, true)? })
            }

            /// Creates a semaphore whose permits do not come back from the dead: for permits that are
            /// acquired by one process and released by another one on purpose.
            ///
            /// # Errors
            /// Those of [`new`](Self::new).
            pub fn untracked(initial: u32) -> Result<$name, SemaphoreCreateError> {
                Ok($name { core: Core::create($kind, initial, false)? })
            }

            /// The semaphore of another process, by the descriptor of its
            /// [`to_descriptor`](Self::to_descriptor).
            ///
            /// # Errors
            /// The descriptor is not that of such a semaphore, or of another version.
            pub fn from_descriptor(descriptor: OwnedFd) -> Result<$name, AttachError> {
                Ok($name { core: Core::of(Shared::attach(descriptor, $kind)?, $kind)? })
            }

            /// A copy of the descriptor that another process needs for
            /// [`from_descriptor`](Self::from_descriptor).
            ///
            /// # Errors
            /// The system has no descriptor left.
            pub fn to_descriptor(&self) -> io::Result<OwnedFd> {
                self.core.shared.file().try_clone_to_owned()
            }

            /// Acquires a permit; waits for as long as there is none.
            ///
            /// # Errors
            /// [`AcquireError::Exhausted`] only.
            #[inline]
            pub fn acquire(&self) -> Result<PermitAcquired, AcquireError> {
                self.acquire_until(Deadline::Never)
            }

            /// Acquires a permit if there is one, or one that the dead took.
            ///
            /// # Errors
            /// [`AcquireError::TimedOut`] if there is none.
            #[inline]
            pub fn try_acquire(&self) -> Result<PermitAcquired, AcquireError> {
                self.acquire_until(Deadline::Now)
            }

            /// Acquires a permit; waits for at most this long, by the monotonic clock. A signal that is
            /// handled meanwhile makes it neither shorter nor longer.
            ///
            /// # Errors
            /// [`AcquireError::TimedOut`] if there was none.
            pub fn acquire_timeout(&self, timeout: Duration) -> Result<PermitAcquired, AcquireError> {
                self.acquire_until(Deadline::after(timeout))
            }

            /// Acquires a permit; waits until the deadline.
            ///
            /// # Errors
            /// [`AcquireError::TimedOut`] if there was none.
            #[inline]
            pub fn acquire_until(&self, deadline: Deadline) -> Result<PermitAcquired, AcquireError> {
                self.core.acquire(deadline)
            }

            /// Releases a permit, whoever has acquired it, and lets one of those that wait acquire it.
            ///
            /// # Errors
            /// [`PermitReleaseError`]; nothing has changed. Of two releases at the same time that are one
            /// too many together, only one succeeds.
            #[inline]
            pub fn release(&self) -> Result<(), PermitReleaseError> {
                self.core.release(1)
            }

            /// Releases so many permits at once; nothing for 0.
            ///
            /// # Errors
            /// Those of [`release`](Self::release): all of them are released, or none.
            pub fn release_many(&self, count: u32) -> Result<(), PermitReleaseError> {
                self.core.release(count)
            }

            /// How many permits there are at this moment, without those that the dead still have: these
            /// come back when somebody needs them. Never waits.
            #[inline]
            pub fn permits(&self) -> u32 {
                self.core.view_of(0).permits()
            }

            /// As [`acquire`](Self::acquire); releases when the guard is dropped.
            ///
            /// # Errors
            /// Those of [`acquire`](Self::acquire).
            pub fn permit(&self) -> Result<$guard<'_>, AcquireError> {
                Ok($guard { acquired: self.acquire()?, process: self.core.shared.me_if_member(), semaphore: self })
            }

            /// As [`try_acquire`](Self::try_acquire); releases when the guard is dropped.
            ///
            /// # Errors
            /// Those of [`try_acquire`](Self::try_acquire).
            pub fn try_permit(&self) -> Result<$guard<'_>, AcquireError> {
                Ok($guard { acquired: self.try_acquire()?, process: self.core.shared.me_if_member(), semaphore: self })
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("permits", &self.permits()).finish()
            }
        }

        /// Only as part of starting a process, by spawn or fork server; anywhere else it is an error.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.core.shared.serialise($what, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let shared = Shared::deserialise($what, $kind, deserializer)?;
                Ok($name { core: Core::of(shared, $kind).map_err(D::Error::custom)? })
            }
        }

        /// Holds a permit until it is dropped.
        #[derive(Debug)]
        #[must_use = "the permit is released at once"]
        pub struct $guard<'a> {
            semaphore: &'a $name,
            acquired: PermitAcquired,
            process: Option<u32>,
        }

        impl $guard<'_> {
            /// How the permit was acquired.
            pub fn acquired(&self) -> PermitAcquired {
                self.acquired
            }
        }

        impl Drop for $guard<'_> {
            fn drop(&mut self) {
                // A forked child has not acquired what its parent has.
                if self.process == self.semaphore.core.shared.me_if_member() {
                    let _ = self.semaphore.release();
                }
            }
        }
    };
}

semaphore!(
    /// A semaphore, as Python's `multiprocessing.Semaphore`.
    ///
    /// An acquire takes a permit and waits while there is none; a release adds one. Any process may release,
    /// also beyond the initial value. Nobody is served in any particular order.
    ///
    /// ```
    /// use procession_reference::Semaphore;
    ///
    /// let semaphore = Semaphore::new(2)?;
    /// semaphore.acquire()?;
    /// let permit = semaphore.permit()?;
    /// assert!(semaphore.try_acquire().is_err());
    /// drop(permit);
    /// semaphore.release_many(3)?;
    /// assert_eq!(semaphore.permits(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # When a holder dies
    /// The permits that a process has acquired and not released come back when it is killed, ends, or calls
    /// `exec`, as soon as somebody needs one and at the latest some 20 ms later; the next to acquire one is
    /// told ([`PermitAcquired::Restored`]). They never lift the number of permits above the initial value,
    /// nor above what it leaves beside those that others hold. So a semaphore that begins at 0 and is
    /// released by one process for another one to acquire never gets a permit too many. A release by a
    /// process that holds none counts as one for a process that does, a dead one first. Where permits of a
    /// semaphore that begins with some are handed over on purpose, use [`untracked`](Self::untracked).
    ///
    /// # Sharing
    /// A semaphore is handed to a process that is being started as (a part of) its arguments; a fork copies
    /// it. It costs one descriptor, and up to 1024 live processes can use it. A process that is stopped in
    /// the few instructions in which it changes the number of permits lets others wait until it goes on; a
    /// call that may not wait gives up after a second.
    Semaphore, Permit, "Semaphore", Kind::Semaphore
);

semaphore!(
    /// A semaphore that is never released above its initial value, as Python's
    /// `multiprocessing.BoundedSemaphore`; all else is as with a [`Semaphore`].
    ///
    /// ```
    /// use procession_reference::{BoundedSemaphore, PermitReleaseError};
    ///
    /// let semaphore = BoundedSemaphore::new(1)?;
    /// semaphore.acquire()?;
    /// semaphore.release()?;
    /// assert!(matches!(semaphore.release(), Err(PermitReleaseError::OverRelease)));
    /// assert_eq!(semaphore.permits(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    BoundedSemaphore, BoundedPermit, "BoundedSemaphore", Kind::BoundedSemaphore
);
