//! A FIFO of byte records in a ring that grows: one lock for producers, one for consumers, and one
//! store that commits on each side.
//!
//! # State
//! `tail` and `head` are [`Mark`]s: position and number of records, in one word. A record is a
//! unit with its length and its sender's tag, its bytes, and padding to the next unit; it may be split
//! at the ring's end. The ring lies in the zone of the file that belongs to its capacity.
//!
//! # Invariants (of the protocol; no memory safety rests on them)
//! 1. `tail` is stored by the holder of `producers` only, `head` by the holder of `consumers` only,
//!    `capacity` by one who holds both.
//! 2. The records between `head` and `tail` are whole: `tail` moves after their last byte.
//! 3. Units outside `head..tail` belong to the holder of `producers`: `head` moves after the
//!    record's last byte has been copied out.
//! 4. `head_seen` is some former `head`, `tail_seen` some former `tail` that is not before `head`.
//!
//! # Crashes
//! Each side's critical section changes nothing that anybody looks at before its single release
//! store, so an owner that dies inside leaves nothing to repair. A grower that dies before it has
//! stored the new capacity leaves memory behind in another zone, which the next producer that
//! inherits the lock gives back.
//!
//! # Orderings
//! `tail`'s release pairs with the consumers' acquire (the record's bytes), `head`'s with the
//! producers' (the space). Sleeping is ordered by the fences of the gates.
//!
//! # Source
//! Two locks: Michael and Scott, PODC 1996; the packed commit word is ours.

use std::io;

use super::bell::Bell;
use super::gate::Gate;
use super::mark::{MOST_ITEMS, Mark, UNIT, count_between};
use super::raw_lock::{Held, Peers, RawLock, TimedOut};
use super::{A32, A64, Ordering, fence_after_exchange};
use crate::deadline::Deadline;

/// How long a call that may not wait for items still waits for a lock: its holder is copying.
const LOCK_GRACE_NS: u64 = 200_000_000;

/// Copying a record of so many units (64 KiB) takes about as long as waking somebody.
const WORTH_A_WAKE: u64 = (64 << 10) / UNIT as u64;

/// A ring of so many units (256 KiB) is worth a wait for records that are at most one part in so many
/// of it: a larger one would leave the second-level cache.
const LARGE_FOR_SMALL: u64 = (256 << 10) / UNIT as u64;
const SMALL_PART: u64 = 256;

/// Keeps what different CPUs write on different cache lines (and out of the same prefetched pair).
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Line<T>(pub T);

/// What producers alone write.
#[derive(Debug)]
#[repr(C)]
pub struct Side {
    /// The lock of this side.
    pub lock: RawLock,
    /// The other side's mark as last seen here.
    pub seen: A64,
}

/// What seldom changes and everybody reads.
#[derive(Debug)]
#[repr(C)]
pub struct Seldom {
    /// The ring's size in units, a power of two.
    pub capacity: A64,
    /// Where consumers wait for a record.
    pub not_empty: Gate,
    /// Where producers wait for room.
    pub not_full: Gate,
    /// Rung for those who poll.
    pub bell: Bell,
    /// Moves whenever a process begins or ceases to hold an end.
    pub ends_changed: A32,
    /// How many records have been reported as done, modulo 2^31.
    pub done: A32,
    /// Where those wait who want everything to be done.
    pub all_done: Gate,
}

/// The shared words of a channel.
#[derive(Debug)]
#[repr(C)]
pub struct Words {
    /// The producers' lock.
    pub producers: Line<Side>,
    /// Behind the last record.
    pub tail: Line<A64>,
    /// The consumers' lock.
    pub consumers: Line<Side>,
    /// Before the first record.
    pub head: Line<A64>,
    /// The rest.
    pub seldom: Line<Seldom>,
}

impl Words {
    /// An empty ring of this many units.
    pub fn new(capacity: u64) -> Words {
        let side = || Line(Side { lock: RawLock::new(), seen: A64::new(0) });
        Words {
            producers: side(),
            tail: Line(A64::new(0)),
            consumers: side(),
            head: Line(A64::new(0)),
            seldom: Line(Seldom {
                capacity: A64::new(capacity),
                not_empty: Gate::new(),
                not_full: Gate::new(),
                bell: Bell::new(),
                ends_changed: A32::new(0),
                done: A32::new(0),
                all_done: Gate::new(),
            }),
        }
    }
}

