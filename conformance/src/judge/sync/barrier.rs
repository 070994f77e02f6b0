//! A barrier: rounds in which so many parties arrive, and none passes before the last.
//!
//! Each party of a round has an index of its own below their number. A wait that runs out of time, an
//! abort, an action that fails and a party that dies break the barrier: whoever waits, and whoever
//! comes, is told so, until a reset. A reset tells those who wait, and nobody later. A party that was
//! let through but has not left yet may still be told of an abort or a reset that comes at once.
//!
//! Whoever is killed in an abort or a reset may leave it half done: those who find it so, a little later,
//! break the barrier.

use procession_contract::{ActionEnd, Answer, Call, ObjectKind, Outcome, Step};

use super::super::just_in_time::{Config, Lane, Model, Now, phase};
use super::{Read, Run, Words, is_of_its_own, scene, spec, verdict};
use crate::verdict::{FailureKind, Verdict};

/// It has arrived.
const ARRIVED: u8 = 2;
/// It may pass.
const RELEASED: u8 = 3;

/// The state of a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    broken: bool,
    /// How many have arrived in this round.
    arrived: u32,
    /// How many of them have died since.
    dead: u32,
    /// Whether an abort or a reset was left half done.
    half_done: bool,
}

impl State {
    /// Whether the next one who looks may find that the barrier is to break.
    fn is_to_break(self) -> bool {
        self.dead > 0 || self.half_done
    }
}

/// A call on a barrier.
#[derive(Clone, Debug)]
enum Doing {
    Await { end: End, limited: bool, at_once: bool },
    Abort,
    Reset,
    Parties(Option<i64>),
    Waiting(Option<i64>),
    Broken(Option<bool>),
    Nothing,
    Impossible,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It passed, with this index.
    Passed(i64),
    Broken,
    /// It ran the action, which failed.
    ActionFailed,
    Unknown,
    Nothing,
    Impossible,
}

struct Barrier {
    parties: u32,
    action: Option<ActionEnd>,
}

pub fn judge(run: &Run, name: &str) -> Verdict {
    let Some(ObjectKind::Barrier { parties, timeout_ms, action }) =
        spec(run.program, name).map(|object| &object.kind)
    else {
        return Verdict::Unresolved(format!("the judge of `{name}` knows barriers only"));
    };
    let Some(parties) = u32::try_from(*parties).ok().filter(|parties| *parties > 0) else {
        return Verdict::Unresolved(format!("nothing is promised of a barrier for {parties} parties"));
    };
    let model = Barrier { parties, action: action.map(|action| action.then) };
    let scene =
        scene(run, |_, step: &Step, answer| (step.on == name).then(|| read(step, answer, *timeout_ms)));
    verdict(run, &model, &scene)
}

fn read(step: &Step, answer: Option<&Answer>, default_ms: Option<i64>) -> Read<Doing> {
    let plain = |call| Read { call, limit_ms: None, gave_up: false };
    let value = answer.filter(|answer| answer.outcome == Outcome::Ok).map(|answer| answer.value);
    let did = answer.is_none_or(|answer| answer.outcome == Outcome::Ok);
    match &step.call {
        Call::Await { timeout_ms } => {
            let limit_ms = timeout_ms.or(default_ms);
            let end = match answer.map(|answer| answer.outcome) {
                None => End::Unknown,
                Some(Outcome::Ok) => End::Passed(value.unwrap_or(-1)),
                Some(Outcome::BrokenBarrier) => End::Broken,
                Some(Outcome::ActionFailed) => End::ActionFailed,
                Some(outcome) if is_of_its_own(outcome) => End::Nothing,
                Some(_) => End::Impossible,
            };
            let at_once = limit_ms.is_some_and(|ms| ms <= 0);
            let call = Doing::Await { end, limited: limit_ms.is_some(), at_once };
            Read { call, limit_ms, gave_up: false }
        }
        Call::Abort if did => plain(Doing::Abort),
        Call::Reset if did => plain(Doing::Reset),
        Call::Parties if did => plain(Doing::Parties(value)),
        Call::Waiting if did => plain(Doing::Waiting(value)),
        Call::Broken if did => plain(Doing::Broken(value.map(|value| value == 1))),
        _ => plain(match answer.is_none_or(|answer| is_of_its_own(answer.outcome)) {
            true => Doing::Nothing,
            false => Doing::Impossible,
        }),
    }
}

