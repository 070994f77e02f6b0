//! A semaphore: a number of permits, bounded or not.
//!
//! An acquire takes one, and waits while there is none; a release brings one, by whomever. A bounded
//! semaphore refuses what would bring it above its first value. The permits of a process that was
//! killed come back, but never above the first value; whoever acquires next is told.

use procession_contract::{Answer, Call, ObjectKind, Outcome, Scalar, Step};

use super::super::just_in_time::{Config, Lane, Model, Now, phase};
use super::{Read, Run, Take, Words, limit, scene, spec, verdict};
use crate::verdict::{FailureKind, Verdict};

/// The most permits that a semaphore of the platform has.
const MOST: i64 = i32::MAX as i64;

/// Inside a scope.
const INSIDE: u8 = 2;

/// The state of a semaphore.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    value: i64,
    /// What each lane whose process dies has taken more than it has brought.
    net: Vec<i64>,
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
}

struct Semaphore {
    initial: i64,
    bounded: bool,
    dies: Vec<bool>,
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
    let model = Semaphore { initial, bounded, dies: scene.dies.clone() };
    verdict(run, &model, &scene)
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
            Some(_) => Doing::Nothing,
        }),
        Call::Scope { .. } => plain(Doing::Scope(match Take::of(answer, false) {
            Take::Impossible => Take::Got,
            take => take,
        })),
        Call::Permits => {
            let seen = answer.filter(|answer| answer.outcome == Outcome::Ok).map(|answer| answer.value);
            plain(Doing::Permits(seen))
        }
        _ => plain(Doing::Nothing),
    }
}

impl Semaphore {
    fn exceeds(&self, value: i64, n: i64) -> bool {
        let bound = if self.bounded { self.initial } else { MOST };
        value + n > bound
    }

    fn count(&self, state: &mut State, lane: usize, taken: i64) {
        if self.dies[lane] {
            state.net[lane] += taken;
        }
    }

    /// The states after an acquire, if there is a permit.
    fn taken(&self, state: &State, lane: usize, take: Take) -> Vec<State> {
        let mut states = Vec::new();
        if state.value > 0 && matches!(take, Take::Got | Take::Unknown) {
            let mut next = state.clone();
            next.value -= 1;
            states.push(next);
        }
        if state.value > 0 && state.untold > 0 && matches!(take, Take::Told | Take::Unknown) {
            let mut next = state.clone();
            next.value -= 1;
            next.untold -= 1;
            states.push(next);
        }
        states.iter_mut().for_each(|state| self.count(state, lane, 1));
        states
    }

    /// The state when what the dead owe has come back.
    fn restored(&self, state: &State) -> Option<State> {
        let back = state.owed.min(self.initial - state.value);
        (back > 0).then(|| State { value: state.value + back, owed: 0, ..state.clone() })
    }

    /// Whether another acquire that is like this one returns earlier: then it may as well be first.
    fn has_an_earlier_like(&self, now: &Now<Doing>, config: &Config<State>, lane: usize) -> bool {
        let plain = |lane: usize| matches!(now.call(lane), Some(Doing::Acquire(Take::Got)));
        if self.dies.contains(&true) || !plain(lane) {
            return false;
        }
        let key = |lane: usize| now.op(lane).map(|op| (op.returned, lane));
        (0..self.dies.len())
            .any(|other| config.lanes[other].phase == phase::CALLED && plain(other) && key(other) < key(lane))
    }
}

impl Model for Semaphore {
    type State = State;
    type Call = Doing;

    fn first(&self) -> State {
        State { value: self.initial, net: vec![0; self.dies.len()], owed: 0, untold: 0 }
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
                    let mut next = state.clone();
                    next.value += n;
                    self.count(&mut next, lane, -n);
                    found.push(config.then(next, lane, phase::DONE));
                } else if matches!(call, Doing::Release(_, None)) {
                    found.push(config.then(state.clone(), lane, phase::DONE));
                }
            }
            Doing::Release(..) | Doing::Permits(_) | Doing::Nothing => {}
        }
    }

    fn death(
        &self,
        mut config: Config<State>,
        lanes: &[usize],
        _now: &Now<Doing>,
        found: &mut Vec<Config<State>>,
    ) {
        let net: i64 = lanes.iter().map(|lane| std::mem::take(&mut config.state.net[*lane])).sum();
        if net > 0 {
            config.state.owed += net;
            config.state.untold += 1;
        }
        found.push(config);
    }
}

impl Words for Semaphore {
    fn kind(&self, call: &Doing) -> FailureKind {
        match call {
            Doing::Acquire(take) | Doing::Scope(take) => take.kind(),
            Doing::Permits(_) => FailureKind::WrongValue,
            Doing::Release(..) | Doing::Nothing => FailureKind::WrongOutcome,
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
