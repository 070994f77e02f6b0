//! A FIFO of byte records between processes: the ring, its memory, its members, and a descriptor
//! that becomes readable.
//!
//! A channel is two descriptors, a segment and an event. Whoever has both can attach; dropping the
//! last handle of a process gives everything back. Every call first makes the process a member,
//! which costs a few system calls once, and again after a fork.
//!
//! A process killed at any instruction of any call leaves the channel usable: a record is there
//! wholly or not at all, and a record whose removal was committed belongs to the one who removed it.

mod inner;
mod options;
mod surroundings;
#[cfg(test)]
mod tests;
mod waiting;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering as Local;

use nix::sys::eventfd::{EfdFlags, EventFd};

use self::inner::Inner;
use crate::deadline::Deadline;
use crate::liveness::{self, ForkGuard};
use crate::region::{AttachError, Region};
use crate::sync::done::{self, NotDone};
use crate::sync::ends;
use crate::sync::mark::{MOST_ITEMS, MOST_UNITS, UNIT};
use crate::sync::ring::Limits;

pub(crate) use self::options::{ChannelOptions, End, Kind};
pub(crate) use self::waiting::several_cpus;
pub use crate::sync::ring::{Batch, PopError, PushError, Readiness, Taken};

/// A ring begins with this many bytes.
const FIRST_BYTES: u64 = 64 << 10;

/// A larger ring shrinks to this many bytes when found empty.
const KEEP_BYTES: u64 = 4 << 20;

/// What a channel consists of, for passing it to another process.
#[derive(Debug)]
pub(crate) struct ChannelFds {
    /// The shared memory.
    pub segment: OwnedFd,
    /// Readable while there may be something to receive, if somebody has armed it.
    pub event: OwnedFd,
}

/// A handle; clones share the process's membership.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    inner: Arc<Inner>,
}