/// How a lane's wait ended.
fn end_of(now: &Now<Doing>, lane: usize) -> Option<End> {
    match now.call(lane) {
        Some(Doing::Await { end, .. }) => Some(*end),
        _ => None,
    }
}

impl Barrier {
    /// Tells everybody who has arrived that the barrier is broken; nothing if one of them was told
    /// something else.
    fn tell_broken(&self, now: &Now<Doing>, mut config: Config<State>) -> Option<Config<State>> {
        for lane in 0..config.lanes.len() {
            if config.lanes[lane].phase != ARRIVED {
                continue;
            }
            if !matches!(end_of(now, lane), Some(End::Broken | End::Unknown)) {
                return None;
            }
            config.lanes[lane] = Lane { phase: phase::DONE, note: 0 };
        }
        config.state = State { arrived: 0, dead: 0, half_done: false, ..config.state };
        Some(config)
    }

    fn broken(&self, now: &Now<Doing>, config: Config<State>) -> Option<Config<State>> {
        let mut next = self.tell_broken(now, config)?;
        next.state.broken = true;
        Some(next)
    }

    /// Those who may pass but were told of an abort or a reset that came before they left.
    fn tell_the_leaving(&self, now: &Now<Doing>, config: &mut Config<State>) {
        for lane in 0..config.lanes.len() {
            if config.lanes[lane].phase == RELEASED && end_of(now, lane) == Some(End::Broken) {
                config.lanes[lane] = Lane { phase: phase::DONE, note: 0 };
            }
        }
    }

    /// The last party has arrived.
    fn trip(&self, now: &Now<Doing>, config: &Config<State>, found: &mut Vec<Config<State>>) {
        let arrived: Vec<usize> =
            (0..config.lanes.len()).filter(|lane| config.lanes[*lane].phase == ARRIVED).collect();
        match self.action {
            None | Some(ActionEnd::Returns) => {
                let mut indices = 0u64;
                for lane in &arrived {
                    match end_of(now, *lane) {
                        Some(End::Passed(index)) => {
                            let in_range = (0..i64::from(self.parties)).contains(&index);
                            if !in_range || indices >> index.min(63) & 1 == 1 && self.parties <= 63 {
                                return;
                            }
                            indices |= 1 << index.min(63);
                        }
                        Some(End::Broken | End::Unknown) => {}
                        _ => return,
                    }
                }
                let mut next = config.clone();
                next.state = State { arrived: 0, dead: 0, half_done: false, ..next.state };
                for lane in arrived {
                    next.lanes[lane] = Lane { phase: RELEASED, note: 0 };
                }
                found.push(next);
            }
            Some(ActionEnd::Raises) => {
                for runner in arrived {
                    if matches!(end_of(now, runner), Some(End::ActionFailed | End::Unknown)) {
                        let mut next = config.clone();
                        next.lanes[runner] = Lane { phase: phase::DONE, note: 0 };
                        found.extend(self.broken(now, next));
                    }
                }
            }
            Some(ActionEnd::Dies) => {
                for runner in arrived {
                    // Its process is killed, and its call will not return.
                    if end_of(now, runner) == Some(End::Unknown) && !now.waits(runner) {
                        let mut next = config.clone();
                        next.lanes[runner] = Lane { phase: phase::GONE, note: 0 };
                        found.extend(self.broken(now, next));
                    }
                }
            }
        }
    }
}

impl Model for Barrier {
    type State = State;
    type Call = Doing;

    fn first(&self) -> State {
        State { broken: false, arrived: 0, dead: 0, half_done: false }
    }

