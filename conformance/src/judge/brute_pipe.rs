//! Whether a pipe could have shown a small history, by trying every order of the calls: slow, plain, and
//! sharing nothing with the judges that it is compared with but the types of program and history.
//!
//! The pipe is two queues of whole messages, and for each end the processes that hold it. A process
//! holds the ends that it was given until it closes them or ends, which it may do at any time after
//! its last call; if its process was seen to be gone, it has ended by the end of the run. A call that
//! its worker did not live to see return may have taken effect, once, while the process held the end,
//! or not at all. How much a pipe holds is not known, so a send may wait at any time.

use std::collections::HashSet;

use procession_contract::{Call, Outcome};

use crate::history::{History, RunEnd, WorkerEnd};
use crate::program::Program;

/// What is promised of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// The order of the messages, and the end of the stream.
    Order,
    /// Every message once; in the order of each sender for a receiver that is alone.
    Whole,
}

/// A message: its sender and its number among that one's messages, and what is in it.
type Message = (usize, usize, (i64, u64));

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Send(usize, Message),
    /// Sending found nobody to receive.
    Broken(usize),
    Receive(usize, (i64, u64)),
    /// A receive whose message nobody saw.
    ReceiveAny(usize),
    End(usize),
    Close(usize),
    /// The process is gone, and holds nothing.
    Gone,
}

#[derive(Clone, Debug)]
struct Event {
    what: What,
    called: u64,
    /// Absent: at any time after its call.
    returned: Option<u64>,
    must: bool,
}

/// What every order must end in, and what is promised on the way.
struct Question {
    promise: Promise,
    lanes: Vec<Vec<Event>>,
    /// Of each direction, named by the end that sends: whether a receive waits, and whether a send does.
    receive_waits: [bool; 2],
    send_waits: [bool; 2],
    /// Whether somebody was killed in the middle of a message, which may keep others from theirs.
    killed: [bool; 2],
    /// Whether one worker has received all messages that anybody did.
    alone: [bool; 2],
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    at: Vec<usize>,
    queues: [Vec<Message>; 2],
    holds: Vec<[bool; 2]>,
    /// The last message received of each sender.
    last: [Vec<usize>; 2],
}

/// Whether some order of the calls on `p` explains their answers and who waits.
pub fn explained(program: &Program, history: &History, promise: Promise) -> bool {
    let workers = history.workers.len();
    let mut question = Question {
        promise,
        lanes: Vec::new(),
        receive_waits: [false; 2],
        send_waits: [false; 2],
        killed: [false; 2],
        alone: [true; 2],
    };
    let mut receiver = [None; 2];
    for (worker, lived) in history.workers.iter().enumerate() {
        let waits = history.end == RunEnd::Quiescent && lived.end == WorkerEnd::Running;
        let (mut lane, mut last, mut sent) = (Vec::new(), 0, 0);
        for call in &lived.calls {
            let step = &program.roles[worker].lines[call.line].step;
            let end = usize::from(step.on == "p.1");
            let answer = call.returned.as_ref().map(|returned| &returned.answer);
            let returned = call.returned.as_ref().map(|returned| returned.at_ns);
            last = returned.unwrap_or(call.called_ns);
            let mut add = |what, must| lane.push(Event { what, called: call.called_ns, returned, must });
            match (&step.call, answer.map(|answer| answer.outcome)) {
                (Call::Send { item }, outcome) => {
                    sent += 1;
                    let message = What::Send(end, (worker, sent, item.expected()));
                    match outcome {
                        Some(Outcome::Ok) => add(message, true),
                        Some(Outcome::BrokenPipe) => {
                            // Who broke off may have received it first.
                            add(message, false);
                            add(What::Broken(end), true);
                        }
                        Some(_) => {}
                        None if waits => question.send_waits[end] = true,
                        None => {
                            question.killed[end] = true;
                            add(message, false);
                        }
                    }
                }
                (Call::Recv, outcome) => match (outcome, answer) {
                    (Some(Outcome::Ok), Some(answer)) => {
                        question.alone[1 - end] &= receiver[1 - end].is_none_or(|first| first == worker);
                        receiver[1 - end] = Some(worker);
                        add(What::Receive(1 - end, (answer.value, answer.aux)), true);
                    }
                    (Some(Outcome::Eof), _) => add(What::End(1 - end), true),
                    (Some(_), _) => {}
                    (None, _) if waits => question.receive_waits[1 - end] = true,
                    (None, _) => {
                        question.killed[1 - end] = true;
                        add(What::ReceiveAny(1 - end), false);
                    }
                },
                (Call::Close, outcome) => add(What::Close(end), outcome.is_some()),
                other => panic!("the brute force does not know {other:?}"),
            }
        }
        if matches!(lived.end, WorkerEnd::Finished | WorkerEnd::Died) {
            let must = lived.gone_ns.is_some();
            lane.push(Event { what: What::Gone, called: last, returned: None, must });
        }
        question.lanes.push(lane);
    }
    let given = |worker: usize, end: &str| match &program.roles[worker].worker.gets {
        None => true,
        Some(gets) => gets.iter().any(|name| name == end || name == "p"),
    };
    let state = State {
        at: vec![0; workers],
        queues: [Vec::new(), Vec::new()],
        holds: (0..workers).map(|worker| [given(worker, "p.0"), given(worker, "p.1")]).collect(),
        last: [vec![0; workers], vec![0; workers]],
    };
    question.can_end(state, &mut HashSet::new())
}

