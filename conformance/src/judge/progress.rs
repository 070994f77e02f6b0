//! Who stands still, and at whose call: the blame for lines that were not reached or did not return.

use crate::history::{RunEnd, WorkerEnd};
use crate::program::{Condition, Expect, Place};
use crate::verdict::{FailureKind, Verdict};
use procession_contract::Call;

use super::{Progress, Run, fail, words};

/// Why a line was not reached or has not returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// This call of this worker is pending.
    Pending(usize, usize),
    /// This worker died although neither the program nor the worker itself ended it.
    Died(usize),
    /// This worker was ended by the program, or by itself.
    Ended(usize),
    /// This worker never came, although nothing that it waits for is missing.
    NeverCame(usize),
    /// The history does not say.
    Unknown,
}

/// Why this line of this worker is where it is.
pub fn stuck(run: &Run, worker: usize, line: usize) -> Stuck {
    follow(run, worker, line, &mut Vec::new())
}

fn follow(run: &Run, worker: usize, line: usize, seen: &mut Vec<(usize, usize)>) -> Stuck {
    if seen.contains(&(worker, line)) {
        return Stuck::Unknown;
    }
    seen.push((worker, line));
    let stopped_at = (0..run.program.roles[worker].lines.len())
        .find(|line| !matches!(run.progress(worker, *line), Progress::Returned(..)));
    match run.end(worker) {
        WorkerEnd::Died if run.may_have_been_ended(worker) => return Stuck::Ended(worker),
        WorkerEnd::Died => return Stuck::Died(worker),
        WorkerEnd::Finished => return Stuck::Ended(worker),
        WorkerEnd::NotStarted => return never_came(run, worker, seen),
        WorkerEnd::Running => {}
    }
    let Some(stopped_at) = stopped_at.filter(|stopped| *stopped <= line) else { return Stuck::Unknown };
    match run.progress(worker, stopped_at) {
        Progress::Pending(_) => Stuck::Pending(worker, stopped_at),
        _ => held_back_by(run, &run.line(worker, stopped_at).after, seen),
    }
}

fn held_back_by(run: &Run, conditions: &[Condition], seen: &mut Vec<(usize, usize)>) -> Stuck {
    for condition in conditions {
        let stuck = match condition {
            Condition::Called(place) | Condition::Blocked(place) => waits_for(run, place, false, seen),
            Condition::Returned(place) => waits_for(run, place, true, seen),
            Condition::Ended(name) | Condition::Gone(name) => match run.worker(name) {
                Some(other) if run.end(other) == WorkerEnd::Running => {
                    follow(run, other, run.program.roles[other].lines.len(), seen)
                }
                _ => continue,
            },
            // It comes whatever anybody does.
            Condition::Quiescence => continue,
        };
        if stuck != Stuck::Unknown {
            return stuck;
        }
    }
    Stuck::Unknown
}

fn waits_for(run: &Run, place: &Place, for_return: bool, seen: &mut Vec<(usize, usize)>) -> Stuck {
    let Ok((worker, line)) = run.find(place) else { return Stuck::Unknown };
    match run.progress(worker, line) {
        Progress::Returned(..) => Stuck::Unknown,
        Progress::Pending(_) if !for_return => Stuck::Unknown,
        _ => follow(run, worker, line, seen),
    }
}

fn never_came(run: &Run, worker: usize, seen: &mut Vec<(usize, usize)>) -> Stuck {
    let role = &run.program.roles[worker].worker;
    let Some(parent) = role.parent.as_deref().and_then(|parent| run.worker(parent)) else {
        return Stuck::Unknown;
    };
    let starts = run.places().find(|(caller, line)| {
        let step = &run.line(*caller, *line).step;
        matches!(step.call, Call::Start) && step.on == role.name
    });
    match starts {
        Some((caller, line)) if role.explicit => match run.progress(caller, line) {
            // A start that was refused says why itself, if anything is expected of it.
            Progress::Returned(_, returned)
                if returned.answer.outcome != procession_contract::Outcome::Ok =>
            {
                Stuck::Unknown
            }
            Progress::Returned(..) => Stuck::NeverCame(worker),
            _ => follow(run, caller, line, seen),
        },
        None if role.explicit => Stuck::Unknown,
        _ if run.of(parent).is_some_and(|parent| !parent.calls.is_empty()) => Stuck::NeverCame(worker),
        _ => follow(run, parent, 0, seen),
    }
}

