//! The judges of locks and their kin agree with brute force on small histories: legal ones, made by
//! going forward at random, and the same ones with something changed.

use std::collections::HashSet;

use procession_contract::{ActionEnd, Answer, BarrierAction, Call, LockChoice, Outcome, QueueLevel, Scalar};
use proptest::prelude::*;

use super::compared::{Choices, compared_cases, told};
use super::forward::{Act, Open, Reply, Sort, World};
use super::{judge, notation};
use crate::history::{CallHistory, FaultFired, History, Returned, RunEnd, WorkerEnd, WorkerHistory};
use crate::program::build::*;
use crate::program::{Action, Judge, Line, Program};
use crate::verdict::Verdict;

const MS: u64 = 1_000_000;

/// The clock's grain, by which a call may be early.
const GRAIN: u64 = 2 * MS;

/// The kinds of object that are compared.
const SORTS: [Sort; 8] = [
    Sort::Lock,
    Sort::Rlock,
    Sort::Semaphore { initial: 2, bounded: false },
    Sort::Semaphore { initial: 1, bounded: true },
    Sort::Condition,
    Sort::Event,
    Sort::Barrier { parties: 2, fails: false },
    Sort::Barrier { parties: 2, fails: true },
];

fn with_object(sort: Sort) -> (Program, Judge) {
    let (program, name) = (Program::new(), || "x".to_owned());
    match sort {
        Sort::Lock => (program.lock("x"), Judge::Lock(name())),
        Sort::Rlock => (program.rlock("x"), Judge::Rlock(name())),
        Sort::Semaphore { initial, bounded } => match bounded {
            true => (program.bounded_semaphore("x", initial), Judge::Semaphore(name())),
            false => (program.semaphore("x", initial), Judge::Semaphore(name())),
        },
        Sort::Condition => {
            let given = LockChoice::Given(name());
            (program.condition("x").value_with("v", "q", 0, given), Judge::Condition(name()))
        }
        Sort::Counter => {
            let given = LockChoice::Given(name());
            (program.condition("x").value_with("v", "q", 0, given), Judge::Counter("v".into()))
        }
        Sort::Event => (program.event("x"), Judge::Event(name())),
        Sort::Barrier { parties, fails } => {
            let action = BarrierAction { word: 9, then: ActionEnd::Raises };
            match fails {
                true => (program.barrier_with("x", parties as i64, action), Judge::Barrier(name())),
                false => (program.barrier("x", parties as i64), Judge::Barrier(name())),
            }
        }
    }
}

/// A line of a worker; `depth` is how often it would hold the lock by its own lines.
fn some_line(choices: &mut Choices, sort: Sort, depth: &mut i32) -> Line {
    let limit = |choices: &mut Choices| 3 + choices.below(6) as i64;
    let attempt = |choices: &mut Choices| match choices.below(5) {
        0 => acquire("x").nonblocking(),
        1 => acquire("x").timeout(3 + choices.below(6) as i64),
        _ => acquire("x"),
    };
    match sort {
        Sort::Lock | Sort::Rlock | Sort::Semaphore { .. } => {
            let releases = if *depth > 0 { 7 } else { 1 };
            if choices.below(10) < releases {
                *depth -= 1;
                return release("x");
            }
            if matches!(sort, Sort::Semaphore { .. }) && choices.below(8) == 0 {
                return on("x", Call::Permits);
            }
            *depth += 1;
            attempt(choices)
        }
        Sort::Condition if *depth <= 0 => match choices.below(8) {
            0 => on("", Call::WordAdd { index: 0, amount: 1 }),
            1 if choices.below(2) == 0 => store("v", 1 + choices.below(2) as i64),
            1 => load("v"),
            2 => notify("x"),
            _ => {
                *depth += 1;
                acquire("x")
            }
        },
        Sort::Condition => match choices.below(13) {
            0 | 1 => await_on("x"),
            2 => await_on("x").timeout(limit(choices)),
            3 => await_word("x", 0, 1),
            4 => await_word("x", 0, 1).timeout(limit(choices)),
            5 => notify_n("x", 2),
            6 | 7 => notify("x"),
            8 => notify_all("x"),
            9 => add("v", 1, 1, choices.below(2) == 0),
            10 if choices.below(2) == 0 => store("v", 1 + choices.below(2) as i64),
            10 => on("", Call::WordAdd { index: 0, amount: 1 }),
            _ => {
                *depth -= 1;
                release("x")
            }
        },
        Sort::Counter => match choices.below(3) {
            0 => load("v"),
            _ => add("v", 1 + choices.below(2) as i64, 1, true),
        },
        Sort::Event => match choices.below(7) {
            0 | 1 => set("x"),
            2 => clear("x"),
            3 => is_set("x"),
            4 => await_on("x"),
            5 => await_on("x").timeout(0),
            _ => await_on("x").timeout(limit(choices)),
        },
        Sort::Barrier { .. } => match choices.below(10) {
            0 => on("x", Call::Abort),
            1 => on("x", Call::Reset),
            2 => on("x", Call::Waiting),
            3 => on("x", Call::Broken),
            4 => await_on("x").timeout(limit(choices)),
            _ => await_on("x"),
        },
    }
}