impl Question {
    /// Tries every event that may come next, in every state.
    fn can_end(&self, state: State, seen: &mut HashSet<State>) -> bool {
        if self.accepts(&state) {
            return true;
        }
        for lane in 0..self.lanes.len() {
            for next in state.at[lane]..self.lanes[lane].len() {
                let event = &self.lanes[lane][next];
                if self.is_in_time(&state, event) {
                    for mut after in self.step(&state, lane, event.what) {
                        after.at[lane] = next + 1;
                        if seen.insert(after.clone()) && self.can_end(after, seen) {
                            return true;
                        }
                    }
                }
                // What need not have happened may be passed over.
                if event.must {
                    break;
                }
            }
        }
        false
    }

    fn is_in_time(&self, state: &State, event: &Event) -> bool {
        let open = self.lanes.iter().zip(&state.at).flat_map(|(lane, at)| &lane[*at..]);
        let mut open = open.filter(|open| open.must);
        open.all(|open| open.returned.is_none_or(|returned| returned >= event.called))
    }

    fn accepts(&self, state: &State) -> bool {
        let done = |(lane, at): (&Vec<Event>, &usize)| lane[*at..].iter().all(|event| !event.must);
        self.lanes.iter().zip(&state.at).all(done)
            && (0..2).all(|from| {
                let both = self.receive_waits[from] && self.send_waits[from] && !self.killed[from];
                let receive = state.queues[from].is_empty() && state.is_held(from);
                !both
                    && (!self.receive_waits[from] || receive)
                    && (!self.send_waits[from] || state.is_held(1 - from))
            })
    }

    /// What can come of an event: nothing if it is impossible here.
    fn step(&self, state: &State, worker: usize, what: What) -> Vec<State> {
        let mut after = state.clone();
        let is_possible = match what {
            What::Send(from, message) => {
                after.queues[from].push(message);
                true
            }
            What::Broken(from) => !state.is_held(1 - from),
            What::Receive(from, key) => return self.receive(state, from, Some(key)),
            What::ReceiveAny(from) => return self.receive(state, from, None),
            What::End(from) => {
                self.promise == Promise::Whole || (state.queues[from].is_empty() && !state.is_held(from))
            }
            What::Close(end) => {
                after.holds[worker][end] = false;
                true
            }
            What::Gone => {
                after.holds[worker] = [false; 2];
                true
            }
        };
        if is_possible { vec![after] } else { Vec::new() }
    }

    /// Every message that a receive can take: the first one, or any where no order is promised.
    fn receive(&self, state: &State, from: usize, key: Option<(i64, u64)>) -> Vec<State> {
        let most = if self.promise == Promise::Order { 1 } else { usize::MAX };
        let mut all = Vec::new();
        for index in 0..state.queues[from].len().min(most) {
            let (sender, number, found) = state.queues[from][index];
            let mut after = state.clone();
            after.queues[from].remove(index);
            let ordered = self.promise == Promise::Whole && self.alone[from] && key.is_some();
            if key.is_some_and(|key| key != found) || (ordered && number < state.last[from][sender]) {
                continue;
            }
            if ordered {
                after.last[from][sender] = number;
            }
            all.push(after);
        }
        all
    }
}

impl State {
    fn is_held(&self, end: usize) -> bool {
        self.holds.iter().any(|holds| holds[end])
    }
}
