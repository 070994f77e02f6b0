//! A flag that one process raises and others wait for.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::region::AttachError;
use crate::segment::Kind;
use crate::shared::{Body, Shared, travels_when_starting};
use crate::sync::event::Flag;
use crate::sync::raw_lock::Peers;

/// How often a wait looks again before sleeping.
const SPINS: u32 = 60;

/// An event that is set or not, as Python's `multiprocessing.Event`.
///
/// ```
/// use procession_reference::Event;
/// use std::time::Duration;
///
/// let event = Event::new()?;
/// assert!(!event.wait_timeout(Duration::from_millis(1)));
/// std::thread::scope(|scope| {
///     scope.spawn(|| event.wait());
///     event.set();
/// });
/// assert!(event.is_set());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// A wait succeeds if the event was set at any moment during the wait, also if it has been cleared since.
/// No call but a wait ever waits, whoever has died or is stopped: there is no lock. `set` may be called
/// from a signal's function, also of the thread that waits. A waiter who dies leaves nothing behind.
///
/// # Sharing
/// An event is handed to a process that is being started as (a part of) its arguments; a fork copies it. It
/// costs one descriptor, and any number of processes can use it.
#[derive(Clone)]
pub struct Event {
    shared: Shared<Flag>,
}

// SAFETY: one atomic word.
#[expect(unsafe_code, reason = "promises that the word may be shared")]
unsafe impl Body for Flag {}

travels_when_starting!(Event, "Event", Kind::Event);

impl Event {
    /// Creates an event that is not set.
    ///
    /// # Errors
    /// The system has no descriptor or memory left.
    pub fn new() -> io::Result<Event> {
        Ok(Event { shared: Shared::create(Kind::Event, Flag::new(), 0)? })
    }

    /// The event of another process, by the descriptor of its [`to_descriptor`](Self::to_descriptor).
    ///
    /// # Errors
    /// The descriptor is not that of an event, or of another version.
    pub fn from_descriptor(descriptor: OwnedFd) -> Result<Event, AttachError> {
        Ok(Event { shared: Shared::attach(descriptor, Kind::Event)? })
    }

    /// A copy of the descriptor that another process needs for [`from_descriptor`](Self::from_descriptor).
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn to_descriptor(&self) -> io::Result<OwnedFd> {
        self.shared.file().try_clone_to_owned()
    }

    /// Whether the event is set. Never waits.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.shared.words().is_set()
    }

    /// Sets the event and wakes everybody who waits for it; nothing else if it is set. Never waits, and
    /// is safe in a signal's function.
    #[inline]
    pub fn set(&self) {
        self.shared.words().set();
    }

    /// Clears the event; nothing if it is not set. Never waits.
    #[inline]
    pub fn clear(&self) {
        self.shared.words().clear();
    }

    /// Waits until the event is set.
    #[inline]
    pub fn wait(&self) {
        self.wait_until(Deadline::Never);
    }

    /// Waits until the event is set, for at most this long by the monotonic clock; whether it was set at
    /// any moment of the wait. For no time at all it only looks.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_until(Deadline::after(timeout))
    }

    /// Waits until the event is set or the deadline has come; whether it was set at any moment of the wait.
    #[inline]
    pub fn wait_until(&self, deadline: Deadline) -> bool {
        self.shared.words().wait(|| self.shared.spins(SPINS), deadline)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_set", &self.is_set()).finish()
    }
}
