//! Waiting until one of several things is ready: connections, queues, ends of OS pipes, sentinels of
//! processes, sockets, plain descriptors.
//!
//! # Invariants
//! 1. The array given to `ppoll` is a live vector, and its length is that vector's.
//!
//! A descriptor number that is not open is harmless: the kernel says so (POLLNVAL).

#![expect(unsafe_code, reason = "ppoll on descriptor numbers that nobody here owns")]

mod until;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;

pub(crate) use self::until::Until;
use crate::channel::{Channel, Readiness};
use crate::connection::{Connection, PollError};

/// Something that can be waited for: everything with a descriptor, and what of this crate says so.
pub trait Waitable {
    /// Begins to watch; watching ends when the answer is dropped.
    ///
    /// # Errors
    /// When there is nothing to watch: the object is closed, or never ready by its kind.
    fn watch(&self) -> Result<Box<dyn Watch + '_>, PollError>;
}

/// An object being watched.
pub trait Watch {
    /// What turns readable when the object may be ready.
    fn descriptor(&self) -> RawFd;

    /// How long a wait may last before `is_ready` must be asked although the descriptor is silent;
    /// then it is also asked before the wait. None for a descriptor that tells everything.
    fn tick(&self) -> Option<Duration> {
        None
    }

    /// Whether the object is ready. When it says no, the descriptor must not stay readable, or the
    /// wait would spin.
    ///
    /// # Errors
    /// When the system refuses to tell.
    fn is_ready(&self) -> io::Result<bool> {
        Ok(true)
    }
}

/// A descriptor known by its number only, such as the sentinel of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor(pub RawFd);

/// Why a wait told nothing. Indices are those of the objects as given.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// The object at `index` has a descriptor that is not open.
    BadDescriptor {
        /// Which object.
        index: usize,
        /// The descriptor's number.
        number: RawFd,
    },
    /// The object at `index` was closed before.
    Closed {
        /// Which object.
        index: usize,
    },
    /// The operating system refused.
    Os(io::Error),
    /// The object at `index` only sends, so it is never ready.
    WrongDirection {
        /// Which object.
        index: usize,
    },
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitError::BadDescriptor { index, number } => {
                write!(f, "descriptor {number} of object {index} is not open")
            }
            WaitError::Closed { index } => write!(f, "object {index} is closed"),
            WaitError::Os(error) => error.fmt(f),
            WaitError::WrongDirection { index } => {
                write!(f, "object {index} only sends, so there is nothing to wait for")
            }
        }
    }
}

impl std::error::Error for WaitError {}

/// Waits until at least one object is ready, and says which ones are, by their indices in rising
/// order. Ready means that receiving, reading or accepting would not wait: the end of a stream and
/// the end of a process count. Nothing is consumed, so what is ready stays so.
///
/// `timeout_ms` is the longest time to wait; zero and less only look, none waits for ever. After the
/// timeout the answer is empty, and so it is at once when there is nothing to wait for and no
/// timeout, since nothing could ever end that wait. The same object may be given twice and is then
/// told twice. Handled signals do not end the wait.
///
/// # Errors
/// [`WaitError::Closed`], [`WaitError::WrongDirection`] and [`WaitError::BadDescriptor`] before
/// anything is waited for, naming the object.
pub fn wait(objects: &[&dyn Waitable], timeout_ms: Option<i64>) -> Result<Vec<usize>, WaitError> {
    if objects.is_empty() && timeout_ms.is_none() {
        return Ok(Vec::new());
    }
    let deadline = timeout_ms.map_or(Until::NEVER, Until::after_ms);
    let watches = objects.iter().enumerate().map(|(index, object)| {
        object.watch().map_err(|error| match error {
            PollError::Closed => WaitError::Closed { index },
            PollError::Os(error) => WaitError::Os(error),
            PollError::WrongDirection => WaitError::WrongDirection { index },
        })
    });
    let watches = watches.collect::<Result<Vec<_>, _>>()?;
    let mut entries: Vec<_> = watches
        .iter()
        .map(|watch| libc::pollfd { fd: watch.descriptor(), events: libc::POLLIN, revents: 0 })
        .collect();
    let tick = watches.iter().filter_map(|watch| watch.tick()).min();
    loop {
        let mut waits_until = tick.map_or(deadline, |tick| deadline.no_later_than(tick));
        for watch in watches.iter().filter(|watch| watch.tick().is_some()) {
            if watch.is_ready().map_err(WaitError::Os)? {
                // Only to see who else is ready.
                waits_until = Until::after_ms(0);
            }
        }
        ppoll(&mut entries, waits_until).map_err(|errno| WaitError::Os(errno.into()))?;
        let mut ready = Vec::new();
        for (index, (entry, watch)) in entries.iter().zip(&watches).enumerate() {
            // `ppoll` skips negative numbers silently.
            if entry.revents & libc::POLLNVAL != 0 || entry.fd < 0 {
                return Err(WaitError::BadDescriptor { index, number: entry.fd });
            }
            let asks = entry.revents != 0 || watch.tick().is_some();
            if asks && watch.is_ready().map_err(WaitError::Os)? {
                ready.push(index);
            }
        }
        if !ready.is_empty() || deadline.is_over() {
            return Ok(ready);
        }
    }
}

/// Fills in the events of every entry, waiting for the first one; none when the deadline came first.
fn ppoll(entries: &mut [libc::pollfd], deadline: Until) -> nix::Result<()> {
    let bad = entries.iter().any(|entry| entry.fd < 0);
    loop {
        let left = if bad { Until::after_ms(0) } else { deadline }.left_as_timespec();
        let left = left.as_ref().map_or(std::ptr::null(), |left| std::ptr::from_ref(left.as_ref()));
        let count = entries.len() as libc::nfds_t;
        // SAFETY: by 1 for the array; the time is null or a live local; a null set changes no mask.
        let found = unsafe { libc::ppoll(entries.as_mut_ptr(), count, left, std::ptr::null()) };
        match Errno::result(found) {
            Ok(0) if !bad && !deadline.is_over() => {}
            Err(Errno::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

impl Watch for Descriptor {
    fn descriptor(&self) -> RawFd {
        self.0
    }
}

impl Waitable for Descriptor {
    fn watch(&self) -> Result<Box<dyn Watch + '_>, PollError> {
        Ok(Box::new(*self))
    }
}

impl<T: AsFd> Waitable for T {
    fn watch(&self) -> Result<Box<dyn Watch + '_>, PollError> {
        // The number stays open: its owner is borrowed for as long as the watch.
        Ok(Box::new(Descriptor(self.as_fd().as_raw_fd())))
    }
}

impl Waitable for Connection {
    fn watch(&self) -> Result<Box<dyn Watch + '_>, PollError> {
        self.watch_to_receive()
    }
}

impl Watch for Channel {
    fn descriptor(&self) -> RawFd {
        self.readiness_fd().as_raw_fd()
    }

    fn tick(&self) -> Option<Duration> {
        // A death rings no bell.
        Some(Channel::TICK)
    }

    fn is_ready(&self) -> io::Result<bool> {
        if self.readiness() == Readiness::Nothing {
            // Silences the bell and arms it, so a record that comes now either rings or is seen.
            self.clear();
        }
        Ok(self.readiness() != Readiness::Nothing)
    }
}
