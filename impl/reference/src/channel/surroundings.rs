//! What a ring needs of its channel: the memory, the bell, the clocks of patience, and who is there.

use std::io;
use std::sync::atomic::Ordering as Local;

use super::inner::{Inner, WITNESS_CYCLES};
use super::options::{End, Kind};
use crate::deadline::Deadline;
use crate::liveness;
use crate::sync::gate::Gate;
use crate::sync::mark::Mark;
use crate::sync::ring::Surroundings;
use crate::sync::{Ordering, cycles};

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
        self.waiting.spin_until(condition)
    }

    fn gather_room(&self, head: impl Fn() -> Mark) {
        self.waiting.gather_room(head);
    }

    fn wait_before_growing(
        &self,
        gate: Option<&Gate>,
        tail: Mark,
        deadline: Deadline,
        condition: impl Fn() -> bool,
    ) -> bool {
        self.waiting.wait_before_growing(gate, tail, deadline, condition)
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
