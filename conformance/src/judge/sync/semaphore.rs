//! A semaphore: a number of permits, bounded or not.
//!
//! An acquire takes one, and waits while there is none; a release brings one, by whomever. A bounded
//! semaphore refuses what would bring it above its first value.
//!
//! The permits of a process that was killed come back, as far as the first value has room for them
//! beside those that are there and those that others have; an acquire may be told so, once for each
//! death. Whoever releases without having acquired gives back what somebody else has taken, a dead one
//! first, so that a semaphore which hands over from one process to another brings none back.

use procession_contract::{Answer, Call, ObjectKind, Outcome, Scalar, Step};

use super::super::just_in_time::{Config, Lane, Model, Now, Op, What, phase};
use super::{Read, Run, Take, Words, is_of_its_own, limit, scene, spec, verdict};
use crate::history::WorkerEnd;
use crate::verdict::{FailureKind, Verdict};

/// The most permits that a semaphore of the platform has.
const MOST: i64 = i32::MAX as i64;

/// Inside a scope.
const INSIDE: u8 = 2;

/// The state of a semaphore.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    value: i64,
    /// What each process has taken more than it has brought, if one of them dies or ends.
    taken: Vec<i64>,
    /// Permits of the dead that have not come back yet.
    owed: i64,
    /// How many deaths may still be told.
    untold: u32,
}

/// A call on a semaphore.
#[derive(Clone, Debug)]
enum Doing {
    Acquire(Take),
    /// So many at once; whether it was accepted.
    Release(i64, Option<bool>),
    Scope(Take),
    Permits(Option<i64>),
    Nothing,
    Impossible,
}

struct Semaphore {
    initial: i64,
    bounded: bool,
    /// The account of each lane: its process, by number; nothing if no process dies or ends.
    accounts: Vec<usize>,
}

pub fn judge(run: &Run, name: &str) -> Verdict {
    let (value, bounded) = match spec(run.program, name).map(|object| &object.kind) {
        Some(ObjectKind::Semaphore { value }) => (value, false),
        Some(ObjectKind::BoundedSemaphore { value }) => (value, true),
        other => {
            return Verdict::Unresolved(format!(
                "the judge of `{name}` knows semaphores, not {:?}",
                other.map(ObjectKind::name)
            ));
        }
    };
    let initial = match value {
        None => 1,
        Some(Scalar::Int(value)) if (0..=MOST).contains(value) => *value,
        Some(other) => {
            return Verdict::Unresolved(format!("no semaphore begins with {other:?} permits"));
        }
    };
    let scene = scene(run, |_, step: &Step, answer| (step.on == name).then(|| read(step, answer)));
    let account = |worker: &usize| {
        let process = run.process_of(*worker);
        scene.workers.iter().position(|other| run.process_of(*other) == process).unwrap_or(0)
    };
    let ends_with_some = (0..scene.workers.len())
        .filter(|lane| run.end(run.process_of(scene.workers[*lane])) == WorkerEnd::Finished)
        .any(|lane| has_some_at_its_end(&scene.ops, lane));
    let accounts = match scene.dies.contains(&true) || ends_with_some {
        true => scene.workers.iter().map(account).collect(),
        false => Vec::new(),
    };
    let model = Semaphore { initial, bounded, accounts };
    verdict(run, &model, &scene)
}

/// Whether a worker's last account is not even: then its permits may come back at its end.
fn has_some_at_its_end(ops: &[Op<Doing>], lane: usize) -> bool {
    let mut taken = 0i64;
    for op in ops.iter().filter(|op| op.lane == lane) {
        match op.what {
            What::Call(Doing::Acquire(Take::Got | Take::Told)) => taken += 1,
            What::Call(Doing::Release(n, Some(true))) => taken = (taken - n).max(0),
            _ => {}
        }
    }
    taken > 0
}

