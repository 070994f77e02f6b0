//! The judges of managed lists and entries agree with brute force on small histories: legal ones, made by
//! going forward at random, and the same ones with something changed.

use std::collections::{BTreeMap, HashSet};

use procession_contract::{Answer, Call, Datum, Outcome, QueueLevel, Scalar};
use proptest::prelude::*;

use super::compared::{Choices, told};
use super::{judge, notation};
use crate::history::{CallHistory, History, Returned, WorkerEnd, WorkerHistory};
use crate::program::build::*;
use crate::program::{Judge, Line, Program};
use crate::verdict::Verdict;

/// What a list holds, or what is under the keys of a dictionary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Held {
    list: Vec<i64>,
    dict: BTreeMap<String, i64>,
}

/// How far a call has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Called,
    /// The number that an addition has read.
    Half(i64),
    Done(Answered),
}

/// An answer, comparable.
type Answered = (Outcome, i64, u64, Vec<(i64, u64)>);

fn of(datum: impl Into<Datum>) -> Answered {
    let answer = datum.into().answer().expect("a plain value");
    (Outcome::Ok, answer.value, answer.aux, Vec::new())
}

fn nothing() -> Answered {
    of(Datum::Scalar(Scalar::None(())))
}

fn refused(outcome: Outcome) -> Answered {
    (outcome, 0, 0, Vec::new())
}

/// What a call does next to what is held.
fn step(call: &Call, held: &mut Held, stage: &Stage) -> Stage {
    let entry = |held: &Held, key: &str| held.dict.get(key).copied();
    let missing = || Stage::Done(refused(Outcome::KeyMissing));
    Stage::Done(match call {
        Call::GetValue { .. } => of(Datum::list(held.list.iter().copied())),
        Call::Iterate { .. } => {
            let items: Vec<_> = held.list.iter().map(|element| Scalar::Int(*element).expected()).collect();
            (Outcome::Ok, items.len() as i64, 0, items)
        }
        Call::Add { field: Some(key), amount, .. } => match (stage, entry(held, key)) {
            (Stage::Half(read), _) => {
                held.dict.insert(key.clone(), read + amount);
                of(read + amount)
            }
            (_, Some(read)) => return Stage::Half(read),
            (_, None) => return missing(),
        },
        Call::Invoke { method, args, .. } => {
            let number = |index: usize| match args.get(index) {
                Some(Datum::Scalar(Scalar::Int(number))) => *number,
                other => panic!("{other:?} is no number"),
            };
            let key = || match &args[0] {
                Datum::Scalar(Scalar::Text(key)) => key.clone(),
                other => panic!("{other:?} is no key"),
            };
            match method.as_str() {
                "append" => {
                    held.list.push(number(0));
                    nothing()
                }
                "extend" => {
                    let Datum::List(elements) = &args[0] else { panic!("a list") };
                    held.list.extend(elements.iter().map(|element| match element {
                        Datum::Scalar(Scalar::Int(number)) => *number,
                        other => panic!("{other:?} is no number"),
                    }));
                    nothing()
                }
                "__len__" => of(held.list.len() as i64),
                "__getitem__" if matches!(args[0], Datum::Scalar(Scalar::Int(_))) => {
                    match held.list.get(number(0) as usize) {
                        Some(element) => of(*element),
                        None => refused(Outcome::OutOfRange),
                    }
                }
                "__getitem__" => match entry(held, &key()) {
                    Some(value) => of(value),
                    None => return missing(),
                },
                "__setitem__" => {
                    held.dict.insert(key(), number(1));
                    nothing()
                }
                "__delitem__" | "pop" => match (held.dict.remove(&key()), method.as_str()) {
                    (Some(value), "pop") => of(value),
                    (Some(_), _) => nothing(),
                    (None, _) => return missing(),
                },
                "setdefault" => of(*held.dict.entry(key()).or_insert(number(1))),
                "__contains__" => of(held.dict.contains_key(&key())),
                other => panic!("{other} is not compared"),
            }
        }
        other => panic!("{other:?} is not compared"),
    })
}

fn some_line(choices: &mut Choices, is_list: bool, next: &mut i64) -> Line {
    *next += 2;
    let key = ["a", "b"][choices.below(2)];
    match (is_list, choices.below(8)) {
        (true, 0..3) => append("x", *next),
        (true, 3) => invoke_with("x", "extend", [Datum::list([*next, *next + 1])]),
        (true, 4) => len_of("x"),
        (true, 5) => get_item("x", choices.below(3) as i64),
        (true, _) => get_value("x", "whole"),
        (false, 0) => set_item("y", key, *next),
        (false, 1 | 2) => get_item("y", key),
        (false, 3) => del_item("y", key),
        (false, 4) => invoke_with("y", "pop", [key]),
        (false, 5) => invoke_with("y", "setdefault", [Datum::from(key), (*next).into()]),
        (false, 6) => invoke_with("y", "__contains__", [key]),
        (false, _) => add_to("y", key, 1),
    }
}

