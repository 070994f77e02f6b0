//! A FIFO of byte records between processes: the ring, its memory, its members, and a descriptor
//! that becomes readable.
//!
//! A channel is two descriptors, a segment and an event. Whoever has both can attach; dropping the
//! last handle of a process gives everything back. Every call first makes the process a member,
//! which costs a few system calls once, and again after a fork.
//!
//! A process killed at any instruction of any call leaves the channel usable: a record is there
//! wholly or not at all, and a record whose removal was committed belongs to the one who removed it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering as Local};

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::deadline::Deadline;
use crate::liveness::{self, ForkGuard, Membership};
use crate::region::{AttachError, Region};
use crate::sync::bell::Descriptor;
use crate::sync::done::{self, NotDone};
use crate::sync::ends::{self, Slots};
use crate::sync::gate::Gate;
use crate::sync::mark::{MOST_ITEMS, MOST_UNITS, Mark, UNIT};
use crate::sync::raw_lock::Peers;
use crate::sync::ring::{Limits, Ring, Seldom, Surroundings};
use crate::sync::{A32, Ordering, cycles, monotonic_ns, pause};

pub use crate::sync::ring::{Batch, PopError, PushError, Readiness, Taken};

/// A ring begins with this many bytes.
const FIRST_BYTES: u64 = 64 << 10;

/// A larger ring shrinks to this many bytes when found empty.
const KEEP_BYTES: u64 = 4 << 20;

/// About how long a receiver's life is taken for granted, in cycles of the time-stamp counter: a
/// fraction of a millisecond, so that a send that begins after a death was noticed finds it.
const WITNESS_CYCLES: u64 = 200_000;

/// How long a sender sleeps at a time before a large ring grows, in nanoseconds: a receiver takes a
/// small part of the ring in that time.
const NAP_NS: u64 = 50_000;

/// What a sender may wait for each 8 bytes sent before a large ring grows, in nanoseconds: a receiver
/// that is slower than a quarter of a gigabyte a second slows no sender down to its own pace.
const PATIENCE_NS_PER_UNIT: u64 = 32;

/// The most that it may wait at a time: less than providing the memory takes, for all but the first.
const MOST_PATIENCE_NS: u64 = 5_000_000;

/// How a channel is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelOptions {
    /// The most records; a push waits while so many are there. Without, only bytes are limited.
    pub max_items: Option<u32>,
    /// The most bytes of records, including 8 for each and padding to multiples of 8.
    pub limit_bytes: u64,
    /// Whether a push waits when `limit_bytes` are in use; otherwise it fails with `Exhausted`.
    pub wait_for_bytes: bool,
    /// Whether a pop without a time limit reports [`PopError::Eof`] once somebody has held the sending
    /// end and nobody does. In a queue, who waits does not count itself unless it has announced that
    /// it sends too.
    pub eof: bool,
    /// Whether to report [`PushError::BrokenPipe`] while nobody holds the receiving end.
    pub broken_pipe: bool,
    /// Whether records must be reported as done.
    pub joinable: bool,
    /// What the channel is part of; those who attach must expect the same.
    pub kind: Kind,
}

/// What a channel is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A direction of a pipe.
    Pipe = 1,
    /// A queue.
    Queue = 2,
    /// A simple queue.
    SimpleQueue = 3,
    /// A joinable queue.
    JoinableQueue = 4,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Pipe, Kind::Queue, Kind::SimpleQueue, Kind::JoinableQueue];

    fn name(self) -> &'static str {
        match self {
            Kind::Pipe => "pipe",
            Kind::Queue => "queue",
            Kind::SimpleQueue => "simple queue",
            Kind::JoinableQueue => "joinable queue",
        }
    }
}

impl Default for ChannelOptions {
    /// Unbounded but for a quarter of the machine's memory, at most 4 GiB.
    fn default() -> ChannelOptions {
        ChannelOptions {
            max_items: None,
            limit_bytes: default_limit_bytes(),
            wait_for_bytes: false,
            eof: false,
            broken_pipe: false,
            joinable: false,
            kind: Kind::Queue,
        }
    }
}

