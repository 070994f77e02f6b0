//! The conditions of a monitor: who waits, who was notified, and who was not.
//!
//! A wait gives up the lock, however often it is held, and begins to wait in one step. A notification
//! of `n` wakes exactly `n` of those who wait, or all if they are fewer, and nobody else; whoever gave
//! up before that is no longer one of them. A notifier that is killed may have woken fewer. A waiter has the lock back before it returns. If one that
//! was notified is killed before it has the lock, its notification goes to another one that waited at
//! the time. If the lock's holder is killed while everybody waits, a waiter may take it over.

use procession_contract::{Answer, Outcome};

use super::super::just_in_time::{Config, Lane, Now, phase};
use super::monitor::{Doing, Hold, Monitor, State};
use super::{Take, is_of_its_own};
use crate::verdict::FailureKind;

/// The lock was given up, and nobody has notified it yet.
const WAITING: u8 = 2;
/// It was notified, and needs the lock.
const NOTIFIED: u8 = 3;
/// It has given up, and needs the lock.
const LATE: u8 = 4;
/// Its predicate was false, but it has not begun to wait.
const CHECKED: u8 = 5;
/// It has the lock back and is to ask its predicate again.
const BACK: u8 = 6;
/// The same, after it gave up.
const BACK_LATE: u8 = 7;

/// In a note: below stand the lanes that waited when this one was notified.
const DEPTH: u32 = 32;
/// In a note: it was told of a death.
const TOLD: u64 = 1 << 63;

/// A wait with its answer.
#[derive(Clone, Debug)]
pub struct Wait {
    end: End,
    /// Whether it ever gives up.
    limited: bool,
    /// Whether it gives up at once.
    at_once: bool,
    /// The word that its predicate asks, and what it must be at least.
    predicate: Option<(usize, i64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its value was 1.
    Woken,
    /// Its value was 0.
    GaveUp,
    /// It was told of a death; with its value.
    Told(bool),
    /// It was refused, since the caller does not hold the lock.
    Refused,
    /// A signal's function raised an error in the middle.
    Interrupted,
    /// It did nothing, for a reason of its own.
    Nothing,
    Unknown,
    Impossible,
}

impl Wait {
    /// Reads a wait, with a predicate or without.
    pub fn of(answer: Option<&Answer>, timeout_ms: Option<i64>, predicate: Option<(usize, i64)>) -> Wait {
        let end = match answer.map(|answer| (answer.outcome, answer.value)) {
            None => End::Unknown,
            Some((Outcome::Ok, 1)) => End::Woken,
            Some((Outcome::Ok, 0) | (Outcome::Timeout, _)) if timeout_ms.is_some() => End::GaveUp,
            Some((Outcome::OwnerDied, value)) => End::Told(value == 1),
            Some((Outcome::NotOwner | Outcome::Misuse, _)) => End::Refused,
            Some((Outcome::Interrupted, _)) => End::Interrupted,
            Some((outcome, _)) if is_of_its_own(outcome) => End::Nothing,
            Some(_) => End::Impossible,
        };
        let at_once = timeout_ms.is_some_and(|ms| ms <= 0);
        Wait { end, limited: timeout_ms.is_some(), at_once, predicate }
    }

    /// Whether its answer says that its time was over.
    pub fn gave_up(&self) -> bool {
        self.end == End::GaveUp
    }

    /// What kind of failure it is that nothing explains it.
    pub fn kind(&self) -> FailureKind {
        match self.end {
            End::Woken => FailureKind::DidNotBlock,
            _ => FailureKind::WrongOutcome,
        }
    }

    /// Whether it may be woken by a notification.
    fn may_be_woken(&self) -> bool {
        match self.end {
            End::Woken | End::Told(true) | End::Unknown => true,
            // A predicate may be false after each of several notifications.
            End::GaveUp | End::Told(false) | End::Interrupted => self.predicate.is_some(),
            End::Refused | End::Nothing | End::Impossible => false,
        }
    }