fn answer_of((outcome, value, aux, items): Answered) -> Answer {
    Answer { value, aux, items, ..Answer::of(outcome) }
}

/// Goes forward at random: every call takes effect at one moment, an addition at two.
fn simulate(choices: &mut Choices, is_list: bool) -> (Program, History) {
    let workers = 2 + choices.below(2);
    let program = Program::new().manager("m");
    let mut program = match is_list {
        true => program.managed("x", "m", an_empty_list()).judge(Judge::List("x".into())),
        false => program.managed("y", "m", an_empty_dict()).judge(Judge::Entries("y".into())),
    };
    program = program.main(is_list.then(|| iterate("x")));
    let main = WorkerHistory { name: "main".into(), end: WorkerEnd::Finished, ..WorkerHistory::default() };
    let mut history = History { workers: vec![main], ..History::default() };
    let mut next = 10;
    for worker in 1..=workers {
        let lines: Vec<Line> =
            (0..1 + choices.below(4)).map(|_| some_line(choices, is_list, &mut next)).collect();
        let name = format!("w{worker}");
        program = program.process(&name, lines);
        history.workers.push(WorkerHistory { name, end: WorkerEnd::Finished, ..WorkerHistory::default() });
    }
    let mut held = Held::default();
    let mut stages: Vec<Option<Stage>> = vec![None; workers + 1];
    let mut now = 0;
    loop {
        now += 10;
        let can_move: Vec<usize> = (1..=workers)
            .filter(|worker| {
                stages[*worker].is_some()
                    || history.workers[*worker].calls.len() < program.roles[*worker].lines.len()
            })
            .collect();
        let Some(worker) = can_move.get(choices.below(can_move.len().max(1))).copied() else { break };
        let lived = &mut history.workers[worker];
        match stages[worker].take() {
            None => {
                lived.calls.push(CallHistory { line: lived.calls.len(), called_ns: now, returned: None });
                stages[worker] = Some(Stage::Called);
            }
            Some(Stage::Done(answered)) => {
                let call = lived.calls.last_mut().expect("it was called");
                call.returned = Some(Returned { at_ns: now, answer: answer_of(answered) });
            }
            Some(stage) => {
                let line = lived.calls.len() - 1;
                let call = &program.roles[worker].lines[line].step.call;
                stages[worker] = Some(step(call, &mut held, &stage));
            }
        }
    }
    if is_list {
        let Stage::Done(answered) = step(&Call::Iterate { meanwhile: None }, &mut held, &Stage::Called)
        else {
            panic!("it is done in one step")
        };
        let returned = Some(Returned { at_ns: now + 20, answer: answer_of(answered) });
        history.workers[0].calls.push(CallHistory { line: 0, called_ns: now + 10, returned });
    }
    (program, history)
}

/// Changes one thing: an answer for that of another call, its number, or when a call was over.
fn mutate(choices: &mut Choices, history: &mut History) {
    let workers = history.workers[1..].iter_mut();
    let mut calls: Vec<&mut CallHistory> = workers.flat_map(|worker| &mut worker.calls).collect();
    let (one, other) = (choices.below(calls.len()), choices.below(calls.len()));
    match choices.below(3) {
        0 => {
            let answer = calls[other].returned.as_ref().expect("it returned").answer.clone();
            calls[one].returned.as_mut().expect("it returned").answer = answer;
        }
        1 => {
            let called_ns = calls[one].called_ns;
            let returned = calls[one].returned.as_mut().expect("it returned");
            let length = (returned.at_ns - called_ns) as usize / 10;
            // No two moments are the same.
            returned.at_ns = called_ns + 10 * choices.below(length) as u64 + 5;
        }
        _ => {
            let answer = &mut calls[one].returned.as_mut().expect("it returned").answer;
            *answer = Scalar::Int(10 + choices.below(12) as i64).answer();
        }
    }
}

/// One call of a history, for brute force.
struct Lived<'a> {
    call: &'a Call,
    called: u64,
    returned: &'a Returned,
}

