//! Locks and their kin as they go forward, step by step: slow, plain, and sharing nothing with the
//! judges that they are compared with but the types of program and history. They make the legal
//! histories, and by trying every step they decide about any.

use procession_contract::{Call, Outcome, Scalar};

/// Which object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    Lock,
    Rlock,
    Semaphore {
        initial: i64,
        bounded: bool,
    },
    /// With a recursive lock, a value behind it, and a shared word.
    Condition,
    /// A value that is only added to and read, under the lock of a condition that nobody waits for.
    Counter,
    Event,
    Barrier {
        parties: usize,
        fails: bool,
    },
}

/// Outcome, value and fingerprint of an answer.
pub type Reply = (Outcome, i64, u64);

/// How far a worker is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    Idle,
    Called,
    /// It has seen that it cannot have what it wants.
    Refusable,
    /// With the depth of the lock, and whether it has been told of a death.
    Waiting(u32, bool),
    /// With those who waited at the time.
    Notified(u32, bool, Vec<usize>),
    Late(u32, bool),
    Checked,
    /// Whether it gave up, and whether it has been told of a death.
    Back(bool, bool),
    /// It has read this number and is to write the sum; whether it has been told of a death.
    Read(i64, bool),
    Arrived,
    /// With its index.
    Passing(usize),
    /// It waits for an event that has been clear since it began.
    Clear,
    Answered(Reply),
    Gone,
}

/// A call under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Open {
    pub call: Call,
    /// Its time is over.
    pub due: bool,
    /// It is too late to begin to wait.
    pub begun: bool,
}

/// Everything at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    sort: Sort,
    pub acts: Vec<Act>,
    pub open: Vec<Option<Open>>,
    /// Who holds the lock, how often.
    holder: Option<(usize, u32)>,
    /// The holder was killed.
    orphaned: bool,
    permits: i64,
    taken: Vec<i64>,
    owed: i64,
    deaths: u32,
    set: bool,
    broken: bool,
    corpses: usize,
    /// Whether an abort or a reset of the barrier was left half done.
    half_done: bool,
    word: i64,
    number: i64,
}

fn answer(outcome: Outcome, value: i64) -> Reply {
    (outcome, value, 0)
}

/// Whether the call is one on a value, which takes the value's lock for its own time.
fn is_access(call: &Call) -> bool {
    matches!(call, Call::Load { .. } | Call::Store { .. } | Call::Add { .. })
}

fn read(number: i64) -> Reply {
    let (value, aux) = Scalar::Int(number).expected();
    (Outcome::Ok, value, aux)
}

impl World {
    /// Before anything has happened.
    pub fn new(sort: Sort, workers: usize) -> World {
        let permits = if let Sort::Semaphore { initial, .. } = sort { initial } else { 0 };
        World {
            sort,
            acts: vec![Act::Idle; workers],
            open: vec![None; workers],
            holder: None,
            orphaned: false,
            permits,
            taken: vec![0; workers],
            owed: 0,
            deaths: 0,
            set: false,
            broken: false,
            corpses: 0,
            half_done: false,
            word: 0,
            number: 0,
        }
    }

    /// A worker calls.
    pub fn call(&mut self, worker: usize, call: &Call) {
        self.acts[worker] = Act::Called;
        self.open[worker] = Some(Open { call: call.clone(), due: false, begun: false });
    }

    /// A worker has returned.
    pub fn back(&mut self, worker: usize) {
        self.acts[worker] = Act::Idle;
        self.open[worker] = None;
    }

    /// A worker is killed: the ways in which that can go on.
    pub fn kill(&self, worker: usize) -> Vec<World> {
        let mut ways = self.ways_of_a_death(worker);
        let breaks = |open: &Open| matches!(open.call, Call::Abort | Call::Reset);
        if self.acts[worker] == Act::Called && self.open[worker].as_ref().is_some_and(breaks) {
            ways.extend(ways.clone().into_iter().map(|way| World { half_done: true, ..way }));
        }
        // An access that has not given the lock back may die with it, before it has written or after.
        let answered = matches!(self.acts[worker], Act::Answered(_));
        let is_inside = |open: &Open| is_access(&open.call) && !answered && self.holder.is_none();
        if let Some(open) = self.open[worker].as_ref().filter(|open| is_inside(open)) {
            let mut written = Vec::new();
            self.access(worker, open, &mut written);
            for world in [self.clone()].iter().chain(&written) {
                let dead = world.ways_of_a_death(worker);
                ways.extend(dead.into_iter().map(|way| World { orphaned: true, ..way }));
            }
        }
        ways
    }