    fn may_give_up(&self) -> bool {
        match self.end {
            End::GaveUp | End::Unknown | End::Told(_) => self.limited,
            // A predicate may have come true just when the time was over.
            End::Woken => self.limited && self.predicate.is_some(),
            End::Interrupted => true,
            End::Refused | End::Nothing | End::Impossible => false,
        }
    }
}

impl Monitor {
    fn is_true(&self, state: &State, predicate: Option<(usize, i64)>, wanted: bool) -> bool {
        match predicate {
            Some(_) if self.vague_words => true,
            Some((index, least)) => (state.words[index] >= least) == wanted,
            None => false,
        }
    }

    /// Whether a wait that has only been called can return without having waited.
    pub fn wait_is_over(&self, state: &State, lane: usize, wait: &Wait) -> bool {
        let owns = Monitor::owns(state.hold, lane);
        match wait.end {
            End::Nothing => true,
            End::Refused => !owns && (wait.predicate.is_none() || self.is_true(state, wait.predicate, false)),
            // Without the lock it cannot have done anything else; with it, it may have waited as well.
            End::Woken => !owns && self.is_true(state, wait.predicate, true),
            _ => false,
        }
    }

    /// The steps of a wait.
    pub fn wait_steps(
        &self,
        now: &Now<Doing>,
        config: &Config<State>,
        lane: usize,
        wait: &Wait,
        found: &mut Vec<Config<State>>,
    ) {
        let Lane { phase: at, note } = config.lanes[lane];
        let hold = config.state.hold;
        let with = |hold: Hold, phase: u8, note: u64| {
            let mut next = config.clone();
            next.state.hold = hold;
            next.lanes[lane] = Lane { phase, note };
            next
        };
        let begin = |note: u64, found: &mut Vec<Config<State>>| {
            if let Hold::Held(owner, depth) = hold
                && usize::from(owner) == lane
            {
                found.push(with(Hold::Free, WAITING, note & TOLD | u64::from(depth) << DEPTH));
            }
        };
        match at {
            phase::CALLED => {
                let may_begin = !matches!(wait.end, End::Refused | End::Impossible);
                match wait.predicate {
                    None if may_begin => begin(0, found),
                    Some(_) if may_begin && self.is_true(&config.state, wait.predicate, false) => {
                        found.push(with(hold, CHECKED, 0));
                    }
                    _ => {}
                }
                // It returns when it sees that its predicate is true, or, pending, that it may not wait.
                let returns = match (wait.end, wait.predicate) {
                    (End::Unknown | End::Woken, Some(_)) => self.is_true(&config.state, wait.predicate, true),
                    (End::Unknown, None) => !Monitor::owns(hold, lane),
                    _ => false,
                };
                if returns {
                    found.push(with(hold, phase::DONE, 0));
                }
            }
            CHECKED => {
                begin(note, found);
                if wait.end == End::Unknown && !Monitor::owns(hold, lane) {
                    found.push(with(hold, phase::DONE, 0));
                }
            }
            WAITING => {
                let due = now.is_due(lane) || wait.at_once || wait.end == End::Interrupted;
                if due && wait.may_give_up() {
                    found.push(with(hold, LATE, note));
                }
                let told = matches!(wait.end, End::Told(false) | End::Unknown);
                // What a process left held at its own end may also stay so: nobody need go on for it.
                let orphaned = hold == Hold::Dead || (hold == Hold::Left && !now.ought_to_go_on(lane));
                if orphaned && (told || wait.predicate.is_some()) {
                    let mine = Hold::Held(lane as u8, (note >> DEPTH) as u32 & 0x7fff_ffff);
                    found.push(match wait.predicate {
                        None => with(mine, phase::DONE, 0),
                        Some(_) => with(mine, BACK, TOLD),
                    });
                }
            }
            NOTIFIED | LATE => self.take_back(now, config, lane, wait, found),
            BACK | BACK_LATE => {
                let late = at == BACK_LATE || now.is_due(lane) || wait.at_once;
                let told = note & TOLD != 0;
                let is_true = self.is_true(&config.state, wait.predicate, true);
                let is_false = self.is_true(&config.state, wait.predicate, false);
                let over = match wait.end {
                    End::Woken => is_true && !told,
                    End::GaveUp => is_false && late && !told,
                    End::Told(true) => is_true && told,
                    End::Told(false) => is_false && told,
                    End::Unknown => is_true || late,
                    _ => false,
                };
                if over {
                    found.push(with(hold, phase::DONE, 0));
                }
                if is_false && at == BACK {
                    begin(note, found);
                }
            }
            _ => {}
        }
    }

