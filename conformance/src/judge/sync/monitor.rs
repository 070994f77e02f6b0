//! A lock with everything that shares it: recursive or not, conditions over it, values behind it.
//!
//! The lock is free, or held by a worker so many times, or was held by a process that died. Of a
//! recursive lock only the worker that holds it (a thread of a process) can release it; a plain one
//! anybody releases. An acquire that was refused, or that gave up, found it held at some moment of the
//! call: nobody promises more to one of several who wait.

use std::collections::HashMap;

use procession_contract::{Answer, Call, LockChoice, ObjectKind, Outcome, Step};

use super::super::just_in_time::{Config, Lane, Model, Now, phase};
use super::condition::{self, Wait};
use super::values::{self, Access, Cells};
use super::{Read, Run, Take, Words, is_of_its_own, limit, root_of, scene, spec, verdict};
use crate::verdict::{FailureKind, Verdict};

/// Inside a scope.
const INSIDE: u8 = 20;

/// What the lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not recursive; anybody may release it.
    Plain,
    /// Recursive, and owned.
    Recursive,
    /// There is none: bare storage.
    Bare,
}

/// Who has the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    /// Nobody.
    Free,
    /// The worker of this lane, so many times.
    Held(u8, u32),
    /// A process that was killed while it held it.
    Dead,
    /// A process that ended by itself while it held it.
    Left,
}

/// The state of a monitor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The lock.
    pub hold: Hold,
    /// The shared words that predicates ask.
    pub words: Vec<i64>,
    /// What the values hold.
    pub cells: Cells,
}

/// A call on a monitor.
#[derive(Clone, Debug)]
pub enum Doing {
    /// An acquire.
    Acquire(Take),
    /// A release that went well, was refused, or is pending.
    Release(Option<bool>),
    /// A scope.
    Scope(Take),
    /// A wait on the condition of this number.
    Wait(u8, Wait),
    /// A notification of at most so many waiters of a condition; whether it was accepted.
    Notify(u8, u32, Option<bool>),
    /// A call on a shared word: which, what it adds or swaps in, what it returned.
    Word(usize, WordDo, Option<i64>),
    /// An access to a value, and whether its answer tells of a death.
    Access(Access, Option<bool>),
    /// A call that does nothing.
    Nothing,
    /// A call with an answer that cannot be.
    Impossible,
}

/// What is done to a shared word.
#[derive(Clone, Copy, Debug)]
pub enum WordDo {
    /// It is added to.
    Add(i64),
    /// It is replaced.
    Swap(i64),
    /// It is read.
    Read,
}

/// A monitor.
pub struct Monitor {
    /// What its lock is.
    pub kind: Kind,
    /// Whether any of two waiters may be taken to be notified first.
    pub exchangeable: bool,
    /// Whether something unseen changes the words as well.
    pub vague_words: bool,
    words: usize,
    cells: Cells,
    values: values::Values,
}

pub fn judge(run: &Run, name: &str) -> Verdict {
    let root = root_of(run.program, name);
    let kind = match spec(run.program, root).map(|object| &object.kind) {
        Some(ObjectKind::Lock) => Kind::Plain,
        Some(ObjectKind::Rlock | ObjectKind::Condition { .. }) => Kind::Recursive,
        Some(
            ObjectKind::Value { lock, .. } | ObjectKind::Array { lock, .. } | ObjectKind::Record { lock, .. },
        ) => match lock {
            LockChoice::Raw | LockChoice::Nonsense => Kind::Bare,
            _ => Kind::Recursive,
        },
        other => {
            return Verdict::Unresolved(format!(
                "the judge of `{name}` knows locks, conditions and shared values, not {:?}",
                other.map(ObjectKind::name)
            ));
        }
    };
    let names = Names::of(run, root);
    let mut values = values::Values::default();
    for object in names.objects.keys() {
        if let Some(spec) = spec(run.program, object) {
            values.add(object, &spec.kind);
        }
    }
    values.note_what_is_written(run.program);
    let (cells, words) = (values.first(), names.words.clone());
    let read = |worker: usize, step: &Step, answer: Option<&Answer>| {
        if step.on.is_empty() {
            return word(&words, &step.call, answer);
        }
        let object = names.resolve(worker, &step.on)?;
        Some(read_call(&values, kind, names.objects[object], object, &step.call, answer, &words))
    };
    let scene = scene(run, read);
    if scene.workers.len() > usize::from(u8::MAX) - 2 {
        return Verdict::Unresolved(format!(
            "{} workers use `{name}`, too many to judge",
            scene.workers.len()
        ));
    }
    let vague_words = run.program.objects.iter().any(|object| match &object.kind {
        ObjectKind::Barrier { action: Some(action), .. } => words.contains(&action.word),
        _ => false,
    });
    let exchangeable = kind == Kind::Recursive && !scene.dies.contains(&true);
    let model = Monitor { kind, exchangeable, vague_words, words: words.len(), cells, values };
    verdict(run, &model, &scene)
}

