//! A meeting point: a number of parties wait until all of them have arrived, round after round.
//!
//! # Invariants
//! 1. What follows the words of a barrier is 64-bit atomics, at a multiple of their alignment.
#![expect(unsafe_code, reason = "makes typed references into shared memory")]

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering as Local};
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::deadline::Deadline;
use crate::region::AttachError;
use crate::segment::Kind;
use crate::shared::{Body, Shared};
use crate::sync::barrier::{self, NotPassed, SPARE_NODES, Words};
use crate::sync::{A32, A64, Ordering};

/// The most parties that a barrier can have.
const MOST_PARTIES: u32 = 1 << 16;

/// No time limit, as it is written down.
const FOR_EVER: u64 = u64::MAX;

/// A barrier, as Python's `multiprocessing.Barrier`.
///
/// Each party waits until all have arrived; then all go on, and the barrier serves for the next round.
///
/// ```
/// use procession_reference::Barrier;
///
/// let barrier = Barrier::new(2)?;
/// std::thread::scope(|scope| {
///     let other = scope.spawn(|| barrier.wait().unwrap());
///     let index = barrier.wait().unwrap();
///     assert_eq!(index + other.join().unwrap(), 1, "one of them is 0, one is 1");
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # A broken barrier
/// A party that waits for longer than it wants breaks the barrier, as do [`abort`](Self::abort), an action
/// that fails, and a death: all who wait, and all who come later, get an error, until somebody calls
/// [`reset`](Self::reset). Who has been released has passed, whatever happens after.
///
/// # When a party dies
/// A party that is killed while it waits, arrives, or runs the action breaks the barrier for the others,
/// within some 20 ms of its end. One that dies before it arrives, or after it has passed, was never seen
/// here: the others wait for it as long as they want.
///
/// # Sharing
/// A barrier is handed to a process that is being started as (a part of) its arguments; a fork copies it. It
/// costs one descriptor, and up to 1024 live processes can use it; a party may also be a thread. Who comes
/// beyond the number of parties waits for the next round.
///
/// # Source
/// `threading.Barrier` of CPython, where the others hang for ever when a party is killed (issue 123899).
#[derive(Clone)]
pub struct Barrier {
    shared: Shared<BarrierWords>,
    parties: u32,
    /// The time limit of waits that give none.
    timeout: Option<Duration>,
}

/// Why a barrier was not created.
#[derive(Debug)]
#[non_exhaustive]
pub enum BarrierCreateError {
    /// A barrier needs at least one party.
    NoParties,
    /// The system has no descriptor or memory left.
    Os(io::Error),
    /// More parties than a barrier can have.
    TooManyParties {
        /// How many were asked for.
        asked: u32,
        /// The most that there can be.
        most: u32,
    },
}

impl fmt::Display for BarrierCreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BarrierCreateError::NoParties => f.write_str("a barrier needs at least one party"),
            BarrierCreateError::Os(error) => write!(f, "the system refused: {error}"),
            BarrierCreateError::TooManyParties { asked, most } => {
                write!(f, "{asked} parties are more than {most}, the most that a barrier can have")
            }
        }
    }
}

impl std::error::Error for BarrierCreateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BarrierCreateError::Os(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a party did not pass a barrier; `E` is what the action may fail with.
#[derive(Debug)]
#[non_exhaustive]
pub enum BarrierWaitError<E = Infallible> {
    /// The caller was the last to arrive and its action failed, which has broken the barrier.
    ActionFailed(E),
    /// The barrier is broken, or was broken or reset while the caller waited.
    Broken,
    /// This process cannot take part: all 1024 places of the barrier are taken by others, or the system has
    /// no descriptor or memory left. The caller has not arrived.
    Exhausted(io::Error),
    /// The caller's time was over, which has broken the barrier.
    TimedOut,
    /// A thousand callers more than there are parties have passed and not left the barrier yet. The caller
    /// has not arrived.
    TooManyWaiters,
}

impl<E: fmt::Display> fmt::Display for BarrierWaitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BarrierWaitError::ActionFailed(error) => write!(f, "the barrier's action failed: {error}"),
            BarrierWaitError::Broken => f.write_str("the barrier is broken"),
            BarrierWaitError::Exhausted(error) => write!(f, "this process cannot take part: {error}"),
            BarrierWaitError::TimedOut => f.write_str("not all parties arrived in the time given"),
            BarrierWaitError::TooManyWaiters => f.write_str("too many callers have not left the barrier yet"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for BarrierWaitError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BarrierWaitError::ActionFailed(error) => Some(error),
            BarrierWaitError::Exhausted(error) => Some(error),
            _ => None,
        }
    }
}

/// What a party without an action runs.
type NoAction = fn() -> Result<(), Infallible>;

/// How an action ended badly.
enum ActionEnd<E> {
    Failed(E),
    Panicked(Box<dyn Any + Send>),
}

impl Barrier {
    /// Creates a barrier for so many parties, whose waits have no time limit unless they give one.
    ///
    /// # Errors
    /// [`BarrierCreateError`].
    pub fn new(parties: u32) -> Result<Barrier, BarrierCreateError> {
        Barrier::create(parties, None)
    }

