//! How long the threads of a run were ready to run and waited for a CPU, which is nobody's fault in it.
//!
//! The kernel counts that for every thread, and needs no help of the implementation. It adds to its count
//! only when the wait is over, and a thread may end a moment later, unseen. So a thread that is runnable
//! in look after look, and has not run in between, is taken to have waited for as long. Threads wait side
//! by side: from one look to the next no more than that time is counted, however many waited.

use std::collections::BTreeMap;

use super::clock::{MS, now_ns};
use super::proc::{self, Process, ProcessId, Schedule};
use crate::history::Starved;
use crate::program::{Expect, Judge, Program};

/// How far apart looks are.
const APART_NS: u64 = 5 * MS;

/// How much more time has to have been waited for it to be noted: far less than any bound allows for.
const GRAIN_NS: u64 = 10 * MS;

/// What has been seen of a run's threads.
#[derive(Debug, Default)]
pub(super) struct Starvation {
    /// Whether anybody will ask: what has no upper bound on time needs none of this.
    asked: bool,
    looked_ns: u64,
    /// How long threads were seen to have waited since the look before this one, all of them together.
    growth_ns: u64,
    threads: BTreeMap<(ProcessId, i32), Thread>,
    total_ns: u64,
    latest: Option<Starved>,
    noted: Vec<Starved>,
}

#[derive(Debug)]
struct Thread {
    schedule: Schedule,
    /// When it was last seen to do anything but wait for a CPU.
    since_ns: u64,
    /// How much of its waiting has been counted.
    counted_ns: u64,
}

impl Starvation {
    pub(super) fn new(program: &Program) -> Starvation {
        Starvation { asked: has_upper_bound(program), looked_ns: now_ns(), ..Starvation::default() }
    }

    /// Whether it is time for another look.
    pub(super) fn is_due(&self) -> bool {
        self.asked && now_ns().saturating_sub(self.looked_ns) >= APART_NS
    }

    /// Looks at every thread of these processes.
    pub(super) fn look(&mut self, processes: &[Process]) {
        let now = now_ns();
        for process in processes.iter().filter(|process| process.lives()) {
            let pid = process.id.pid;
            for tid in proc::threads(pid) {
                let runnable = proc::thread_state(pid, tid) == Some('R');
                if let Some(schedule) = proc::schedule(pid, tid) {
                    self.see((process.id, tid), schedule, runnable, now);
                }
            }
        }
        self.add_up(now);
    }

    /// Adds what this look has shown to the total, and notes that if it is more than before, and that it
    /// was less a look ago.
    fn add_up(&mut self, now: u64) {
        self.total_ns += std::mem::take(&mut self.growth_ns).min(now.saturating_sub(self.looked_ns));
        self.looked_ns = now;
        let last = self.latest.replace(Starved { at_ns: now, total_ns: self.total_ns });
        if self.total_ns >= self.noted.last().map_or(0, |noted| noted.total_ns) + GRAIN_NS {
            self.noted.extend(last.filter(|last| self.noted.last().is_none_or(|noted| noted != last)));
            self.noted.extend(self.latest);
        }
    }

    fn see(&mut self, thread: (ProcessId, i32), schedule: Schedule, runnable: bool, now: u64) {
        let new = Thread { schedule, since_ns: now, counted_ns: 0 };
        let known = self.threads.entry(thread).or_insert(new);
        if known.schedule != schedule || !runnable {
            (known.schedule, known.since_ns) = (schedule, now);
        }
        let waited_ns = schedule.waited_ns.saturating_add(now.saturating_sub(known.since_ns));
        self.growth_ns += waited_ns.saturating_sub(known.counted_ns);
        known.counted_ns = known.counted_ns.max(waited_ns);
    }

    /// What was noted.
    pub(super) fn finish(self) -> Vec<Starved> {
        self.noted
    }
}