/// What never changes about a channel; each process keeps its own checked copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most records, at most [`MOST_ITEMS`].
    pub max_items: u32,
    /// Whether `max_items` was asked for: otherwise producers never wait for it.
    pub bounded: bool,
    /// The most units that records may take.
    pub max_units: u64,
    /// The smallest ring, in units, a power of two.
    pub min_capacity: u64,
    /// A ring much larger than this shrinks to it when found empty, in units, a power of two.
    pub keep_capacity: u64,
    /// Whether a producer waits when `max_units` are in use, instead of failing.
    pub wait_for_bytes: bool,
    /// Whether consumers learn that nobody holds the sending end any more.
    pub eof: bool,
    /// Whether producers learn that nobody holds the receiving end.
    pub broken_pipe: bool,
    /// Whether records must be reported as done.
    pub joinable: bool,
    /// What the channel is part of, for those who attach to it: below 256.
    pub kind: u32,
}

/// What surrounds a ring: its memory and its peers.
pub trait Surroundings: Peers {
    /// Writes the record's word and bytes at `at`, in the zone of `capacity` (both in units).
    fn write_record(&self, capacity: u64, at: u64, word: u64, parts: &[&[u8]]);

    /// Reads the word of the record at `at`.
    fn record_word(&self, capacity: u64, at: u64) -> u64;

    /// Appends the bytes of the record at `at` to `into`, for which there is room.
    fn read_record(&self, capacity: u64, at: u64, len: usize, into: &mut Vec<u8>);

    /// Copies the bytes of the record at `at` to `into`, which is as long.
    fn copy_record(&self, capacity: u64, at: u64, into: &mut [u8]);

    /// Provides the memory of the zone of `to` and copies `units` units at `at` from the zone of `from`.
    fn relocate(&self, from: u64, to: u64, at: u64, units: u64) -> io::Result<()>;

    /// Gives back the memory of all zones but that of `keep`.
    fn discard_other_zones(&self, keep: u64);

    /// Makes the descriptor readable.
    fn ring_bell(&self);

    /// Looks again and again for a while, if it is likely to help; whether it did.
    fn spin_until(&self, condition: impl Fn() -> bool) -> bool;

    /// Gives consumers who are taking records the time to take some more.
    fn gather_room(&self, head: impl Fn() -> Mark);

    /// Waits until the condition holds, woken at the gate if there is one; false if not for longer
    /// than a producer that has come to `tail` may be kept.
    fn wait_before_growing(
        &self,
        gate: Option<&Gate>,
        tail: Mark,
        deadline: Deadline,
        condition: impl Fn() -> bool,
    ) -> bool;

    /// Whether no live process holds the sending end.
    fn senders_gone(&self) -> bool;

    /// Whether no live process holds the receiving end; may be a fraction of a millisecond late.
    fn receivers_gone(&self) -> bool;

    /// Counts records that this process has taken and must report as done.
    fn took(&self, items: u32);
}

/// Why a record was not appended. Nothing was written.
#[derive(Debug)]
#[non_exhaustive]
pub enum PushError {
    /// No live process holds the receiving end.
    BrokenPipe,
    /// The segment's words contradict each other: some other program has written to it.
    Corrupt(&'static str),
    /// The system has no memory, no descriptor, or no slot left for it.
    Exhausted(io::Error),
    /// There was no room before the deadline.
    Full,
    /// The record could never fit.
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The longest one that fits, in bytes.
        limit: u64,
    },
}

/// Why no record was taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum PopError {
    /// The segment's words contradict each other: some other program has written to it.
    Corrupt(&'static str),
    /// There was no record before the deadline.
    Empty,
    /// There is no record and no live process holds the sending end.
    Eof,
    /// The system has no memory, no descriptor, or no slot left for it. The record stays.
    Exhausted(io::Error),
}