    /// Creates a barrier whose [`wait`](Self::wait) and [`wait_with`](Self::wait_with) wait for at most this
    /// long, in every process that has it.
    ///
    /// # Errors
    /// [`BarrierCreateError`].
    pub fn with_timeout(parties: u32, timeout: Duration) -> Result<Barrier, BarrierCreateError> {
        Barrier::create(parties, Some(timeout))
    }

    fn create(parties: u32, timeout: Option<Duration>) -> Result<Barrier, BarrierCreateError> {
        // Those of this round, and those of the last one that have not left yet.
        Barrier::with_nodes(parties, timeout, 2 * parties as usize + SPARE_NODES)
    }

    fn with_nodes(
        parties: u32,
        timeout: Option<Duration>,
        nodes: usize,
    ) -> Result<Barrier, BarrierCreateError> {
        match parties {
            0 => return Err(BarrierCreateError::NoParties),
            1..=MOST_PARTIES => {}
            asked => return Err(BarrierCreateError::TooManyParties { asked, most: MOST_PARTIES }),
        }
        let ns = timeout.and_then(|timeout| u64::try_from(timeout.as_nanos()).ok());
        let words = BarrierWords {
            words: Words::new(),
            timeout_ns: A64::new(ns.unwrap_or(FOR_EVER)),
            parties: A32::new(parties),
        };
        let shared =
            Shared::create(Kind::Barrier, words, nodes * size_of::<A64>()).map_err(BarrierCreateError::Os)?;
        Ok(Barrier { shared, parties, timeout })
    }

    /// The barrier of another process, by the descriptor of its [`to_descriptor`](Self::to_descriptor).
    ///
    /// # Errors
    /// The descriptor is not that of a barrier, or of another version.
    pub fn from_descriptor(descriptor: OwnedFd) -> Result<Barrier, AttachError> {
        Barrier::of(Shared::attach(descriptor, Kind::Barrier)?)
    }

    /// A copy of the descriptor that another process needs for [`from_descriptor`](Self::from_descriptor).
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn to_descriptor(&self) -> io::Result<OwnedFd> {
        self.shared.file().try_clone_to_owned()
    }

    /// The barrier of these words; what they say is checked once.
    fn of(shared: Shared<BarrierWords>) -> Result<Barrier, AttachError> {
        let parties = shared.words().parties.load(Ordering::Relaxed);
        let timeout = match shared.words().timeout_ns.load(Ordering::Relaxed) {
            FOR_EVER => None,
            ns => Some(Duration::from_nanos(ns)),
        };
        let nodes = shared.tail().1 / size_of::<A64>();
        if !(1..=MOST_PARTIES).contains(&parties) || nodes < 2 * parties as usize {
            return Err(AttachError::Corrupt("the number of parties is impossible"));
        }
        Ok(Barrier { shared, parties, timeout })
    }

    /// Arrives, and waits until all parties have; the caller's place in the order of arrival, from 0.
    ///
    /// # Errors
    /// [`BarrierWaitError`], but for `ActionFailed`.
    pub fn wait(&self) -> Result<u32, BarrierWaitError> {
        self.wait_until(self.default_deadline())
    }