/// One of the two ends of a channel, as far as it matters who holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Records are pushed here.
    Sending,
    /// Records are popped here.
    Receiving,
}

impl End {
    fn bit(self) -> u32 {
        1 << self as u32
    }
}

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

#[derive(Debug)]
struct Inner {
    region: Region,
    event: OwnedFd,
    membership: Membership,
    /// How often this process holds each end; changed under the `ForkGuard`.
    holds: [AtomicU32; 2],
    /// The owner word under which this process has announced that it sends.
    announced: AtomicU32,
    /// How many looks a wait is worth before sleeping, as learnt here.
    spins: AtomicU32,
    /// How many waits there were.
    waits: AtomicU32,
    /// What is left of the time that senders may wait before a large ring grows, and where they last
    /// came to that.
    patience_ns: AtomicU64,
    crowded_at: AtomicU64,
    /// The owner word of a live receiver, and when it was last seen alive.
    witness: AtomicU32,
    witnessed: AtomicU64,
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
        let inner = Inner {
            region,
            event,
            membership: Membership::new(),
            holds: [AtomicU32::new(0), AtomicU32::new(0)],
            announced: AtomicU32::new(0),
            spins: AtomicU32::new(MOST_SPINS),
            waits: AtomicU32::new(0),
            patience_ns: AtomicU64::new(0),
            crowded_at: AtomicU64::new(0),
            witness: AtomicU32::new(0),
            witnessed: AtomicU64::new(0),
        };
        Channel { inner: Arc::new(inner) }
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

/// How many looks a wait is worth at most: with 25 ns each, about what a wake-up costs.
const MOST_SPINS: u32 = 200;

/// Fewer looks are not learnt: an answer of a partner that is awake takes a few cache misses, each of
/// up to half a microsecond between distant CPUs.
const FEWEST_SPINS: u32 = 50;

/// So many looks take as long as a partner needs to wake up and answer.
const PATIENT_SPINS: u32 = 2000;

/// The longest rest between two looks, in pauses: a partner who is looked at all the time is slowed down.
const LONGEST_REST: u32 = 64;

/// How long a producer who has found room lets consumers make more of it at a time, and how often, if
/// they go on doing so. It would otherwise follow them record by record, each one a wait for the other
/// CPU's cache lines: twice as slow as in batches of this length.
const ROUND: u32 = 8;
const MOST_ROUNDS: u32 = 16;

/// One wait in so many is a patient one.
const PATIENT_EVERY: u32 = 32;

impl Inner {
    /// Our owner word; makes this process a member first if need be.
    #[inline]
    fn me(&self) -> io::Result<u32> {
        match self.membership.get() {
            Some(me) => Ok(me),
            None => self.join(),
        }
    }

    #[cold]
    fn join(&self) -> io::Result<u32> {
        self.membership.register(&self.region, || {
            [End::Sending, End::Receiving]
                .into_iter()
                .filter(|end| self.holds[*end as usize].load(Local::Relaxed) > 0)
                .fold(0, |bits, end| bits | end.bit())
        })
    }

    #[inline]
    fn ring(&self) -> io::Result<Ring<'_, Inner>> {
        Ok(self.ring_of(self.me()?))
    }