/// Whether it is worth receiving, and whether anything will ever come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Nothing is there, but something may come.
    Nothing,
    /// A record is there.
    Record,
    /// Nothing is there and no live process holds the sending end.
    Eof,
}

/// What was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The record's length in bytes.
    pub len: usize,
    /// What its sender marked it with.
    pub tag: u8,
}

/// Several records in one buffer.
#[derive(Debug, Default)]
pub struct Batch {
    /// The bytes of all of them.
    pub bytes: Vec<u8>,
    /// Where each of them ends.
    pub ends: Vec<usize>,
}

impl Batch {
    /// The records, in order.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

/// One process's view of a channel, for the length of a call.
#[derive(Debug)]
pub struct Ring<'a, S> {
    /// The shared words.
    pub words: &'a Words,
    /// Our copy of the limits.
    pub limits: &'a Limits,
    /// The memory and the peers.
    pub surroundings: &'a S,
    /// Who we are.
    pub me: u32,
}

/// Why a record does not fit just now.
enum Room {
    /// It does.
    Yes,
    /// The bound on records, or the waited-for bound on bytes, is reached.
    Full,
    /// The ring must grow to this capacity.
    Grow(u64),
}

/// Whether a record was appended.
enum Fit {
    /// It was.
    Yes,
    /// It has to wait.
    Full,
    /// The ring would have to grow large for it, unless consumers soon make room.
    Crowded,
}