    /// As [`wait`](Self::wait), for at most this long, by the monotonic clock, whatever the barrier's own limit.
    /// No time at all is enough for the last to arrive; anybody else breaks the barrier at once.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<u32, BarrierWaitError> {
        self.wait_until(Deadline::after(timeout))
    }

    /// As [`wait_timeout`](Self::wait_timeout), until the deadline.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    pub fn wait_until(&self, deadline: Deadline) -> Result<u32, BarrierWaitError> {
        let me = self.shared.me().map_err(BarrierWaitError::Exhausted)?;
        self.as_seen_by(me).wait(deadline, None::<NoAction>).map_err(|not_passed| match not_passed {
            NotPassed::ActionFailed(never) => match never {},
            NotPassed::Broken => BarrierWaitError::Broken,
            NotPassed::TimedOut => BarrierWaitError::TimedOut,
            NotPassed::TooManyWaiters => BarrierWaitError::TooManyWaiters,
        })
    }

    /// As [`wait`](Self::wait); if the caller is the last to arrive, it runs the action before anybody is
    /// released. All parties should bring the same action, since any of them may be the last.
    ///
    /// Time limits count until all have arrived: who waits for the action waits for as long as it takes. If
    /// it panics, the barrier breaks, and the panic goes on in this party.
    ///
    /// # Errors
    /// [`BarrierWaitError`].
    pub fn wait_with<E>(&self, action: impl FnOnce() -> Result<(), E>) -> Result<u32, BarrierWaitError<E>> {
        self.wait_with_until(action, self.default_deadline())
    }

    /// As [`wait_with`](Self::wait_with), until the deadline.
    ///
    /// # Errors
    /// [`BarrierWaitError`].
    pub fn wait_with_until<E>(
        &self,
        action: impl FnOnce() -> Result<(), E>,
        deadline: Deadline,
    ) -> Result<u32, BarrierWaitError<E>> {
        let me = self.shared.me().map_err(BarrierWaitError::Exhausted)?;
        // The barrier is to be broken before the panic goes on.
        let action = || match catch_unwind(AssertUnwindSafe(action)) {
            Ok(outcome) => outcome.map_err(ActionEnd::Failed),
            Err(panic) => Err(ActionEnd::Panicked(panic)),
        };
        self.as_seen_by(me).wait(deadline, Some(action)).map_err(|not_passed| match not_passed {
            NotPassed::ActionFailed(ActionEnd::Failed(error)) => BarrierWaitError::ActionFailed(error),
            NotPassed::ActionFailed(ActionEnd::Panicked(panic)) => resume_unwind(panic),
            NotPassed::Broken => BarrierWaitError::Broken,
            NotPassed::TimedOut => BarrierWaitError::TimedOut,
            NotPassed::TooManyWaiters => BarrierWaitError::TooManyWaiters,
        })
    }

    /// Breaks the barrier, for all who wait and all who come, until it is reset.
    ///
    /// # Errors
    /// This process cannot take part: see [`BarrierWaitError::Exhausted`].
    pub fn abort(&self) -> io::Result<()> {
        self.as_seen_by(self.shared.me()?).abort();
        Ok(())
    }

    /// Brings the barrier back to its first state, also a broken one. Those who wait get
    /// [`BarrierWaitError::Broken`].
    ///
    /// # Errors
    /// This process cannot take part: see [`BarrierWaitError::Exhausted`].
    pub fn reset(&self) -> io::Result<()> {
        self.as_seen_by(self.shared.me()?).reset();
        Ok(())
    }

    /// How many parties a round needs.
    pub fn parties(&self) -> u32 {
        self.parties
    }

    /// How many parties wait at this moment: 0 if the barrier is broken. Never waits.
    pub fn waiting(&self) -> u32 {
        self.shared.words().words.waiting().min(self.parties)
    }

    /// Whether the barrier is broken at this moment. Never waits.
    pub fn is_broken(&self) -> bool {
        self.shared.words().words.is_broken()
    }

    fn default_deadline(&self) -> Deadline {
        self.timeout.map_or(Deadline::Never, Deadline::after)
    }

    fn as_seen_by(&self, me: u32) -> barrier::Barrier<'_, Shared<BarrierWords>> {
        barrier::Barrier {
            words: &self.shared.words().words,
            nodes: self.nodes(),
            parties: self.parties,
            // More parties than CPUs cannot all be running: who looks again and again keeps others from it.
            may_spin: self.parties <= cpus(),
            peers: &self.shared,
            me,
        }
    }

    fn nodes(&self) -> &[A64] {
        let (first, len) = self.shared.tail();
        // SAFETY: by 1; `len` bytes from there on are mapped as long as the handle lives.
        unsafe { std::slice::from_raw_parts(first.cast::<A64>().as_ptr(), len / size_of::<A64>()) }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("waiting", &self.waiting())
            .field("broken", &self.is_broken())
            .finish()
    }
}

/// Only as part of starting a process, by spawn or fork server; anywhere else it is an error.
impl Serialize for Barrier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shared.serialise("Barrier", serializer)
    }
}

impl<'de> Deserialize<'de> for Barrier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shared = Shared::deserialise("Barrier", Kind::Barrier, deserializer)?;
        Barrier::of(shared).map_err(D::Error::custom)
    }
}

/// The words of a barrier; the last two never change.
#[repr(C)]
struct BarrierWords {
    words: Words,
    timeout_ns: A64,
    parties: A32,
}

// SAFETY: atomics only.
unsafe impl Body for BarrierWords {}

/// How many CPUs this process may use.
fn cpus() -> u32 {
    // Not a `OnceLock`: a fork while another thread fills it would leave the child waiting for ever.
    static KNOWN: AtomicU32 = AtomicU32::new(0);
    match KNOWN.load(Local::Relaxed) {
        0 => {
            let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32);
            KNOWN.store(cpus, Local::Relaxed);
            cpus
        }
        known => known,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn one_waiter_too_many_is_told_and_has_not_arrived() {
        let barrier = Barrier::with_nodes(3, None, 1).unwrap();
        thread::scope(|scope| {
            let first = scope.spawn(|| barrier.wait());
            while barrier.waiting() == 0 {
                thread::yield_now();
            }
            for _ in 0..2 {
                assert!(matches!(barrier.wait(), Err(BarrierWaitError::TooManyWaiters)));
                assert_eq!((barrier.waiting(), barrier.is_broken()), (1, false));
            }
            barrier.reset().unwrap();
            assert!(matches!(first.join().unwrap(), Err(BarrierWaitError::Broken)));
        });
        // There is room again.
        assert!(matches!(barrier.wait_timeout(Duration::from_millis(1)), Err(BarrierWaitError::TimedOut)));
    }
}
