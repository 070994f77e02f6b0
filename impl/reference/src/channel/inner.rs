//! A channel in one process: its memory, its event, its membership, and what it shows of both ends.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering as Local};

use nix::poll::{PollFd, PollFlags, poll};

use super::Channel;
use super::options::End;
use super::waiting::{Waiting, several_cpus};
use crate::deadline::Deadline;
use crate::liveness::{self, ForkGuard, Membership};
use crate::region::Region;
use crate::sync::bell::Descriptor;
use crate::sync::ends::{self, Slots};
use crate::sync::raw_lock::Peers;
use crate::sync::ring::{Ring, Seldom, Surroundings};
use crate::sync::{A32, Ordering, cycles};

/// About how long a receiver's life is taken for granted, in cycles of the time-stamp counter: some
/// twenty microseconds, so that a send that begins after a death was noticed finds it.
pub(super) const WITNESS_CYCLES: u64 = 50_000;

/// A channel in one process.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) region: Region,
    pub(super) event: OwnedFd,
    pub(super) membership: Membership,
    /// How often this process holds each end; changed under the `ForkGuard`.
    pub(super) holds: [AtomicU32; 2],
    /// The owner word under which this process has announced that it sends.
    pub(super) announced: AtomicU32,
    /// How calls wait.
    pub(super) waiting: Waiting,
    /// The owner word of a live receiver, and when it was last seen alive.
    pub(super) witness: AtomicU32,
    pub(super) witnessed: AtomicU64,
}

impl Inner {
    /// The channel of this memory and event, of which nothing has been used yet.
    pub(super) fn new(region: Region, event: OwnedFd) -> Inner {
        Inner {
            region,
            event,
            membership: Membership::new(),
            holds: [AtomicU32::new(0), AtomicU32::new(0)],
            announced: AtomicU32::new(0),
            waiting: Waiting::new(),
            witness: AtomicU32::new(0),
            witnessed: AtomicU64::new(0),
        }
    }

    /// Our owner word; makes this process a member first if need be.
    #[inline]
    pub(super) fn me(&self) -> io::Result<u32> {
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

    /// Our view of the ring; makes this process a member first if need be.
    #[inline]
    pub(super) fn ring(&self) -> io::Result<Ring<'_, Inner>> {
        Ok(self.ring_of(self.me()?))
    }

    /// A view that takes no lock if `me` is 0.
    #[inline]
    pub(super) fn ring_of(&self, me: u32) -> Ring<'_, Inner> {
        let region = &self.region;
        Ring { words: &region.header().words, limits: region.limits(), surroundings: self, me }
    }

    /// This process holds the end less often than before; others are told when it no longer does.
    pub(super) fn let_go(&self, end: End, times: u32) {
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

    /// The words that seldom change.
    pub(super) fn seldom(&self) -> &Seldom {
        &self.region.header().words.seldom.0
    }

    /// Whether no live process shows the end, apart from `except`, an owner word or 0.
    pub(super) fn nobody_holds(&self, end: End, except: u32) -> bool {
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
    pub(super) fn owed_by_the_living(&self) -> u32 {
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