    /// A view that takes no lock if `me` is 0.
    #[inline]
    fn ring_of(&self, me: u32) -> Ring<'_, Inner> {
        let region = &self.region;
        Ring { words: &region.header().words, limits: region.limits(), surroundings: self, me }
    }

    fn let_go(&self, end: End, times: u32) {
        {
            let _guard = ForkGuard::take();
            let holds = &self.holds[end as usize];
            let before = holds.load(Local::Relaxed);
            let left = before.saturating_sub(times);
            holds.store(left, Local::Relaxed);
            if before == 0 || left > 0 {
                return;
            }
            // A forked child that never used the channel has nothing to take back.
            let Some(me) = self.membership.get() else { return };
            ends::hide(&self.region.slot(liveness::slot_of(me)).ends, end.bit());
        }
        ends::tell_gone(self.seldom(), || self.ring_bell());
    }

    fn seldom(&self) -> &Seldom {
        &self.region.header().words.seldom.0
    }

    /// Whether no live process shows the end, apart from `except`, an owner word or 0.
    fn nobody_holds(&self, end: End, except: u32) -> bool {
        let except = (except != 0).then(|| liveness::slot_of(except));
        let Some(slot) = ends::holder(self, end.bit(), except, self.seldom()) else { return true };
        if end == End::Receiving {
            let generation = self.region.slot(slot).generation.load(Ordering::Acquire);
            self.witness.store(liveness::owner_word(slot, generation), Local::Relaxed);
            self.witnessed.store(cycles(), Local::Relaxed);
        }
        false
    }

    /// How many records live processes have taken and not reported as done.
    fn owed_by_the_living(&self) -> u32 {
        let owed = |slot: usize| match self.region.slot(slot).outstanding.load(Ordering::Acquire) {
            0 => 0,
            count => u32::from(liveness::is_held(&self.region, slot)) * count,
        };
        (0..self.used()).map(owed).fold(0, u32::saturating_add)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for end in [End::Sending, End::Receiving] {
            self.let_go(end, u32::MAX);
        }
    }
}

impl Slots for Inner {
    fn used(&self) -> usize {
        (self.region.header().slots_used.load(Ordering::Acquire) as usize).min(crate::region::SLOTS)
    }

    fn shown(&self, slot: usize) -> &A32 {
        &self.region.slot(slot).ends
    }

    fn is_held(&self, slot: usize) -> bool {
        liveness::is_held(&self.region, slot)
    }
}

impl Descriptor for Inner {
    fn ring(&self) {
        self.ring_bell();
    }

    fn empty(&self) {
        let _ = nix::unistd::read(&self.event, &mut [0; 8]);
    }

    fn poll(&self, deadline: Deadline) -> bool {
        let ns = deadline.remaining_ns(Channel::TICK.as_nanos() as u64);
        let ms = ns.div_ceil(1_000_000) as u16;
        let mut polled = [PollFd::new(self.event.as_fd(), PollFlags::POLLIN)];
        poll(&mut polled, ms).is_ok_and(|ready| ready > 0)
    }
}

impl Peers for Inner {
    fn is_dead(&self, owner: u32) -> bool {
        liveness::is_dead(&self.region, owner)
    }

    #[inline]
    fn spins(&self, most: u32) -> u32 {
        if several_cpus() { most } else { 0 }
    }
}

impl Surroundings for Inner {
    #[inline]
    fn write_record(&self, capacity: u64, at: u64, word: u64, parts: &[&[u8]]) {
        self.region.write_record(capacity, at, word, parts);
    }

    #[inline]
    fn record_word(&self, capacity: u64, at: u64) -> u64 {
        self.region.record_word(capacity, at)
    }

    #[inline]
    fn read_record(&self, capacity: u64, at: u64, len: usize, into: &mut Vec<u8>) {
        self.region.read_record(capacity, at, len, into);
    }

    #[inline]
    fn copy_record(&self, capacity: u64, at: u64, into: &mut [u8]) {
        self.region.copy_record(capacity, at, into);
    }

    fn relocate(&self, from: u64, to: u64, at: u64, units: u64) -> io::Result<()> {
        self.region.relocate(from, to, at, units)
    }

    fn discard_other_zones(&self, keep: u64) {
        self.region.discard_other_zones(keep);
    }

    #[cold]
    fn ring_bell(&self) {
        // It fails only when the counter is at its end, and then the descriptor is readable.
        let _ = nix::unistd::write(&self.event, &1u64.to_ne_bytes());
    }

    fn spin_until(&self, condition: impl Fn() -> bool) -> bool {
        if !several_cpus() {
            return false;
        }
        let budget = self.spins.load(Local::Relaxed);
        // Two partners who sleep would do so for ever, since none is back before the other one's
        // looks are spent. So now and then one of them stays awake until the other one must be.
        let waits = self.waits.load(Local::Relaxed).wrapping_add(1);
        self.waits.store(waits, Local::Relaxed);
        let looks = if waits.is_multiple_of(PATIENT_EVERY) { PATIENT_SPINS } else { budget };
        let (mut spent, mut rest) = (0, 1);
        while spent < looks {
            (0..rest).for_each(|_| pause());
            spent += rest;
            if condition() {
                self.spins.store((budget * 2).min(MOST_SPINS), Local::Relaxed);
                return true;
            }
            rest = (rest * 2).min(LONGEST_REST);
        }
        self.spins.store((budget / 2).max(FEWEST_SPINS), Local::Relaxed);
        false
    }

