//! Work to be done: who owes a report for records that he took, and how to wait for all reports.

use super::mark::{MOST_ITEMS, count_between};
use super::raw_lock::Held;
use super::ring::{Ring, Surroundings};
use super::{A32, Ordering};
use crate::deadline::Deadline;

/// Why not everything is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// The time was over.
    TimedOut,
    /// So many records were taken by processes that have ended without reporting them.
    WorkersDied(u32),
}

/// Takes one record off a process's debt, if it has any: it may report what another one took.
///
/// To be called after the report: a death in between then hides a debt that no longer exists.
pub fn settle(outstanding: &A32) {
    let mut count = outstanding.load(Ordering::Relaxed);
    while count > 0 {
        match outstanding.compare_exchange(count, count - 1, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return,
            Err(changed) => count = changed,
        }
    }
}

impl<S: Surroundings> Ring<'_, S> {
    /// Reports one record as done. False, and nothing is done, if all of them are.
    pub fn report_done(&self) -> bool {
        let seldom = &self.words.seldom.0;
        let mut done = seldom.done.load(Ordering::Acquire);
        loop {
            let unfinished = count_between(done, self.tail(Ordering::Acquire).count());
            if unfinished == 0 {
                return false;
            }
            let next = done.wrapping_add(1) & MOST_ITEMS;
            match seldom.done.compare_exchange(done, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    // Even if more was appended meanwhile: the joiners look for themselves.
                    if unfinished == 1 {
                        seldom.all_done.open();
                    }
                    return true;
                }
                Err(changed) => done = changed,
            }
        }
    }

    /// How many records have not been reported as done; exact when it says none.
    pub fn unfinished(&self) -> u32 {
        let done = self.words.seldom.0.done.load(Ordering::Acquire);
        count_between(done, self.tail(Ordering::Acquire).count())
    }

    /// How many records have been taken but not reported as done, and what `owed` says at the same
    /// moment: the consumers' lock is held. Nothing if the lock was not free before the deadline.
    pub fn taken_and(&self, owed: impl FnOnce() -> u32, deadline: Deadline) -> Option<(u32, u32)> {
        let consumers = &self.words.consumers.0.lock;
        let _held: Held = self.lock(consumers, deadline).ok()?;
        let owed = owed();
        // `done` last: a report in between makes the answer smaller, never larger.
        let head = self.head(Ordering::Acquire).count();
        let done = self.words.seldom.0.done.load(Ordering::Acquire);
        consumers.unlock();
        // More may have been reported than taken: those are of records that nobody took yet.
        let taken = count_between(done, head);
        Some((if taken > MOST_ITEMS / 2 { 0 } else { taken }, owed))
    }

    /// Waits until every record has been reported as done. `owed` tells how many records the
    /// living have taken and not reported.
    pub fn wait_done(&self, owed: impl Fn() -> u32, deadline: Deadline) -> Result<(), NotDone> {
        let gate = &self.words.seldom.0.all_done;
        loop {
            if self.unfinished() == 0 {
                return Ok(());
            }
            if let Some((taken, owed)) = self.taken_and(&owed, deadline)
                && taken > owed
            {
                return Err(NotDone::WorkersDied(taken - owed));
            }
            if deadline.passed() {
                return if self.unfinished() == 0 { Ok(()) } else { Err(NotDone::TimedOut) };
            }
            let ticket = gate.announce();
            if self.unfinished() != 0 {
                let _ = gate.wait(ticket, deadline);
            }
        }
    }
}