/// The names under which a monitor's objects are called.
struct Names<'a> {
    /// Each object with its number among the conditions.
    objects: HashMap<&'a str, u8>,
    /// Other names that a worker has for an object's lock.
    others: HashMap<(usize, &'a str), &'a str>,
    /// The words that predicates ask.
    words: Vec<u32>,
}

impl<'a> Names<'a> {
    fn of(run: &Run<'a>, root: &str) -> Names<'a> {
        let mut names = Names { objects: HashMap::new(), others: HashMap::new(), words: Vec::new() };
        let created = run.program.lines().filter_map(|(_, line)| match &line.step.call {
            Call::Create { object } => Some(&**object),
            _ => None,
        });
        for object in run.program.objects.iter().chain(created) {
            if root_of(run.program, &object.name) == root {
                let number = names.objects.len() as u8;
                names.objects.insert(&object.name, number);
            }
        }
        for (worker, line) in run.places() {
            let step = &run.line(worker, line).step;
            let Some((&object, _)) = names.objects.get_key_value(step.on.as_str()) else { continue };
            match &step.call {
                Call::GetLock { name } => {
                    names.others.insert((worker, name), object);
                }
                Call::AwaitWord { index, .. } if !names.words.contains(index) => names.words.push(*index),
                _ => {}
            }
        }
        names
    }

    fn resolve(&self, worker: usize, name: &str) -> Option<&'a str> {
        let own = self.objects.get_key_value(name).map(|(name, _)| *name);
        own.or_else(|| {
            self.others
                .iter()
                .find(|((by, other), _)| *by == worker && *other == name)
                .map(|(_, object)| *object)
        })
    }
}

fn word(words: &[u32], call: &Call, answer: Option<&Answer>) -> Option<Read<Doing>> {
    let (index, what) = match call {
        Call::WordAdd { index, amount } => (index, WordDo::Add(*amount)),
        Call::WordSwap { index, value } => (index, WordDo::Swap(*value)),
        Call::WordRead { index } => (index, WordDo::Read),
        _ => return None,
    };
    let index = words.iter().position(|word| word == index)?;
    let call = Doing::Word(index, what, answer.map(|answer| answer.value));
    Some(Read { call, limit_ms: None, gave_up: false })
}

/// Whether an answer says that the call did what it was asked; `None` while there is none.
fn accepted(answer: Option<&Answer>) -> Option<bool> {
    answer.map(|answer| answer.outcome == Outcome::Ok)
}

fn is_refusal(answer: &Answer) -> bool {
    matches!(answer.outcome, Outcome::OverRelease | Outcome::NotOwner | Outcome::Misuse)
}

fn read_call(
    values: &values::Values,
    kind: Kind,
    number: u8,
    object: &str,
    call: &Call,
    answer: Option<&Answer>,
    words: &[u32],
) -> Read<Doing> {
    let plain = |call| Read { call, limit_ms: None, gave_up: false };
    let other = |answer: &Answer| answer.outcome != Outcome::Ok && !is_refusal(answer);
    let reason = |answer: &Answer| match is_of_its_own(answer.outcome) {
        true => Doing::Nothing,
        false => Doing::Impossible,
    };
    match call {
        Call::Acquire { block, timeout_ms } => {
            let take = Take::of(answer, !block || timeout_ms.is_some());
            let limit_ms = limit(*block, *timeout_ms);
            Read { call: Doing::Acquire(take), limit_ms, gave_up: take == Take::Missed }
        }
        Call::Release { .. } | Call::Notify { .. } | Call::NotifyAll if answer.is_some_and(other) => {
            plain(answer.map_or(Doing::Nothing, reason))
        }
        Call::Release { .. } => plain(Doing::Release(accepted(answer))),
        Call::Scope { .. } => plain(Doing::Scope(match Take::of(answer, false) {
            Take::Impossible => Take::Got,
            take => take,
        })),
        Call::Await { timeout_ms } => {
            let wait = Wait::of(answer, *timeout_ms, None);
            Read { gave_up: wait.gave_up(), limit_ms: *timeout_ms, call: Doing::Wait(number, wait) }
        }
        Call::AwaitWord { index, least, timeout_ms } => {
            let index = words.iter().position(|word| word == index).unwrap_or(0);
            let wait = Wait::of(answer, *timeout_ms, Some((index, *least)));
            Read { gave_up: wait.gave_up(), limit_ms: *timeout_ms, call: Doing::Wait(number, wait) }
        }
        Call::Notify { n } => {
            let most = u32::try_from(n.unwrap_or(1).max(0)).unwrap_or(u32::MAX);
            plain(Doing::Notify(number, most, accepted(answer)))
        }
        Call::NotifyAll => plain(Doing::Notify(number, u32::MAX, accepted(answer))),
        Call::Load { .. }
        | Call::Store { .. }
        | Call::Add { .. }
        | Call::LoadSlice { .. }
        | Call::StoreSlice { .. }
            if answer.is_some_and(|answer| !matches!(answer.outcome, Outcome::Ok | Outcome::OwnerDied)) =>
        {
            plain(answer.map_or(Doing::Nothing, reason))
        }
        other => match values.access(object, other, answer, kind == Kind::Bare) {
            Some(access) => {
                let tells = answer.map(|answer| answer.outcome == Outcome::OwnerDied);
                plain(Doing::Access(access, tells))
            }
            None => plain(Doing::Nothing),
        },
    }
}

