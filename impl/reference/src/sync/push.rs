//! The producers' side of a ring: room is found or waited for, a record is written, one store commits.

use std::io;

use super::mark::{MOST_ITEMS, Mark, UNIT};
use super::raw_lock::Held;
use super::record::{PushError, total, units_of, word_of};
use super::ring::{Ring, Surroundings};
use super::{Ordering, fence_after_exchange};
use crate::deadline::Deadline;

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
        Ok(Room::Grow(self.larger(capacity, used + units)))
    }

    /// Whether another record can be counted as unfinished.
    #[inline]
    fn unfinished_fit(&self) -> bool {
        !self.limits.joinable || self.unfinished() < MOST_ITEMS
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
}
