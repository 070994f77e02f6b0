//! Whether anything can still move: seen from outside, by looking at every thread again and again.
//!
//! A thread that something wakes is runnable at once, however busy the machine is, so a run in which
//! every thread sleeps in every look can only be woken by a timer: one of a call with a time limit,
//! which is waited for, or one of the implementation's own, whose longest period the manifest says.

use procession_contract::{Manifest, ObjectSpec};

use super::clock::{MS, now_ns};
use super::limits::limit_of_step;
use super::proc::{self, Process, ProcessId};
use super::workers::Worker;

/// How much longer than the implementation's own timers nothing may move.
const MARGIN_NS: u64 = 50 * MS;

/// How often it must have been looked at in that time: a suite that was not scheduled itself has
/// seen nothing.
const SAMPLES: u32 = 8;

/// How far apart looks are.
const APART_NS: u64 = 5 * MS;

/// What has been seen so far.
#[derive(Debug)]
pub(super) struct Stillness {
    window_ns: u64,
    since_ns: u64,
    samples: u32,
    looked_ns: u64,
    /// Every thread of every process of the run.
    threads: Vec<(ProcessId, Vec<i32>)>,
}

impl Stillness {
    pub(super) fn new(manifest: &Manifest) -> Stillness {
        let window_ns = MARGIN_NS.saturating_add(manifest.tick_ms.saturating_mul(MS));
        Stillness { window_ns, since_ns: now_ns(), samples: 0, looked_ns: 0, threads: Vec::new() }
    }

    /// Something has moved.
    pub(super) fn disturb(&mut self) {
        self.samples = 0;
    }

    /// Whether it is time for another look.
    pub(super) fn is_due(&self) -> bool {
        now_ns().saturating_sub(self.looked_ns) >= APART_NS
    }

    /// Looks at the processes; says whether everything has been still for long enough, and since
    /// `not_before_ns` at the earliest. `helpers_may_sleep` unless a process that is no worker and
    /// sleeps for a time (a stage of a pipeline) counts as moving.
    pub(super) fn look(
        &mut self,
        processes: &[Process],
        workers: &[Worker],
        not_before_ns: u64,
        helpers_may_sleep: bool,
    ) -> bool {
        let now = now_ns();
        self.looked_ns = now;
        let mut threads: Vec<(ProcessId, Vec<i32>)> = Vec::new();
        let mut still = now >= not_before_ns;
        for process in processes.iter().filter(|process| process.lives()) {
            let pid = process.id.pid;
            let mut tids = proc::threads(pid);
            tids.sort_unstable();
            let is_worker = || workers.iter().flat_map(|worker| &worker.peer).any(|peer| peer.pid == pid);
            let may_sleep = helpers_may_sleep || is_worker();
            still &= tids.iter().all(|tid| is_still(pid, *tid, may_sleep));
            threads.push((process.id, tids));
        }
        threads.sort();
        if !still || threads != self.threads {
            self.threads = threads;
            self.samples = 0;
            return false;
        }
        if self.samples == 0 {
            self.since_ns = now;
        }
        self.samples += 1;
        self.samples >= SAMPLES && now - self.since_ns >= self.window_ns
    }
}

/// A stopped thread is still: only the suite continues it. One that has ended moves no more, and
/// that its process is gone is seen otherwise.
fn is_still(pid: i32, tid: i32, may_sleep: bool) -> bool {
    match proc::thread_state(pid, tid) {
        Some('S') => may_sleep || !proc::in_nanosleep(pid, tid),
        Some('T' | 'Z' | 'X') => true,
        _ => false,
    }
}

/// When the last pending call with a time limit of its own is over; 0 if there is none.
pub(super) fn last_expiry_ns(workers: &[Worker], objects: &[ObjectSpec]) -> u64 {
    let expiries = workers.iter().filter(|worker| !worker.is_gone()).filter_map(|worker| {
        let call = worker.history.pending()?;
        let limit = limit_of_step(&worker.role.lines.get(call.line)?.step, objects)?;
        Some(call.called_ns.saturating_add(limit.saturating_mul(MS)))
    });
    expiries.max().unwrap_or(0)
}
