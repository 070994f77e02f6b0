//! A ring that grows and shrinks: both locks are held while it moves to the zone of another capacity.

use std::io;

use super::Ordering;
use super::mark::{Mark, UNIT};
use super::ring::{Ring, Surroundings};
use crate::deadline::Deadline;

/// Copying a record of so many units (64 KiB) takes about as long as waking somebody.
const WORTH_A_WAKE: u64 = (64 << 10) / UNIT as u64;

/// A ring of so many units (256 KiB) is worth a wait for records that are at most one part in so many
/// of it: a larger one would leave the second-level cache.
const LARGE_FOR_SMALL: u64 = (256 << 10) / UNIT as u64;
const SMALL_PART: u64 = 256;

impl<S: Surroundings> Ring<'_, S> {
    /// Whether a ring of this capacity keeps both sides busy with records of this size.
    pub(super) fn is_large_for(&self, units: u64, capacity: u64) -> bool {
        capacity >= self.limits.keep_capacity.max(units * 3)
            || capacity >= LARGE_FOR_SMALL.max(units * SMALL_PART)
    }

    /// The capacity to which a ring grows for a record that does not fit behind what is in use.
    pub(super) fn larger(&self, capacity: u64, needed: u64) -> u64 {
        // Small rings grow by four, so that a bulk queue is soon out of the second-level cache.
        let wanted = needed.next_power_of_two();
        let leap = if capacity < self.limits.keep_capacity { capacity * 4 } else { capacity * 2 };
        let most = self.limits.max_units.next_power_of_two();
        wanted.max(leap.min(self.limits.keep_capacity)).min(most)
    }

    /// Moves the ring to the zone of another capacity. Called with the producers' lock held; false
    /// if the consumers' lock could not be had in time. `tail` may be ahead of what is committed.
    pub(super) fn resize(&self, tail: Mark, from: u64, to: u64) -> io::Result<bool> {
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

    /// Whether consumers have made room, so that the ring need not grow; waits for them a little.
    pub(super) fn room_was_made(&self, units: u64, deadline: Deadline) -> bool {
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

    /// Well above what it shrinks to: bulk traffic that is now and then ahead of its receiver would
    /// otherwise give the same memory back and forth.
    pub(super) fn shrinks_above(&self) -> u64 {
        self.limits.keep_capacity * 8
    }

    #[cold]
    pub(super) fn shrink_if_empty(&self) {
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
}
