//! The judges of connections agree with brute force on small histories: legal ones, made by simulating
//! a correct pipe, and the same ones with something changed.

use proptest::prelude::*;

use procession_contract::{Answer, Call, Item, Outcome, QueueLevel, Worker};

use super::brute_pipe::{Promise, explained};
use super::compared::{Choices, compared_cases, told};
use super::{judge, notation};
use crate::history::{CallHistory, FaultFired, History, Returned, RunEnd, WorkerEnd, WorkerHistory};
use crate::program::build::{on, recv, send, worker};
use crate::program::{Action, Judge, Line, Program};
use crate::verdict::Verdict;

const PROMISES: [Promise; 2] = [Promise::Order, Promise::Whole];

/// What a worker of the simulation is about to do.
enum State {
    Idle,
    Called,
    Answered(Answer),
    Gone,
}

/// A correct pipe: two queues, and who holds its ends.
struct Pipe {
    queues: [std::collections::VecDeque<Item>; 2],
    holds: Vec<[bool; 2]>,
    /// How many messages a direction holds before its sender waits.
    room: usize,
}

impl Pipe {
    fn is_held(&self, end: usize) -> bool {
        self.holds.iter().any(|holds| holds[end])
    }

    fn would_wait(&self, worker: usize, call: &Call, end: usize) -> bool {
        let open = self.holds[worker][end];
        match call {
            Call::Send { .. } => open && self.queues[end].len() >= self.room && self.is_held(1 - end),
            Call::Recv => open && self.queues[1 - end].is_empty() && self.is_held(1 - end),
            _ => false,
        }
    }

    fn call(&mut self, worker: usize, call: &Call, end: usize) -> Answer {
        if !self.holds[worker][end] {
            return Answer::of(Outcome::Closed);
        }
        match call {
            Call::Send { .. } if !self.is_held(1 - end) => Answer::of(Outcome::BrokenPipe),
            Call::Send { item } => {
                self.queues[end].push_back(*item);
                Answer::ok()
            }
            Call::Recv => match self.queues[1 - end].pop_front() {
                Some(item) => received(item),
                None => Answer::of(Outcome::Eof),
            },
            _ => {
                self.holds[worker][end] = false;
                Answer::ok()
            }
        }
    }
}

fn received(item: Item) -> Answer {
    let (value, aux) = item.expected();
    Answer { value, aux, ..Answer::ok() }
}

fn end_of(line: &Line) -> usize {
    usize::from(line.step.on == "p.1")
}

/// Some calls on the ends that a worker holds.
fn lines(choices: &mut Choices, holds: [bool; 2], next: &mut u32, twins: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for _ in 0..1 + choices.below(4) {
        let other = choices.below(2);
        let end = if holds[other] { other } else { 1 - other };
        let name = format!("p.{end}");
        // Most go one way, so that several have to do with each other.
        let sends = if end == 1 { 5 } else { 2 };
        lines.push(match choices.below(8) {
            7 => on(&name, Call::Close),
            kind if kind < sends => {
                *next += 1;
                send(&name, if twins { 1 + *next % 2 } else { *next })
            }
            _ => recv(&name),
        });
    }
    lines
}