    fn gather_room(&self, head: impl Fn() -> Mark) {
        let mut last = head();
        for _ in 0..MOST_ROUNDS {
            (0..ROUND).for_each(|_| pause());
            let now = head();
            if now == last {
                return;
            }
            last = now;
        }
    }

    fn wait_before_growing(
        &self,
        gate: Option<&Gate>,
        tail: Mark,
        deadline: Deadline,
        condition: impl Fn() -> bool,
    ) -> bool {
        if self.spin_until(&condition) {
            return true;
        }
        let written = tail.units_since(Mark(self.crowded_at.swap(tail.0, Local::Relaxed)));
        let earned = self.patience_ns.load(Local::Relaxed) + written * PATIENCE_NS_PER_UNIT;
        let patience = earned.min(MOST_PATIENCE_NS);
        let began = monotonic_ns();
        let until = deadline.remaining_ns(patience) + began;
        let mut now = began;
        let mut met = false;
        // A nap longer than what is left would keep the caller for more than it has earned.
        while !met && until.saturating_sub(now) >= NAP_NS {
            match gate.map(|gate| (gate, gate.announce())) {
                Some(_) if condition() => {}
                Some((gate, ticket)) => drop(gate.wait(ticket, Deadline::At(until))),
                // Nobody wakes us: that would cost the consumers more than it gains.
                None => std::thread::sleep(std::time::Duration::from_nanos(NAP_NS)),
            }
            met = condition();
            now = monotonic_ns();
        }
        self.patience_ns.store(patience.saturating_sub(now - began), Local::Relaxed);
        met
    }

    fn senders_gone(&self) -> bool {
        // Before the first sender has come, the last one cannot have gone.
        let changed = &self.region.header().words.seldom.0.ends_changed;
        let changes = changed.load(Ordering::Acquire);
        if self.region.limits().kind != Kind::Queue as u32 {
            return changes != 0 && self.nobody_holds(End::Sending, 0);
        }
        // Everybody who has a queue holds its sending end, its creator first: one change more, and
        // somebody else has had it. Who waits cannot put meanwhile, unless it said that it will.
        let me = self.membership.get().unwrap_or(0);
        let except = if self.announced.load(Local::Relaxed) == me { 0 } else { me };
        changes > 1 && self.nobody_holds(End::Sending, except)
    }

    #[inline]
    fn receivers_gone(&self) -> bool {
        let witness = self.witness.load(Local::Relaxed);
        if witness != 0 {
            let slot = self.region.slot(liveness::slot_of(witness));
            let shows = slot.ends.load(Ordering::Acquire) & End::Receiving.bit() != 0;
            if shows && cycles().wrapping_sub(self.witnessed.load(Local::Relaxed)) < WITNESS_CYCLES {
                return false;
            }
        }
        self.nobody_holds(End::Receiving, 0)
    }

    fn took(&self, items: u32) {
        if items > 0
            && let Some(me) = self.membership.get()
        {
            let slot = self.region.slot(liveness::slot_of(me));
            slot.outstanding.fetch_add(items, Ordering::AcqRel);
        }
    }
}

/// Whether this process may run on more than one CPU: otherwise spinning only delays the partner.
fn several_cpus() -> bool {
    static SEVERAL: OnceLock<bool> = OnceLock::new();
    *SEVERAL.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from) > 1)
}

