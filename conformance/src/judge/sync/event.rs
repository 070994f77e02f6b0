//! An event: set or clear.
//!
//! A wait returns true if the event was set at any moment of the wait, though it was cleared again at
//! once. It returns false only when its time is over, and only if the event was clear all that time,
//! however the caller's beginning and end were delayed: between the latest moment at which it can have
//! begun to wait and the earliest at which its time can have been over.

use procession_contract::{Answer, Call, ObjectKind, Outcome, Step};

use super::super::just_in_time::{Config, Lane, Model, Now, What, phase};
use super::{Read, Run, Words, is_of_its_own, scene, spec, verdict};
use crate::verdict::{FailureKind, Verdict};

/// The event must stay clear.
const WATCHING: u8 = 2;
/// The event must be clear at some moment.
const LOOKING: u8 = 3;

/// A call on an event.
#[derive(Clone, Debug)]
enum Doing {
    Set,
    Clear,
    IsSet(Option<bool>),
    /// A wait that saw it set.
    Woken,
    /// A wait that gave up, at once or after a time.
    GaveUp {
        /// Whether it only looked.
        at_once: bool,
        /// Whether the event must be clear throughout, or at a moment between its marks.
        throughout: bool,
    },
    /// A wait that has not returned.
    Unknown,
    Nothing,
    Impossible,
}

struct Event;

pub fn judge(run: &Run, name: &str) -> Verdict {
    if !matches!(spec(run.program, name).map(|object| &object.kind), Some(ObjectKind::Event)) {
        return Verdict::Unresolved(format!("the judge of `{name}` knows events only"));
    }
    let mut scene = scene(run, |_, step: &Step, answer| (step.on == name).then(|| read(step, answer)));
    for op in &mut scene.ops {
        if !matches!(op.what, What::Call(Doing::GaveUp { at_once: false, .. })) {
            continue;
        }
        // It began to wait at `began` or before, and its time was over at `over` or later.
        let over = op.due.unwrap_or(op.called).clamp(op.called, op.returned);
        let limit = over - op.called;
        let began = (op.returned - limit).max(op.called);
        op.marks = match began <= over {
            true => vec![began, over],
            // Its end was late, so that nobody knows when it waited: one clear moment is enough.
            false => vec![over, began],
        };
        if let (What::Call(Doing::GaveUp { throughout, .. }), true) = (&mut op.what, began <= over) {
            *throughout = true;
        }
    }
    verdict(run, &Event, &scene)
}

fn read(step: &Step, answer: Option<&Answer>) -> Read<Doing> {
    let plain = |call| Read { call, limit_ms: None, gave_up: false };
    let did = answer.is_none_or(|answer| answer.outcome == Outcome::Ok);
    match &step.call {
        Call::Set if did => plain(Doing::Set),
        Call::Clear if did => plain(Doing::Clear),
        Call::IsSet if did => plain(Doing::IsSet(
            answer.filter(|answer| answer.outcome == Outcome::Ok).map(|answer| answer.value == 1),
        )),
        Call::Await { timeout_ms } => {
            let call = match answer.map(|answer| (answer.outcome, answer.value)) {
                None => Doing::Unknown,
                Some((Outcome::Ok, 1)) => Doing::Woken,
                Some((Outcome::Ok, 0) | (Outcome::Timeout, _)) => match timeout_ms {
                    Some(ms) => Doing::GaveUp { at_once: *ms <= 0, throughout: false },
                    None => Doing::Impossible,
                },
                Some((outcome, _)) if is_of_its_own(outcome) => Doing::Nothing,
                Some(_) => Doing::Impossible,
            };
            let gave_up = matches!(call, Doing::GaveUp { .. });
            Read { call, limit_ms: *timeout_ms, gave_up }
        }
        _ => plain(match answer.is_none_or(|answer| is_of_its_own(answer.outcome)) {
            true => Doing::Nothing,
            false => Doing::Impossible,
        }),
    }
}

impl Model for Event {
    type State = bool;
    type Call = Doing;

    fn first(&self) -> bool {
        false
    }

    fn settle(&self, now: &Now<Doing>, config: &mut Config<bool>) {
        let is_set = config.state;
        for lane in 0..config.lanes.len() {
            let at = config.lanes[lane].phase;
            let Some(call) = now.call(lane) else { continue };
            let done = match (at, call) {
                (phase::CALLED, Doing::Nothing) => true,
                (phase::CALLED, Doing::IsSet(seen)) => seen.is_none_or(|seen| seen == is_set),
                (phase::CALLED, Doing::Woken) => is_set,
                (phase::CALLED, Doing::GaveUp { at_once: true, .. }) | (LOOKING, _) => !is_set,
                _ => false,
            };
            if done {
                config.lanes[lane] = Lane { phase: phase::DONE, note: 0 };
            }
        }
    }

    fn steps(&self, now: &Now<Doing>, config: &Config<bool>, lane: usize, found: &mut Vec<Config<bool>>) {
        if config.lanes[lane].phase != phase::CALLED {
            return;
        }
        match now.call(lane) {
            // Who says that it was clear all the time forbids it.
            Some(Doing::Set) if config.lanes.iter().all(|lane| lane.phase != WATCHING) => {
                found.push(config.then(true, lane, phase::DONE));
            }
            Some(Doing::Clear) => found.push(config.then(false, lane, phase::DONE)),
            Some(Doing::Unknown) if config.state || (now.waits(lane) && now.is_due(lane)) => {
                found.push(config.then(config.state, lane, phase::DONE));
            }
            _ => {}
        }
    }

    fn mark(&self, now: &Now<Doing>, config: &mut Config<bool>, lane: usize, which: usize) -> bool {
        let throughout = matches!(now.call(lane), Some(Doing::GaveUp { throughout: true, .. }));
        let clear = !config.state;
        let lane = &mut config.lanes[lane];
        lane.phase = match (which, throughout) {
            (0, true) if clear => WATCHING,
            (0, false) => LOOKING,
            (1, true) if lane.phase == WATCHING && clear => phase::DONE,
            (1, false) if lane.phase == phase::DONE => phase::DONE,
            _ => return false,
        };
        true
    }
}

impl Words for Event {
    fn kind(&self, call: &Doing) -> FailureKind {
        match call {
            Doing::Woken => FailureKind::DidNotBlock,
            Doing::IsSet(_) => FailureKind::WrongValue,
            _ => FailureKind::WrongOutcome,
        }
    }

    fn stands(&self, config: &Config<bool>, name: &dyn Fn(usize) -> String) -> (String, Vec<usize>) {
        let mut stands = if config.state { "the event is set" } else { "the event is clear" }.to_owned();
        let watching: Vec<usize> =
            (0..config.lanes.len()).filter(|lane| config.lanes[*lane].phase == WATCHING).collect();
        for lane in &watching {
            stands += &format!(", and stays so for {}, which gave up", name(*lane));
        }
        (stands, watching)
    }
}