/// Simulates processes on a correct pipe: every call takes effect at one moment between its call and
/// its return.
fn simulate(choices: &mut Choices) -> (Program, History) {
    let workers = 3 + choices.below(2);
    let twins = choices.below(8) == 7;
    let mut pipe = Pipe {
        queues: Default::default(),
        holds: Vec::new(),
        room: [usize::MAX, usize::MAX, 1, 2][choices.below(4)],
    };
    let mut program = Program::new().pipe("p");
    let (mut history, mut next) = (History::default(), 0);
    for index in 0..workers {
        let holds = match index {
            0 => [choices.below(8) == 7; 2],
            _ => [[true, false], [false, true], [true, false], [false, true], [true, true]][choices.below(5)],
        };
        let name = if index == 0 { "main".to_owned() } else { format!("w{index}") };
        let gets: Vec<String> = (0..2).filter(|end| holds[*end]).map(|end| format!("p.{end}")).collect();
        let parent = (index > 0).then(|| "main".to_owned());
        let lines = match index {
            0 if holds[0] => vec![on("p.0", Call::Close), on("p.1", Call::Close)],
            0 => Vec::new(),
            _ => lines(choices, holds, &mut next, twins),
        };
        program = program.role(Worker { gets: Some(gets), parent, ..worker(&name) }, lines);
        history.workers.push(WorkerHistory { name, end: WorkerEnd::Running, ..WorkerHistory::default() });
        pipe.holds.push(holds);
    }

    let mut states: Vec<State> = (0..workers).map(|_| State::Idle).collect();
    let mut killed = false;
    for now in 1.. {
        let can_move: Vec<usize> = (0..workers)
            .filter(|worker| match &states[*worker] {
                State::Gone => false,
                State::Called => {
                    let line = &program.roles[*worker].lines[history.workers[*worker].calls.len() - 1];
                    !pipe.would_wait(*worker, &line.step.call, end_of(line))
                }
                State::Idle | State::Answered(_) => true,
            })
            .collect();
        if can_move.is_empty() {
            break;
        }
        let worker = can_move[choices.below(can_move.len())];
        let (lived, lines) = (&mut history.workers[worker], &program.roles[worker].lines);
        // Nobody is killed in a call on an end that he has closed: it can have had no effect.
        let is_busy = match &states[worker] {
            State::Called => pipe.holds[worker][end_of(&lines[lived.calls.len() - 1])],
            State::Answered(answer) => answer.outcome != Outcome::Closed,
            State::Idle | State::Gone => false,
        };
        if worker > 0 && !killed && is_busy && choices.below(24) == 23 {
            killed = true;
            states[worker] = State::Gone;
            pipe.holds[worker] = [false; 2];
            (lived.end, lived.gone_ns) = (WorkerEnd::Died, Some(now));
            program = program.fault(&format!("w{worker}"), Action::Kill, []);
            history.faults.push(FaultFired { fault: 0, at_ns: now, instructions: None });
            continue;
        }
        states[worker] = match std::mem::replace(&mut states[worker], State::Idle) {
            State::Idle if lived.calls.len() == lines.len() => {
                pipe.holds[worker] = [false; 2];
                (lived.end, lived.gone_ns) = (WorkerEnd::Finished, Some(now));
                State::Gone
            }
            State::Idle => {
                lived.calls.push(CallHistory { line: lived.calls.len(), called_ns: now, returned: None });
                State::Called
            }
            State::Called => {
                let line = &lines[lived.calls.len() - 1];
                State::Answered(pipe.call(worker, &line.step.call, end_of(line)))
            }
            State::Answered(answer) => {
                let call = lived.calls.last_mut().expect("it was called");
                call.returned = Some(Returned { at_ns: now, answer });
                State::Idle
            }
            State::Gone => State::Gone,
        };
    }
    if history.workers.iter().any(|worker| worker.end == WorkerEnd::Running) {
        history.end = RunEnd::Quiescent;
    }
    (program, history)
}

/// Changes one thing: two receives swap their messages, one receives another message or the end, a
/// send finds nobody, a call returns at another time or never, or nobody has seen how a process ended.
fn mutate(choices: &mut Choices, program: &Program, history: &mut History) {
    let kind = choices.below(9);
    let mut made: Vec<(&Call, &mut CallHistory)> = Vec::new();
    for (role, worker) in program.roles.iter().zip(&mut history.workers) {
        for call in worker.calls.iter_mut().filter(|call| call.returned.is_some()) {
            made.push((&role.lines[call.line].step.call, call));
        }
    }
    let is_message: fn(&Call, Outcome) -> bool =
        |call, outcome| matches!((call, outcome), (Call::Recv, Outcome::Ok));
    match kind {
        0 | 1 => {
            let mut messages = answers(made, is_message);
            if messages.len() > 1 {
                let (one, two) = (choices.below(messages.len()), choices.below(messages.len()));
                let other = messages[two].answer.clone();
                messages[two].answer = std::mem::replace(&mut messages[one].answer, other);
            }
        }
        2 => {
            let mut receives =
                answers(made, |call, outcome| *call == Call::Recv && outcome != Outcome::Closed);
            if !receives.is_empty() {
                let one = choices.below(receives.len());
                receives[one].answer = received(Item::int(1 + choices.below(4) as u32));
            }
        }
        3 => {
            let mut messages = answers(made, is_message);
            if !messages.is_empty() {
                let one = choices.below(messages.len());
                messages[one].answer = Answer::of(Outcome::Eof);
            }
        }
        4 => {
            let mut sends =
                answers(made, |call, outcome| matches!((call, outcome), (Call::Send { .. }, Outcome::Ok)));
            if !sends.is_empty() {
                let one = choices.below(sends.len());
                sends[one].answer = Answer::of(Outcome::BrokenPipe);
            }
        }
        5 if !made.is_empty() => {
            // Shortens a call to an instant after its beginning.
            let one = choices.below(made.len());
            let call = &mut *made[one].1;
            let at_ns = call.called_ns;
            call.returned.as_mut().expect("it returned").at_ns = at_ns;
        }
        6 | 7 => {
            // A worker's last call never returns, and the worker waits.
            let one = choices.below(history.workers.len());
            let worker = &mut history.workers[one];
            let last = worker.calls.last_mut();
            let line = last.as_ref().map(|call| &program.roles[one].lines[call.line].step.call);
            if let (Some(last), Some(Call::Send { .. } | Call::Recv)) = (last, line)
                && worker.end == WorkerEnd::Finished
            {
                last.returned = None;
                (worker.end, worker.gone_ns) = (WorkerEnd::Running, None);
                history.end = RunEnd::Quiescent;
            }
        }
        _ => {
            let one = choices.below(history.workers.len());
            history.workers[one].gone_ns = None;
        }
    }
}

