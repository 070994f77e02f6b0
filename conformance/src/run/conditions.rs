//! Whether what a gate or a fault waits for has come.

use super::clock::{MS, now_ns};
use super::proc;
use super::workers::Worker;
use crate::program::{Condition, Place, Program};

/// A thread that has not been on a CPU for this long, seen so this often, sleeps for good.
const UNDISTURBED_NS: u64 = 4 * MS;
const UNDISTURBED_SAMPLES: u32 = 4;

/// One that wakes now and then, to look around and sleep again, has to be seen asleep longer.
const ASLEEP_NS: u64 = 40 * MS;
const ASLEEP_SAMPLES: u32 = 20;

/// Looks closer together than this are one sample.
const APART_NS: u64 = MS / 2;

/// Whether a condition holds now, on workers of a run that is quiescent or may not be.
fn holds(condition: &Condition, program: &Program, workers: &mut [Worker], quiescent: bool) -> bool {
    let at = |place: &Place| program.index_of(place);
    match condition {
        Condition::Called(place) => {
            at(place).is_some_and(|(worker, line)| workers[worker].history.calls().len() > line)
        }
        Condition::Returned(place) => at(place).is_some_and(|(worker, line)| {
            let call = workers[worker].history.calls().get(line);
            call.is_some_and(|call| call.returned.is_some())
        }),
        Condition::Blocked(place) => at(place).is_some_and(|(worker, line)| {
            workers[worker].is_blocked_in(line)
                && (!program.has_servers() || workers[worker].is_past(line) || servers_are_still(workers))
        }),
        Condition::Ended(name) => worker(workers, name).is_some_and(|worker| worker.has_ended()),
        Condition::Gone(name) => worker(workers, name).is_some_and(|worker| worker.is_gone()),
        Condition::Quiescence => quiescent,
    }
}

/// Whether all of them hold now. `quiescent` if it was seen that nothing moves, and nothing but these
/// conditions is left to change that.
pub(super) fn all_hold(
    conditions: &[Condition],
    program: &Program,
    workers: &mut [Worker],
    quiescent: bool,
) -> bool {
    conditions.iter().all(|condition| holds(condition, program, workers, quiescent))
}

/// Whether no process that a worker has made, and that is no worker, is doing anything: who asks a
/// manager's server sleeps already while the server has yet to do what makes it wait.
fn servers_are_still(workers: &[Worker]) -> bool {
    let pids: Vec<i32> = workers.iter().filter_map(|worker| Some(worker.peer.as_ref()?.pid)).collect();
    let mut servers: Vec<i32> =
        pids.iter().flat_map(|pid| proc::descendants(*pid)).map(|process| process.id.pid).collect();
    servers.retain(|pid| !pids.contains(pid));
    let look = || -> Option<Vec<(i32, Option<u64>)>> {
        let threads = servers.iter().flat_map(|pid| proc::threads(*pid).into_iter().map(|tid| (*pid, tid)));
        threads
            .map(|(pid, tid)| match proc::thread_state(pid, tid) {
                Some('R' | 'D') => None,
                _ => Some((tid, proc::schedule(pid, tid).map(|schedule| schedule.turns))),
            })
            .collect()
    };
    // One thread may hand on to another that was looked at before: then somebody has run in between.
    let first = look();
    first.is_some() && first == look()
}

fn worker<'w, 'p>(workers: &'w [Worker<'p>], name: &str) -> Option<&'w Worker<'p>> {
    workers.iter().find(|worker| worker.name() == name)
}

/// How long a worker's thread has been seen asleep in one call.
#[derive(Debug, Default)]
pub(super) struct Sleep {
    line: usize,
    looked_ns: u64,
    asleep: Option<Since>,
    undisturbed: Option<Since>,
    turns: Option<u64>,
    /// A line in which it sleeps for good: nothing else of the run moved either.
    settled: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Since {
    ns: u64,
    samples: u32,
}

impl Since {
    fn extend(since: &mut Option<Since>, now: u64) {
        let since = since.get_or_insert(Since { ns: now, samples: 0 });
        since.samples += 1;
    }

    fn reaches(since: &Option<Since>, now: u64, ns: u64, samples: u32) -> bool {
        since.is_some_and(|since| since.samples >= samples && now.saturating_sub(since.ns) >= ns)
    }
}

impl Worker<'_> {
    /// Whether it made the call and sleeps in it. Also once the call has returned, or the worker is
    /// gone.
    fn is_blocked_in(&mut self, line: usize) -> bool {
        if self.is_past(line) {
            return true;
        }
        let calls = self.history.calls();
        match &self.peer {
            Some(peer) if calls.len() == line + 1 => self.sleep.look(peer.pid, peer.tid, line),
            _ => false,
        }
    }

    /// Whether the call has returned, or the worker is gone.
    fn is_past(&self, line: usize) -> bool {
        let calls = self.history.calls();
        calls.get(line).is_some_and(|call| call.returned.is_some())
            || calls.len() > line + 1
            || self.is_gone()
    }
}

impl Sleep {
    /// Nothing moves any more while this line's call is pending: whatever the looks at it were worth so
    /// far, it is blocked.
    pub(super) fn settle(&mut self, line: usize) {
        self.settled = Some(line);
    }

    fn look(&mut self, pid: i32, tid: i32, line: usize) -> bool {
        if self.settled == Some(line) {
            return true;
        }
        let now = now_ns();
        if line != self.line {
            *self = Sleep { line, ..Sleep::default() };
        }
        if now.saturating_sub(self.looked_ns) >= APART_NS {
            self.looked_ns = now;
            // Stopped counts too: a thread that was stopped in the call goes nowhere either.
            if matches!(proc::thread_state(pid, tid), Some('S' | 'D' | 'T' | 't')) {
                let turns = proc::schedule(pid, tid).map(|schedule| schedule.turns);
                if turns.is_none() || turns != self.turns {
                    self.undisturbed = None;
                }
                self.turns = turns;
                Since::extend(&mut self.asleep, now);
                Since::extend(&mut self.undisturbed, now);
            } else {
                (self.asleep, self.undisturbed) = (None, None);
            }
        }
        Since::reaches(&self.undisturbed, now, UNDISTURBED_NS, UNDISTURBED_SAMPLES)
            || Since::reaches(&self.asleep, now, ASLEEP_NS, ASLEEP_SAMPLES)
    }
}
