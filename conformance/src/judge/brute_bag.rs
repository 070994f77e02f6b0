//! Whether a queue that promises less than an order of all calls could have shown a small history, by
//! trying every order: slow, plain, and sharing nothing with the judges that it is compared with but
//! the types of program and history.
//!
//! The queue is a bag. A put that returned is in it until somebody takes it; one whose worker was killed
//! may vanish at any time, or never have been. Items may be slow to come, so a get that does not wait
//! may find nothing while there is something, but not an item that nobody ever takes, long after its
//! producer's process has gone, with nobody else in the way. How many items are in the bag counts only
//! for those that wait at the end.

use std::collections::HashSet;

use procession_contract::{Call, Outcome};

use crate::history::{History, RunEnd, WorkerEnd};
use crate::program::Program;

#[derive(Clone, Copy, Debug)]
enum What {
    Put(i64),
    /// A put of somebody who was killed.
    PutAtRisk(i64),
    Get(i64),
    GetOfAny,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    what: What,
    worker: usize,
    called: u64,
    returned: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    done: Vec<bool>,
    /// The items, each with whether it may vanish.
    bag: Vec<(i64, bool)>,
    /// For each taker and producer the last item taken: a producer's items have rising numbers.
    last: Vec<i64>,
}

struct Question {
    events: Vec<Event>,
    /// Who put each item.
    producers: Vec<(i64, usize)>,
    workers: usize,
    ordered: bool,
    maxsize: usize,
    get_waits: bool,
    put_waits: bool,
}

/// Whether some order of the calls on `q` explains their answers and who waits; `ordered` if each
/// taker is to see a producer's items in their order. `maxsize` is 0 for no bound.
pub fn kept(program: &Program, history: &History, maxsize: usize, ordered: bool) -> bool {
    let workers = history.workers.len();
    let (mut events, mut producers) = (Vec::new(), Vec::new());
    let (mut get_waits, mut put_waits) = (false, false);
    // What a get found that did not wait, and when others were under way.
    let (mut empties, mut takes) = (Vec::new(), Vec::new());
    for (worker, lived) in history.workers.iter().enumerate() {
        let waits = history.end == RunEnd::Quiescent && lived.end == WorkerEnd::Running;
        let killed = lived.end == WorkerEnd::Died;
        for call in &lived.calls {
            let (called, returned) = (call.called_ns, call.returned.as_ref());
            let mut add = |what| {
                events.push(Event {
                    what,
                    worker,
                    called,
                    returned: returned.map(|returned| returned.at_ns),
                });
            };
            let until = returned.map_or(u64::MAX, |returned| returned.at_ns);
            let answer = returned.map(|returned| &returned.answer);
            let step = &program.roles[worker].lines[call.line].step.call;
            if !matches!(step, Call::Put { .. } | Call::PutMany { .. }) {
                takes.push((called, until));
            }
            match (step, answer) {
                (Call::Put { .. }, None) if waits => put_waits = true,
                (Call::Get { .. } | Call::GetMany { .. }, None) if waits => get_waits = true,
                (Call::Put { item, .. }, answer) => {
                    producers.push((i64::from(item.id), worker));
                    if answer.is_none_or(|answer| answer.outcome == Outcome::Ok) {
                        let at_risk = killed || answer.is_none();
                        let put = if at_risk { What::PutAtRisk } else { What::Put };
                        add(put(item.id.into()));
                    }
                }
                (Call::PutMany { items, .. }, answer) => {
                    for item in items {
                        producers.push((i64::from(item.id), worker));
                        let at_risk = killed || answer.is_none();
                        let put = if at_risk { What::PutAtRisk } else { What::Put };
                        add(put(item.id.into()));
                    }
                }
                (Call::Get { .. }, None) => add(What::GetOfAny),
                (Call::GetMany { max, .. }, None) => (0..*max).for_each(|_| add(What::GetOfAny)),
                (Call::Get { .. }, Some(answer)) => match answer.outcome {
                    Outcome::Ok => add(What::Get(answer.value)),
                    _ => empties.push((called, until)),
                },
                (Call::GetMany { .. }, Some(answer)) => {
                    answer.items.iter().for_each(|(value, _)| add(What::Get(*value)));
                }
                other => panic!("the brute force does not know {other:?}"),
            }
        }
    }
    let unseen = events.iter().any(|event| matches!(event.what, What::GetOfAny));
    let is_taken = |id: i64| events.iter().any(|event| matches!(event.what, What::Get(taken) if taken == id));
    let is_missed = |event: &Event| match event.what {
        What::Put(id) => empties.iter().any(|(called, until)| {
            let others = takes.iter().filter(|(from, to)| from <= until && called <= to).count();
            let gone = history.workers[event.worker].gone_ns.is_some_and(|gone| gone < *called);
            gone && others == 1 && !is_taken(id)
        }),
        _ => false,
    };
    if !unseen && events.iter().any(is_missed) {
        return false;
    }
    let done = vec![false; events.len()];
    let state = State { done, bag: Vec::new(), last: vec![0; workers * workers] };
    Question { events, producers, workers, ordered, maxsize, get_waits, put_waits }
        .can_end(state, &mut HashSet::new())
}

impl Question {
    /// Tries every event that may come next, in every state.
    fn can_end(&self, state: State, seen: &mut HashSet<State>) -> bool {
        if self.accepts(&state) {
            return true;
        }
        for next in 0..self.events.len() {
            if !state.done[next] && !self.comes_too_early(&state, next) {
                for mut after in self.step(&state, self.events[next]) {
                    after.done[next] = true;
                    if seen.insert(after.clone()) && self.can_end(after, seen) {
                        return true;
                    }
                }
            }
        }
        false
    }

    fn comes_too_early(&self, state: &State, next: usize) -> bool {
        self.events.iter().zip(&state.done).enumerate().any(|(other, (event, done))| {
            let before = event.returned.is_some_and(|returned| returned < self.events[next].called);
            let same = event.worker == self.events[next].worker && other < next && event.returned.is_some();
            !done && (before || same)
        })
    }

    /// Whether everything that returned is done and those that wait wait rightly. What may vanish has
    /// vanished or not, as it suits them.
    fn accepts(&self, state: &State) -> bool {
        let all = self.events.iter().zip(&state.done).all(|(event, done)| *done || event.returned.is_none());
        let firm = state.bag.iter().filter(|(_, at_risk)| !at_risk).count();
        let get = !self.get_waits || firm == 0;
        let put = !self.put_waits || (self.maxsize > 0 && state.bag.len() >= self.maxsize);
        all && get && put && !(self.get_waits && self.put_waits)
    }

    fn step(&self, state: &State, event: Event) -> Vec<State> {
        let mut after = state.clone();
        match event.what {
            What::Put(id) => after.bag.push((id, false)),
            What::PutAtRisk(id) => after.bag.push((id, true)),
            What::Get(id) => {
                let Some(place) = state.bag.iter().position(|(item, _)| *item == id) else {
                    return Vec::new();
                };
                after.bag.remove(place);
                let producer = self.producers.iter().find(|(item, _)| *item == id);
                let producer = producer.map_or(0, |(_, producer)| *producer);
                let last = &mut after.last[event.worker * self.workers + producer];
                if self.ordered && *last > id {
                    return Vec::new();
                }
                *last = id;
            }
            What::GetOfAny => {
                return (0..state.bag.len())
                    .map(|place| {
                        let mut after = state.clone();
                        after.bag.remove(place);
                        after
                    })
                    .collect();
            }
        }
        vec![after]
    }
}