    /// A waiter that was notified, or has given up, has the lock again as often as before.
    fn take_back(
        &self,
        now: &Now<Doing>,
        config: &Config<State>,
        lane: usize,
        wait: &Wait,
        found: &mut Vec<Config<State>>,
    ) {
        let Lane { phase: at, note } = config.lanes[lane];
        let take = match (wait.end, wait.predicate) {
            (End::Told(_), None) => Take::Told,
            (End::Woken | End::GaveUp | End::Interrupted, None) => Take::Got,
            // Told or not, of several times that it takes the lock back.
            _ => Take::Unknown,
        };
        let mut takes = vec![take];
        if take == Take::Unknown && config.state.hold == Hold::Left {
            takes.push(Take::Told);
        }
        for take in takes {
            if config.state.hold != Hold::Free && matches!(config.state.hold, Hold::Held(..)) {
                continue;
            }
            let Some(Hold::Held(owner, _)) = self.taken(config.state.hold, lane, take, now.waits(lane))
            else {
                continue;
            };
            let depth = (note >> DEPTH) as u32 & 0x7fff_ffff;
            let told = note & TOLD != 0 || config.state.hold != Hold::Free;
            let mut next = config.clone();
            next.state.hold = Hold::Held(owner, depth);
            let fits = match wait.end {
                End::Woken | End::Told(true) => at == NOTIFIED,
                End::GaveUp | End::Told(false) => at == LATE,
                _ => true,
            };
            let (phase, note) = match (wait.predicate, at) {
                (None, _) if fits => (phase::DONE, 0),
                (None, _) => continue,
                (Some(_), _) if wait.end == End::Interrupted && at == LATE => (phase::DONE, 0),
                (Some(_), NOTIFIED) => (BACK, if told { TOLD } else { 0 }),
                (Some(_), _) => (BACK_LATE, if told { TOLD } else { 0 }),
            };
            next.lanes[lane] = Lane { phase, note };
            found.push(next);
        }
    }