fn read(step: &Step, answer: Option<&Answer>) -> Read<Doing> {
    let plain = |call| Read { call, limit_ms: None, gave_up: false };
    match &step.call {
        Call::Acquire { block, timeout_ms } => {
            let take = Take::of(answer, !block || timeout_ms.is_some());
            let limit_ms = limit(*block, *timeout_ms);
            Read { call: Doing::Acquire(take), limit_ms, gave_up: take == Take::Missed }
        }
        Call::Release { n } => plain(match answer.map(|answer| answer.outcome) {
            None => Doing::Release(n.unwrap_or(1), None),
            Some(Outcome::Ok) => Doing::Release(n.unwrap_or(1), Some(true)),
            Some(Outcome::OverRelease) => Doing::Release(n.unwrap_or(1), Some(false)),
            Some(outcome) if is_of_its_own(outcome) => Doing::Nothing,
            Some(_) => Doing::Impossible,
        }),
        Call::Scope { .. } => plain(Doing::Scope(match Take::of(answer, false) {
            Take::Impossible => Take::Got,
            take => take,
        })),
        Call::Permits => plain(match answer.map(|answer| answer.outcome) {
            None | Some(Outcome::Ok) => Doing::Permits(answer.map(|answer| answer.value)),
            Some(outcome) if is_of_its_own(outcome) => Doing::Nothing,
            Some(_) => Doing::Impossible,
        }),
        _ => plain(Doing::Nothing),
    }
}

impl Semaphore {
    fn exceeds(&self, value: i64, n: i64) -> bool {
        let bound = if self.bounded { self.initial } else { MOST };
        value + n > bound
    }

    /// The states after an acquire, if there is a permit.
    fn taken(&self, state: &State, lane: usize, take: Take) -> Vec<State> {
        let mut states = Vec::new();
        if state.value > 0 && matches!(take, Take::Got | Take::Unknown) {
            states.push(State { value: state.value - 1, ..state.clone() });
        }
        if state.value > 0 && state.untold > 0 && matches!(take, Take::Told | Take::Unknown) {
            states.push(State { value: state.value - 1, untold: state.untold - 1, ..state.clone() });
        }
        if let Some(account) = self.accounts.get(lane) {
            states.iter_mut().for_each(|state| state.taken[*account] += 1);
        }
        states
    }

    /// The states after a release of so many.
    fn brought(&self, state: &State, lane: usize, n: i64) -> Vec<State> {
        let mut states = vec![State { value: state.value + n, ..state.clone() }];
        let Some(&account) = self.accounts.get(lane) else { return states };
        for _ in 0..n {
            states = states.iter().flat_map(|state| given_back(state, account)).collect();
        }
        states
    }

    /// The state when what the dead owe has come back.
    fn restored(&self, state: &State) -> Option<State> {
        let held: i64 = state.taken.iter().sum();
        let back = state.owed.min(self.initial - state.value - held);
        (back > 0).then(|| State { value: state.value + back, owed: 0, ..state.clone() })
    }

    /// Whether another acquire that is like this one returns earlier: then it may as well be first.
    fn has_an_earlier_like(&self, now: &Now<Doing>, config: &Config<State>, lane: usize) -> bool {
        let plain = |lane: usize| matches!(now.call(lane), Some(Doing::Acquire(Take::Got)));
        if !self.accounts.is_empty() || !plain(lane) {
            return false;
        }
        let key = |lane: usize| now.op(lane).map(|op| (op.returned, lane));
        (0..config.lanes.len())
            .any(|other| config.lanes[other].phase == phase::CALLED && plain(other) && key(other) < key(lane))
    }
}

impl Model for Semaphore {
    type State = State;
    type Call = Doing;

    fn first(&self) -> State {
        let accounts = self.accounts.iter().max().map_or(0, |most| most + 1);
        State { value: self.initial, taken: vec![0; accounts], owed: 0, untold: 0 }
    }

    fn settle(&self, now: &Now<Doing>, config: &mut Config<State>) {
        for lane in 0..config.lanes.len() {
            if config.lanes[lane].phase != phase::CALLED {
                continue;
            }
            let Some(call) = now.call(lane) else { continue };
            let value = config.state.value;
            let done = match call {
                Doing::Nothing => true,
                Doing::Acquire(Take::Nothing) | Doing::Scope(Take::Nothing) => true,
                Doing::Acquire(Take::Missed) => value == 0,
                Doing::Release(n, Some(false)) => self.exceeds(value, *n),
                Doing::Permits(seen) => seen.is_none_or(|seen| seen == value),
                _ => false,
            };
            if done {
                config.lanes[lane] = Lane { phase: phase::DONE, note: 0 };
            }
        }
    }

