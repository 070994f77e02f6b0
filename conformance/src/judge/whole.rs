//! The judges of a run as a whole: how it ended, what it wrote, what lay beside what, what was left.

use procession_contract::Outcome;

use super::{Run, fail, words};
use crate::history::{RunEnd, WorkerEnd};
use crate::program::{Judge, Place};
use crate::verdict::{FailureKind, Verdict};

/// Hears one of the judges that look at the run rather than at one object.
pub fn check(run: &Run, judge: &Judge) -> Verdict {
    match judge {
        Judge::MainEnded(status) => main_ended(run, *status),
        Judge::GoneWithMain(worker, ms) => gone_with_main(run, worker, *ms),
        Judge::OutlivesMain(worker) => outlives_main(run, worker),
        Judge::Finished(worker) => finished(run, worker),
        Judge::StderrContains(text) => {
            let holds = run.history.stderr.contains(text.as_str());
            output(run, holds, "standard error", &format!("the text {text:?}"), &run.history.stderr)
        }
        Judge::StderrFirstLine(line) => {
            let first = run.history.stderr.lines().next();
            let expected = format!("{line:?} as its first line");
            output(run, first == Some(line), "standard error", &expected, &run.history.stderr)
        }
        Judge::StderrEmpty => {
            output(run, run.history.stderr.is_empty(), "standard error", "nothing", &run.history.stderr)
        }
        Judge::Stdout(lines) => {
            let holds = run.history.stdout.lines().eq(lines.iter().map(String::as_str));
            output(run, holds, "standard output", &format!("the lines {lines:?}"), &run.history.stdout)
        }
        Judge::StdoutHas(line) => {
            let times = run.history.stdout.lines().filter(|found| found == line).count();
            output(
                run,
                times == 1,
                "standard output",
                &format!("the line {line:?} once"),
                &run.history.stdout,
            )
        }
        Judge::Overlap(one, two) => overlap(run, one, two),
        Judge::Precedes(one, two) => precedes(run, one, two),
        Judge::ExactlyOne(outcome, places) => exactly_one(run, *outcome, places),
        Judge::NothingLeft => nothing_left(run),
        Judge::Conservation(_)
        | Judge::ProducerFifo(_)
        | Judge::LinearizableFifo(..)
        | Judge::ClaimedQueueLevel(..)
        | Judge::ConnectionOrder(_)
        | Judge::ConnectionWhole(_)
        | Judge::Lock(_)
        | Judge::Rlock(_)
        | Judge::Condition(_)
        | Judge::Register(_)
        | Judge::Counter(_)
        | Judge::Semaphore(_)
        | Judge::Event(_)
        | Judge::Barrier(_)
        | Judge::List(_)
        | Judge::Entries(_) => Verdict::Pass,
    }
}

/// Output is complete only when the run is; at quiescence nobody writes any more.
fn output(run: &Run, holds: bool, stream: &str, expected: &str, found: &str) -> Verdict {
    if holds {
        return Verdict::Pass;
    }
    if run.history.end == RunEnd::Deadline {
        return Verdict::Unresolved(format!("{stream} may not have been complete at the time limit"));
    }
    let actual = match found {
        "" => "it is empty".to_owned(),
        text => format!("it holds {:?}", shortened(text)),
    };
    fail(FailureKind::WrongValue, format!("{stream} holds {expected}"), actual, Vec::new())
}

/// The beginning of a text, for a failure of one line.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 400;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn main_ended(run: &Run, status: i32) -> Verdict {
    match run.history.main_ended {
        Some((_, ended)) if ended == status => Verdict::Pass,
        Some((_, ended)) => fail(
            FailureKind::WrongValue,
            format!("the main process ends with {}", status_words(status)),
            format!("it ended with {}", status_words(ended)),
            Vec::new(),
        ),
        None if run.quiescent() => fail(
            FailureKind::Hang,
            format!("the main process ends with {}", status_words(status)),
            "it had not ended when nothing could move any more",
            Vec::new(),
        ),
        None => Verdict::Unresolved("the main process had not ended".into()),
    }
}

fn status_words(status: i32) -> String {
    match status {
        0.. => format!("status {status}"),
        _ => format!("signal {}", status.unsigned_abs()),
    }
}

/// When the worker's process was seen to be gone; that of its parent, for a thread.
fn gone_ns(run: &Run, name: &str) -> Result<Option<u64>, Verdict> {
    let Some(worker) = run.worker(name) else {
        return Err(Verdict::Unresolved(format!(
            "a judge names worker {name}, which the program does not have"
        )));
    };
    let history = run.of(run.process_of(worker));
    match history {
        Some(history) if history.end != WorkerEnd::NotStarted => Ok(history.gone_ns),
        _ => Err(Verdict::Unresolved(format!("worker {name} was never started"))),
    }
}

/// Times of processes are when the suite saw them gone, so its own delay is allowed for, and what they
/// waited for a CPU.
fn gone_with_main(run: &Run, name: &str, ms: u64) -> Verdict {
    let gone = match gone_ns(run, name) {
        Ok(gone) => gone,
        Err(verdict) => return verdict,
    };
    let expected = format!("worker {name} is gone at most {ms} ms after the main process");
    match (run.history.main_ended, gone) {
        (None, _) => Verdict::Unresolved("the main process had not ended".into()),
        (Some((ended, _)), Some(gone)) => {
            let delay_ns = run.history.lag_ns.max(run.history.starved_ns(ended, gone));
            let limit = ended.saturating_add(ms.saturating_mul(1_000_000)).saturating_add(delay_ns);
            match gone <= limit {
                true => Verdict::Pass,
                false => {
                    let late = (gone - ended) as f64 / 1e6;
                    fail(
                        FailureKind::Lifetime,
                        expected,
                        format!("it was gone {late:.2} ms after"),
                        Vec::new(),
                    )
                }
            }
        }
        (Some(_), None) if run.history.end == RunEnd::Deadline => {
            Verdict::Unresolved(format!("worker {name} was not gone at the time limit"))
        }
        (Some(_), None) => fail(FailureKind::Lifetime, expected, "it was still there at the end", Vec::new()),
    }
}