impl<S: Surroundings> Ring<'_, S> {
    /// Appends one record, the concatenation of `parts`, waiting for room until the deadline.
    #[inline]
    pub fn push(&self, parts: &[&[u8]], deadline: Deadline) -> Result<(), PushError> {
        self.push_tagged(0, parts, deadline)
    }

    /// As [`push`](Self::push); who takes the record is told the tag.
    #[inline]
    pub fn push_tagged(&self, tag: u8, parts: &[&[u8]], deadline: Deadline) -> Result<(), PushError> {
        if self.limits.broken_pipe && self.surroundings.receivers_gone() {
            return Err(PushError::BrokenPipe);
        }
        if self.push_at_once(tag, parts) {
            return Ok(());
        }
        self.push_patiently(tag, std::iter::once(parts), deadline, &mut 0)
    }

    /// Appends one record if the lock is free and there is plainly room; otherwise nothing is done.
    #[inline]
    fn push_at_once(&self, tag: u8, parts: &[&[u8]]) -> bool {
        let lock = &self.words.producers.0.lock;
        if !lock.try_lock(self.me) {
            return false;
        }
        let tail = self.tail(Ordering::Relaxed);
        let len = total(parts);
        let units = units_of(len);
        let seen = Mark(self.words.producers.0.seen.load(Ordering::Relaxed));
        let capacity = self.capacity().unwrap_or(0);
        let fits = self.fits(tail, seen, units, capacity) && self.unfinished_fit();
        if fits {
            self.surroundings.write_record(capacity, tail.position(), word_of(len, tag), parts);
            // The commit: before it nothing has happened, after it everything has.
            self.words.tail.0.store(tail.advanced(units, 1).0, Ordering::Release);
        }
        lock.unlock();
        if fits {
            self.tell_consumers();
        }
        fits
    }

    /// Appends records in order, as many as fit under one lock and one commit at a time, waiting
    /// for room until the deadline; `pushed` tells how many, also after an error.
    pub fn push_each<'p>(
        &self,
        records: impl Iterator<Item = &'p [&'p [u8]]>,
        deadline: Deadline,
        pushed: &mut usize,
    ) -> Result<(), PushError> {
        self.push_patiently(0, records, deadline, pushed)
    }

    #[inline(never)]
    fn push_patiently<'p>(
        &self,
        tag: u8,
        records: impl Iterator<Item = &'p [&'p [u8]]>,
        deadline: Deadline,
        pushed: &mut usize,
    ) -> Result<(), PushError> {
        let mut records = records.peekable();
        let mut patient = deadline != Deadline::Now;
        while records.peek().is_some() {
            if self.limits.broken_pipe && self.surroundings.receivers_gone() {
                return Err(PushError::BrokenPipe);
            }
            self.lock_producers(deadline)?;
            let appended = self.append_while_room(tag, &mut records, patient);
            self.words.producers.0.lock.unlock();
            let (count, outcome) = appended;
            *pushed += count;
            if count > 0 {
                self.tell_consumers();
            }
            match (outcome?, records.peek()) {
                (Fit::Full, Some(parts)) => {
                    let units = units_of(total(parts));
                    self.wait_for_room(units, deadline)?;
                }
                (Fit::Crowded, Some(parts)) => {
                    let units = units_of(total(parts));
                    patient = self.room_was_made(units, deadline);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes one record, appending its bytes to `into`, waiting for it until the deadline.
    #[inline]
    pub fn pop(&self, into: &mut Vec<u8>, deadline: Deadline) -> Result<Taken, PopError> {
        let mut taken = Taken { len: 0, tag: 0 };
        self.pop_each(1, deadline, |ring, capacity, at, record| {
            taken = record;
            into.try_reserve(record.len).map_err(|_| out_of_memory())?;
            ring.surroundings.read_record(capacity, at, record.len, into);
            Ok(())
        })?;
        Ok(taken)
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
        let mut taken = Taken { len: 0, tag: 0 };
        self.pop_each(1, deadline, |ring, capacity, at, record| {
            taken = record;
            match place.get_mut(..record.len) {
                Some(place) if record.tag == 0 => ring.surroundings.copy_record(capacity, at, place),
                _ => {
                    spill.try_reserve(record.len).map_err(|_| out_of_memory())?;
                    ring.surroundings.read_record(capacity, at, record.len, spill);
                }
            }
            Ok(())
        })?;
        Ok(taken)
    }

    /// Takes at least one and at most `max` records under one lock and one commit, waiting for the
    /// first until the deadline. Returns how many.
    pub fn pop_many(&self, max: u32, into: &mut Batch, deadline: Deadline) -> Result<u32, PopError> {
        self.pop_each(max, deadline, |ring, capacity, at, record| {
            into.bytes.try_reserve(record.len).map_err(|_| out_of_memory())?;
            into.ends.try_reserve(1).map_err(|_| out_of_memory())?;
            ring.surroundings.read_record(capacity, at, record.len, &mut into.bytes);
            into.ends.push(into.bytes.len());
            Ok(())
        })
    }

    /// How many records there are: exact at some moment during the call.
    pub fn len(&self) -> u32 {
        // While `head` stays, `tail` read in between belongs to the same moment.
        for _ in 0..64 {
            let head = self.head(Ordering::Acquire);
            let tail = self.tail(Ordering::Acquire);
            if self.head(Ordering::Acquire) == head {
                return tail.items_since(head);
            }
        }
        let head = self.head(Ordering::Acquire);
        self.tail(Ordering::Acquire).items_since(head).min(self.limits.max_items)
    }

    /// Whether there is a record, or will never be one.
    pub fn readiness(&self) -> Readiness {
        if !self.is_empty() {
            Readiness::Record
        } else if !self.limits.eof || !self.surroundings.senders_gone() {
            Readiness::Nothing
        } else if self.is_empty() {
            Readiness::Eof
        } else {
            Readiness::Record
        }
    }

    /// Reports one record as done. False, and nothing is done, if all of them are.
    pub fn report_done(&self) -> bool {
        let seldom = &self.words.seldom.0;
        let mut done = seldom.done.load(Ordering::Acquire);
        loop {
            let unfinished = count_between(done, self.tail(Ordering::Acquire).count());
            if unfinished == 0 {
                return false;
            }
            let next = done.wrapping_add(1) & MOST_ITEMS;
            match seldom.done.compare_exchange(done, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    // Even if more was appended meanwhile: the joiners look for themselves.
                    if unfinished == 1 {
                        seldom.all_done.open();
                    }
                    return true;
                }
                Err(changed) => done = changed,
            }
        }
    }

    /// How many records have not been reported as done; exact when it says none.
    pub fn unfinished(&self) -> u32 {
        let done = self.words.seldom.0.done.load(Ordering::Acquire);
        count_between(done, self.tail(Ordering::Acquire).count())
    }

    /// How many records have been taken but not reported as done, and what `owed` says at the same
    /// moment: the consumers' lock is held. Nothing if the lock was not free before the deadline.
    pub fn taken_and(&self, owed: impl FnOnce() -> u32, deadline: Deadline) -> Option<(u32, u32)> {
        let consumers = &self.words.consumers.0.lock;
        let _held: Held = self.lock(consumers, deadline).ok()?;
        let owed = owed();
        // `done` last: a report in between makes the answer smaller, never larger.
        let head = self.head(Ordering::Acquire).count();
        let done = self.words.seldom.0.done.load(Ordering::Acquire);
        consumers.unlock();
        // More may have been reported than taken: those are of records that nobody took yet.
        let taken = count_between(done, head);
        Some((if taken > MOST_ITEMS / 2 { 0 } else { taken }, owed))
    }

    // -- Producing --

    fn lock_producers(&self, deadline: Deadline) -> Result<(), PushError> {
        match self.lock(&self.words.producers.0.lock, deadline) {
            Ok(Held::Clean) => Ok(()),
            Ok(Held::Inherited) => {
                if let Ok(capacity) = self.capacity() {
                    self.surroundings.discard_other_zones(capacity);
                }
                Ok(())
            }
            Err(_) => Err(PushError::Full),
        }
    }

    /// Appends records while there is room, under the lock; how many, and why not more.
    fn append_while_room<'p>(
        &self,
        tag: u8,
        records: &mut std::iter::Peekable<impl Iterator<Item = &'p [&'p [u8]]>>,
        patient: bool,
    ) -> (usize, Result<Fit, PushError>) {
        let start = self.tail(Ordering::Relaxed);
        let mut tail = start;
        let mut count = 0;
        let outcome = loop {
            let Some(parts) = records.peek() else { break Ok(Fit::Yes) };
            match self.append(tag, &mut tail, parts, patient) {
                Ok(Fit::Yes) => count += 1,
                other => break other,
            }
            records.next();
        };
        if count > 0 {
            // The commit: before it nothing has happened, after it everything has.
            self.words.tail.0.store(tail.0, Ordering::Release);
        }
        (count, outcome)
    }

    /// Writes one record behind `tail` without committing it, if there is room or may be made.
    fn append(&self, tag: u8, tail: &mut Mark, parts: &[&[u8]], patient: bool) -> Result<Fit, PushError> {
        let len = total(parts);
        let units = units_of(len);
        if units > self.limits.max_units {
            return Err(PushError::TooLong { len, limit: (self.limits.max_units - 1) * UNIT as u64 });
        }
        let mut capacity = self.capacity().map_err(PushError::Corrupt)?;
        match self.room(*tail, units, capacity)? {
            Room::Yes => {}
            Room::Full => return Ok(Fit::Full),
            // A ring that stays in the caches is worth a wait, if the record is a small part of it.
            Room::Grow(_) if patient && self.is_large_for(units, capacity) => return Ok(Fit::Crowded),
            Room::Grow(larger) => match self.resize(*tail, capacity, larger) {
                Ok(true) => capacity = larger,
                Ok(false) => return Ok(Fit::Full),
                Err(error) => return Err(PushError::Exhausted(error)),
            },
        }
        self.surroundings.write_record(capacity, tail.position(), word_of(len, tag), parts);
        *tail = tail.advanced(units, 1);
        Ok(Fit::Yes)
    }

    /// Whether a ring of this capacity keeps both sides busy with records of this size.
    fn is_large_for(&self, units: u64, capacity: u64) -> bool {
        capacity >= self.limits.keep_capacity.max(units * 3)
            || capacity >= LARGE_FOR_SMALL.max(units * SMALL_PART)
    }

    /// Whether a record fits behind `tail` if the head is where it was seen, or further. That can be
    /// far behind, even by more than the ring: then the sum says so.
    #[inline]
    fn fits(&self, tail: Mark, seen: Mark, units: u64, capacity: u64) -> bool {
        tail.units_since(seen) + units <= capacity.min(self.limits.max_units)
            && tail.items_since(seen) < self.limits.max_items
    }

    fn room(&self, tail: Mark, units: u64, capacity: u64) -> Result<Room, PushError> {
        let seen = Mark(self.words.producers.0.seen.load(Ordering::Relaxed));
        if self.fits(tail, seen, units, capacity) && self.unfinished_fit() {
            return Ok(Room::Yes);
        }
        let head = self.head(Ordering::Acquire);
        let used = tail.units_since(head);
        if used > capacity {
            return Err(PushError::Corrupt("more is in use than there is room"));
        }
        self.words.producers.0.seen.store(head.0, Ordering::Relaxed);
        if tail.items_since(head) >= self.limits.max_items || !self.unfinished_fit() {
            return Ok(Room::Full);
        }
        if used + units > self.limits.max_units {
            if self.limits.wait_for_bytes {
                return Ok(Room::Full);
            }
            let error = io::Error::other("the queue's limit of bytes is reached");
            return Err(PushError::Exhausted(error));
        }
        if used + units <= capacity {
            return Ok(Room::Yes);
        }
        // Small rings grow by four, so that a bulk queue is soon out of the second-level cache.
        let wanted = (used + units).next_power_of_two();
        let leap = if capacity < self.limits.keep_capacity { capacity * 4 } else { capacity * 2 };
        let most = self.limits.max_units.next_power_of_two();
        Ok(Room::Grow(wanted.max(leap.min(self.limits.keep_capacity)).min(most)))
    }

    /// Whether another record can be counted as unfinished.
    #[inline]
    fn unfinished_fit(&self) -> bool {
        !self.limits.joinable || self.unfinished() < MOST_ITEMS
    }

    /// Moves the ring to the zone of another capacity. Called with the producers' lock held; false
    /// if the consumers' lock could not be had in time. `tail` may be ahead of what is committed.
    fn resize(&self, tail: Mark, from: u64, to: u64) -> io::Result<bool> {
        let consumers = &self.words.consumers.0.lock;
        if self.lock(consumers, Deadline::Now).is_err() {
            return Ok(false);
        }
        let head = self.head(Ordering::Acquire);
        let used = tail.units_since(head);
        let moved = if used <= from.min(to) {
            self.surroundings.relocate(from, to, head.position(), used)
        } else {
            Err(io::Error::other("the segment is corrupt: more is in use than there is room"))
        };
        if moved.is_ok() {
            // The commit: both locks are held, so nobody reads from either zone meanwhile.
            self.words.seldom.0.capacity.store(to, Ordering::Release);
        }
        consumers.unlock();
        if moved.is_ok() {
            self.surroundings.discard_other_zones(to);
        }
        moved.map(|()| true)
    }

    /// Wakes and rings for those who wait for a record, after one has been committed.
    #[inline]
    fn tell_consumers(&self) {
        // The lock was given back by an exchange.
        fence_after_exchange();
        let seldom = &self.words.seldom.0;
        seldom.not_empty.open_fenced();
        seldom.bell.ring_fenced(|| self.surroundings.ring_bell());
    }

    /// Whether consumers have made room, so that the ring need not grow; waits for them a little.
    fn room_was_made(&self, units: u64, deadline: Deadline) -> bool {
        let fits = || {
            let head = self.head(Ordering::Acquire);
            let used = self.tail(Ordering::Acquire).units_since(head);
            self.capacity().is_ok_and(|capacity| used + units <= capacity)
        };
        // To be woken by each small record would cost more than growing.
        let gate = (units >= WORTH_A_WAKE).then_some(&self.words.seldom.0.not_full);
        let made = self.surroundings.wait_before_growing(gate, self.tail(Ordering::Relaxed), deadline, fits);
        if made {
            self.surroundings.gather_room(|| self.head(Ordering::Acquire));
        }
        made
    }

    fn wait_for_room(&self, units: u64, deadline: Deadline) -> Result<(), PushError> {
        if deadline.passed() {
            return Err(PushError::Full);
        }
        if self.surroundings.spin_until(|| self.has_room(units)) {
            self.surroundings.gather_room(|| self.head(Ordering::Acquire));
            return Ok(());
        }
        let gate = &self.words.seldom.0.not_full;
        let ticket = gate.announce();
        // After the announcement: a receiver that lets go before it has nobody to wake.
        let nobody_takes = || self.limits.broken_pipe && self.surroundings.receivers_gone();
        if !(self.has_room(units) || nobody_takes()) {
            let _ = gate.wait(ticket, deadline);
        }
        Ok(())
    }

    /// Whether a record of this size need not wait, as far as can be seen without the lock.
    fn has_room(&self, units: u64) -> bool {
        let head = self.head(Ordering::Acquire);
        let tail = self.tail(Ordering::Acquire);
        tail.items_since(head) < self.limits.max_items
            && (!self.limits.wait_for_bytes || tail.units_since(head) + units <= self.limits.max_units)
            && self.unfinished_fit()
    }

    // -- Consuming --

    #[inline]
    fn pop_each(
        &self,
        max: u32,
        deadline: Deadline,
        mut take: impl FnMut(&Self, u64, u64, Taken) -> Result<(), PopError>,
    ) -> Result<u32, PopError> {
        loop {
            // Without the lock: "empty" is then the truth, whoever holds the lock.
            if self.has_record() {
                let lock = &self.words.consumers.0.lock;
                if self.lock(lock, deadline).is_err() {
                    return Err(PopError::Empty);
                }
                let taken = self.take_some(max, &mut take);
                if self.limits.joinable
                    && let Ok(taken) = taken
                {
                    self.surroundings.took(taken);
                }
                lock.unlock();
                let taken = taken?;
                if taken > 0 {
                    // The lock was given back by an exchange.
                    fence_after_exchange();
                    self.words.seldom.0.not_full.open_fenced();
                    if self.words.seldom.0.capacity.load(Ordering::Relaxed) > self.shrinks_above() {
                        self.shrink_if_empty();
                    }
                    return Ok(taken);
                }
            }
            self.wait_for_record(deadline)?;
        }
    }

    /// Takes up to `max` records under the lock and commits; 0 if there is none.
    #[inline]
    fn take_some(
        &self,
        max: u32,
        take: &mut impl FnMut(&Self, u64, u64, Taken) -> Result<(), PopError>,
    ) -> Result<u32, PopError> {
        let start = self.head(Ordering::Relaxed);
        let mut tail = Mark(self.words.consumers.0.seen.load(Ordering::Relaxed));
        if tail == start || tail.items_since(start) < max {
            tail = self.tail(Ordering::Acquire);
            self.words.consumers.0.seen.store(tail.0, Ordering::Relaxed);
        }
        let capacity = self.capacity().map_err(PopError::Corrupt)?;
        let mut head = start;
        let mut count = 0;
        let mut outcome = Ok(());
        while count < max && head != tail {
            outcome = self.take_one(capacity, &mut head, tail, take);
            if outcome.is_err() {
                break;
            }
            count += 1;
        }
        if count > 0 {
            // The commit: from here on these records are ours, and their space is free.
            self.words.head.0.store(head.0, Ordering::Release);
            return Ok(count);
        }
        outcome.map(|()| 0)
    }

    #[inline]
    fn take_one(
        &self,
        capacity: u64,
        head: &mut Mark,
        tail: Mark,
        take: &mut impl FnMut(&Self, u64, u64, Taken) -> Result<(), PopError>,
    ) -> Result<(), PopError> {
        let used = tail.units_since(*head);
        if used == 0 || used > capacity {
            return Err(PopError::Corrupt("more is in use than there is room"));
        }
        // Loaded once, checked, then used: a peer may have written anything.
        let word = self.surroundings.record_word(capacity, head.position());
        let len = word & LENGTH;
        if len > (used - 1) * UNIT as u64 {
            return Err(PopError::Corrupt("a record is longer than what is in use"));
        }
        let len = len as usize;
        take(self, capacity, head.position(), Taken { len, tag: (word >> TAG_SHIFT) as u8 })?;
        *head = head.advanced(units_of(len), 1);
        Ok(())
    }

    fn wait_for_record(&self, deadline: Deadline) -> Result<(), PopError> {
        let mut looked = false;
        if deadline != Deadline::Now {
            if self.surroundings.spin_until(|| !self.is_empty()) {
                return Ok(());
            }
            looked = true;
        }
        // The senders first, then once more the records: the last sender may have left one. Who waits
        // for a limited time waits that long.
        let tells_end = self.limits.eof && deadline == Deadline::Never;
        if tells_end && self.surroundings.senders_gone() {
            return if self.is_empty() { Err(PopError::Eof) } else { Ok(()) };
        }
        if deadline.passed() {
            // Time may have passed since the last look, and a record have come.
            return if !looked || self.is_empty() { Err(PopError::Empty) } else { Ok(()) };
        }
        let gate = &self.words.seldom.0.not_empty;
        let ticket = gate.announce();
        if self.is_empty() && !(tells_end && self.surroundings.senders_gone()) {
            let _ = gate.wait(ticket, deadline);
        }
        Ok(())
    }

    /// Well above what it shrinks to: bulk traffic that is now and then ahead of its receiver would
    /// otherwise give the same memory back and forth.
    fn shrinks_above(&self) -> u64 {
        self.limits.keep_capacity * 8
    }

    #[cold]
    fn shrink_if_empty(&self) {
        if !self.is_empty() {
            return;
        }
        let lock = &self.words.producers.0.lock;
        if self.lock(lock, Deadline::Now).is_err() {
            return;
        }
        if let Ok(capacity) = self.capacity()
            && capacity > self.shrinks_above()
            && self.is_empty()
        {
            // A failure leaves the ring as large as it was.
            let _ = self.resize(self.tail(Ordering::Relaxed), capacity, self.limits.keep_capacity);
        }
        lock.unlock();
    }

    // -- Both --

    /// Takes a lock; a call whose time is over still waits a little, since its holder is copying.
    #[inline]
    fn lock(&self, lock: &RawLock, deadline: Deadline) -> Result<Held, TimedOut> {
        if lock.try_lock(self.me) {
            return Ok(Held::Clean);
        }
        lock.lock(self.me, self.surroundings, deadline.or_ns_from_now(LOCK_GRACE_NS))
    }

    /// Whether there is a record as far as consumers know, or else in truth.
    #[inline]
    fn has_record(&self) -> bool {
        // What consumers have seen first: that line is theirs, while producers write the other one.
        let head = self.head(Ordering::Acquire);
        let seen = self.words.consumers.0.seen.load(Ordering::Relaxed);
        seen != head.0 || self.tail(Ordering::Acquire).0 != head.0
    }

    /// Whether there was no record at some moment during the call.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // `head` first: it never passes `tail`, so if `tail` is no further, both were equal then.
        let head = self.head(Ordering::Acquire);
        self.tail(Ordering::Acquire).0 == head.0
    }

    /// Whether there were as many records as the bound allows, at some moment during the call.
    pub fn is_full(&self) -> bool {
        self.limits.bounded && self.len() >= self.limits.max_items
    }

    #[inline]
    fn tail(&self, order: Ordering) -> Mark {
        Mark(self.words.tail.0.load(order))
    }

    #[inline]
    fn head(&self, order: Ordering) -> Mark {
        Mark(self.words.head.0.load(order))
    }

    /// The ring's capacity, checked: between the smallest and the largest, and a power of two.
    #[inline]
    fn capacity(&self) -> Result<u64, &'static str> {
        let capacity = self.words.seldom.0.capacity.load(Ordering::Acquire);
        let most = self.limits.max_units.next_power_of_two();
        if capacity.is_power_of_two() && (self.limits.min_capacity..=most).contains(&capacity) {
            Ok(capacity)
        } else {
            Err("the ring's size is impossible")
        }
    }
}

/// Where the tag stands in the word before a record; below it is the length.
const TAG_SHIFT: u32 = 56;
const LENGTH: u64 = (1 << TAG_SHIFT) - 1;

/// The word before a record.
#[inline]
fn word_of(len: usize, tag: u8) -> u64 {
    len as u64 | u64::from(tag) << TAG_SHIFT
}

#[inline]
fn total(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// How many units a record of this many bytes takes.
#[inline]
pub fn units_of(len: usize) -> u64 {
    1 + (len as u64).div_ceil(UNIT as u64)
}

#[cold]
fn out_of_memory() -> PopError {
    PopError::Exhausted(io::Error::from(io::ErrorKind::OutOfMemory))
}