impl Monitor {
    /// The lock after a worker has taken it in a certain way, if it can.
    pub fn taken(&self, hold: Hold, lane: usize, take: Take, waits: bool) -> Option<Hold> {
        let mine = Hold::Held(lane as u8, 1);
        match (hold, take) {
            (Hold::Free, Take::Got | Take::Unknown) => Some(mine),
            (Hold::Held(owner, depth), Take::Got | Take::Unknown)
                if self.kind == Kind::Recursive && usize::from(owner) == lane =>
            {
                Some(Hold::Held(owner, depth + 1))
            }
            (Hold::Dead | Hold::Left, Take::Told) => Some(mine),
            (Hold::Dead, Take::Unknown) => Some(mine),
            // What a process left held, at its own end, may stay held.
            (Hold::Left, Take::Unknown) => (!waits).then_some(mine),
            _ => None,
        }
    }

    /// The lock after a worker has released it once, if it can.
    fn released(&self, hold: Hold, lane: usize) -> Option<Hold> {
        match (self.kind, hold) {
            (Kind::Recursive, Hold::Held(owner, depth)) if usize::from(owner) == lane => match depth {
                1 => Some(Hold::Free),
                _ => Some(Hold::Held(owner, depth - 1)),
            },
            (Kind::Plain, Hold::Held(..) | Hold::Dead | Hold::Left) => Some(Hold::Free),
            _ => None,
        }
    }

    /// Whether a worker has the lock.
    pub fn owns(hold: Hold, lane: usize) -> bool {
        matches!(hold, Hold::Held(owner, _) if usize::from(owner) == lane)
    }

    fn misses(&self, hold: Hold, lane: usize) -> bool {
        match hold {
            Hold::Free => false,
            Hold::Held(owner, _) => self.kind == Kind::Plain || usize::from(owner) != lane,
            Hold::Dead | Hold::Left => true,
        }
    }
}

impl Model for Monitor {
    type State = State;
    type Call = Doing;

    fn first(&self) -> State {
        State { hold: Hold::Free, words: vec![0; self.words], cells: self.cells.clone() }
    }

    fn settle(&self, now: &Now<Doing>, config: &mut Config<State>) {
        let hold = config.state.hold;
        for lane in 0..config.lanes.len() {
            if config.lanes[lane].phase != phase::CALLED {
                continue;
            }
            let Some(call) = now.call(lane) else { continue };
            let done = match call {
                Doing::Nothing => true,
                Doing::Acquire(Take::Nothing) | Doing::Scope(Take::Nothing) => true,
                Doing::Acquire(Take::Missed) => self.misses(hold, lane),
                Doing::Release(Some(false)) => self.released(hold, lane).is_none(),
                Doing::Notify(_, _, Some(false)) => !Monitor::owns(hold, lane),
                Doing::Wait(_, wait) => self.wait_is_over(&config.state, lane, wait),
                Doing::Word(index, WordDo::Read, seen) => {
                    self.vague_words || seen.is_none_or(|seen| config.state.words[*index] == seen)
                }
                Doing::Access(access, tells) => self.reads_now(&config.state, lane, access, *tells),
                _ => false,
            };
            if done {
                config.lanes[lane] = Lane { phase: phase::DONE, note: 0 };
            }
        }
    }