fn outlives_main(run: &Run, name: &str) -> Verdict {
    let gone = match gone_ns(run, name) {
        Ok(gone) => gone,
        Err(verdict) => return verdict,
    };
    match (run.history.main_ended, gone) {
        (None, _) => Verdict::Unresolved("the main process had not ended".into()),
        (Some(_), None) => Verdict::Pass,
        (Some((ended, _)), Some(gone)) if gone > ended => Verdict::Pass,
        (Some(_), Some(_)) => fail(
            FailureKind::Lifetime,
            format!("worker {name} outlives the main process"),
            "it was gone first",
            Vec::new(),
        ),
    }
}

fn finished(run: &Run, name: &str) -> Verdict {
    let Some(worker) = run.worker(name) else {
        return Verdict::Unresolved(format!("a judge names worker {name}, which the program does not have"));
    };
    let expected = format!("worker {name} finishes its steps");
    match run.end(worker) {
        WorkerEnd::Finished => Verdict::Pass,
        WorkerEnd::Died => fail(FailureKind::Crashed, expected, "it died", Vec::new()),
        _ if run.history.end == RunEnd::Deadline => {
            Verdict::Unresolved(format!("worker {name} had not finished at the time limit"))
        }
        WorkerEnd::Running => {
            let last = run.program.roles[worker].lines.len().checked_sub(1);
            match last.map(|last| super::progress::missing(run, worker, last)) {
                Some(Verdict::Fail(failure)) => {
                    Verdict::Fail(crate::verdict::Failure { expected, ..failure })
                }
                _ => fail(
                    FailureKind::Hang,
                    expected,
                    "it had not when nothing could move any more",
                    Vec::new(),
                ),
            }
        }
        WorkerEnd::NotStarted => fail(FailureKind::Crashed, expected, "it never began", Vec::new()),
    }
}

/// When a place's call was under way, its end open while it is pending.
fn interval(run: &Run, place: &Place) -> Result<(u64, Option<u64>), Verdict> {
    let (worker, line) = run.find(place).map_err(Verdict::Unresolved)?;
    let call = run.of(worker).and_then(|history| history.call(line));
    match call {
        Some(call) => Ok((call.called_ns, call.returned.as_ref().map(|returned| returned.at_ns))),
        None => Err(Verdict::Unresolved(format!("{} was never called", run.called(worker, line)))),
    }
}

fn cited(run: &Run, places: &[&Place]) -> Vec<(String, usize)> {
    places
        .iter()
        .filter_map(|place| run.find(place).ok())
        .map(|(worker, line)| run.cited(worker, line))
        .collect()
}

fn overlap(run: &Run, one: &Place, two: &Place) -> Verdict {
    let (first, second) = match (interval(run, one), interval(run, two)) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(verdict), _) | (_, Err(verdict)) => return verdict,
    };
    let apart = |one: (u64, Option<u64>), two: (u64, Option<u64>)| one.1.is_some_and(|end| end < two.0);
    if !apart(first, second) && !apart(second, first) {
        return Verdict::Pass;
    }
    fail(
        FailureKind::Hang,
        format!(
            "`{}` of {} and `{}` of {} are under way at the same time",
            one.label, one.worker, two.label, two.worker
        ),
        "one was over before the other began",
        cited(run, &[one, two]),
    )
}

fn precedes(run: &Run, one: &Place, two: &Place) -> Verdict {
    let (first, second) = match (interval(run, one), interval(run, two)) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(verdict), _) | (_, Err(verdict)) => return verdict,
    };
    if first.1.is_some_and(|end| end <= second.0) {
        return Verdict::Pass;
    }
    fail(
        FailureKind::TooEarly,
        format!(
            "`{}` of {} returns before `{}` of {} is called",
            one.label, one.worker, two.label, two.worker
        ),
        "it had not returned by then",
        cited(run, &[one, two]),
    )
}

fn exactly_one(run: &Run, outcome: Outcome, places: &[Place]) -> Verdict {
    let mut found = Vec::new();
    for place in places {
        match run.answer(place) {
            Ok((_, returned)) if returned.answer.outcome == outcome => found.push(place),
            Ok(_) => {}
            Err(why) => return Verdict::Unresolved(why),
        }
    }
    if found.len() == 1 {
        return Verdict::Pass;
    }
    let expected = format!("exactly one of {} calls gives {}", places.len(), words::outcome(outcome));
    let actual = if found.is_empty() { "none did".to_owned() } else { format!("{} did", found.len()) };
    let shown: Vec<&Place> = if found.is_empty() { places.iter().collect() } else { found };
    fail(FailureKind::WrongOutcome, expected, actual, cited(run, &shown))
}

fn nothing_left(run: &Run) -> Verdict {
    let left = &run.history.left;
    match (left.is_empty(), &run.history.end) {
        (false, _) => fail(
            FailureKind::Leak,
            "nothing is left of the run",
            format!("left: {}", left.join(", ")),
            Vec::new(),
        ),
        (true, RunEnd::Completed) => Verdict::Pass,
        (true, _) => {
            Verdict::Unresolved("the run did not come to its end, so what it leaves is not known".into())
        }
    }
}