/// The answers of these calls.
fn answers<'a>(
    made: Vec<(&Call, &'a mut CallHistory)>,
    wanted: fn(&Call, Outcome) -> bool,
) -> Vec<&'a mut Returned> {
    let answers = made.into_iter().filter_map(|(call, made)| Some((call, made.returned.as_mut()?)));
    answers
        .filter(|(call, returned)| wanted(call, returned.answer.outcome))
        .map(|(_, returned)| returned)
        .collect()
}

/// Whether two messages of a program cannot be told apart.
fn has_twins(program: &Program) -> bool {
    let mut keys = std::collections::HashSet::new();
    let mut items = program.lines().flat_map(|(_, line)| super::run::items_of(&line.step.call));
    !items.all(|item| keys.insert(item.expected()))
}

fn agree(program: &Program, history: &History, promise: Promise) -> Result<bool, TestCaseError> {
    let legal = explained(program, history, promise);
    let judged = match promise {
        Promise::Order => Judge::ConnectionOrder("p".into()),
        Promise::Whole => Judge::ConnectionWhole("p".into()),
    };
    let judged_program = program.clone().judge(judged);
    let verdict = judge(&judged_program, history, &notation::manifest(QueueLevel::Conservation));
    match verdict {
        Verdict::Pass => prop_assert!(legal, "passed, but nothing explains {}", told(program, history)),
        Verdict::Fail(failure) => {
            prop_assert!(!legal, "{} explained, but: {failure:?}", told(program, history));
        }
        // Of equal messages nobody knows which one came.
        Verdict::Unresolved(_) if has_twins(program) => {}
        other => prop_assert!(false, "neither passed nor failed: {other:?}, {}", told(program, history)),
    }
    Ok(legal)
}

proptest! {
    #![proptest_config(compared_cases())]

    #[test]
    fn what_a_correct_pipe_did_is_accepted_by_both(choices in prop::collection::vec(any::<u8>(), 30..110)) {
        let (program, history) = simulate(&mut Choices::new(&choices));
        for promise in PROMISES {
            prop_assert!(agree(&program, &history, promise)?, "brute force rejects what a correct pipe did");
        }
    }

    #[test]
    fn a_changed_history_is_judged_as_by_brute_force(choices in prop::collection::vec(any::<u8>(), 30..110)) {
        let mut choices = Choices::new(&choices);
        let (program, mut history) = simulate(&mut choices);
        mutate(&mut choices, &program, &mut history);
        for promise in PROMISES {
            agree(&program, &history, promise)?;
        }
    }
}

/// The comparison means something only if both answers occur often, with and without waiting calls,
/// deaths, ends of the stream, broken pipes and shared ends.
#[test]
fn the_compared_histories_are_of_every_kind() {
    let mut random = crate::program::random::Random::new(1);
    let mut counts = [0; 9];
    for _ in 0..4000 {
        let bytes: Vec<u8> = (0..110).map(|_| random.below(256) as u8).collect();
        let mut choices = Choices::new(&bytes);
        let (program, mut history) = simulate(&mut choices);
        mutate(&mut choices, &program, &mut history);
        let legal = PROMISES.map(|promise| agree(&program, &history, promise).unwrap());
        let answered = |outcome| {
            let mut calls = history.workers.iter().flat_map(|worker| &worker.calls);
            calls
                .any(|call| call.returned.as_ref().is_some_and(|returned| returned.answer.outcome == outcome))
        };
        let receives = |worker: &&WorkerHistory| {
            worker
                .calls
                .iter()
                .any(|call| call.returned.as_ref().is_some_and(|returned| returned.answer.aux != 0))
        };
        let is_so = [
            legal[0],
            !legal[0],
            legal[1],
            !legal[1],
            history.end == RunEnd::Quiescent,
            !history.faults.is_empty(),
            answered(Outcome::Eof),
            answered(Outcome::BrokenPipe),
            history.workers.iter().filter(receives).count() > 1,
        ];
        for (count, is_so) in counts.iter_mut().zip(is_so) {
            *count += usize::from(is_so);
        }
    }
    assert!(
        counts.iter().all(|count| *count > 200),
        "of Order legal, illegal, of Whole legal, illegal, quiescent, killed, ended, broken, shared: {counts:?}"
    );
}
