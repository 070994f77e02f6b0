//! Linearizability of small queue histories by trying every order: slow, plain, and sharing nothing
//! with the judges that it is compared with but the types of program and history.

use procession_contract::{Call, Outcome};

use crate::history::{History, RunEnd, WorkerEnd};
use crate::program::Program;

#[derive(Clone, Debug, PartialEq)]
enum Event {
    Put(i64),
    Get(i64),
    FoundEmpty,
    FoundFull,
    /// A get whose result nobody saw.
    GetOfAny,
}

#[derive(Clone, Debug)]
struct Step {
    event: Event,
    called: u64,
    /// Absent: it may happen at any time after its call, or never.
    returned: Option<u64>,
    worker: usize,
}

/// Whether some order of the calls on `q` explains their answers; `maxsize` 0 for no bound.
pub fn linearizable(program: &Program, history: &History, maxsize: usize) -> bool {
    let (mut steps, mut get_waits, mut put_waits) = (Vec::new(), false, false);
    for (worker, lived) in history.workers.iter().enumerate() {
        for call in &lived.calls {
            let waits = history.end == RunEnd::Quiescent && lived.end == WorkerEnd::Running;
            let called = call.called_ns;
            let mut add = |event, returned| steps.push(Step { event, called, returned, worker });
            let answer = call.returned.as_ref().map(|returned| (returned.at_ns, &returned.answer));
            match (&program.roles[worker].lines[call.line].step.call, answer) {
                (Call::Put { .. }, None) if waits => put_waits = true,
                (Call::Get { .. } | Call::GetMany { .. }, None) if waits => get_waits = true,
                (Call::Put { item, .. }, None) => add(Event::Put(item.id.into()), None),
                (Call::Get { .. }, None) => add(Event::GetOfAny, None),
                (Call::PutMany { items, .. }, None) => {
                    for item in items {
                        add(Event::Put(item.id.into()), None);
                    }
                }
                (Call::GetMany { max, .. }, None) => {
                    for _ in 0..*max {
                        add(Event::GetOfAny, None);
                    }
                }
                (Call::Put { item, .. }, Some((at, answer))) => match answer.outcome {
                    Outcome::Ok => add(Event::Put(item.id.into()), Some(at)),
                    _ => add(Event::FoundFull, Some(at)),
                },
                (Call::Get { .. }, Some((at, answer))) => match answer.outcome {
                    Outcome::Ok => add(Event::Get(answer.value), Some(at)),
                    _ => add(Event::FoundEmpty, Some(at)),
                },
                (Call::PutMany { items, .. }, Some((at, _))) => {
                    for item in items {
                        add(Event::Put(item.id.into()), Some(at));
                    }
                }
                (Call::GetMany { .. }, Some((at, answer))) => {
                    for (value, _) in &answer.items {
                        add(Event::Get(*value), Some(at));
                    }
                }
                other => panic!("the brute force does not know {other:?}"),
            }
        }
    }
    extend(&steps, &mut vec![false; steps.len()], Vec::new(), maxsize, &|queue| {
        (!get_waits || queue.is_empty()) && (!put_waits || (maxsize > 0 && queue.len() >= maxsize))
    })
}

/// Tries every step that may come next, in every state.
fn extend(
    steps: &[Step],
    done: &mut Vec<bool>,
    queue: Vec<i64>,
    maxsize: usize,
    accepts: &dyn Fn(&[i64]) -> bool,
) -> bool {
    if steps.iter().zip(done.iter()).all(|(step, done)| *done || step.returned.is_none()) && accepts(&queue) {
        return true;
    }
    for next in 0..steps.len() {
        if done[next] {
            continue;
        }
        let comes_too_early = steps.iter().enumerate().any(|(other, step)| {
            let before = step.returned.is_some_and(|at| at < steps[next].called);
            let same_call = step.called == steps[next].called;
            let same =
                step.worker == steps[next].worker && other < next && (step.returned.is_some() || same_call);
            !done[other] && (before || same)
        });
        if comes_too_early {
            continue;
        }
        let mut after = queue.clone();
        let possible = match &steps[next].event {
            Event::Put(value) => {
                after.push(*value);
                maxsize == 0 || queue.len() < maxsize
            }
            Event::Get(value) => queue.first() == Some(value) && after.remove(0) == *value,
            Event::GetOfAny => !queue.is_empty() && after.remove(0) >= 0,
            Event::FoundEmpty => queue.is_empty(),
            Event::FoundFull => maxsize > 0 && queue.len() >= maxsize,
        };
        if possible {
            done[next] = true;
            if extend(steps, done, after, maxsize, accepts) {
                return true;
            }
            done[next] = false;
        }
    }
    false
}
