//! A channel in a model: its words, memory with a cell for each unit, so that loom sees every race,
//! the ends that its processes show, and its descriptor.

use std::io;
// All of loom's threads run in one; and dropping its own `Arc` would be a step of a process already dead.
use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::bell::Descriptor;
use super::ends::{self, Slots};
use super::gate::Gate;
use super::mark::Mark;
use super::raw_lock::Peers;
use super::record::units_of;
use super::ring::{Limits, Ring, Surroundings, Words};
use super::{A32, Ordering, Woken, futex_wait, futex_wake, hook, pause, platform};
use crate::deadline::{Deadline, PATIENCE};
use crate::plan::plan;

/// One more than the most processes in a scene.
const SLOTS: usize = 5;

/// Who holds the sending end.
pub const SENDING: u32 = 1;
/// Who holds the receiving end.
pub const RECEIVING: u32 = 2;

/// What zones that are not in use contain.
const POISON: u64 = 0xdead_dead_dead_dead;

/// Peers of a lock that stands alone.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Peers for Alone {
    fn is_dead(&self, owner: u32) -> bool {
        platform::is_dead(owner)
    }

    fn spins(&self, _most: u32) -> u32 {
        0
    }
}

/// A channel.
#[derive(Debug)]
pub struct Channel {
    /// The shared words.
    pub words: Words,
    limits: Limits,
    /// How many units one cell stands for.
    grain: u64,
    /// For each capacity that the scene comes to, in units.
    zones: Vec<(u64, Vec<UnsafeCell<u64>>)>,
    ends: [A32; SLOTS],
    /// How many records each process has taken and not reported.
    pub outstanding: [A32; SLOTS],
    readable: A32,
}

/// Limits of nothing but the smallest ring, of 4 units.
pub fn unlimited() -> Limits {
    Limits {
        max_items: 100,
        bounded: false,
        max_units: 64,
        min_capacity: 4,
        keep_capacity: 16,
        wait_for_bytes: false,
        eof: false,
        broken_pipe: false,
        joinable: false,
        kind: 0,
    }
}

/// Limits of a queue that holds so many records.
pub fn bounded(max_items: u32) -> Limits {
    Limits { max_items, bounded: true, ..unlimited() }
}

impl Channel {
    /// An empty channel whose ring has, one after the other, these capacities; process n shows the
    /// ends in `held[n]`.
    pub fn new(limits: Limits, capacities: &[u64], held: [u32; SLOTS]) -> Rc<Channel> {
        Channel::coarse(limits, capacities, held, 1)
    }

    /// As [`new`](Self::new), but one cell stands for so many units: for long records, whose units must
    /// be multiples of it. Of their bytes, only the first 8 for each further cell are kept.
    pub fn coarse(limits: Limits, capacities: &[u64], held: [u32; SLOTS], grain: u64) -> Rc<Channel> {
        // Scenes come to the first few cells only, of however large a ring.
        let zone = |capacity: &u64| {
            let cells = 0..(*capacity / grain).min(20);
            (*capacity, cells.map(|_| UnsafeCell::new(0)).collect())
        };
        let channel = Channel {
            words: Words::new(capacities[0]),
            limits,
            grain,
            zones: capacities.iter().map(zone).collect(),
            ends: std::array::from_fn(|process| A32::new(held[process])),
            outstanding: std::array::from_fn(|_| A32::new(0)),
            readable: A32::new(0),
        };
        if held != [0; SLOTS] {
            ends::changed(&channel.words.seldom.0);
        }
        Rc::new(channel)
    }

