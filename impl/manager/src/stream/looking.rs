//! How a stream waits for the next message before it sleeps: it looks again for a while, as long as that has
//! proved worth it.
//!
//! To be woken takes as long as several calls, more still where the CPU has gone to sleep as well. A look is a
//! system call, and the other side may be Python, which takes its time between two calls: so what is learnt here is
//! a time, unlike what channels in shared memory learn.
//!
//! Where messages come on more streams of the process in turn than half the CPUs could look at, nobody looks for
//! them: whoever is to send the next one needs the CPU.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a wait is worth at most: a client in Python is woken and asks again in this time.
const MOST: Duration = Duration::from_micros(50);

/// Less is not learnt: then there is no look at all.
const LEAST: Duration = Duration::from_micros(6);

/// Where looking has not been worth it, one wait in so many tries again.
const TRIED_EVERY: u32 = 64;

/// After so many trials in a row that were not worth it either, there are likelier more clients than CPUs than
/// an upset that will pass.
const TRIALS: u32 = 64;

/// Then one wait in so many tries again. Ten thousand waits a second cost a CPU less than a thousandth of its time so.
const SELDOM_TRIED_EVERY: u32 = 1024;

/// A look that took so long was interrupted: somebody else has use for the CPU, perhaps the one who is waited for.
/// By itself it takes half a microsecond.
const INTERRUPTED: Duration = Duration::from_micros(3);

/// How many pauses lie between two looks, which keep the sender from its own socket otherwise.
const REST: u32 = 8;

/// What has been learnt of the waits of one stream, or of others that are alike.
#[derive(Debug)]
pub(crate) struct Looking {
    /// How long the next wait may look; zero where that has not been worth it.
    time: Duration,
    /// How many waits there will be before the next trial, where looking has not been worth it.
    until_trial: u32,
    /// How many trials in a row have not been worth it.
    trials: u32,
    /// How many waits there had been in this process at the last one for a message.
    waits: u64,
}

impl Looking {
    /// Nothing is known yet.
    pub(crate) fn new() -> Looking {
        Looking { time: MOST, until_trial: TRIED_EVERY, trials: 0, waits: WAITS.load(Ordering::Relaxed) }
    }

    /// What the look finds, or nothing where it is time to sleep.
    pub(crate) fn until<T>(&mut self, look: impl FnMut() -> Option<T>) -> Option<T> {
        self.until_taken(Duration::ZERO, look)
    }

    /// The same for the next message of a stream: nothing as well where messages come on others in turn.
    pub(crate) fn until_next<T>(&mut self, look: impl FnMut() -> Option<T>) -> Option<T> {
        let before = WAITS.fetch_add(1, Ordering::Relaxed);
        let others = before - std::mem::replace(&mut self.waits, before + 1);
        // They have use for the CPU, or those they wait for have.
        if others >= (cpus() / 2) as u64 {
            return None;
        }
        self.until_taken(Duration::ZERO, look)
    }

    /// As [`until`](Looking::until), where a look that finds something takes up to so much time to take it.
    pub(crate) fn until_taken<T>(
        &mut self,
        taking: Duration,
        mut look: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        if self.time.is_zero() && self.until_trial > 0 {
            self.until_trial -= 1;
            return None;
        }
        let is_trial = self.time.is_zero();
        let time = if is_trial { MOST } else { self.time };
        let _turn = Turn::take()?;
        let (began, mut last) = (Instant::now(), Duration::ZERO);
        loop {
            let found = look();
            let now = began.elapsed();
            let longest = if found.is_some() { INTERRUPTED + taking } else { INTERRUPTED };
            let is_interrupted = now - last >= longest;
            if found.is_some() && !is_interrupted {
                self.worth(time);
                return found;
            }
            if found.is_some() || is_interrupted || now >= time {
                self.not_worth(is_trial);
                return found;
            }
            (0..REST).for_each(|_| spin_loop());
            last = now;
        }
    }

    fn worth(&mut self, time: Duration) {
        self.time = (time * 2).min(MOST);
        (self.until_trial, self.trials) = (TRIED_EVERY, 0);
    }

    fn not_worth(&mut self, is_trial: bool) {
        let less = self.time / 2;
        self.time = if less < LEAST { Duration::ZERO } else { less };
        self.trials = if is_trial { self.trials.saturating_add(1) } else { 0 };
        self.until_trial = if self.trials < TRIALS { TRIED_EVERY } else { SELDOM_TRIED_EVERY };
    }
}

/// How many waits for messages there have been in this process.
static WAITS: AtomicU64 = AtomicU64::new(0);

/// How many threads of this process look. One that is forked while others look has the more of them, and looks
/// less.
static LOOKING: AtomicUsize = AtomicUsize::new(0);

/// The right to look, of which there are half as many as CPUs: whoever is waited for needs the other half.
struct Turn;

impl Turn {
    fn take() -> Option<Turn> {
        let turn = LOOKING.fetch_add(1, Ordering::Relaxed);
        let taken = Turn;
        // Given back at once where there are too many.
        (turn < cpus() / 2).then_some(taken)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        LOOKING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many CPUs this process could use when it first asked.
fn cpus() -> usize {
    // Not a `OnceLock`: a fork while another thread fills it would leave the child waiting for ever.
    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    match KNOWN.load(Ordering::Relaxed) {
        0 => {
            let cpus = std::thread::available_parallelism().map_or(1, usize::from);
            KNOWN.store(cpus, Ordering::Relaxed);
            cpus
        }
        known => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_never_finds_anything_hardly_looks_any_more() {
        let mut looking = Looking::new();
        let mut waits_with_looks = 0;
        for _ in 0..10_000 {
            let mut looks = 0;
            let found = looking.until(|| -> Option<()> {
                looks += 1;
                None
            });
            assert_eq!(found, None);
            waits_with_looks += u32::from(looks > 0);
        }
        // Four until it has been learnt, and the trials: 64 within the first 4 096 waits, and one in 1 024 later.
        assert!(waits_with_looks <= 4 + 64 + 6, "{waits_with_looks}");
    }

    #[test]
    fn those_who_wait_in_turn_leave_the_cpus_to_each_other() {
        let mut several: Vec<Looking> = (0..=cpus() / 2).map(|_| Looking::new()).collect();
        let mut looks = |looking: &mut Looking| {
            let mut looks = 0;
            looking.until_next(|| {
                looks += 1;
                Some(())
            });
            looks
        };
        // Of the first turn nobody knows yet what the others do.
        for turn in 0..100 {
            let looks: u32 = several.iter_mut().map(&mut looks).sum();
            assert!(turn == 0 || looks == 0, "{looks} looks in turn {turn}");
        }
    }

    #[test]
    fn whoever_finds_something_looks_again() {
        let mut looking = Looking { time: Duration::ZERO, ..Looking::new() };
        // Where there is one CPU nobody looks.
        let mut found = None;
        for _ in 0..100_000 {
            found = looking.until(|| Some(()));
            // One that was interrupted has learnt nothing good.
            if !looking.time.is_zero() {
                break;
            }
        }
        assert_eq!(found.is_some(), cpus() > 1);
        assert_eq!(looking.time.is_zero(), cpus() == 1);
    }
}