    fn steps(&self, now: &Now<Doing>, config: &Config<State>, lane: usize, found: &mut Vec<Config<State>>) {
        let (hold, at) = (config.state.hold, config.lanes[lane].phase);
        let with = |hold: Hold, phase: u8| {
            let mut next = config.clone();
            next.state.hold = hold;
            next.lanes[lane] = Lane { phase, note: 0 };
            next
        };
        let waits = now.waits(lane);
        let Some(call) = now.call(lane) else { return };
        match call {
            Doing::Acquire(take) => {
                found.extend(self.taken(hold, lane, *take, waits).map(|hold| with(hold, phase::DONE)));
                // A call with a limit that is over has to return, whatever it finds.
                if waits && now.is_due(lane) {
                    found.push(with(hold, phase::DONE));
                }
            }
            Doing::Scope(take) if at == phase::CALLED => {
                found.extend(self.taken(hold, lane, *take, waits).map(|hold| with(hold, INSIDE)));
            }
            Doing::Scope(_) => {
                found.extend(self.released(hold, lane).map(|hold| with(hold, phase::DONE)));
            }
            Doing::Release(accepted) => {
                let released = self.released(hold, lane);
                match accepted {
                    Some(false) => {}
                    Some(true) => found.extend(released.map(|hold| with(hold, phase::DONE))),
                    None => found.push(with(released.unwrap_or(hold), phase::DONE)),
                }
            }
            Doing::Wait(_, wait) => self.wait_steps(now, config, lane, wait, found),
            Doing::Notify(number, most, accepted) => {
                self.notify_steps(now, config, lane, (*number, *most), *accepted, found);
            }
            Doing::Word(index, what, seen) => {
                let value = config.state.words[*index];
                if self.vague_words || seen.is_none_or(|seen| seen == value) {
                    let mut next = with(hold, phase::DONE);
                    next.state.words[*index] = match what {
                        WordDo::Add(amount) => value.wrapping_add(*amount),
                        WordDo::Swap(to) => *to,
                        WordDo::Read => value,
                    };
                    found.push(next);
                }
            }
            Doing::Access(access, tells) => {
                self.access_steps(config, lane, (access, *tells), waits, found);
            }
            Doing::Nothing | Doing::Impossible => {}
        }
    }

    fn death(
        &self,
        mut config: Config<State>,
        lanes: &[usize],
        now: &Now<Doing>,
        found: &mut Vec<Config<State>>,
    ) {
        // Who dies in the middle of an access dies holding the lock, with a part of it written.
        for lane in lanes.iter().copied().filter(|lane| config.lanes[*lane].phase != phase::DONE) {
            let Some(Doing::Access(access, None)) = now.call(lane) else { continue };
            if self.kind != Kind::Bare {
                for cells in self.half_done(&config.state, lane, access) {
                    let mut torn = config.clone();
                    torn.state = State { hold: Hold::Dead, cells, ..torn.state };
                    condition::hand_on(torn, lanes, now, found);
                }
            }
        }
        if lanes.iter().any(|lane| Monitor::owns(config.state.hold, *lane)) {
            config.state.hold = Hold::Dead;
        }
        condition::hand_on(config, lanes, now, found);
    }

    fn exit(&self, state: &State, lanes: &[usize]) -> Option<State> {
        let holds = lanes.iter().any(|lane| Monitor::owns(state.hold, *lane));
        holds.then(|| State { hold: Hold::Left, ..state.clone() })
    }
}

impl Words for Monitor {
    fn kind(&self, call: &Doing) -> FailureKind {
        match call {
            Doing::Acquire(take) | Doing::Scope(take) => take.kind(),
            Doing::Wait(_, wait) => wait.kind(),
            Doing::Access(access, _) => self.values.kind(access),
            Doing::Release(_) | Doing::Notify(..) | Doing::Nothing | Doing::Impossible => {
                FailureKind::WrongOutcome
            }
            Doing::Word(..) => FailureKind::WrongValue,
        }
    }

    fn stands(&self, config: &Config<State>, name: &dyn Fn(usize) -> String) -> (String, Vec<usize>) {
        let (mut stands, mut lanes) = match config.state.hold {
            _ if self.kind == Kind::Bare => (String::new(), Vec::new()),
            Hold::Free => ("the lock is free".to_owned(), Vec::new()),
            Hold::Held(owner, 1) => {
                (format!("{} holds the lock", name(owner.into())), vec![usize::from(owner)])
            }
            Hold::Held(owner, depth) => {
                (format!("{} holds the lock {depth} times", name(owner.into())), vec![usize::from(owner)])
            }
            Hold::Dead => ("the lock's holder has died".to_owned(), Vec::new()),
            Hold::Left => ("the lock's holder has ended".to_owned(), Vec::new()),
        };
        condition::tell(config, name, &mut stands, &mut lanes);
        self.values.tell(&config.state.cells, &mut stands);
        (stands, lanes)
    }
}
