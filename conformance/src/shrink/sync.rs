//! Shrinking of programs on locks and their kin: what belongs together leaves together.
//!
//! A release without its acquire is refused, an acquire without its release keeps everybody else
//! waiting, and a wait whose notification has gone waits for ever: a program that lost one of two such
//! lines alone would be another program, which fails for another reason or not at all.

use procession_contract::{Call, LockChoice, ObjectKind};

use super::{first, lines, without_lines};
use crate::program::{Judge, Program};

/// A worker's index and the index of one of its lines.
type At = (usize, usize);

/// Drops an object with every call on it and every judge of it, unless it is the only one or another
/// object uses its lock.
pub(super) fn drop_object(program: &Program, place: &mut usize) -> Option<Program> {
    if program.objects.len() < 2 {
        return None;
    }
    let names: Vec<&str> = program.objects.iter().map(|object| object.name.as_str()).collect();
    first(&names, place, |name| {
        if program.objects.iter().any(|object| uses_the_lock_of(&object.kind, name)) {
            return None;
        }
        let is_of_it = |on: &str| on == *name || on.rsplit_once('.').is_some_and(|(pipe, _)| pipe == *name);
        let gone: Vec<At> =
            lines(program).into_iter().filter(|at| is_of_it(&line_at(program, *at).step.on)).collect();
        let mut smaller = without_lines(program, &gone)?;
        smaller.objects.retain(|object| object.name != *name);
        smaller.judges.retain(|judge| object_of(judge) != Some(name));
        for gets in smaller.roles.iter_mut().flat_map(|role| &mut role.worker.gets) {
            gets.retain(|get| !is_of_it(get));
        }
        // Whatever else speaks of it keeps it, as a wait on several: such a candidate is not well formed.
        Some(smaller)
    })
}

/// Drops an acquire and the release by which the same worker gives back what it took.
pub(super) fn drop_section(program: &Program, place: &mut usize) -> Option<Program> {
    let mut sections = Vec::new();
    for (worker, role) in program.roles.iter().enumerate() {
        let mut open: Vec<(&str, usize)> = Vec::new();
        for (line, of) in role.lines.iter().enumerate() {
            let on = of.step.on.as_str();
            match of.step.call {
                Call::Acquire { .. } => open.push((on, line)),
                Call::Release { .. } => {
                    if let Some(last) = open.iter().rposition(|(object, _)| *object == on) {
                        let (_, acquire) = open.remove(last);
                        sections.push([(worker, acquire), (worker, line)]);
                    }
                }
                _ => {}
            }
        }
    }
    first(&sections, place, |section| without_lines(program, section))
}

/// Drops a wait and a call that wakes it: a notification of the same condition, a set of the same event.
pub(super) fn drop_wake(program: &Program, place: &mut usize) -> Option<Program> {
    let all = lines(program);
    let is_wait =
        |at: &At| matches!(line_at(program, *at).step.call, Call::Await { .. } | Call::AwaitWord { .. });
    let is_wake = |at: &At| {
        matches!(line_at(program, *at).step.call, Call::Notify { .. } | Call::NotifyAll | Call::Set)
    };
    let mut pairs = Vec::new();
    for wait in all.iter().copied().filter(is_wait) {
        let on = &line_at(program, wait).step.on;
        let wakes = all.iter().copied().filter(is_wake).filter(|at| line_at(program, *at).step.on == *on);
        pairs.extend(wakes.map(|wake| [wait, wake]));
    }
    first(&pairs, place, |pair| without_lines(program, pair))
}

/// Drops a round of a barrier: the last wait of each worker that comes to it.
pub(super) fn drop_round(program: &Program, place: &mut usize) -> Option<Program> {
    let barriers: Vec<&str> = program
        .objects
        .iter()
        .filter(|object| matches!(object.kind, ObjectKind::Barrier { .. }))
        .map(|object| object.name.as_str())
        .collect();
    first(&barriers, place, |barrier| {
        let last = |worker: usize| {
            let comes = |line: &usize| {
                let step = &line_at(program, (worker, *line)).step;
                step.on == *barrier && matches!(step.call, Call::Await { .. })
            };
            (0..program.roles[worker].lines.len()).rev().find(comes).map(|line| (worker, line))
        };
        let round: Vec<At> = (0..program.roles.len()).filter_map(last).collect();
        if round.len() < 2 { None } else { without_lines(program, &round) }
    })
}

/// A time limit of half its length, of a call of which nothing is expected, or an earlier fault.
pub(super) fn smaller_limit(program: &Program, place: &mut usize) -> Option<Program> {
    let of_lines = lines(program).into_iter().map(Some);
    let choices: Vec<Option<At>> = of_lines.chain([None]).collect();
    first(&choices, place, |choice| {
        let mut smaller = program.clone();
        let Some((worker, line)) = *choice else {
            let late = smaller.faults.iter_mut().find(|fault| fault.delay_us > 0)?;
            late.delay_us /= 2;
            return Some(smaller);
        };
        let line = &mut smaller.roles[worker].lines[line];
        if line.expect.is_some() {
            return None;
        }
        match &mut line.step.call {
            Call::Acquire { timeout_ms: Some(ms), .. }
            | Call::Await { timeout_ms: Some(ms) }
            | Call::AwaitWord { timeout_ms: Some(ms), .. }
            | Call::Put { timeout_ms: Some(ms), .. }
            | Call::PutMany { timeout_ms: Some(ms), .. }
            | Call::Get { timeout_ms: Some(ms), .. }
            | Call::GetMany { timeout_ms: Some(ms), .. }
                if *ms > 1 =>
            {
                *ms /= 2;
            }
            _ => return None,
        }
        Some(smaller)
    })
}

fn line_at(program: &Program, (worker, line): At) -> &crate::program::Line {
    &program.roles[worker].lines[line]
}

/// Whether an object of this kind has the lock of that one.
fn uses_the_lock_of(kind: &ObjectKind, name: &str) -> bool {
    match kind {
        ObjectKind::Condition { lock: Some(lock) }
        | ObjectKind::Value { lock: LockChoice::Given(lock), .. }
        | ObjectKind::Array { lock: LockChoice::Given(lock), .. }
        | ObjectKind::Record { lock: LockChoice::Given(lock), .. } => lock == name,
        _ => false,
    }
}

/// The one object that a judge is about.
fn object_of(judge: &Judge) -> Option<&str> {
    match judge {
        Judge::Conservation(name)
        | Judge::ProducerFifo(name)
        | Judge::LinearizableFifo(name, _)
        | Judge::ClaimedQueueLevel(name, _)
        | Judge::ConnectionOrder(name)
        | Judge::ConnectionWhole(name)
        | Judge::Lock(name)
        | Judge::Rlock(name)
        | Judge::Condition(name)
        | Judge::Register(name)
        | Judge::Counter(name)
        | Judge::Semaphore(name)
        | Judge::Event(name)
        | Judge::Barrier(name) => Some(name),
        _ => None,
    }
}