/// Whether what a call would answer is what it answered; a number says the same as a fingerprint where
/// calls answer only that they succeeded.
fn fits(call: &Call, would: &Answered, answer: &Answer) -> bool {
    let says_nothing = match call {
        Call::Invoke { method, .. } => {
            matches!(method.as_str(), "append" | "extend" | "__setitem__" | "__delitem__")
        }
        _ => false,
    };
    let by_number_alone = match call {
        Call::Invoke { method, .. } => matches!(method.as_str(), "__len__"),
        Call::Add { .. } => true,
        _ => false,
    };
    if would.0 != answer.outcome {
        return false;
    }
    match would.0 {
        Outcome::Ok if says_nothing => true,
        Outcome::Ok if by_number_alone => would.1 == answer.value,
        Outcome::Ok => match call {
            Call::Iterate { .. } => would.3 == answer.items,
            Call::Invoke { method, .. } if method == "__contains__" => {
                would.1 == i64::from(answer.value != 0)
            }
            _ => (would.1, would.2) == (answer.value, answer.aux),
        },
        _ => true,
    }
}

fn search(calls: &[Lived], stages: &[Stage], held: &Held, seen: &mut HashSet<(Vec<Stage>, Held)>) -> bool {
    if !seen.insert((stages.to_vec(), held.clone())) {
        return false;
    }
    let done = |index: usize| matches!(stages[index], Stage::Done(_));
    if (0..calls.len()).all(done) {
        return true;
    }
    (0..calls.len()).filter(|index| !done(*index)).any(|index| {
        let may =
            (0..calls.len()).all(|other| done(other) || calls[other].returned.at_ns >= calls[index].called);
        if !may {
            return false;
        }
        let mut next = held.clone();
        let stage = step(calls[index].call, &mut next, &stages[index]);
        if let Stage::Done(would) = &stage
            && !fits(calls[index].call, would, &calls[index].returned.answer)
        {
            return false;
        }
        let mut stages = stages.to_vec();
        stages[index] = stage;
        search(calls, &stages, &next, seen)
    })
}

/// Whether some order of all calls explains every answer.
fn explained(program: &Program, history: &History) -> bool {
    let calls: Vec<Lived> = history
        .workers
        .iter()
        .enumerate()
        .flat_map(|(worker, lived)| {
            lived.calls.iter().map(move |call| Lived {
                call: &program.roles[worker].lines[call.line].step.call,
                called: call.called_ns,
                returned: call.returned.as_ref().expect("everything returned"),
            })
        })
        .collect();
    search(&calls, &vec![Stage::Called; calls.len()], &Held::default(), &mut HashSet::new())
}

/// What judge and brute force say; brute force's answer if they agree.
fn agree(program: &Program, history: &History) -> Result<bool, TestCaseError> {
    let legal = explained(program, history);
    match judge(program, history, &notation::manifest(QueueLevel::Conservation)) {
        Verdict::Pass => prop_assert!(legal, "passed, but no order exists: {}", told(program, history)),
        Verdict::Fail(failure) => {
            prop_assert!(!legal, "an order exists, but {failure:?}: {}", told(program, history));
        }
        other => prop_assert!(false, "neither passed nor failed, {other:?}: {}", told(program, history)),
    }
    Ok(legal)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_a_correct_object_did_is_accepted_by_both(
        bytes in prop::collection::vec(any::<u8>(), 20..90), is_list: bool,
    ) {
        let (program, history) = simulate(&mut Choices::new(&bytes), is_list);
        let legal = agree(&program, &history)?;
        prop_assert!(legal, "brute force rejects what a correct object did: {}", told(&program, &history));
    }

    #[test]
    fn a_changed_history_is_judged_as_by_brute_force(
        bytes in prop::collection::vec(any::<u8>(), 20..90), is_list: bool,
    ) {
        let mut choices = Choices::new(&bytes);
        let (program, mut history) = simulate(&mut choices, is_list);
        mutate(&mut choices, &mut history);
        agree(&program, &history)?;
    }
}

/// The comparison means something only if both answers occur often.
#[test]
fn the_compared_histories_are_of_both_kinds() {
    let mut random = crate::program::random::Random::new(1);
    for is_list in [true, false] {
        let mut legal = 0;
        for _ in 0..400 {
            let bytes: Vec<u8> = (0..90).map(|_| random.below(256) as u8).collect();
            let mut choices = Choices::new(&bytes);
            let (program, mut history) = simulate(&mut choices, is_list);
            mutate(&mut choices, &mut history);
            legal += usize::from(agree(&program, &history).unwrap());
        }
        assert!((40..360).contains(&legal), "{legal} of 400 were legal, list {is_list}");
    }
}
