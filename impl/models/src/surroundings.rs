//! A ring's memory and peers in a model: a cell for each unit, so that loom sees every race.

use std::io;

use loom::cell::UnsafeCell;

use crate::deadline::Deadline;
use crate::sync::gate::Gate;
use crate::sync::mark::Mark;
use crate::sync::raw_lock::Peers;
use crate::sync::ring::Surroundings;
use crate::sync::{A32, Ordering, hook, platform};

/// Zones of 4, 8 and 16 units.
const ZONES: usize = 3;
const LEAST: u64 = 4;

/// The memory and the peers of a ring.
#[derive(Debug)]
pub struct Cells {
    zones: [Vec<UnsafeCell<u64>>; ZONES],
    /// Bit n: process n holds the sending end.
    pub senders: A32,
}

impl Cells {
    /// Empty zones; the processes of these bits hold the sending end.
    pub fn new(senders: u32) -> Cells {
        let zone = |number: usize| (0..LEAST << number).map(|_| UnsafeCell::new(0)).collect();
        Cells { zones: std::array::from_fn(zone), senders: A32::new(senders) }
    }

    fn cell(&self, capacity: u64, at: u64) -> &UnsafeCell<u64> {
        &self.zones[(capacity / LEAST).trailing_zeros() as usize][(at & (capacity - 1)) as usize]
    }

    fn read(&self, capacity: u64, at: u64) -> u64 {
        hook();
        self.cell(capacity, at).with(load)
    }

    fn write(&self, capacity: u64, at: u64, value: u64) {
        hook();
        self.cell(capacity, at).with_mut(|cell| store(cell, value));
    }
}

#[expect(unsafe_code, reason = "loom hands out raw pointers, having checked the access")]
fn load(cell: *const u64) -> u64 {
    // SAFETY: within `with`, which panics if another thread is writing.
    unsafe { *cell }
}

#[expect(unsafe_code, reason = "loom hands out raw pointers, having checked the access")]
fn store(cell: *mut u64, value: u64) {
    // SAFETY: within `with_mut`, which panics if another thread has access.
    unsafe { *cell = value }
}

impl Peers for Cells {
    fn is_dead(&self, owner: u32) -> bool {
        platform::is_dead(owner)
    }

    fn spins(&self, _most: u32) -> u32 {
        0
    }
}

impl Surroundings for Cells {
    fn write_record(&self, capacity: u64, at: u64, len: usize, parts: &[&[u8]]) {
        self.write(capacity, at, len as u64);
        let bytes = parts.concat();
        for (unit, chunk) in bytes.chunks(8).enumerate() {
            let mut padded = [0; 8];
            padded[..chunk.len()].copy_from_slice(chunk);
            self.write(capacity, at + 1 + unit as u64, u64::from_le_bytes(padded));
        }
    }

    fn record_len(&self, capacity: u64, at: u64) -> u64 {
        self.read(capacity, at)
    }

    fn read_record(&self, capacity: u64, at: u64, len: usize, into: &mut Vec<u8>) {
        let units = len.div_ceil(8) as u64;
        let before = into.len();
        (1..=units).for_each(|unit| into.extend(self.read(capacity, at + unit).to_le_bytes()));
        into.truncate(before + len);
    }

    fn relocate(&self, from: u64, to: u64, at: u64, units: u64) -> io::Result<()> {
        (at..at + units).for_each(|at| self.write(to, at, self.read(from, at)));
        Ok(())
    }

    fn discard_other_zones(&self, _keep: u64) {}

    fn ring_bell(&self) {}

    fn spin_until(&self, _condition: impl Fn() -> bool) -> bool {
        false
    }

    fn wait_before_growing(
        &self,
        _gate: Option<&Gate>,
        _tail: Mark,
        _deadline: Deadline,
        _condition: impl Fn() -> bool,
    ) -> bool {
        false
    }

    fn senders_gone(&self) -> bool {
        let senders = self.senders.load(Ordering::Acquire);
        (1..5).all(|process| senders & 1 << process == 0 || platform::is_dead(process))
    }

    fn receivers_gone(&self) -> bool {
        false
    }

    fn took(&self, _items: u32) {}
}
