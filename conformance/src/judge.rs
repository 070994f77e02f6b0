//! The judge: from a program, its history and what the implementation claims to a verdict, purely.
//!
//! In this order:
//!
//! 1. A run that could not be made, or a history that is not the program's, is Unresolved.
//! 2. A call answered `unsupported` although the manifest lists it is a false claim; if the manifest
//!    does not list it, the program is Unsupported.
//! 3. A fault that was planned and did not fire is Unresolved, for everything after it may be its
//!    absence; only a call that kept it from firing by hanging is accused.
//! 4. Every line is held against its expectation, and every judge of the program is heard. A failure
//!    counts whatever else is unresolved, because what has been seen cannot be unseen: one violation
//!    of safety is proof. Of several failures the answers come first, then deaths, then hangs, since
//!    a hang is usually the consequence of something else.
//! 5. What is still open then, by the deadline or because calls are pending that nobody accounts for,
//!    is Unresolved.
//!
//! A judge that panics is Unresolved: a broken judge neither accuses nor acquits.

mod claims;
mod connection;
mod conservation;
mod counter;
mod expect;
mod fifo;
mod holders;
mod just_in_time;
mod list;
mod order;
mod progress;
mod queue;
pub mod run;
mod search;
mod sync;
mod whole;
pub mod words;

#[cfg(test)]
mod brute;
#[cfg(test)]
mod brute_bag;
#[cfg(test)]
mod brute_pipe;
#[cfg(test)]
mod compared;
#[cfg(test)]
mod compared_counter;
#[cfg(test)]
mod compared_managed;
#[cfg(test)]
mod compared_pipe;
#[cfg(test)]
mod compared_sync;
#[cfg(test)]
mod connection_cases;
#[cfg(test)]
mod expect_cases;
#[cfg(test)]
mod forward;
#[cfg(test)]
mod managed_cases;
#[cfg(test)]
pub(crate) mod notation;
#[cfg(test)]
mod queue_cases;
#[cfg(test)]
mod sync_cases;

use std::panic::{AssertUnwindSafe, catch_unwind};

use procession_contract::{Call, Manifest, QueueLevel, Step};

use crate::history::{History, RunEnd};
use crate::program::{Judge, Program};
use crate::verdict::{Failure, FailureKind, Verdict};
use run::{Progress, Run};

/// Judges one run of a program by an implementation that claims `manifest`.
///
/// A pure function: the same three always give the same verdict. It never panics.
pub fn judge(program: &Program, history: &History, manifest: &Manifest) -> Verdict {
    guarded("the judge", || judge_run(program, history, manifest))
}

/// The strongest level that the queue kept in this run; `None` if not even the weakest.
///
/// `maxsize` is the queue's bound, 0 for none. Fails with a text where the history does not show it.
pub fn measure(
    program: &Program,
    history: &History,
    queue: &str,
    maxsize: u32,
) -> Result<Option<QueueLevel>, String> {
    let run = Run::new(program, history)?;
    let measured = catch_unwind(AssertUnwindSafe(|| queue::measure(&run, queue, maxsize)));
    measured.unwrap_or_else(|panic| Err(format!("the judge panicked: {}", panic_text(&*panic))))
}

fn judge_run(program: &Program, history: &History, manifest: &Manifest) -> Verdict {
    if let RunEnd::Broken(why) = &history.end {
        return Verdict::Unresolved(format!("the run could not be made: {why}"));
    }
    let run = match Run::new(program, history) {
        Ok(run) => run,
        Err(why) => return Verdict::Unresolved(why),
    };
    if let Some(verdict) = claims::check(&run, manifest) {
        return verdict;
    }
    if let Some(verdict) = progress::unfired_faults(&run) {
        return verdict;
    }

    let mut verdicts = Vec::new();
    let mut accounted = vec![false; program.roles.iter().map(|role| role.lines.len()).sum()];
    for (flat, (worker, line)) in run.places().enumerate() {
        if run.line(worker, line).expect.is_some() {
            accounted[flat] = true;
            verdicts.push(guarded("an expectation", || expect::check_line(&run, worker, line)));
        }
    }
    for judge in &program.judges {
        // Only at quiescence does a call stay pending that somebody must account for.
        for (flat, (worker, line)) in run.places().enumerate().take_while(|_| run.quiescent()) {
            accounted[flat] |= accounts_for(judge, program, &run.line(worker, line).step);
        }
        verdicts.push(guarded("a judge", || hear(judge, &run, manifest)));
    }
    verdicts.push(progress::unaccounted(&run, &accounted));
    if history.end == RunEnd::Deadline {
        verdicts.push(Verdict::Unresolved("the run had not ended at its time limit".into()));
    }
    gravest(verdicts)
}

