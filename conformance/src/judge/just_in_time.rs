//! Whether some order of the steps of all calls explains their answers, decided while the history is
//! read from its beginning to its end.
//!
//! This is just-in-time linearization (Lowe, *Testing for linearizability*, 2017) for calls of several
//! steps: a wait on a condition gives up the lock, is woken, and has the lock again. Kept are all the
//! configurations in which the objects can be after what has happened: the state, and how far each
//! open call has come. Steps are made only when a call is seen to return without having been
//! completed: whatever can be put off is put off. An answer that no configuration explains is a
//! violation; a call that waits in the end must be unable to go on in one of the last configurations.
//!
//! The answers are known beforehand, so a model makes only steps that can lead to them. Steps that
//! change nothing (a read, a refusal) are made as soon as they can be: that never spoils anything.
//!
//! With `n` calls of which at most `k` are open at once, that takes O(n * 2^k * states) time at worst,
//! and the memory of the configurations of one moment. The calls of real histories leave few
//! configurations at any moment, so it is O(n) with them.

use std::collections::HashSet;
use std::hash::Hash;

/// How far a call has come. A model numbers its own phases between these.
pub mod phase {
    /// There is no call.
    pub const IDLE: u8 = 0;
    /// It was called and has done nothing yet.
    pub const CALLED: u8 = 1;
    /// Its process has died.
    pub const GONE: u8 = 254;
    /// It is complete and may return.
    pub const DONE: u8 = 255;
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It returned.
    Returned,
    /// It waited when nothing could move any more.
    Waiting,
    /// It may have done all of it, a part, or nothing.
    Open,
    /// It has no return that was seen, but was completed before the end.
    Completed,
}

/// A call, or the end of a process.
#[derive(Clone, Debug)]
pub struct Op<C> {
    /// The worker's index.
    pub worker: usize,
    /// The line's index.
    pub line: usize,
    /// In which lane it stands: within a lane one is over before the next begins.
    pub lane: usize,
    /// The invocation.
    pub called: u64,
    /// The response, or the end of time.
    pub returned: u64,
    /// How it ended.
    pub fate: Fate,
    /// From when on it may give up waiting.
    pub due: Option<u64>,
    /// Times at which the model has a say about this call.
    pub marks: Vec<u64>,
    /// What it does.
    pub what: What<C>,
}

/// What is done.
#[derive(Clone, Debug)]
pub enum What<C> {
    /// A call of the model.
    Call(C),
    /// The process with these lanes dies.
    Death(Vec<usize>),
    /// The process with these lanes comes to its end.
    Exit(Vec<usize>),
}

/// How far a lane's call has come, with what the model must remember of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lane {
    /// Its phase.
    pub phase: u8,
    /// Whatever the model needs.
    pub note: u64,
}

/// One way in which things can stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config<S> {
    /// The state of the objects.
    pub state: S,
    /// The open calls, by lane.
    pub lanes: Vec<Lane>,
}

impl<S: Clone> Config<S> {
    /// The same with another state and a lane that has come to a phase.
    pub fn then(&self, state: S, lane: usize, phase: u8) -> Config<S> {
        let mut next = Config { state, lanes: self.lanes.clone() };
        next.lanes[lane] = Lane { phase, note: 0 };
        next
    }
}

/// What is the same in every configuration of a moment.
pub struct Now<'a, C> {
    open: Vec<Option<&'a Op<C>>>,
    due: Vec<bool>,
    /// Everything has happened: what is asked is which calls ought to have gone on.
    is_over: bool,
}

impl<'a, C> Now<'a, C> {
    /// What the open call of a lane does.
    pub fn call(&self, lane: usize) -> Option<&'a C> {
        match self.open[lane] {
            Some(Op { what: What::Call(call), .. }) => Some(call),
            _ => None,
        }
    }

    /// The open call of a lane.
    pub fn op(&self, lane: usize) -> Option<&'a Op<C>> {
        self.open[lane]
    }

    /// Whether the open call of a lane may give up waiting.
    pub fn is_due(&self, lane: usize) -> bool {
        self.due[lane]
    }

    /// Whether a step of this lane counts as one that it ought to have made: it waited when nothing could
    /// move any more, and all else has happened. Before that, a step is one that it may have made.
    pub fn ought_to_go_on(&self, lane: usize) -> bool {
        self.is_over && self.waits(lane)
    }

    /// Whether the open call of a lane waited when nothing could move any more.
    pub fn waits(&self, lane: usize) -> bool {
        self.open[lane].is_some_and(|op| op.fate == Fate::Waiting)
    }
}

/// The objects that are judged together.
pub trait Model {
    /// The state of the objects.
    type State: Clone + Eq + Hash;
    /// A call with its answer.
    type Call;

    /// The state before any call.
    fn first(&self) -> Self::State;

    /// Completes every call that a step without effect completes.
    fn settle(&self, now: &Now<Self::Call>, config: &mut Config<Self::State>);