    fn ways_of_a_death(&self, worker: usize) -> Vec<World> {
        let mut next = self.clone();
        if let Some((holder, _)) = self.holder
            && holder == worker
        {
            (next.holder, next.orphaned) = (None, true);
        }
        if self.taken[worker] > 0 {
            next.owed += self.taken[worker];
            next.taken[worker] = 0;
            next.deaths += 1;
        }
        if self.acts[worker] == Act::Arrived {
            next.corpses += 1;
        }
        let act = std::mem::replace(&mut next.acts[worker], Act::Gone);
        next.open[worker] = None;
        let Act::Notified(_, _, heirs) = act else { return vec![next] };
        let heirs: Vec<usize> =
            heirs.into_iter().filter(|heir| matches!(self.acts[*heir], Act::Waiting(..))).collect();
        if heirs.is_empty() {
            return vec![next];
        }
        let inherit = |heir: &usize| {
            let mut world = next.clone();
            let Act::Waiting(depth, told) = world.acts[*heir] else { unreachable!("it waits") };
            let others = heirs.iter().copied().filter(|other| other != heir).collect();
            world.acts[*heir] = Act::Notified(depth, told, others);
            world
        };
        heirs.iter().map(inherit).collect()
    }

    fn with(&self, worker: usize, act: Act) -> World {
        let mut next = self.clone();
        next.acts[worker] = act;
        next
    }

    fn answered(&self, worker: usize, answer: Reply) -> World {
        self.with(worker, Act::Answered(answer))
    }

    fn owns(&self, worker: usize) -> bool {
        self.holder.is_some_and(|(holder, _)| holder == worker)
    }

    /// Every step that a worker can make.
    pub fn steps(&self, worker: usize) -> Vec<World> {
        let Some(open) = &self.open[worker] else { return Vec::new() };
        if matches!(self.acts[worker], Act::Answered(_) | Act::Idle | Act::Gone) {
            return Vec::new();
        }
        match self.sort {
            Sort::Lock | Sort::Rlock | Sort::Condition | Sort::Counter => self.lock_steps(worker, open),
            Sort::Semaphore { .. } => self.semaphore_steps(worker, open),
            Sort::Event => self.event_steps(worker, open),
            Sort::Barrier { .. } => self.barrier_steps(worker, open),
        }
    }

    /// The lock is taken, if it can be, to this depth; with whether that tells of a death.
    fn take(&self, worker: usize, depth: u32) -> Option<(World, bool)> {
        let recursive = self.sort != Sort::Lock;
        let mut next = self.clone();
        match self.holder {
            None => {
                next.holder = Some((worker, depth));
                next.orphaned = false;
                Some((next, self.orphaned))
            }
            Some((holder, held)) if recursive && holder == worker => {
                next.holder = Some((worker, held + depth));
                Some((next, false))
            }
            Some(_) => None,
        }
    }

    fn lock_steps(&self, worker: usize, open: &Open) -> Vec<World> {
        let mut next = Vec::new();
        let ok = |value| answer(Outcome::Ok, value);
        match &open.call {
            Call::Acquire { block, timeout_ms } => {
                if let Some((world, told)) = self.take(worker, 1) {
                    let outcome = if told { Outcome::OwnerDied } else { Outcome::Ok };
                    next.push(world.answered(worker, answer(outcome, 1)));
                }
                if self.acts[worker] == Act::Called {
                    let held = self.orphaned || self.holder.is_some();
                    let mine = self.sort != Sort::Lock && self.owns(worker);
                    if held && !mine && (!block || timeout_ms.is_some()) {
                        next.push(self.with(worker, Act::Refusable));
                    }
                } else if !block || open.due {
                    next.push(self.answered(worker, ok(0)));
                }
            }
            Call::Release { .. } => {
                let mut world = self.clone();
                match (self.sort, self.holder) {
                    (Sort::Lock, None) if self.orphaned => world.orphaned = false,
                    (Sort::Lock, None) => {
                        return vec![self.answered(worker, answer(Outcome::OverRelease, 0))];
                    }
                    (Sort::Lock, Some(_)) => world.holder = None,
                    (_, Some((holder, 1))) if holder == worker => world.holder = None,
                    (_, Some((holder, depth))) if holder == worker => {
                        world.holder = Some((worker, depth - 1))
                    }
                    _ => return vec![self.answered(worker, answer(Outcome::NotOwner, 0))],
                }
                next.push(world.answered(worker, ok(0)));
            }
            Call::Await { timeout_ms } => self.wait_steps(worker, open, *timeout_ms, None, &mut next),
            Call::AwaitWord { least, timeout_ms, .. } => {
                self.wait_steps(worker, open, *timeout_ms, Some(self.word >= *least), &mut next);
            }
            Call::Notify { n } => self.notify(worker, n.unwrap_or(1).max(0) as usize, &mut next),
            Call::NotifyAll => self.notify(worker, usize::MAX, &mut next),
            Call::WordAdd { amount, .. } => {
                let mut world = self.clone();
                world.word += amount;
                next.push(world.answered(worker, ok(self.word)));
            }
            Call::Load { .. } | Call::Store { .. } | Call::Add { .. } => {
                self.access(worker, open, &mut next);
            }
            other => panic!("{other:?} is no call of a lock here"),
        }
        next
    }

