//! How a call waits before it sleeps: it looks again for a while, as long as that has proved worth it,
//! and a sender is patient with receivers before a ring grows large.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use crate::deadline::Deadline;
use crate::sync::gate::Gate;
use crate::sync::mark::Mark;
use crate::sync::{monotonic_ns, pause};

/// How long a sender sleeps at a time before a large ring grows, in nanoseconds: a receiver takes a
/// small part of the ring in that time.
const NAP_NS: u64 = 50_000;

/// What a sender may wait for each 8 bytes sent before a large ring grows, in nanoseconds: a receiver
/// that is slower than a quarter of a gigabyte a second slows no sender down to its own pace.
const PATIENCE_NS_PER_UNIT: u64 = 32;

/// The most that it may wait at a time: less than providing the memory takes, for all but the first.
const MOST_PATIENCE_NS: u64 = 5_000_000;

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

/// What one process has learnt of how long waits last in one channel.
#[derive(Debug)]
pub(super) struct Waiting {
    /// How many looks a wait is worth before sleeping, as learnt here.
    spins: AtomicU32,
    /// How many waits there were.
    waits: AtomicU32,
    /// What is left of the time that senders may wait before a large ring grows, and where they last
    /// came to that.
    patience_ns: AtomicU64,
    crowded_at: AtomicU64,
}

impl Waiting {
    /// Nothing is known yet.
    pub(super) fn new() -> Waiting {
        Waiting {
            spins: AtomicU32::new(MOST_SPINS),
            waits: AtomicU32::new(0),
            patience_ns: AtomicU64::new(0),
            crowded_at: AtomicU64::new(0),
        }
    }

    pub(super) fn spin_until(&self, condition: impl Fn() -> bool) -> bool {
        if !several_cpus() {
            return false;
        }
        let budget = self.spins.load(Ordering::Relaxed);
        // Two partners who sleep would do so for ever, since none is back before the other one's
        // looks are spent. So now and then one of them stays awake until the other one must be.
        let waits = self.waits.load(Ordering::Relaxed).wrapping_add(1);
        self.waits.store(waits, Ordering::Relaxed);
        let looks = if waits.is_multiple_of(PATIENT_EVERY) { PATIENT_SPINS } else { budget };
        let (mut spent, mut rest) = (0, 1);
        while spent < looks {
            (0..rest).for_each(|_| pause());
            spent += rest;
            if condition() {
                self.spins.store((budget * 2).min(MOST_SPINS), Ordering::Relaxed);
                return true;
            }
            rest = (rest * 2).min(LONGEST_REST);
        }
        self.spins.store((budget / 2).max(FEWEST_SPINS), Ordering::Relaxed);
        false
    }

    pub(super) fn gather_room(&self, head: impl Fn() -> Mark) {
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

    pub(super) fn wait_before_growing(
        &self,
        gate: Option<&Gate>,
        tail: Mark,
        deadline: Deadline,
        condition: impl Fn() -> bool,
    ) -> bool {
        if self.spin_until(&condition) {
            return true;
        }
        let written = tail.units_since(Mark(self.crowded_at.swap(tail.0, Ordering::Relaxed)));
        let earned = self.patience_ns.load(Ordering::Relaxed) + written * PATIENCE_NS_PER_UNIT;
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
        self.patience_ns.store(patience.saturating_sub(now - began), Ordering::Relaxed);
        met
    }
}

/// Whether this process may run on more than one CPU: otherwise spinning only delays the partner.
pub(crate) fn several_cpus() -> bool {
    // Not a `OnceLock`: a fork while another thread fills it would leave the child waiting for ever.
    static KNOWN: AtomicU8 = AtomicU8::new(UNKNOWN);
    const UNKNOWN: u8 = 2;
    match KNOWN.load(Ordering::Relaxed) {
        UNKNOWN => {
            let several = std::thread::available_parallelism().map_or(1, usize::from) > 1;
            KNOWN.store(u8::from(several), Ordering::Relaxed);
            several
        }
        known => known == 1,
    }
}