    fn steps(&self, now: &Now<Doing>, config: &Config<State>, lane: usize, found: &mut Vec<Config<State>>) {
        let state = &config.state;
        let Some(call) = now.call(lane) else { return };
        // What the dead owe comes back when somebody looks for it.
        if state.owed > 0
            && let Some(restored) = self.restored(state)
        {
            found.push(Config { state: restored, lanes: config.lanes.clone() });
        }
        match call {
            Doing::Acquire(take) => {
                if self.has_an_earlier_like(now, config, lane) {
                    return;
                }
                let states = self.taken(state, lane, *take);
                found.extend(states.into_iter().map(|state| config.then(state, lane, phase::DONE)));
                if now.waits(lane) && now.is_due(lane) {
                    found.push(config.then(state.clone(), lane, phase::DONE));
                }
            }
            Doing::Scope(take) if config.lanes[lane].phase == phase::CALLED => {
                let states = self.taken(state, lane, *take);
                found.extend(states.into_iter().map(|state| config.then(state, lane, INSIDE)));
            }
            Doing::Scope(_) | Doing::Release(_, Some(true) | None) => {
                let n = if let Doing::Release(n, _) = call { *n } else { 1 };
                if !self.exceeds(state.value, n) {
                    let states = self.brought(state, lane, n);
                    found.extend(states.into_iter().map(|state| config.then(state, lane, phase::DONE)));
                } else if matches!(call, Doing::Release(_, None)) {
                    found.push(config.then(state.clone(), lane, phase::DONE));
                }
            }
            Doing::Release(..) | Doing::Permits(_) | Doing::Nothing | Doing::Impossible => {}
        }
    }

    fn death(
        &self,
        mut config: Config<State>,
        lanes: &[usize],
        _now: &Now<Doing>,
        found: &mut Vec<Config<State>>,
    ) {
        config.state = self.left(&config.state, lanes).unwrap_or(config.state);
        found.push(config);
    }

    fn exit(&self, state: &State, lanes: &[usize]) -> Option<State> {
        self.left(state, lanes)
    }
}

impl Semaphore {
    /// The state after the end of a process that had taken more than it had brought.
    fn left(&self, state: &State, lanes: &[usize]) -> Option<State> {
        let mut next = state.clone();
        let accounts = lanes.iter().filter_map(|lane| self.accounts.get(*lane));
        let owed: i64 = accounts.map(|account| std::mem::take(&mut next.taken[*account])).sum();
        (owed > 0).then(|| State { owed: state.owed + owed, untold: state.untold + 1, ..next })
    }
}

/// The accounts after one permit was brought by a process: its own, else that of a dead one, else that
/// of anybody who has taken one.
fn given_back(state: &State, account: usize) -> Vec<State> {
    let mut next = state.clone();
    if state.taken[account] > 0 {
        next.taken[account] -= 1;
        return vec![next];
    }
    if state.owed > 0 {
        next.owed -= 1;
        return vec![next];
    }
    let others = (0..state.taken.len()).filter(|other| state.taken[*other] > 0);
    let mut states: Vec<State> = others
        .map(|other| {
            let mut next = state.clone();
            next.taken[other] -= 1;
            next
        })
        .collect();
    if states.is_empty() {
        states.push(next);
    }
    states
}

impl Words for Semaphore {
    fn kind(&self, call: &Doing) -> FailureKind {
        match call {
            Doing::Acquire(take) | Doing::Scope(take) => take.kind(),
            Doing::Permits(_) => FailureKind::WrongValue,
            Doing::Release(..) | Doing::Nothing | Doing::Impossible => FailureKind::WrongOutcome,
        }
    }

    fn stands(&self, config: &Config<State>, _name: &dyn Fn(usize) -> String) -> (String, Vec<usize>) {
        let permits = match config.state.value {
            1 => "there is one permit".to_owned(),
            value => format!("there are {value} permits"),
        };
        let owed = match config.state.owed {
            0 => String::new(),
            owed => format!(" and {owed} of processes that died"),
        };
        (permits + &owed, Vec::new())
    }
}