    fn access(&self, worker: usize, open: &Open, next: &mut Vec<World>) {
        if self.holder.is_some() && !self.owns(worker) {
            return;
        }
        let mut world = self.clone();
        // Who comes after the dead has the lock for the time of the access, and gives it back.
        world.orphaned = false;
        let outcome = |told: bool| if told { Outcome::OwnerDied } else { Outcome::Ok };
        match &open.call {
            Call::Load { .. } => {
                let (_, value, aux) = read(self.number);
                next.push(world.answered(worker, (outcome(self.orphaned), value, aux)));
            }
            Call::Store { to: Scalar::Int(number), .. } => {
                world.number = *number;
                next.push(world.answered(worker, answer(outcome(self.orphaned), 0)));
            }
            Call::Add { amount, locked, .. } => match (locked, &self.acts[worker]) {
                (false, Act::Called) => next.push(world.with(worker, Act::Read(self.number, self.orphaned))),
                (_, act) => {
                    let (before, told) = match act {
                        Act::Read(before, told) => (*before, *told),
                        _ => (self.number, false),
                    };
                    world.number = before + amount;
                    let written = answer(outcome(told || self.orphaned), world.number);
                    next.push(world.answered(worker, written));
                }
            },
            other => panic!("{other:?} is no access here"),
        }
    }

    fn wait_steps(
        &self,
        worker: usize,
        open: &Open,
        timeout_ms: Option<i64>,
        predicate: Option<bool>,
        next: &mut Vec<World>,
    ) {
        let over = open.due || timeout_ms.is_some_and(|ms| ms <= 0);
        let begin = |told: bool, next: &mut Vec<World>| match self.holder {
            Some((holder, depth)) if holder == worker => {
                let mut world = self.with(worker, Act::Waiting(depth, told));
                world.holder = None;
                next.push(world);
            }
            _ => next.push(self.answered(worker, answer(Outcome::NotOwner, 0))),
        };
        match (&self.acts[worker], predicate) {
            (Act::Called, Some(true)) => next.push(self.answered(worker, answer(Outcome::Ok, 1))),
            (Act::Called, Some(false)) => next.push(self.with(worker, Act::Checked)),
            (Act::Called | Act::Checked, _) => begin(false, next),
            (Act::Waiting(depth, told), _) => {
                if over {
                    next.push(self.with(worker, Act::Late(*depth, *told)));
                }
                if self.orphaned
                    && let Some((world, _)) = self.take(worker, *depth)
                {
                    next.push(match predicate {
                        None => world.answered(worker, answer(Outcome::OwnerDied, 0)),
                        Some(_) => world.with(worker, Act::Back(false, true)),
                    });
                }
            }
            (Act::Notified(depth, before, _) | Act::Late(depth, before), _) => {
                let woken = matches!(self.acts[worker], Act::Notified(..));
                if let (None, Some((world, told))) = (self.holder, self.take(worker, *depth)) {
                    next.push(match predicate {
                        None => {
                            let outcome = if told { Outcome::OwnerDied } else { Outcome::Ok };
                            world.answered(worker, answer(outcome, woken.into()))
                        }
                        Some(_) => world.with(worker, Act::Back(!woken, told || *before)),
                    });
                }
            }
            (Act::Back(late, told), Some(is_true)) => {
                if is_true || *late || over || *told {
                    let outcome = if *told { Outcome::OwnerDied } else { Outcome::Ok };
                    next.push(self.answered(worker, answer(outcome, is_true.into())));
                }
                if !is_true && !*late {
                    begin(*told, next);
                }
            }
            _ => {}
        }
    }