impl Channel {
    /// Creates a channel.
    ///
    /// # Errors
    /// The system has no descriptors or memory left.
    pub fn create(options: ChannelOptions) -> io::Result<Channel> {
        let max_units = (options.limit_bytes / UNIT as u64).clamp(8, MOST_UNITS);
        let most = max_units.next_power_of_two();
        let limits = Limits {
            max_items: options.max_items.unwrap_or(MOST_ITEMS).clamp(1, MOST_ITEMS),
            bounded: options.max_items.is_some(),
            max_units,
            min_capacity: (FIRST_BYTES / UNIT as u64).min(most),
            keep_capacity: (KEEP_BYTES / UNIT as u64).min(most),
            wait_for_bytes: options.wait_for_bytes,
            eof: options.eof,
            broken_pipe: options.broken_pipe,
            joinable: options.joinable,
            kind: options.kind as u32,
        };
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Channel::with(Region::create(limits)?, event.into()))
    }

    /// Attaches to a channel that was created elsewhere.
    pub fn attach(fds: ChannelFds, kind: Kind) -> Result<Channel, AttachError> {
        let region = Region::attach(fds.segment)?;
        let found = Kind::ALL.into_iter().find(|known| *known as u32 == region.limits().kind);
        match found {
            Some(found) if found == kind => {}
            Some(found) => return Err(AttachError::Kind { found: found.name(), expected: kind.name() }),
            None => return Err(AttachError::Corrupt("the kind of object is unknown")),
        }
        Ok(Channel::with(region, fds.event))
    }

    fn with(region: Region, event: OwnedFd) -> Channel {
        Channel { inner: Arc::new(Inner::new(region, event)) }
    }

    /// The segment's and the event's descriptor, for passing them on.
    pub fn fds(&self) -> (BorrowedFd<'_>, BorrowedFd<'_>) {
        (self.inner.region.file(), self.inner.event.as_fd())
    }

    /// Copies of both descriptors.
    pub fn duplicate_fds(&self) -> io::Result<ChannelFds> {
        let (segment, event) = self.fds();
        Ok(ChannelFds { segment: segment.try_clone_to_owned()?, event: event.try_clone_to_owned()? })
    }

    /// Whether this process has used the channel.
    pub fn is_registered(&self) -> bool {
        self.inner.membership.get().is_some()
    }

    /// Whether this process holds an end.
    pub fn holds(&self, end: End) -> bool {
        self.inner.holds[end as usize].load(Local::Relaxed) > 0
    }

    /// What the channel was created with.
    pub fn limits(&self) -> &Limits {
        self.inner.region.limits()
    }

    /// Makes this process a member, if it is not, and shows the ends that it holds. Every call does
    /// so by itself; a forked child calls it early, so that its parent may let go.
    pub fn register(&self) -> io::Result<()> {
        self.inner.me().map(drop)
    }

    /// Appends one record, the concatenation of `parts`; waits for room until the deadline.
    #[inline]
    pub fn push(&self, parts: &[&[u8]], deadline: Deadline) -> Result<(), PushError> {
        self.inner.ring().map_err(PushError::Exhausted)?.push(parts, deadline)
    }

    /// As [`push`](Self::push); who takes the record is told the tag.
    #[inline]
    pub fn push_tagged(&self, tag: u8, parts: &[&[u8]], deadline: Deadline) -> Result<(), PushError> {
        self.inner.ring().map_err(PushError::Exhausted)?.push_tagged(tag, parts, deadline)
    }

    /// Appends several records in order, as many as fit at once. Returns how many were appended,
    /// and why not all.
    pub fn push_many(&self, records: &[&[u8]], deadline: Deadline) -> (usize, Result<(), PushError>) {
        let mut pushed = 0;
        let outcome = match self.inner.ring() {
            Ok(ring) => ring.push_each(records.iter().map(std::slice::from_ref), deadline, &mut pushed),
            Err(error) => Err(PushError::Exhausted(error)),
        };
        (pushed, outcome)
    }

    /// Takes one record, appending its bytes to `into`; waits for it until the deadline.
    #[inline]
    pub fn pop(&self, into: &mut Vec<u8>, deadline: Deadline) -> Result<Taken, PopError> {
        self.inner.ring().map_err(PopError::Exhausted)?.pop(into, deadline)
    }

    /// As [`pop`](Self::pop), into the beginning of `place` if the record fits there and has no tag;
    /// otherwise into `spill`.
    #[inline]
    pub fn pop_into(
        &self,
        place: &mut [u8],
        spill: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<Taken, PopError> {
        self.inner.ring().map_err(PopError::Exhausted)?.pop_into(place, spill, deadline)
    }

    /// Takes at least one and at most `max` records; waits for the first until the deadline.
    /// Returns how many.
    pub fn pop_many(&self, max: u32, into: &mut Batch, deadline: Deadline) -> Result<u32, PopError> {
        self.inner.ring().map_err(PopError::Exhausted)?.pop_many(max, into, deadline)
    }

    /// How many records there are.
    pub fn len(&self) -> u32 {
        self.inner.ring_of(0).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.inner.ring_of(0).is_empty()
    }

    /// Whether a push would have to wait for others to take records.
    pub fn is_full(&self) -> bool {
        self.inner.ring_of(0).is_full()
    }

    // -- Ends --

    /// This process holds the end once more than before. Also whoever passes an end on to another
    /// process holds it for that time, until the other has confirmed that it holds it itself.
    pub fn hold(&self, end: End) -> io::Result<()> {
        let me = self.inner.me()?;
        {
            let _guard = ForkGuard::take();
            self.inner.holds[end as usize].fetch_add(1, Local::Relaxed);
            let slot = self.inner.region.slot(liveness::slot_of(me));
            ends::show(&slot.ends, end.bit());
        }
        ends::changed(self.inner.seldom());
        Ok(())
    }

    /// This process holds the sending end and means to use it: from now on it counts itself, too,
    /// among those who may still send.
    pub fn announce_sender(&self) -> io::Result<()> {
        let me = self.inner.me()?;
        if self.inner.announced.load(Local::Relaxed) != me {
            // In a forked process the counts are those of its creator.
            self.hold(End::Sending)?;
            self.inner.announced.store(me, Local::Relaxed);
        }
        Ok(())
    }

    /// This process holds the end once less than before; others are told when it was the last time.
    pub fn let_go(&self, end: End) {
        self.inner.let_go(end, 1);
    }

    // -- Readiness --

    /// A descriptor for `poll`. It becomes readable when a record is pushed or an end is let go,
    /// once [`clear`](Self::clear) has been called. The loop is: `clear`, look at
    /// [`readiness`](Self::readiness), `poll` for at most [`TICK`](Self::TICK).
    /// The tick is for deaths, which ring no bell.
    pub fn readiness_fd(&self) -> BorrowedFd<'_> {
        self.inner.event.as_fd()
    }

    /// How long a `poll` may last before [`readiness`](Self::readiness) is looked at again.
    pub const TICK: std::time::Duration = std::time::Duration::from_millis(20);

    /// Makes the descriptor unreadable, unless there is something to receive. Arms again first,
    /// since others may poll the same descriptor.
    pub fn clear(&self) {
        self.inner.seldom().bell.clear(&*self.inner, || self.readiness() != Readiness::Nothing);
    }

    /// Whether a pop would return at once, and with what.
    pub fn readiness(&self) -> Readiness {
        self.inner.ring_of(0).readiness()
    }

    /// Waits until a pop would return at once, by polling the descriptor; whether it would.
    pub fn wait_readable(&self, deadline: Deadline) -> bool {
        let ready = || self.readiness() != Readiness::Nothing;
        self.inner.seldom().bell.wait(&*self.inner, ready, deadline)
    }

    // -- Work to be done --

    /// Reports one record as done; false, and nothing has happened, if all of them are.
    pub fn report_done(&self) -> io::Result<bool> {
        let ring = self.inner.ring()?;
        if !ring.report_done() {
            return Ok(false);
        }
        done::settle(&self.inner.region.slot(liveness::slot_of(ring.me)).outstanding);
        Ok(true)
    }

    /// How many records have been pushed and not reported as done.
    pub fn unfinished(&self) -> u32 {
        self.inner.ring_of(0).unfinished()
    }

    /// Waits until every record pushed has been reported as done.
    pub fn wait_done(&self, deadline: Deadline) -> Result<(), JoinFailure> {
        let ring = self.inner.ring().map_err(JoinFailure::Exhausted)?;
        ring.wait_done(|| self.inner.owed_by_the_living(), deadline).map_err(|not_done| match not_done {
            NotDone::TimedOut => JoinFailure::TimedOut,
            NotDone::WorkersDied(items) => JoinFailure::WorkersDied(items),
        })
    }
}

/// Why not everything is done.
#[derive(Debug)]
pub(crate) enum JoinFailure {
    /// The system has no memory, no descriptor, or no slot left for it.
    Exhausted(io::Error),
    /// The time was over.
    TimedOut,
    /// So many records were taken by processes that have ended without reporting them.
    WorkersDied(u32),
}