fn has_upper_bound(program: &Program) -> bool {
    fn bounds(expect: &Expect) -> bool {
        match expect {
            Expect::TookAtMost(_) => true,
            Expect::All(all) | Expect::Any(all) => all.iter().any(bounds),
            _ => false,
        }
    }
    let mut expects =
        program.roles.iter().flat_map(|role| &role.lines).filter_map(|line| line.expect.as_ref());
    expects.any(bounds) || program.judges.iter().any(|judge| matches!(judge, Judge::GoneWithMain(..)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Line;
    use crate::program::build::await_on;

    const PROCESS: ProcessId = ProcessId { pid: 7, start: 1 };

    /// What is counted of one thread after it has been seen like this: (time, ran, waited, turns,
    /// runnable), in milliseconds.
    fn total_ms(seen: &[(u64, u64, u64, u64, bool)]) -> u64 {
        let mut starvation = Starvation::default();
        for (now, ran, waited, turns, runnable) in seen {
            let schedule = Schedule { ran_ns: ran * MS, waited_ns: waited * MS, turns: *turns };
            starvation.see((PROCESS, 7), schedule, *runnable, now * MS);
            starvation.add_up(now * MS);
        }
        starvation.total_ns / MS
    }

    #[test]
    fn what_the_kernel_counts_is_counted_once() {
        assert_eq!(total_ms(&[(5, 1, 3, 1, true), (10, 2, 3, 1, true), (50, 3, 40, 2, false)]), 40);
    }

    #[test]
    fn a_wait_that_is_not_over_counts_from_the_first_look_at_it() {
        assert_eq!(total_ms(&[(0, 1, 0, 1, true), (300, 1, 0, 1, true), (600, 1, 0, 1, true)]), 600);
    }

    #[test]
    fn a_wait_that_was_seen_is_not_counted_again_when_it_is_over() {
        assert_eq!(total_ms(&[(0, 1, 0, 1, true), (600, 1, 0, 1, true), (605, 2, 604, 2, false)]), 604);
    }

    #[test]
    fn who_slept_until_it_became_runnable_did_not_wait_until_then() {
        let asleep = [(5, 1, 0, 1, false), (4_995, 1, 0, 1, false)];
        assert_eq!(total_ms(&[asleep[0], asleep[1], (5_000, 1, 0, 1, true)]), 5);
        assert_eq!(total_ms(&[asleep[0], asleep[1], (5_000, 1, 0, 1, true), (5_005, 1, 0, 1, true)]), 10);
    }

    #[test]
    fn threads_that_wait_side_by_side_wait_no_longer_than_one() {
        let mut starvation = Starvation::default();
        for now in [10, 60] {
            for tid in 0..4 {
                let schedule = Schedule { ran_ns: MS, waited_ns: now * MS, turns: now };
                starvation.see((PROCESS, tid), schedule, true, now * MS);
            }
            starvation.add_up(now * MS);
        }
        assert_eq!(starvation.total_ns, 60 * MS);
    }

    #[test]
    fn a_thread_that_sleeps_or_runs_does_not_wait() {
        assert_eq!(total_ms(&[(0, 1, 0, 1, false), (600, 1, 0, 1, false)]), 0);
        assert_eq!(total_ms(&[(0, 1, 0, 1, true), (600, 599, 0, 1, true), (605, 600, 0, 1, false)]), 0);
    }

    #[test]
    fn what_is_noted_says_between_which_looks_it_was_waited() {
        let mut starvation = Starvation::default();
        let mut before = 0;
        for (now, total_ns) in [(5, 0), (10, 3), (15, 3), (120, 90), (125, 95), (230, 140)] {
            starvation.growth_ns = (total_ns - before) * MS;
            starvation.add_up(now * MS);
            before = total_ns;
        }
        let noted = starvation.finish();
        let noted: Vec<_> = noted.iter().map(|noted| (noted.at_ns / MS, noted.total_ns / MS)).collect();
        assert_eq!(noted, [(15, 3), (120, 90), (125, 95), (230, 140)]);
    }

    #[test]
    fn only_a_program_that_bounds_time_from_above_is_watched() {
        let program = |line: Line| Program::new().event("e").main([line]);
        assert!(!Starvation::new(&program(await_on("e").timeout(5).at_least(5))).asked);
        assert!(Starvation::new(&program(await_on("e").timeout(5).takes(5))).asked);
        assert!(Starvation::new(&program(await_on("e")).judge(Judge::GoneWithMain("main".into(), 0))).asked);
    }
}