    fn notify(&self, worker: usize, most: usize, next: &mut Vec<World>) {
        if !self.owns(worker) {
            next.push(self.answered(worker, answer(Outcome::NotOwner, 0)));
            return;
        }
        let waiting: Vec<usize> =
            (0..self.acts.len()).filter(|other| matches!(self.acts[*other], Act::Waiting(..))).collect();
        let wanted = most.min(waiting.len());
        for choice in 0u32..1 << waiting.len() {
            if choice.count_ones() as usize != wanted {
                continue;
            }
            let chosen = |index: usize| choice >> index & 1 == 1;
            let mut world = self.answered(worker, answer(Outcome::Ok, 0));
            for (_, lane) in waiting.iter().enumerate().filter(|(index, _)| chosen(*index)) {
                let Act::Waiting(depth, told) = self.acts[*lane] else { unreachable!("it waits") };
                let heirs = waiting
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| !chosen(*other))
                    .map(|(_, heir)| *heir)
                    .collect();
                world.acts[*lane] = Act::Notified(depth, told, heirs);
            }
            next.push(world);
        }
    }

    fn semaphore_steps(&self, worker: usize, open: &Open) -> Vec<World> {
        let Sort::Semaphore { initial, bounded } = self.sort else { unreachable!("it is a semaphore") };
        let mut next = Vec::new();
        let held: i64 = self.taken.iter().sum();
        if self.owed > 0 && initial - self.permits - held > 0 {
            let mut world = self.clone();
            world.permits += self.owed.min(initial - self.permits - held);
            world.owed = 0;
            next.push(world);
        }
        match &open.call {
            Call::Acquire { block, timeout_ms } => {
                if self.permits > 0 {
                    let mut world = self.clone();
                    world.permits -= 1;
                    world.taken[worker] += 1;
                    next.push(world.answered(worker, answer(Outcome::Ok, 1)));
                    if self.deaths > 0 {
                        world.deaths -= 1;
                        next.push(world.answered(worker, answer(Outcome::OwnerDied, 1)));
                    }
                }
                if self.acts[worker] == Act::Called {
                    if self.permits == 0 && (!block || timeout_ms.is_some()) {
                        next.push(self.with(worker, Act::Refusable));
                    }
                } else if !block || open.due {
                    next.push(self.answered(worker, answer(Outcome::Ok, 0)));
                }
            }
            Call::Release { .. } => {
                if bounded && self.permits >= initial {
                    next.push(self.answered(worker, answer(Outcome::OverRelease, 0)));
                    return next;
                }
                let mut world = self.answered(worker, answer(Outcome::Ok, 0));
                world.permits += 1;
                let others: Vec<usize> =
                    (0..self.taken.len()).filter(|other| self.taken[*other] > 0).collect();
                if self.taken[worker] > 0 {
                    world.taken[worker] -= 1;
                } else if self.owed > 0 {
                    world.owed -= 1;
                } else if !others.is_empty() {
                    for other in others {
                        let mut world = world.clone();
                        world.taken[other] -= 1;
                        next.push(world);
                    }
                    return next;
                }
                next.push(world);
            }
            Call::Permits => next.push(self.answered(worker, answer(Outcome::Ok, self.permits))),
            other => panic!("{other:?} is no call of a semaphore here"),
        }
        next
    }

    fn event_steps(&self, worker: usize, open: &Open) -> Vec<World> {
        let ok = |value| answer(Outcome::Ok, value);
        match (&open.call, &self.acts[worker]) {
            (Call::Set, _) => {
                let mut world = self.answered(worker, ok(0));
                world.set = true;
                // Who waits has seen it, though it may be cleared at once.
                for act in &mut world.acts {
                    if *act == Act::Clear {
                        *act = Act::Answered(ok(1));
                    }
                }
                vec![world]
            }
            (Call::Clear, _) => {
                let mut world = self.answered(worker, ok(0));
                world.set = false;
                vec![world]
            }
            (Call::IsSet, _) => vec![self.answered(worker, ok(self.set.into()))],
            (Call::Await { .. }, Act::Called) if self.set => vec![self.answered(worker, ok(1))],
            (Call::Await { timeout_ms }, Act::Called) => match timeout_ms {
                Some(ms) if *ms <= 0 => vec![self.answered(worker, ok(0))],
                _ if open.begun => Vec::new(),
                _ => vec![self.with(worker, Act::Clear)],
            },
            (Call::Await { .. }, Act::Clear) if open.due => vec![self.answered(worker, ok(0))],
            (Call::Await { .. }, _) => Vec::new(),
            (other, _) => panic!("{other:?} is no call of an event here"),
        }
    }

    fn barrier_steps(&self, worker: usize, open: &Open) -> Vec<World> {
        let Sort::Barrier { parties, fails } = self.sort else { unreachable!("it is a barrier") };
        let ok = |value| answer(Outcome::Ok, value);
        let told = || answer(Outcome::BrokenBarrier, 0);
        let arrived: Vec<usize> =
            (0..self.acts.len()).filter(|other| self.acts[*other] == Act::Arrived).collect();
        let mut next = Vec::new();
        let break_it = |mut world: World, leaving: bool| {
            for act in &mut world.acts {
                if *act == Act::Arrived {
                    *act = Act::Answered(told());
                }
            }
            (world.corpses, world.half_done) = (0, false);
            // Each of those who are leaving may be told or not.
            let mut worlds = vec![world];
            let passing = |lane: &usize| leaving && matches!(self.acts[*lane], Act::Passing(_));
            for lane in (0..self.acts.len()).filter(passing) {
                let others = worlds.iter().map(|world| world.answered(lane, told())).collect::<Vec<_>>();
                worlds.extend(others);
            }
            worlds
        };
        match (&open.call, &self.acts[worker]) {
            (Call::Await { .. }, Act::Called) if self.broken => next.push(self.answered(worker, told())),
            (Call::Await { .. }, Act::Called) => {
                let mut all = arrived.clone();
                all.push(worker);
                if self.corpses > 0 || self.half_done {
                    let mut world = self.clone();
                    world.broken = true;
                    next.extend(break_it(world, false));
                }
                if all.len() + self.corpses < parties {
                    next.push(self.with(worker, Act::Arrived));
                } else if fails {
                    for runner in &all {
                        let mut world = self.with(worker, Act::Arrived);
                        world.acts[*runner] = Act::Answered(answer(Outcome::ActionFailed, 0));
                        world.broken = true;
                        next.extend(break_it(world, false));
                    }
                } else {
                    let mut world = self.clone();
                    (world.corpses, world.half_done) = (0, false);
                    world.number_all(&all, 0, parties, &mut next);
                }
            }
            (Call::Await { timeout_ms }, Act::Arrived) => {
                if self.corpses > 0 || self.half_done || open.due || timeout_ms.is_some_and(|ms| ms <= 0) {
                    let mut world = self.clone();
                    world.broken = true;
                    next.extend(break_it(world, false));
                }
            }
            (Call::Await { .. }, Act::Passing(index)) => {
                next.push(self.answered(worker, ok(*index as i64)));
            }
            (Call::Abort, _) => {
                let mut world = self.answered(worker, ok(0));
                world.broken = true;
                next.extend(break_it(world, true));
            }
            (Call::Reset, _) => {
                let mut world = self.answered(worker, ok(0));
                world.broken = false;
                next.extend(break_it(world, true));
            }
            (Call::Waiting, _) => {
                let most = if self.broken { 0 } else { arrived.len() + self.corpses };
                for seen in most - self.corpses.min(most)..=most {
                    next.push(self.answered(worker, ok(seen as i64)));
                }
            }
            (Call::Broken, _) => next.push(self.answered(worker, ok(self.broken.into()))),
            (other, _) => panic!("{other:?} is no call of a barrier here"),
        }
        next
    }

    /// Gives each of these an index that no other has.
    fn number_all(&self, all: &[usize], taken: u32, parties: usize, next: &mut Vec<World>) {
        let Some((first, rest)) = all.split_first() else {
            next.push(self.clone());
            return;
        };
        for index in (0..parties).filter(|index| taken >> index & 1 == 0) {
            self.with(*first, Act::Passing(index)).number_all(rest, taken | 1 << index, parties, next);
        }
    }
}