fn hear(judge: &Judge, run: &Run, manifest: &Manifest) -> Verdict {
    match judge {
        Judge::Conservation(queue) => queue::judge(run, queue, QueueLevel::Conservation, None),
        Judge::ProducerFifo(queue) => queue::judge(run, queue, QueueLevel::ProducerFifo, None),
        Judge::LinearizableFifo(queue, maxsize) => {
            queue::judge(run, queue, QueueLevel::LinearizableFifo, Some(*maxsize))
        }
        Judge::ClaimedQueueLevel(queue, maxsize) => {
            queue::judge_claim(run, queue, manifest.queue_level, *maxsize)
        }
        Judge::ConnectionOrder(pipe) => connection::order(run, pipe),
        Judge::ConnectionWhole(pipe) => connection::whole(run, pipe),
        Judge::Lock(name) | Judge::Rlock(name) | Judge::Condition(name) | Judge::Register(name) => {
            sync::monitor(run, name)
        }
        Judge::Counter(name) => counter::judge(run, name),
        Judge::Semaphore(name) => sync::semaphore(run, name),
        Judge::Event(name) => sync::event(run, name),
        Judge::Barrier(name) => sync::barrier(run, name),
        Judge::List(name) => list::judge(run, name),
        Judge::Entries(name) => sync::entries(run, name),
        other => whole::check(run, other),
    }
}

/// Whether a judge says of this call, if it is pending, whether it may be.
fn accounts_for(judge: &Judge, program: &Program, step: &Step) -> bool {
    match judge {
        Judge::Conservation(queue)
        | Judge::ProducerFifo(queue)
        | Judge::LinearizableFifo(queue, _)
        | Judge::ClaimedQueueLevel(queue, _) => {
            step.on == *queue
                && matches!(
                    step.call,
                    Call::Put { .. }
                        | Call::PutNowait { .. }
                        | Call::PutMany { .. }
                        | Call::Get { .. }
                        | Call::GetNowait
                        | Call::GetMany { .. }
                )
        }
        Judge::ConnectionOrder(pipe) | Judge::ConnectionWhole(pipe) => {
            step.on.strip_prefix(pipe.as_str()).is_some_and(|end| matches!(end, ".0" | ".1"))
                && matches!(
                    step.call,
                    Call::Send { .. }
                        | Call::SendBytes { .. }
                        | Call::Recv
                        | Call::RecvBytes { .. }
                        | Call::RecvBytesInto { .. }
                )
        }
        Judge::Lock(name)
        | Judge::Rlock(name)
        | Judge::Condition(name)
        | Judge::Register(name)
        | Judge::Semaphore(name)
        | Judge::Event(name)
        | Judge::Barrier(name) => sync::accounts_for(program, name, step),
        Judge::List(name) | Judge::Entries(name) => step.on == *name,
        _ => false,
    }
}

/// The verdict that counts: the gravest, and among failures the one nearest to the cause.
fn gravest(verdicts: Vec<Verdict>) -> Verdict {
    let distance = |verdict: &Verdict| match verdict {
        Verdict::Fail(Failure { kind: FailureKind::Hang, .. }) => 2,
        Verdict::Fail(Failure { kind: FailureKind::Crashed, .. }) => 1,
        _ => 0,
    };
    let mut gravest = Verdict::Pass;
    for verdict in verdicts {
        let both_fail = matches!((&gravest, &verdict), (Verdict::Fail(_), Verdict::Fail(_)));
        gravest = match both_fail && distance(&verdict) < distance(&gravest) {
            true => verdict,
            false => gravest.and(verdict),
        };
    }
    gravest
}

fn guarded(what: &str, judge: impl FnOnce() -> Verdict) -> Verdict {
    catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|panic| {
        Verdict::Unresolved(format!(
            "{what} panicked, which is a defect of the suite: {}",
            panic_text(&*panic)
        ))
    })
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// A failure with its texts and the calls that show it.
fn fail(
    kind: FailureKind,
    expected: impl Into<String>,
    actual: impl Into<String>,
    calls: Vec<(String, usize)>,
) -> Verdict {
    Verdict::Fail(Failure { kind, expected: expected.into(), actual: actual.into(), calls })
}
