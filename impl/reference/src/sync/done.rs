//! Work to be done: who owes a report for records that he took, and how to wait for all reports.

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