    /// Every step that the call of a lane can make.
    fn steps(
        &self,
        now: &Now<Self::Call>,
        config: &Config<Self::State>,
        lane: usize,
        found: &mut Vec<Config<Self::State>>,
    );

    /// A mark of a lane's call has come; false if this configuration cannot be, then.
    fn mark(
        &self,
        _now: &Now<Self::Call>,
        _config: &mut Config<Self::State>,
        _lane: usize,
        _which: usize,
    ) -> bool {
        true
    }

    /// What the death of a process with these lanes does to the objects. The lanes are gone afterwards.
    fn death(
        &self,
        config: Config<Self::State>,
        lanes: &[usize],
        now: &Now<Self::Call>,
        found: &mut Vec<Config<Self::State>>,
    ) {
        let _ = (lanes, now);
        found.push(config);
    }

    /// What the end of a process does that its body came to by itself, if it does anything.
    fn exit(&self, _state: &Self::State, _lanes: &[usize]) -> Option<Self::State> {
        None
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<S> {
    /// The answers are explained.
    Explained,
    /// No configuration lets this call return, or come to what it came to: the call by its index, and
    /// one of the configurations before.
    Impossible(usize, Config<S>),
    /// In every last configuration a call that waits could go on: the call by its index, and one of
    /// the configurations.
    CouldGoOn(usize, Config<S>),
    /// Nothing, for there are more configurations than this.
    Exhausted(usize),
}

/// How many configurations may be looked at for one moment.
pub const MOST_CONFIGURATIONS: usize = 1 << 18;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Call,
    Due,
    Mark(usize),
    Return,
}

/// Looks for an explanation of calls in so many lanes.
pub fn explain<M: Model>(model: &M, ops: &[Op<M::Call>], lanes: usize) -> Found<M::State> {
    let events = timeline(ops, lanes);
    let mut now = Now { open: vec![None; lanes], due: vec![false; lanes], is_over: false };
    let mut configs = vec![Config { state: model.first(), lanes: vec![Lane::default(); lanes] }];
    for (_, event, index) in events {
        let op = &ops[index];
        match event {
            Event::Call => {
                now.open[op.lane] = Some(op);
                now.due[op.lane] = false;
                for config in &mut configs {
                    // Whoever is dead has called nothing: this lane has no more configurations.
                    if config.lanes[op.lane].phase != phase::GONE {
                        config.lanes[op.lane] = Lane { phase: phase::CALLED, note: 0 };
                    }
                    model.settle(&now, config);
                }
            }
            Event::Due => {
                now.due[op.lane] = true;
                configs.iter_mut().for_each(|config| model.settle(&now, config));
            }
            Event::Mark(which) => {
                let before = configs[0].clone();
                let marked = |config: &Config<M::State>| {
                    let mut after = config.clone();
                    let can_be = after.lanes[op.lane].phase == phase::GONE
                        || model.mark(&now, &mut after, op.lane, which);
                    can_be.then(|| {
                        model.settle(&now, &mut after);
                        after
                    })
                };
                // What was done before the mark cannot always be done after it.
                configs = match reach(model, &now, configs, marked, true) {
                    Ok(configs) => configs,
                    Err(most) => return Found::Exhausted(most),
                };
                if configs.is_empty() {
                    return Found::Impossible(index, before);
                }
            }
            Event::Return => {
                let done = |config: &Config<M::State>| config.lanes[op.lane].phase == phase::DONE;
                let before = configs[0].clone();
                if !configs.iter().all(done) {
                    let select = |config: &Config<M::State>| done(config).then(|| config.clone());
                    configs = match reach(model, &now, configs, select, false) {
                        Ok(configs) => configs,
                        Err(most) => return Found::Exhausted(most),
                    };
                    if configs.is_empty() {
                        return Found::Impossible(index, before);
                    }
                }
                now.open[op.lane] = None;
                configs.iter_mut().for_each(|config| config.lanes[op.lane] = Lane::default());
            }
        }
    }
    last(model, &now, ops, configs)
}

/// What happens in which order: of equal times, calls come first, so that calls whose stamps are equal
/// overlap; but a call that begins when the one before it in its lane returns comes after that.
fn timeline<C>(ops: &[Op<C>], lanes: usize) -> Vec<(u64, Event, usize)> {
    let mut events = Vec::with_capacity(2 * ops.len());
    let mut free_from = vec![None; lanes];
    for (index, op) in ops.iter().enumerate() {
        // Several calls may begin and return at once in one lane: then they do so by their index.
        let next = if free_from[op.lane] == Some(op.called) { index + 1 } else { 0 };
        let mut add = |at: u64, event| {
            events.push((at, if at == op.called { next } else { 0 }, event, index));
        };
        add(op.called, Event::Call);
        if let Some(due) = op.due.filter(|due| *due <= op.returned) {
            add(due.max(op.called), Event::Due);
        }
        for (which, mark) in op.marks.iter().enumerate() {
            add(*mark, Event::Mark(which));
        }
        if op.fate == Fate::Returned {
            add(op.returned, Event::Return);
        }
        free_from[op.lane] = Some(op.returned);
    }
    events.sort();
    events.into_iter().map(|(at, _, event, index)| (at, event, index)).collect()
}

/// The configurations among those that can be reached which `select` chooses. A chosen one is looked
/// beyond only if it is to be `all` of them.
fn reach<M: Model>(
    model: &M,
    now: &Now<M::Call>,
    from: Vec<Config<M::State>>,
    select: impl Fn(&Config<M::State>) -> Option<Config<M::State>>,
    all: bool,
) -> Result<Vec<Config<M::State>>, usize> {
    let mut seen: HashSet<Config<M::State>> = HashSet::with_capacity(2 * from.len());
    let mut chosen = HashSet::new();
    let mut open = from;
    let mut found = Vec::new();
    seen.extend(open.iter().cloned());
    while let Some(config) = open.pop() {
        if let Some(selected) = select(&config) {
            chosen.insert(selected);
            if !all {
                continue;
            }
        }
        for lane in 0..config.lanes.len() {
            steps(model, now, &config, lane, &mut found);
            for mut next in found.drain(..) {
                model.settle(now, &mut next);
                if !seen.contains(&next) {
                    seen.insert(next.clone());
                    open.push(next);
                }
            }
        }
        if seen.len() > MOST_CONFIGURATIONS {
            return Err(MOST_CONFIGURATIONS);
        }
    }
    Ok(chosen.into_iter().collect())
}

/// The steps of a lane: those of its call, or the end of a process.
fn steps<M: Model>(
    model: &M,
    now: &Now<M::Call>,
    config: &Config<M::State>,
    lane: usize,
    found: &mut Vec<Config<M::State>>,
) {
    let phase = config.lanes[lane].phase;
    if matches!(phase, phase::IDLE | phase::DONE | phase::GONE) {
        return;
    }
    match now.open[lane].map(|op| &op.what) {
        Some(What::Call(_)) => model.steps(now, config, lane, found),
        Some(What::Death(lanes)) => {
            let mut next = config.clone();
            next.lanes[lane].phase = phase::DONE;
            let first = found.len();
            model.death(next, lanes, now, found);
            for config in &mut found[first..] {
                for lane in lanes {
                    config.lanes[*lane] = Lane { phase: phase::GONE, note: 0 };
                }
            }
        }
        Some(What::Exit(lanes)) => {
            if let Some(state) = model.exit(&config.state, lanes) {
                found.push(config.then(state, lane, phase::DONE));
            }
        }
        None => {}
    }
}

/// Whether one of the last configurations lets everybody wait who does.
fn last<M: Model>(
    model: &M,
    now: &Now<M::Call>,
    ops: &[Op<M::Call>],
    configs: Vec<Config<M::State>>,
) -> Found<M::State> {
    let lanes_of = |fate: Fate| {
        let open = now.open.iter().enumerate();
        open.filter(move |(_, op)| op.is_some_and(|op| op.fate == fate)).map(|(lane, _)| lane)
    };
    let waiting: Vec<usize> = lanes_of(Fate::Waiting).collect();
    let completed: Vec<usize> = lanes_of(Fate::Completed).collect();
    if waiting.is_empty() && completed.is_empty() {
        return Found::Explained;
    }
    let before = configs[0].clone();
    let complete = |config: &Config<M::State>| {
        completed.iter().all(|lane| config.lanes[*lane].phase == phase::DONE).then(|| config.clone())
    };
    let ends = match reach(model, now, configs, complete, true) {
        Ok(ends) => ends,
        Err(most) => return Found::Exhausted(most),
    };
    let mut found = Vec::new();
    let mut could_go_on = None;
    let over = Now { open: now.open.clone(), due: now.due.clone(), is_over: true };
    for end in &ends {
        let mut goes_on = |lane: &&usize| {
            found.clear();
            steps(model, &over, end, **lane, &mut found);
            end.lanes[**lane].phase == phase::DONE || !found.is_empty()
        };
        match waiting.iter().find(&mut goes_on) {
            None => return Found::Explained,
            Some(lane) if could_go_on.is_none() || end.lanes[*lane].phase != phase::DONE => {
                could_go_on = Some((*lane, end.clone()));
            }
            Some(_) => {}
        }
    }
    let index = |lane: usize| {
        let op = now.open[lane].expect("a lane that waits has a call");
        ops.iter().position(|other| std::ptr::eq(other, op)).expect("it is one of the calls")
    };
    match could_go_on {
        Some((lane, config)) => Found::CouldGoOn(index(lane), config),
        None => Found::Impossible(index(completed[0]), before),
    }
}
