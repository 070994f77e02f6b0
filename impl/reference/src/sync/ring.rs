//! A FIFO of byte records in a ring that grows: one lock for producers, one for consumers, and one
//! store that commits on each side. What they do is in `push`, `pop`, `resize` and `done`.
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

use super::Ordering;
use super::gate::Gate;
use super::mark::Mark;
use super::raw_lock::{Held, Peers, RawLock, TimedOut};
use crate::deadline::Deadline;

pub use super::record::{Batch, PopError, PushError, Readiness, Taken};
pub use super::words::{Limits, Seldom, Words};

/// How long a call that may not wait for items still waits for a lock: its holder is copying.
const LOCK_GRACE_NS: u64 = 200_000_000;

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

impl<S: Surroundings> Ring<'_, S> {
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

    /// Takes a lock; a call whose time is over still waits a little, since its holder is copying.
    #[inline]
    pub(super) fn lock(&self, lock: &RawLock, deadline: Deadline) -> Result<Held, TimedOut> {
        if lock.try_lock(self.me) {
            return Ok(Held::Clean);
        }
        lock.lock(self.me, self.surroundings, deadline.or_ns_from_now(LOCK_GRACE_NS))
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
    pub(super) fn tail(&self, order: Ordering) -> Mark {
        Mark(self.words.tail.0.load(order))
    }

    #[inline]
    pub(super) fn head(&self, order: Ordering) -> Mark {
        Mark(self.words.head.0.load(order))
    }

    /// The ring's capacity, checked: between the smallest and the largest, and a power of two.
    #[inline]
    pub(super) fn capacity(&self) -> Result<u64, &'static str> {
        let capacity = self.words.seldom.0.capacity.load(Ordering::Acquire);
        let most = self.limits.max_units.next_power_of_two();
        if capacity.is_power_of_two() && (self.limits.min_capacity..=most).contains(&capacity) {
            Ok(capacity)
        } else {
            Err("the ring's size is impossible")
        }
    }
}