    fn settle(&self, now: &Now<Doing>, config: &mut Config<State>) {
        let State { broken, arrived, dead, .. } = config.state;
        for lane in 0..config.lanes.len() {
            let Some(call) = now.call(lane) else { continue };
            let done = match (config.lanes[lane].phase, call) {
                (phase::CALLED, Doing::Nothing) => true,
                (phase::CALLED, Doing::Await { end: End::Nothing, .. }) => true,
                (RELEASED, Doing::Await { end: End::Passed(_) | End::Unknown, .. }) => true,
                (phase::CALLED, Doing::Parties(seen)) => {
                    seen.is_none_or(|seen| seen == i64::from(self.parties))
                }
                (phase::CALLED, Doing::Waiting(seen)) => seen.is_none_or(|seen| {
                    let most = if broken { 0 } else { i64::from(arrived) };
                    (most - i64::from(dead).min(most)..=most).contains(&seen)
                }),
                (phase::CALLED, Doing::Broken(seen)) => seen.is_none_or(|seen| seen == broken),
                _ => false,
            };
            if done {
                config.lanes[lane] = Lane { phase: phase::DONE, note: 0 };
            }
        }
    }

    fn steps(&self, now: &Now<Doing>, config: &Config<State>, lane: usize, found: &mut Vec<Config<State>>) {
        let Some(call) = now.call(lane) else { return };
        let mut done = config.clone();
        done.lanes[lane] = Lane { phase: phase::DONE, note: 0 };
        match call {
            Doing::Await { end, limited, at_once } => match config.lanes[lane].phase {
                phase::CALLED if config.state.broken => {
                    if matches!(end, End::Broken | End::Unknown) {
                        found.push(done);
                    }
                }
                phase::CALLED => {
                    if config.state.is_to_break() {
                        found.extend(self.broken(now, config.clone()));
                    }
                    let mut next = config.clone();
                    next.lanes[lane] = Lane { phase: ARRIVED, note: 0 };
                    next.state.arrived += 1;
                    match next.state.arrived == self.parties {
                        true => self.trip(now, &next, found),
                        false => found.push(next),
                    }
                }
                ARRIVED => {
                    let over = *at_once || (*limited && now.is_due(lane));
                    if over || config.state.is_to_break() {
                        found.extend(self.broken(now, config.clone()));
                    }
                }
                _ => {}
            },
            Doing::Abort => {
                self.tell_the_leaving(now, &mut done);
                found.extend(self.broken(now, done));
            }
            Doing::Reset => {
                self.tell_the_leaving(now, &mut done);
                if let Some(mut next) = self.tell_broken(now, done) {
                    next.state.broken = false;
                    found.push(next);
                }
            }
            _ => {}
        }
    }

    fn death(
        &self,
        mut config: Config<State>,
        lanes: &[usize],
        now: &Now<Doing>,
        found: &mut Vec<Config<State>>,
    ) {
        let is_in_the_middle = |lane: &usize| {
            config.lanes[*lane].phase == phase::CALLED
                && matches!(now.call(*lane), Some(Doing::Abort | Doing::Reset))
        };
        if lanes.iter().any(is_in_the_middle) {
            let state = State { half_done: true, ..config.state };
            found.push(Config { state, ..config.clone() });
        }
        let died = lanes.iter().filter(|lane| config.lanes[**lane].phase == ARRIVED).count();
        config.state.dead += died as u32;
        found.push(config);
    }
}

impl Words for Barrier {
    fn kind(&self, call: &Doing) -> FailureKind {
        match call {
            Doing::Await { end: End::Passed(_), .. } => FailureKind::DidNotBlock,
            Doing::Parties(_) | Doing::Waiting(_) | Doing::Broken(_) => FailureKind::WrongValue,
            _ => FailureKind::WrongOutcome,
        }
    }

    fn stands(&self, config: &Config<State>, name: &dyn Fn(usize) -> String) -> (String, Vec<usize>) {
        let State { broken, arrived, dead, .. } = config.state;
        let mut stands = match broken {
            true => "the barrier is broken".to_owned(),
            false => format!("{arrived} of {} parties have arrived", self.parties),
        };
        if dead > 0 {
            stands += &format!(", {dead} of them dead");
        }
        let lanes: Vec<usize> = (0..config.lanes.len())
            .filter(|lane| matches!(config.lanes[*lane].phase, ARRIVED | RELEASED))
            .collect();
        for lane in &lanes {
            let at = if config.lanes[*lane].phase == ARRIVED { "waits" } else { "may pass" };
            stands += &format!(", {} {at}", name(*lane));
        }
        (stands, lanes)
    }
}