fn limit_ms(call: &Call) -> Option<i64> {
    match call {
        Call::Acquire { block: true, timeout_ms } => *timeout_ms,
        Call::Await { timeout_ms } | Call::AwaitWord { timeout_ms, .. } => *timeout_ms,
        _ => None,
    }
}

/// How long a call waits at most, in nanoseconds.
fn limit_ns(call: &Call) -> Option<u64> {
    limit_ms(call).map(|ms| ms.max(0) as u64 * MS)
}

fn answer_of((outcome, value, aux): Reply) -> Answer {
    Answer { value, aux, ..Answer::of(outcome) }
}

/// Goes forward at random.
pub(super) fn simulate(choices: &mut Choices, sort: Sort) -> (Program, History) {
    let workers = 2 + choices.below(2);
    let (program, by) = with_object(sort);
    let mut program = program.main([]).judge(by);
    let main = WorkerHistory { name: "main".into(), end: WorkerEnd::Finished, ..WorkerHistory::default() };
    let mut history = History { workers: vec![main], ..History::default() };
    for worker in 1..=workers {
        let mut depth = 0;
        let lines: Vec<Line> =
            (0..1 + choices.below(4)).map(|_| some_line(choices, sort, &mut depth)).collect();
        let name = format!("w{worker}");
        program = program.process(&name, lines);
        history.workers.push(WorkerHistory { name, end: WorkerEnd::Running, ..WorkerHistory::default() });
    }
    let mut world = World::new(sort, workers + 1);
    let mut since = vec![0; workers + 1];
    let (mut now, mut killed) = (0, false);
    loop {
        now += MS;
        let lines = |worker: usize| &program.roles[worker].lines;
        for (open, since) in world.open.iter_mut().zip(&since) {
            if let Some(open) = open {
                open.due = limit_ns(&open.call).is_some_and(|limit| now >= since + limit);
            }
        }
        let can_call = |worker: &usize| {
            world.acts[*worker] == Act::Idle && history.workers[*worker].calls.len() < lines(*worker).len()
        };
        let can_move: Vec<usize> = (1..=workers)
            .filter(|worker| {
                can_call(worker)
                    || matches!(world.acts[*worker], Act::Answered(_))
                    || !world.steps(*worker).is_empty()
            })
            .collect();
        if can_move.is_empty() {
            let timed = |worker: usize| {
                world.open[worker].as_ref().is_some_and(|open| limit_ns(&open.call).is_some() && !open.due)
            };
            if (1..=workers).any(timed) {
                continue;
            }
            break;
        }
        let worker = can_move[choices.below(can_move.len())];
        let lived = &mut history.workers[worker];
        if !killed && !lived.calls.is_empty() && choices.below(24) == 23 {
            killed = true;
            let worlds = world.kill(worker);
            world = worlds[choices.below(worlds.len())].clone();
            lived.end = WorkerEnd::Died;
            lived.gone_ns = (choices.below(2) == 0).then_some(now);
            program = program.fault(&format!("w{worker}"), Action::Kill, []);
            history.faults.push(FaultFired { fault: 0, at_ns: now, instructions: None });
            continue;
        }
        match world.acts[worker].clone() {
            Act::Idle => {
                let line = lived.calls.len();
                let call = &program.roles[worker].lines[line].step.call;
                world.call(worker, call);
                since[worker] = now;
                lived.calls.push(CallHistory { line, called_ns: now, returned: None });
            }
            Act::Answered(reply) => {
                world.back(worker);
                let call = lived.calls.last_mut().expect("it was called");
                call.returned = Some(Returned { at_ns: now, answer: answer_of(reply) });
            }
            _ => {
                let steps = world.steps(worker);
                world = steps[choices.below(steps.len())].clone();
                if sort == Sort::Event && world.acts[worker] == Act::Clear {
                    since[worker] = now;
                }
            }
        }
    }
    for worker in &mut history.workers[1..] {
        match (worker.calls.iter().any(|call| call.returned.is_none()), &worker.end) {
            (true, WorkerEnd::Running) => history.end = RunEnd::Quiescent,
            (false, WorkerEnd::Running) => worker.end = WorkerEnd::Finished,
            _ => {}
        }
    }
    (program, history)
}