    /// The view of the process that asks.
    pub fn ring(&self) -> Ring<'_, Channel> {
        Ring { words: &self.words, limits: &self.limits, surroundings: self, me: platform::me() }
    }

    /// The view of process 1 before any has begun.
    pub fn ring_before(&self) -> Ring<'_, Channel> {
        Ring { me: 1, ..self.ring() }
    }

    /// The process that asks holds an end from now on.
    pub fn hold(&self, end: u32) {
        ends::show(&self.ends[platform::me() as usize], end);
        ends::changed(&self.words.seldom.0);
    }

    /// The process that asks no longer holds an end.
    pub fn let_go(&self, end: u32) {
        ends::hide(&self.ends[platform::me() as usize], end);
        ends::tell_gone(&self.words.seldom.0, || self.ring_bell());
    }

    /// How many records the living have taken and not reported.
    pub fn owed_by_the_living(&self) -> u32 {
        let owed = |process: usize| match self.outstanding[process].load(Ordering::Acquire) {
            0 => 0,
            count => u32::from(self.is_held(process)) * count,
        };
        (1..SLOTS).map(owed).sum()
    }

    /// How many cells a record of this many bytes takes.
    fn cells(&self, len: usize) -> u64 {
        units_of(len).div_ceil(self.grain)
    }

    fn cell(&self, capacity: u64, at: u64) -> &UnsafeCell<u64> {
        let zone = self.zones.iter().find(|zone| zone.0 == capacity);
        let (_, cells) =
            zone.unwrap_or_else(|| panic!("assertion: no ring of {capacity} units was expected"));
        &cells[((at & (capacity - 1)) / self.grain) as usize]
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

impl Slots for Channel {
    fn used(&self) -> usize {
        SLOTS
    }

    fn shown(&self, slot: usize) -> &A32 {
        &self.ends[slot]
    }

    fn is_held(&self, slot: usize) -> bool {
        !platform::is_dead(slot as u32)
    }
}

impl Descriptor for Channel {
    fn ring(&self) {
        self.ring_bell();
    }

    fn empty(&self) {
        self.readable.swap(0, Ordering::AcqRel);
    }

    fn poll(&self, deadline: Deadline) -> bool {
        if self.readable.load(Ordering::Acquire) == 0 {
            let _ = futex_wait(&self.readable, 0, deadline, 0);
        }
        self.readable.load(Ordering::Acquire) != 0
    }
}

impl Peers for Channel {
    fn is_dead(&self, owner: u32) -> bool {
        platform::is_dead(owner)
    }

    fn spins(&self, _most: u32) -> u32 {
        0
    }
}

impl Surroundings for Channel {
    fn write_record(&self, capacity: u64, at: u64, word: u64, parts: &[&[u8]]) {
        self.write(capacity, at, word);
        let bytes = parts.concat();
        for (chunk, cell) in bytes.chunks(8).zip(1..self.cells(bytes.len())) {
            let mut padded = [0; 8];
            padded[..chunk.len()].copy_from_slice(chunk);
            self.write(capacity, at + cell * self.grain, u64::from_le_bytes(padded));
        }
    }

    fn record_word(&self, capacity: u64, at: u64) -> u64 {
        self.read(capacity, at)
    }

    fn read_record(&self, capacity: u64, at: u64, len: usize, into: &mut Vec<u8>) {
        let before = into.len();
        for cell in 1..self.cells(len) {
            into.extend(self.read(capacity, at + cell * self.grain).to_le_bytes());
        }
        into.resize(before + len, 0);
    }

    fn copy_record(&self, capacity: u64, at: u64, into: &mut [u8]) {
        let mut bytes = Vec::new();
        self.read_record(capacity, at, into.len(), &mut bytes);
        into.copy_from_slice(&bytes);
    }

    fn relocate(&self, from: u64, to: u64, at: u64, units: u64) -> io::Result<()> {
        (at..at + units).step_by(self.grain as usize).for_each(|at| self.write(to, at, self.read(from, at)));
        Ok(())
    }

    fn discard_other_zones(&self, keep: u64) {
        hook();
        // What is given back reads as something else, and whoever still uses it is found racing.
        for (_, cells) in self.zones.iter().filter(|zone| zone.0 != keep) {
            cells.iter().for_each(|cell| cell.with_mut(|cell| store(cell, POISON)));
        }
    }

    fn ring_bell(&self) {
        self.readable.swap(1, Ordering::AcqRel);
        futex_wake(&self.readable, u32::MAX);
    }

    fn spin_until(&self, _condition: impl Fn() -> bool) -> bool {
        false
    }

    fn gather_room(&self, _head: impl Fn() -> Mark) {}

    /// As the reference's, but for how long: patience ends when nothing else can happen any more, or
    /// earlier if a plan says so. A nap lets the others go on, and has no other length.
    fn wait_before_growing(
        &self,
        gate: Option<&Gate>,
        _tail: Mark,
        _deadline: Deadline,
        condition: impl Fn() -> bool,
    ) -> bool {
        let Some(gate) = gate else {
            pause();
            return condition();
        };
        loop {
            let ticket = gate.announce();
            if condition() {
                return true;
            }
            if gate.wait(ticket, Deadline::At(PATIENCE)) == Woken::Tick {
                let met = condition();
                let disturbed = plan().early.is_some() || plan().deaths != [None; 2];
                assert!(disturbed || !met, "assertion: room was made, and the sender slept on");
                return met;
            }
        }
    }

    fn senders_gone(&self) -> bool {
        let seldom = &self.words.seldom.0;
        seldom.ends_changed.load(Ordering::Acquire) != 0
            && ends::holder(self, SENDING, None, seldom).is_none()
    }

    fn receivers_gone(&self) -> bool {
        ends::holder(self, RECEIVING, None, &self.words.seldom.0).is_none()
    }

    fn took(&self, items: u32) {
        self.outstanding[platform::me() as usize].fetch_add(items, Ordering::AcqRel);
    }
}