    /// The ways in which a notification can choose among those who wait.
    pub fn notify_steps(
        &self,
        now: &Now<Doing>,
        config: &Config<State>,
        lane: usize,
        (number, most): (u8, u32),
        accepted: Option<bool>,
        found: &mut Vec<Config<State>>,
    ) {
        let mut done = config.clone();
        done.lanes[lane] = Lane { phase: phase::DONE, note: 0 };
        if !Monitor::owns(config.state.hold, lane) {
            if accepted.is_none() {
                found.push(done);
            }
            return;
        }
        if accepted == Some(false) {
            return;
        }
        let waiting = |lane: &usize| {
            config.lanes[*lane].phase == WAITING
                && matches!(now.call(*lane), Some(Doing::Wait(other, _)) if *other == number)
        };
        let wait = |lane: usize| match now.call(lane) {
            Some(Doing::Wait(_, wait)) => Some(wait),
            _ => None,
        };
        let all: Vec<usize> = (0..config.lanes.len()).filter(waiting).collect();
        let wanted = all.len().min(usize::try_from(most).unwrap_or(usize::MAX));
        let mut eligible: Vec<usize> =
            all.iter().copied().filter(|lane| wait(*lane).is_some_and(Wait::may_be_woken)).collect();
        // Who never returned may have been killed in the middle, with some notified and some not.
        let least = if accepted.is_none() { 0 } else { wanted };
        if eligible.len() < least {
            return;
        }
        let alike = eligible.iter().all(|lane| wait(*lane).is_some_and(|wait| wait.predicate.is_none()));
        if self.exchangeable && alike {
            // If two wait, and the one that returns later was notified first, they may change places.
            eligible.sort_by_key(|lane| now.op(*lane).map(|op| (op.returned, *lane)));
            eligible.truncate(wanted);
        }
        let mask = |lanes: &[usize]| {
            lanes.iter().filter(|lane| **lane < 32).fold(0u64, |mask, lane| mask | 1 << lane)
        };
        let everybody = mask(&all);
        for count in least..=wanted.min(eligible.len()) {
            each_choice(&eligible, count, &mut Vec::new(), &mut |chosen| {
                let mut next = done.clone();
                let heirs = if self.exchangeable { 0 } else { everybody & !mask(chosen) };
                for lane in chosen {
                    let note = next.lanes[*lane].note & !u64::from(u32::MAX) | heirs;
                    next.lanes[*lane] = Lane { phase: NOTIFIED, note };
                }
                found.push(next);
            });
        }
    }
}

/// Calls `each` with every choice of so many of these.
fn each_choice(from: &[usize], count: usize, chosen: &mut Vec<usize>, each: &mut impl FnMut(&[usize])) {
    if count == 0 {
        each(chosen);
        return;
    }
    for index in 0..(from.len() + 1).saturating_sub(count) {
        chosen.push(from[index]);
        each_choice(&from[index + 1..], count - 1, chosen, each);
        chosen.pop();
    }
}

/// Waiters that died although they were notified leave that to others which waited at the time.
pub fn hand_on(config: Config<State>, dead: &[usize], now: &Now<Doing>, found: &mut Vec<Config<State>>) {
    let mut open = vec![config];
    for lane in dead {
        let mut after = Vec::new();
        for config in open {
            let Lane { phase: at, note } = config.lanes[*lane];
            let number = |lane: usize| match now.call(lane) {
                Some(Doing::Wait(number, _)) => Some(*number),
                _ => None,
            };
            let heirs: Vec<usize> = (0..config.lanes.len().min(32))
                .filter(|heir| {
                    at == NOTIFIED
                        && note & 1 << heir != 0
                        && config.lanes[*heir].phase == WAITING
                        && !dead.contains(heir)
                        && number(*heir) == number(*lane)
                })
                .collect();
            if heirs.is_empty() {
                after.push(config);
                continue;
            }
            for heir in &heirs {
                let may_be_woken =
                    matches!(now.call(*heir), Some(Doing::Wait(_, wait)) if wait.may_be_woken());
                if may_be_woken {
                    let mut next = config.clone();
                    let others = note & u64::from(u32::MAX) & !(1 << heir);
                    let own = next.lanes[*heir].note & !u64::from(u32::MAX);
                    next.lanes[*heir] = Lane { phase: NOTIFIED, note: own | others };
                    next.lanes[*lane].phase = phase::GONE;
                    after.push(next);
                }
            }
        }
        open = after;
    }
    found.extend(open);
}

/// Says who waits.
pub fn tell(
    config: &Config<State>,
    name: &dyn Fn(usize) -> String,
    stands: &mut String,
    lanes: &mut Vec<usize>,
) {
    for (at, words) in [(WAITING, "waits, not notified"), (NOTIFIED, "was notified"), (LATE, "has given up")]
    {
        for lane in (0..config.lanes.len()).filter(|lane| config.lanes[*lane].phase == at) {
            *stands += &format!(", {} {words}", name(lane));
            lanes.push(lane);
        }
    }
}
