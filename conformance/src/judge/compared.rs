//! The judges of a queue's order agree with brute force on small histories: legal ones, made by
//! simulating a correct queue, and the same ones with something changed.

use std::fmt::Write;

use proptest::prelude::*;

use procession_contract::{Answer, Call, Item, Outcome, QueueLevel};

use super::{brute, brute_bag, judge, notation};
use crate::history::{CallHistory, FaultFired, History, Returned, RunEnd, WorkerEnd, WorkerHistory};
use crate::program::build::{get, on, put};
use crate::program::{Action, Judge, Line, Program};
use crate::verdict::Verdict;

/// A stream of decisions; after its end every decision is the first one.
pub(super) struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Choices<'a> {
        Choices(bytes.iter())
    }

    /// The next decision between so many.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % bound
    }
}

/// What a worker of the simulation is about to do.
enum State {
    Idle,
    Called,
    Answered(Answer),
    Gone,
}

/// Simulates workers on a correct queue: every call takes effect at one moment between its call and
/// its return.
fn simulate(choices: &mut Choices, maxsize: usize, several: bool) -> (Program, History) {
    let workers = 2 + choices.below(2);
    let mut program = Program::new().queue("q", maxsize as i64).main([]);
    let main = WorkerHistory { name: "main".into(), end: WorkerEnd::Finished, ..WorkerHistory::default() };
    let mut history = History { workers: vec![main], ..History::default() };
    let mut id = 0;
    for worker in 1..=workers {
        let lines: Vec<Line> = (0..1 + choices.below(3))
            .map(|_| match choices.below(if several { 8 } else { 6 }) {
                kind @ (0 | 1 | 4) => {
                    id += 1;
                    let line = put("q", id);
                    if kind == 1 { line.nonblocking() } else { line }
                }
                2 | 5 => get("q"),
                3 => get("q").nonblocking(),
                6 => {
                    id += 2;
                    on("q", Call::PutMany { items: vec![Item::int(id - 1), Item::int(id)], timeout_ms: None })
                }
                _ => on("q", Call::GetMany { max: 2, timeout_ms: None }),
            })
            .collect();
        let name = format!("w{worker}");
        program = program.process(&name, lines);
        history.workers.push(WorkerHistory { name, end: WorkerEnd::Running, ..WorkerHistory::default() });
    }

    let mut states: Vec<State> = (0..=workers).map(|_| State::Idle).collect();
    let mut placed = vec![0; workers + 1];
    let mut queue = std::collections::VecDeque::new();
    let mut killed = false;
    for now in 1.. {
        let can_move: Vec<usize> = (1..=workers)
            .filter(|worker| {
                let lines = &program.roles[*worker].lines;
                match &states[*worker] {
                    State::Gone => false,
                    State::Idle => history.workers[*worker].calls.len() < lines.len(),
                    State::Answered(_) => true,
                    State::Called => {
                        let line = &lines[history.workers[*worker].calls.len() - 1];
                        match &line.step.call {
                            Call::Put { block: true, .. } | Call::PutMany { .. } => {
                                maxsize == 0 || queue.len() < maxsize
                            }
                            Call::Get { block: true, .. } | Call::GetMany { .. } => !queue.is_empty(),
                            _ => true,
                        }
                    }
                }
            })
            .collect();
        if can_move.is_empty() {
            break;
        }
        let worker = can_move[choices.below(can_move.len())];
        let lived = &mut history.workers[worker];
        if !killed && matches!(states[worker], State::Called | State::Answered(_)) && choices.below(24) == 23
        {
            killed = true;
            states[worker] = State::Gone;
            lived.end = WorkerEnd::Died;
            program = program.fault(&format!("w{worker}"), Action::Kill, []);
            history.faults.push(FaultFired { fault: 0, at_ns: now, instructions: None });
            continue;
        }
        states[worker] = match std::mem::replace(&mut states[worker], State::Idle) {
            State::Idle => {
                lived.calls.push(CallHistory { line: lived.calls.len(), called_ns: now, returned: None });
                placed[worker] = 0;
                State::Called
            }
            State::Called => {
                let is_full = maxsize > 0 && queue.len() >= maxsize;
                let mut take = || queue.pop_front().map(|id: u32| Item::int(id).expected());
                match &program.roles[worker].lines[lived.calls.len() - 1].step.call {
                    Call::Put { .. } if is_full => State::Answered(Answer::of(Outcome::Full)),
                    Call::Put { item, .. } => {
                        queue.push_back(item.id);
                        State::Answered(Answer::ok())
                    }
                    Call::PutMany { items, .. } => {
                        queue.push_back(items[placed[worker]].id);
                        placed[worker] += 1;
                        match placed[worker] == items.len() {
                            true => State::Answered(Answer::number(items.len() as i64)),
                            false => State::Called,
                        }
                    }
                    Call::GetMany { .. } => {
                        let items: Vec<_> = std::iter::from_fn(take).take(2).collect();
                        State::Answered(Answer { value: items.len() as i64, items, ..Answer::ok() })
                    }
                    _ => State::Answered(match take() {
                        Some((value, aux)) => Answer { value, aux, ..Answer::ok() },
                        None => Answer::of(Outcome::Empty),
                    }),
                }
            }
            State::Answered(answer) => {
                let call = lived.calls.last_mut().expect("it was called");
                call.returned = Some(Returned { at_ns: now, answer });
                if lived.calls.len() == program.roles[worker].lines.len() {
                    lived.gone_ns = Some(now);
                }
                State::Idle
            }
            State::Gone => State::Gone,
        };
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

/// Changes one thing: two takes swap their items, a take finds the queue empty instead or the other
/// way round, a call returns at another time or never, or the queue was smaller than it was.
fn mutate(choices: &mut Choices, history: &mut History, maxsize: &mut usize) {
    let mut answers: Vec<&mut Returned> = history
        .workers
        .iter_mut()
        .flat_map(|worker| &mut worker.calls)
        .filter_map(|call| call.returned.as_mut())
        .collect();
    let mut taken: Vec<&mut Returned> =
        answers.iter_mut().map(|answer| &mut **answer).filter(|answer| answer.answer.aux != 0).collect();
    match choices.below(6) {
        0 if taken.len() > 1 => {
            let (one, two) = (choices.below(taken.len()), choices.below(taken.len()));
            let other = taken[two].answer.clone();
            let first = std::mem::replace(&mut taken[one].answer, other);
            taken[two].answer = first;
        }
        1 if !taken.is_empty() => {
            let one = choices.below(taken.len());
            taken[one].answer = Answer::of(Outcome::Empty);
        }
        2 if !taken.is_empty() => {
            let one = choices.below(taken.len());
            let (value, aux) = Item::int(1 + choices.below(4) as u32).expected();
            taken[one].answer = Answer { value, aux, ..Answer::ok() };
        }
        3 if !answers.is_empty() => {
            // Shortens a call to an instant after its beginning.
            let calls = history.workers.iter_mut().flat_map(|worker| &mut worker.calls);
            let mut calls: Vec<_> = calls.filter(|call| call.returned.is_some()).collect();
            let one = choices.below(calls.len());
            let call = &mut calls[one];
            let at_ns = call.called_ns;
            call.returned.as_mut().expect("it returned").at_ns = at_ns;
        }
        4 => {
            // A worker's last call never returns, and the worker waits.
            let worker = 1 + choices.below(history.workers.len() - 1);
            let worker = &mut history.workers[worker];
            if let (Some(last), WorkerEnd::Finished) = (worker.calls.last_mut(), &worker.end) {
                last.returned = None;
                (worker.end, worker.gone_ns) = (WorkerEnd::Running, None);
                history.end = RunEnd::Quiescent;
            }
        }
        _ => *maxsize = if *maxsize == 1 { 2 } else { 1 },
    }
}

/// What the judges and brute force say of a history at a level; brute force's answer if they agree.
fn agree(
    program: &Program,
    history: &History,
    maxsize: usize,
    level: QueueLevel,
) -> Result<bool, TestCaseError> {
    let (legal, judged) = match level {
        QueueLevel::Conservation => {
            (brute_bag::kept(program, history, maxsize, false), Judge::Conservation("q".into()))
        }
        QueueLevel::ProducerFifo => {
            (brute_bag::kept(program, history, maxsize, true), Judge::ProducerFifo("q".into()))
        }
        QueueLevel::LinearizableFifo => (
            brute::linearizable(program, history, maxsize),
            Judge::LinearizableFifo("q".into(), maxsize as u32),
        ),
    };
    // The judges of the weaker levels read the bound from the object.
    let mut program = Program { judges: vec![judged], ..program.clone() };
    program.objects = Program::new().queue("q", maxsize as i64).objects;
    match judge(&program, history, &notation::manifest(level)) {
        Verdict::Pass => prop_assert!(legal, "passed, but no order exists: {}", told(&program, history)),
        Verdict::Fail(failure) => {
            prop_assert!(!legal, "an order exists, but {failure:?}: {}", told(&program, history));
        }
        other => prop_assert!(false, "neither passed nor failed, {other:?}: {}", told(&program, history)),
    }
    Ok(legal)
}

const LEVELS: [QueueLevel; 3] =
    [QueueLevel::Conservation, QueueLevel::ProducerFifo, QueueLevel::LinearizableFifo];

/// How many histories are compared by each test: some, or as many as `PROCESSION_COMPARED_CASES` says, for
/// a long search once in a while.
pub(super) fn compared_cases() -> ProptestConfig {
    let wanted = std::env::var("PROCESSION_COMPARED_CASES").ok();
    let cases = wanted.map_or(3000, |wanted| wanted.parse().expect("it is a number of cases"));
    ProptestConfig { cases, ..ProptestConfig::default() }
}

/// A history as a person reads it.
pub(super) fn told(program: &Program, history: &History) -> String {
    let mut told = String::new();
    for (role, worker) in program.roles.iter().zip(&history.workers) {
        let gets = role.worker.gets.as_ref().map_or("all".to_owned(), |gets| gets.join(" "));
        let _ = writeln!(told, "{} has {gets}, {:?}, gone {:?}", worker.name, worker.end, worker.gone_ns);
        for call in &worker.calls {
            let called = super::words::call(&role.lines[call.line].step);
            let answer = call.returned.as_ref().map(|returned| super::words::answer(&returned.answer));
            let at_ns = call.returned.as_ref().map(|returned| returned.at_ns);
            let _ = writeln!(told, "  {called} [{}, {at_ns:?}] {answer:?}", call.called_ns);
        }
    }
    let _ = writeln!(told, "{:?}", history.end);
    told
}

proptest! {
    #![proptest_config(compared_cases())]

    #[test]
    fn what_a_correct_queue_did_is_accepted_by_both(
        choices in prop::collection::vec(any::<u8>(), 20..90), maxsize in 0usize..3, several: bool,
    ) {
        let several = several && maxsize == 0;
        let (program, history) = simulate(&mut Choices::new(&choices), maxsize, several);
        for level in LEVELS {
            let legal = agree(&program, &history, maxsize, level)?;
            prop_assert!(legal, "brute force rejects what a correct queue did");
        }
    }

    #[test]
    fn a_changed_history_is_judged_as_by_brute_force(
        choices in prop::collection::vec(any::<u8>(), 20..90), maxsize in 0usize..3, several: bool,
    ) {
        let mut choices = Choices::new(&choices);
        let mut maxsize = maxsize;
        let (program, mut history) = simulate(&mut choices, maxsize, several && maxsize == 0);
        mutate(&mut choices, &mut history, &mut maxsize);
        for level in LEVELS {
            agree(&program, &history, maxsize, level)?;
        }
    }
}

/// The comparison means something only if both answers occur often at each level, with and without
/// waiting calls, deaths and bounds.
#[test]
fn the_compared_histories_are_of_every_kind() {
    let mut random = crate::program::random::Random::new(1);
    let mut counts = [0; 8];
    for round in 0..4000 {
        let bytes: Vec<u8> = (0..90).map(|_| random.below(256) as u8).collect();
        let mut choices = Choices::new(&bytes);
        let mut maxsize = round % 3;
        let (program, mut history) = simulate(&mut choices, maxsize, maxsize == 0);
        mutate(&mut choices, &mut history, &mut maxsize);
        let legal = LEVELS.map(|level| agree(&program, &history, maxsize, level).unwrap());
        let quiescent = history.end == RunEnd::Quiescent;
        let killed = !history.faults.is_empty();
        let is_so = [legal[0], !legal[0], legal[1], !legal[1], legal[2], !legal[2], quiescent, killed];
        for (count, is_so) in counts.iter_mut().zip(is_so) {
            *count += usize::from(is_so);
        }
    }
    assert!(
        counts.iter().all(|count| *count > 300),
        "legal and illegal at each level, quiescent, killed: {counts:?}"
    );
}