/// The verdict on a line that was to return and has not, or was to be called and was not.
pub fn missing(run: &Run, worker: usize, line: usize) -> Verdict {
    let open = |why: String| Verdict::Unresolved(why);
    let this = run.called(worker, line);
    let cite = |other: (usize, usize)| {
        let mut calls = vec![run.cited(other.0, other.1)];
        if other != (worker, line) {
            calls.push(run.cited(worker, line));
        }
        calls
    };
    match stuck(run, worker, line) {
        Stuck::Died(dead) => {
            let last = last_called(run, dead);
            let at = last.map_or_else(String::new, |last| format!(" in {}", run.called(dead, last)));
            let calls = cite((dead, last.unwrap_or(0)));
            let expected = format!("{this} returns");
            fail(FailureKind::Crashed, expected, format!("worker {} died{at}", run.name(dead)), calls)
        }
        Stuck::NeverCame(absent) if run.history.end != RunEnd::Deadline => fail(
            FailureKind::Crashed,
            format!("worker {} is started and does its steps", run.name(absent)),
            format!("it was started, but never began, so {this} was not reached"),
            vec![run.cited(worker, line)],
        ),
        Stuck::Pending(blamed, at) if run.quiescent() => {
            let expectation = run.line(blamed, at).expect.as_ref();
            match expectation.is_some_and(may_stay_pending) {
                true => {
                    open(format!("{this} waits for {}, which the program lets block", run.called(blamed, at)))
                }
                false => fail(
                    FailureKind::Hang,
                    format!("{} returns", run.called(blamed, at)),
                    match (blamed, at) == (worker, line) {
                        true => "it was still pending when nothing could move any more".to_owned(),
                        false => format!(
                            "it was still pending when nothing could move any more, so {this} was not reached"
                        ),
                    },
                    cite((blamed, at)),
                ),
            }
        }
        Stuck::Pending(blamed, at) => {
            open(format!("{} was still pending when the run ended", run.called(blamed, at)))
        }
        Stuck::Ended(ended) => open(format!("worker {} had ended before {this} returned", run.name(ended))),
        Stuck::NeverCame(absent) => {
            open(format!("worker {} had not begun at the time limit", run.name(absent)))
        }
        Stuck::Unknown => open(format!("the history does not show why {this} did not return")),
    }
}

/// Whether an expectation allows that the call never returns.
pub fn may_stay_pending(expect: &Expect) -> bool {
    match expect {
        Expect::Blocked => true,
        Expect::All(all) => all.iter().any(may_stay_pending),
        Expect::Any(all) => all.iter().any(may_stay_pending),
        _ => false,
    }
}

fn last_called(run: &Run, worker: usize) -> Option<usize> {
    (0..run.program.roles[worker].lines.len())
        .rev()
        .find(|line| !matches!(run.progress(worker, *line), Progress::NotReached))
}

/// A verdict if a planned fault did not fire: the hang or death that kept it from firing, where an
/// expectation forbids it, and Unresolved otherwise.
pub fn unfired_faults(run: &Run) -> Option<Verdict> {
    for (index, fault) in run.program.faults.iter().enumerate() {
        let mut settled = run.history.faults.iter().chain(&run.history.spared);
        if settled.any(|settled| settled.fault == index) {
            continue;
        }
        let guilty = match held_back_by(run, &fault.after, &mut Vec::new()) {
            Stuck::Pending(worker, line) if run.line(worker, line).expect.is_some() => Some((worker, line)),
            Stuck::Died(worker) => last_called(run, worker)
                .filter(|line| run.line(worker, *line).expect.is_some())
                .map(|line| (worker, line)),
            _ => None,
        };
        if let Some((worker, line)) = guilty
            && let verdict @ Verdict::Fail(_) = missing(run, worker, line)
        {
            return Some(verdict);
        }
        return Some(Verdict::Unresolved(format!(
            "the planned fault did not happen: {:?} of worker {} (fault {index})",
            fault.action, fault.worker
        )));
    }
    None
}

/// Unresolved if a call without an expectation is pending at quiescence and no judge of the program
/// says whether it may be. A join is accounted for by the worker that it waits for.
pub fn unaccounted(run: &Run, accounted: &[bool]) -> Verdict {
    if !run.quiescent() {
        return Verdict::Pass;
    }
    let places: Vec<_> = run.places().collect();
    let pending = |worker| {
        places.iter().position(|(other, line)| {
            *other == worker && matches!(run.progress(*other, *line), Progress::Pending(_))
        })
    };
    for (flat, &(worker, line)) in places.iter().enumerate() {
        let may_wait = accounted[flat]
            || !matches!(run.progress(worker, line), Progress::Pending(_))
            || run.end(worker) == WorkerEnd::Died;
        let step = &run.line(worker, line).step;
        let joins_a_blocked_one = matches!(step.call, Call::Join { .. })
            && run.worker(&step.on).and_then(pending).is_some_and(|flat| accounted[flat]);
        if !may_wait && !joins_a_blocked_one {
            return Verdict::Unresolved(format!(
                "{} was still pending when nothing could move any more, and nothing says whether it may: {}",
                run.called(worker, line),
                words::call(step)
            ));
        }
    }
    Verdict::Pass
}