/// Changes one thing: an answer, when a call was over, whether it was, or who was killed.
pub(super) fn mutate(choices: &mut Choices, program: &Program, history: &mut History) {
    let calls = history.workers.iter_mut().flat_map(|worker| &mut worker.calls);
    let mut calls: Vec<&mut CallHistory> = calls.filter(|call| call.returned.is_some()).collect();
    if calls.is_empty() {
        return;
    }
    let one = choices.below(calls.len());
    match choices.below(8) {
        0 | 1 => {
            let answer = &mut calls[one].returned.as_mut().expect("it returned").answer;
            let value = if answer.value == 0 { 1 } else { choices.below(2) as i64 };
            match answer.aux {
                0 => answer.value = value,
                _ => *answer = Scalar::Int(value).answer(),
            }
        }
        2 => {
            let outcomes = [
                Outcome::Ok,
                Outcome::OwnerDied,
                Outcome::OverRelease,
                Outcome::NotOwner,
                Outcome::BrokenBarrier,
                Outcome::ActionFailed,
            ];
            let outcome = outcomes[choices.below(outcomes.len())];
            calls[one].returned.as_mut().expect("it returned").answer.outcome = outcome;
        }
        3 => {
            let other = choices.below(calls.len());
            let second = calls[other].returned.as_ref().expect("it returned").answer.clone();
            let first = &mut calls[one].returned.as_mut().expect("it returned").answer;
            let first = std::mem::replace(first, second);
            calls[other].returned.as_mut().expect("it returned").answer = first;
        }
        4 | 5 => {
            let called_ns = calls[one].called_ns;
            let returned = calls[one].returned.as_mut().expect("it returned");
            let length = (returned.at_ns - called_ns) / MS;
            returned.at_ns = called_ns + choices.below(1 + length as usize) as u64 * MS;
        }
        6 => {
            // Nobody was killed: who has not returned waits.
            for worker in history.workers.iter_mut().filter(|worker| worker.end == WorkerEnd::Died) {
                let pending = worker.calls.iter().any(|call| call.returned.is_none());
                let last = worker.calls.len().wrapping_sub(1);
                let number = worker.name[1..].parse::<usize>().expect("workers are numbered");
                if pending && program.roles[number].lines[last].step.on.is_empty() {
                    continue;
                }
                worker.end = if pending { WorkerEnd::Running } else { WorkerEnd::Finished };
                worker.gone_ns = None;
                if pending {
                    history.end = RunEnd::Quiescent;
                }
            }
        }
        _ => {
            // A worker's last call never returns, and the worker waits; a call on a word always returns.
            let number = 1 + choices.below(history.workers.len() - 1);
            let worker = &mut history.workers[number];
            let is_word = program.roles[number]
                .lines
                .get(worker.calls.len().wrapping_sub(1))
                .is_some_and(|line| line.step.on.is_empty());
            if let (Some(last), WorkerEnd::Finished, false) = (worker.calls.last_mut(), &worker.end, is_word)
            {
                last.returned = None;
                (worker.end, worker.gone_ns) = (WorkerEnd::Running, None);
                history.end = RunEnd::Quiescent;
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    Call(usize),
    /// From now on its worker may be dead, or may have ended.
    MayEnd,
    Due,
    TooLateToBegin,
    Return(usize),
    /// Now it is dead.
    IsGone,
}

struct Brute<'a> {
    program: &'a Program,
    history: &'a History,
    points: Vec<(u64, Point, usize)>,
    seen: HashSet<(usize, World)>,
}

/// Whether some order of all steps explains every answer.
pub(super) fn explained(program: &Program, history: &History, sort: Sort) -> bool {
    let mut points = Vec::new();
    for (worker, lived) in history.workers.iter().enumerate() {
        let mut last = 0;
        for (index, call) in lived.calls.iter().enumerate() {
            let does = &program.roles[worker].lines[call.line].step.call;
            points.push((call.called_ns, Point::Call(index), worker));
            last = call.called_ns;
            let returned = call.returned.as_ref().map(|returned| returned.at_ns);
            last = last.max(returned.unwrap_or(0));
            if let Some(limit) = limit_ns(does) {
                let limit = limit.saturating_sub(GRAIN);
                let due = call.called_ns + limit;
                if returned.is_none_or(|at| at >= due) {
                    points.push((due, Point::Due, worker));
                }
                if let Some(at) = returned {
                    let begun = at.saturating_sub(limit).max(call.called_ns);
                    points.push((begun, Point::TooLateToBegin, worker));
                }
            }
            if let Some(at) = returned {
                points.push((at, Point::Return(index), worker));
            }
        }
        if worker > 0 && lived.end != WorkerEnd::Running {
            points.push((last + 1, Point::MayEnd, worker));
            if let Some(gone) = lived.gone_ns {
                points.push((gone.max(last + 1), Point::IsGone, worker));
            }
        }
    }
    // A pending call's time counts as over only as far as the history goes.
    let calls = history.workers.iter().flat_map(|worker| &worker.calls);
    let end = calls.map(|call| call.returned.as_ref().map_or(call.called_ns, |returned| returned.at_ns));
    let end = end.max().unwrap_or(0);
    points.retain(|(at, point, _)| *point != Point::Due || *at <= end);
    points.sort();
    let mut brute = Brute { program, history, points, seen: HashSet::new() };
    brute.search(0, World::new(sort, history.workers.len()), vec![false; history.workers.len()])
}

impl Brute<'_> {
    /// Whether every answer that a worker has now is the one that it returned.
    fn fits(&self, world: &World, called: &[Option<usize>]) -> bool {
        world.acts.iter().enumerate().all(|(worker, act)| {
            let (Act::Answered(reply), Some(index)) = (act, called[worker]) else { return true };
            let returned = self.history.workers[worker].calls[index].returned.as_ref();
            returned.is_none_or(|returned| {
                let answer = &returned.answer;
                let is_word =
                    world.open[worker].as_ref().is_some_and(|open| matches!(open.call, Call::WordAdd { .. }));
                // A word is the suite's own, and never refuses; an error's value means nothing.
                let value = match answer.outcome {
                    Outcome::Ok | Outcome::OwnerDied => {
                        (answer.value, answer.aux) == (reply.1, reply.2)
                            || self.is_valueless(world.open[worker].as_ref(), answer.outcome)
                    }
                    _ => true,
                };
                let refusal = |outcome| matches!(outcome, Outcome::OverRelease | Outcome::NotOwner);
                (is_word && (answer.value == reply.1 || !asks_the_word(self.program)))
                    || (answer.outcome == reply.0 && value && !is_word)
                    || (refusal(answer.outcome) && refusal(reply.0) && !only_over_release(self.program))
            })
        })
    }

    /// Whether the value of a call's answer says nothing.
    fn is_valueless(&self, open: Option<&Open>, outcome: Outcome) -> bool {
        open.is_some_and(|open| match open.call {
            Call::Release { .. } | Call::Notify { .. } | Call::NotifyAll | Call::Set | Call::Clear => true,
            Call::Abort | Call::Reset | Call::Store { .. } => true,
            Call::Acquire { .. } => outcome == Outcome::OwnerDied,
            _ => false,
        })
    }

    fn search(&mut self, at: usize, world: World, may_end: Vec<bool>) -> bool {
        if !self.seen.insert((at, world.clone())) {
            return false;
        }
        let called: Vec<Option<usize>> = (0..world.acts.len())
            .map(|worker| {
                let before = self.points[..at].iter().rev();
                before.clone().find_map(|(_, point, of)| match point {
                    Point::Call(index) if *of == worker => Some(*index),
                    _ => None,
                })
            })
            .collect();
        for worker in 0..world.acts.len() {
            for next in world.steps(worker) {
                if self.fits(&next, &called) && self.search(at, next, may_end.clone()) {
                    return true;
                }
            }
            if may_end[worker] && world.acts[worker] != Act::Gone {
                for next in world.kill(worker) {
                    if self.search(at, next, may_end.clone()) {
                        return true;
                    }
                }
            }
        }
        let Some((_, point, worker)) = self.points.get(at).copied() else {
            return self.may_end_so(&world);
        };
        let (mut next, mut may_end) = (world, may_end);
        match point {
            Point::Call(index) => {
                let line = self.history.workers[worker].calls[index].line;
                next.call(worker, &self.program.roles[worker].lines[line].step.call);
            }
            Point::MayEnd => may_end[worker] = true,
            Point::Due | Point::TooLateToBegin => {
                if let Some(open) = &mut next.open[worker] {
                    match point {
                        Point::Due => open.due = true,
                        _ => open.begun = true,
                    }
                }
            }
            Point::Return(_) => match next.acts[worker] {
                Act::Answered(_) => next.back(worker),
                _ => return false,
            },
            Point::IsGone => {
                if next.acts[worker] != Act::Gone {
                    return false;
                }
            }
        }
        self.search(at + 1, next, may_end)
    }

    fn may_end_so(&self, world: &World) -> bool {
        self.history.workers.iter().enumerate().all(|(worker, lived)| match lived.end {
            WorkerEnd::Died => world.acts[worker] == Act::Gone,
            WorkerEnd::Running if self.history.end == RunEnd::Quiescent => {
                let waits = lived.calls.last().is_some_and(|call| call.returned.is_none());
                !waits || (!matches!(world.acts[worker], Act::Answered(_)) && world.steps(worker).is_empty())
            }
            _ => true,
        })
    }
}

/// Whether somebody asks the word.
fn asks_the_word(program: &Program) -> bool {
    program.lines().any(|(_, line)| matches!(line.step.call, Call::AwaitWord { .. }))
}

/// Whether only one refusal is an answer of the object's calls.
fn only_over_release(program: &Program) -> bool {
    program.judges.iter().any(|judge| matches!(judge, Judge::Semaphore(_)))
}

/// What judge and brute force say; brute force's answer if they agree.
fn agree(program: &Program, history: &History, sort: Sort) -> Result<bool, TestCaseError> {
    let legal = explained(program, history, sort);
    match judge(program, history, &notation::manifest(QueueLevel::Conservation)) {
        Verdict::Pass => {
            prop_assert!(legal, "{sort:?} passed, but no order exists: {}", told(program, history));
        }
        Verdict::Fail(failure) => {
            let told = told(program, history);
            prop_assert!(!legal, "{sort:?}: an order exists, but {failure:?}: {told}");
        }
        other => {
            prop_assert!(false, "neither passed nor failed, {other:?}: {}", told(program, history));
        }
    }
    Ok(legal)
}

proptest! {
    #![proptest_config(compared_cases())]

    #[test]
    fn what_a_correct_object_did_is_accepted_by_both(
        bytes in prop::collection::vec(any::<u8>(), 20..90), sort in 0..SORTS.len(),
    ) {
        let (program, history) = simulate(&mut Choices::new(&bytes), SORTS[sort]);
        let legal = agree(&program, &history, SORTS[sort])?;
        prop_assert!(legal, "brute force rejects what a correct object did: {}", told(&program, &history));
    }

    #[test]
    fn a_changed_history_is_judged_as_by_brute_force(
        bytes in prop::collection::vec(any::<u8>(), 20..90), sort in 0..SORTS.len(),
    ) {
        let mut choices = Choices::new(&bytes);
        let (program, mut history) = simulate(&mut choices, SORTS[sort]);
        mutate(&mut choices, &program, &mut history);
        agree(&program, &history, SORTS[sort])?;
    }
}

/// The comparison means something only if both answers occur often for each kind of object, with and
/// without waiting calls and deaths.
#[test]
fn the_compared_histories_are_of_every_kind() {
    let mut random = crate::program::random::Random::new(1);
    for sort in SORTS {
        let mut counts = [0; 4];
        for _ in 0..500 {
            let bytes: Vec<u8> = (0..90).map(|_| random.below(256) as u8).collect();
            let mut choices = Choices::new(&bytes);
            let (program, mut history) = simulate(&mut choices, sort);
            mutate(&mut choices, &program, &mut history);
            let legal = agree(&program, &history, sort).unwrap();
            let quiescent = history.end == RunEnd::Quiescent;
            let killed = history.workers.iter().any(|worker| worker.end == WorkerEnd::Died);
            for (count, is_so) in counts.iter_mut().zip([legal, !legal, quiescent, killed]) {
                *count += usize::from(is_so);
            }
        }
        assert!(
            counts.iter().all(|count| *count > 40),
            "{sort:?}: legal, illegal, quiescent, killed: {counts:?}"
        );
    }
}