fn default_limit_bytes() -> u64 {
    static LIMIT: OnceLock<u64> = OnceLock::new();
    *LIMIT.get_or_init(|| {
        let memory = nix::sys::sysinfo::sysinfo().map_or(1 << 30, |info| info.ram_total());
        (memory / 4).clamp(64 << 20, 4 << 30)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Op {
        Push(usize),
        PushMany(Vec<usize>),
        Pop,
        PopMany(u32),
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        // Around the first ring's size, so that rings wrap, grow and shrink.
        let len = prop_oneof![8 => 0..40usize, 2 => 3000..30_000usize, 1 => Just(70_000usize)];
        let op = prop_oneof![
            4 => len.clone().prop_map(Op::Push),
            1 => prop::collection::vec(len, 0..5).prop_map(Op::PushMany),
            4 => Just(Op::Pop),
            1 => (1..9u32).prop_map(Op::PopMany),
        ];
        prop::collection::vec(op, 0..200)
    }

    fn record(serial: &mut u32, len: usize) -> Vec<u8> {
        *serial += 1;
        (0..len).map(|at| (at as u32).wrapping_mul(31).wrapping_add(*serial) as u8).collect()
    }

    proptest! {
        #[test]
        fn a_channel_is_a_fifo_of_byte_strings(ops in ops(), bound in prop::option::of(1..9u32)) {
            let options = ChannelOptions { max_items: bound, ..ChannelOptions::default() };
            let channel = Channel::create(options).unwrap();
            let mut model = VecDeque::new();
            let mut serial = 0;
            let room = |model: &VecDeque<Vec<u8>>| bound.is_none_or(|bound| model.len() < bound as usize);
            for op in ops {
                match op {
                    Op::Push(len) => {
                        let bytes = record(&mut serial, len);
                        let (first, rest) = bytes.split_at(len / 3);
                        let pushed = channel.push(&[first, rest], Deadline::Now);
                        prop_assert_eq!(pushed.is_ok(), room(&model));
                        if pushed.is_ok() {
                            model.push_back(bytes);
                        }
                    }
                    Op::PushMany(lens) => {
                        let many: Vec<_> = lens.iter().map(|len| record(&mut serial, *len)).collect();
                        let slices: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
                        let (pushed, outcome) = channel.push_many(&slices, Deadline::Now);
                        prop_assert_eq!(outcome.is_ok(), pushed == many.len());
                        for bytes in many.into_iter().take(pushed) {
                            prop_assert!(room(&model));
                            model.push_back(bytes);
                        }
                    }
                    Op::Pop => {
                        let mut bytes = Vec::new();
                        let popped = channel.pop(&mut bytes, Deadline::Now);
                        prop_assert_eq!(popped.is_ok(), !model.is_empty());
                        if popped.is_ok() {
                            prop_assert_eq!(Some(bytes), model.pop_front());
                        }
                    }
                    Op::PopMany(max) => {
                        let mut batch = Batch::default();
                        let popped = channel.pop_many(max, &mut batch, Deadline::Now).unwrap_or(0);
                        prop_assert_eq!(popped as usize, model.len().min(max as usize));
                        for bytes in batch.records() {
                            prop_assert_eq!(Some(bytes.to_vec()), model.pop_front());
                        }
                    }
                }
                prop_assert_eq!(channel.len() as usize, model.len());
                prop_assert_eq!(channel.is_empty(), model.is_empty());
                prop_assert_eq!(channel.is_full(), !room(&model));
            }
        }
    }

    fn both_ends() -> Channel {
        let options = ChannelOptions { eof: true, broken_pipe: true, ..ChannelOptions::default() };
        let channel = Channel::create(options).unwrap();
        channel.hold(End::Sending).unwrap();
        channel.hold(End::Receiving).unwrap();
        channel
    }

    #[test]
    fn the_end_comes_after_the_last_record_when_the_last_holder_lets_go() {
        let channel = both_ends();
        let other = Channel::attach(channel.duplicate_fds().unwrap(), Kind::Queue).unwrap();
        other.hold(End::Sending).unwrap();
        channel.push(&[b"last"], Deadline::Now).unwrap();
        channel.let_go(End::Sending);
        let mut bytes = Vec::new();
        assert_eq!(channel.pop(&mut bytes, Deadline::Never).unwrap().len, 4);
        assert!(matches!(channel.pop(&mut bytes, Deadline::Now), Err(PopError::Empty)));
        drop(other);
        assert!(matches!(channel.pop(&mut bytes, Deadline::Never), Err(PopError::Eof)));
        assert_eq!(channel.readiness(), Readiness::Eof);
    }

    #[test]
    fn a_push_that_nobody_can_receive_is_refused() {
        let channel = both_ends();
        channel.let_go(End::Receiving);
        assert!(matches!(channel.push(&[b"x"], Deadline::Never), Err(PushError::BrokenPipe)));
    }

    #[test]
    fn a_full_ring_of_bytes_refuses_or_waits_as_asked() {
        for wait_for_bytes in [false, true] {
            let options = ChannelOptions { limit_bytes: 4096, wait_for_bytes, ..ChannelOptions::default() };
            let channel = Channel::create(options).unwrap();
            let long = [0; 5000];
            assert!(matches!(
                channel.push(&[&long], Deadline::Now),
                Err(PushError::TooLong { len: 5000, .. })
            ));
            channel.push(&[&long[..4000]], Deadline::Now).unwrap();
            let refused = channel.push(&[&long[..4000]], Deadline::Now).unwrap_err();
            assert_eq!(matches!(refused, PushError::Full), wait_for_bytes);
            assert_eq!(matches!(refused, PushError::Exhausted(_)), !wait_for_bytes);
        }
    }

    #[test]
    fn several_pollers_of_one_descriptor_all_see_what_comes() {
        let channel = Channel::create(ChannelOptions::default()).unwrap();
        let pollers: Vec<_> = (0..3)
            .map(|_| {
                let channel = channel.clone();
                std::thread::spawn(move || {
                    let mut bytes = Vec::new();
                    while channel.wait_readable(Deadline::Never) {
                        match channel.pop(&mut bytes, Deadline::Now) {
                            Ok(_) => return bytes[0],
                            Err(error) => assert!(matches!(error, PopError::Empty)),
                        }
                    }
                    unreachable!("without a deadline it waits")
                })
            })
            .collect();
        for byte in 0..3 {
            channel.push(&[&[byte]], Deadline::Now).unwrap();
        }
        let mut seen: Vec<_> = pollers.into_iter().map(|poller| poller.join().unwrap()).collect();
        seen.sort();
        assert_eq!(seen, [0, 1, 2]);
    }

    #[test]
    fn foreign_and_damaged_segments_are_refused() {
        let channel = Channel::create(ChannelOptions::default()).unwrap();
        let event = || channel.duplicate_fds().unwrap().event;
        let attach = |segment| Channel::attach(ChannelFds { segment, event: event() }, Kind::Queue);
        let null = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
        assert!(matches!(attach(null), Err(AttachError::NotASegment(_))));
        assert!(matches!(attach(event()), Err(AttachError::NotASegment(_))));
        let pipe = Channel::attach(channel.duplicate_fds().unwrap(), Kind::Pipe);
        assert!(matches!(pipe, Err(AttachError::Kind { found: "queue", expected: "pipe" })));
        let file = channel.duplicate_fds().unwrap().segment;
        nix::sys::uio::pwrite(&file, &[9], 8).unwrap();
        assert!(matches!(attach(file), Err(AttachError::Version { found: 9, .. })));
    }

    #[test]
    fn a_damaged_record_is_an_error_and_not_a_wild_read() {
        let channel = Channel::create(ChannelOptions::default()).unwrap();
        channel.push(&[b"abc"], Deadline::Now).unwrap();
        let limits = *channel.limits();
        channel.inner.region.write_record(limits.min_capacity, 0, 1 << 40, &[]);
        let mut bytes = Vec::new();
        assert!(matches!(channel.pop(&mut bytes, Deadline::Now), Err(PopError::Corrupt(_))));
        channel.inner.region.header().words.tail.0.store(u64::MAX, Ordering::Relaxed);
        assert!(matches!(channel.pop(&mut bytes, Deadline::Now), Err(PopError::Corrupt(_))));
        assert!(matches!(channel.push(&[b"x"], Deadline::Now), Err(PushError::Corrupt(_))));
    }
}
