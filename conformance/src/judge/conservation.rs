//! Conservation: every item of a queue is taken once and whole, and nothing else is taken.
//!
//! That nothing is taken twice, damaged or without having been put is seen while the history is
//! read. Here stands what was never taken. An item that was put is missed when
//!
//! - a get waits for one at quiescence, though fewer gets may have taken an item unseen than items
//!   are left: a hang, since the get could go on; or
//! - a get called after the item's worker had finished and its process was gone was answered
//!   `empty`, with no other get under way that might have held it up: the item is lost.
//!
//! Otherwise it may still be in the queue. Items of workers that were ended from outside, and of
//! those that let their buffer be dropped, may vanish.

use super::queue::{Effect, Put, Queue, Span, cite};
use super::{Run, fail, words};
use crate::verdict::{FailureKind, Verdict};

/// Looks for items that were put and are missed, and for calls that wait without reason.
pub fn check(run: &Run, queue: &Queue, maxsize: u32) -> Verdict {
    let left: Vec<&Put> = queue.puts.iter().filter(|put| put.taken.is_none()).collect();
    let firm: Vec<_> = left.iter().filter(|put| put.effect == Effect::Certain && !put.at_risk).collect();

    if let (Some(get), true) = (queue.waiting.first(), firm.len() > queue.unseen.len()) {
        let put = firm[0];
        return fail(
            FailureKind::Hang,
            format!(
                "{} returns, since {} was put and not taken",
                run.called(get.worker, get.line),
                words::item(&put.item)
            ),
            "it was still pending when nothing could move any more",
            cite(run, &[*get, put.span]),
        );
    }
    if let Some(verdict) = waiting_put(run, queue, &left, maxsize) {
        return verdict;
    }
    lost(run, queue, &firm).unwrap_or(Verdict::Pass)
}

/// A put that waits for room although there is room, although its item has been taken, or although a
/// get waits for an item: no queue is full and empty at once, whoever was killed with what in his hands.
fn waiting_put(run: &Run, queue: &Queue, left: &[&Put], maxsize: u32) -> Option<Verdict> {
    let put = queue.puts.iter().find(|put| put.effect == Effect::Waiting)?;
    let hang = |expected: String| {
        let actual = "it was still pending when nothing could move any more";
        Some(fail(FailureKind::Hang, expected, actual, cite(run, &[put.span])))
    };
    let called = run.called(put.span.worker, put.span.line);
    if let Some(put) = queue.puts.iter().find(|put| put.effect == Effect::Waiting && put.taken.is_some()) {
        let called = run.called(put.span.worker, put.span.line);
        return hang(format!("{called} returns, since its item was taken"));
    }
    if let Some(get) = queue.waiting.first() {
        let get = run.called(get.worker, get.line);
        return hang(format!("{called} or {get} returns, since a queue is not full and empty at once"));
    }
    if maxsize == 0 {
        return hang(format!("{called} returns, since the queue has no bound"));
    }
    let most = left.iter().filter(|put| matches!(put.effect, Effect::Certain | Effect::Possible)).count();
    if most < maxsize as usize {
        return hang(format!("{called} returns, since at most {most} of {maxsize} places are taken"));
    }
    None
}

fn lost(run: &Run, queue: &Queue, firm: &[&&Put]) -> Option<Verdict> {
    if firm.is_empty() || !queue.unseen.is_empty() {
        return None;
    }
    let undisturbed: Vec<_> = queue.empties.iter().filter(|empty| alone(queue, **empty)).collect();
    for put in firm {
        let Some(gone) = run.of(run.process_of(put.span.worker)).and_then(|worker| worker.gone_ns) else {
            continue;
        };
        if let Some(empty) = undisturbed.iter().find(|empty| gone < empty.called) {
            return Some(fail(
                FailureKind::Lost,
                format!("{} is there to be taken", words::item(&put.item)),
                format!(
                    "{} found the queue empty, and nobody ever took it",
                    run.called(empty.worker, empty.line)
                ),
                cite(run, &[put.span, **empty]),
            ));
        }
    }
    None
}

/// Whether no other get was under way during this one.
fn alone(queue: &Queue, span: Span) -> bool {
    let gets = queue.gets.iter().map(|(_, get)| get);
    let others = gets.chain(&queue.empties).chain(&queue.waiting);
    !others
        .filter(|other| **other != span)
        .any(|other| other.called <= span.returned && span.called <= other.returned)
}
