//! The consumers' side of a ring: a record is found or waited for, copied out, and one store commits.

use super::mark::{Mark, UNIT};
use super::record::{Batch, LENGTH, PopError, TAG_SHIFT, Taken, out_of_memory, units_of};
use super::ring::{Ring, Surroundings};
use super::{Ordering, fence_after_exchange};
use crate::deadline::Deadline;

impl<S: Surroundings> Ring<'_, S> {
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

    /// Whether there is a record as far as consumers know, or else in truth.
    #[inline]
    fn has_record(&self) -> bool {
        // What consumers have seen first: that line is theirs, while producers write the other one.
        let head = self.head(Ordering::Acquire);
        let seen = self.words.consumers.0.seen.load(Ordering::Relaxed);
        seen != head.0 || self.tail(Ordering::Acquire).0 != head.0
    }
}
