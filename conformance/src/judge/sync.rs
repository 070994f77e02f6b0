//! The judges of locks, semaphores, conditions, events, barriers and shared values: what they read of
//! a run, and how they word what [`just_in_time`] finds.
//!
//! Objects that share a lock are judged together, as one monitor; all others alone. That is exact for
//! programs that use several at once, since linearizability is local (Herlihy and Wing, 1990). So is
//! the question who may wait: whether a call can go on depends on its own object alone, so a deadlock
//! that the program deserves passes every judge, and a lost wake-up fails the judge of its object.
//!
//! A process that was killed may have completed the call it was in. What it held when it died is told
//! to whoever takes it next (`owner_died`), which may take a while to be noticed; by the time that
//! nothing moves any more, it must have been. A process that came to its end by itself while it held
//! something leaves it held, or it is told as after a death.

mod barrier;
mod condition;
mod entries;
mod event;
mod monitor;
mod semaphore;
mod values;

use procession_contract::{Answer, Call, LockChoice, ObjectKind, ObjectSpec, Outcome, Step};

use super::just_in_time::{Config, Fate, Found, Model, Op, What, explain};
use super::queue::NEVER;
use super::{Progress, Run, fail, words};
use crate::history::WorkerEnd;
use crate::program::Program;
use crate::verdict::{FailureKind, Verdict};

/// The clock's grain, as for `TookAtLeast`.
const GRAIN_NS: u64 = 2_000_000;

/// Judges a lock, a recursive lock, a condition, or a shared value with everything that shares its lock.
pub fn monitor(run: &Run, name: &str) -> Verdict {
    monitor::judge(run, name)
}

/// Judges a semaphore.
pub fn semaphore(run: &Run, name: &str) -> Verdict {
    semaphore::judge(run, name)
}

/// Judges an event.
pub fn event(run: &Run, name: &str) -> Verdict {
    event::judge(run, name)
}

/// Judges a barrier.
pub fn barrier(run: &Run, name: &str) -> Verdict {
    barrier::judge(run, name)
}

/// Judges the entries of a managed dictionary, or the attributes of a namespace.
pub fn entries(run: &Run, name: &str) -> Verdict {
    entries::judge(run, name)
}

/// Whether a judge of this object says of a pending step whether it may be.
pub fn accounts_for(program: &Program, name: &str, step: &Step) -> bool {
    if matches!(step.call, Call::WordAdd { .. } | Call::WordRead { .. } | Call::WordSwap { .. }) {
        return false;
    }
    root_of(program, &step.on) == root_of(program, name) && spec(program, &step.on).is_some()
}

/// What an object was created as, by `main` or by a step.
fn spec<'a>(program: &'a Program, name: &str) -> Option<&'a ObjectSpec> {
    let created = program.lines().filter_map(|(_, line)| match &line.step.call {
        Call::Create { object } => Some(&**object),
        _ => None,
    });
    program.objects.iter().chain(created).find(|object| object.name == name)
}

/// The object whose lock an object uses: itself, unless a lock was given to it.
fn root_of<'a>(program: &'a Program, name: &'a str) -> &'a str {
    let mut root = name;
    for _ in 0..program.objects.len() {
        root = match spec(program, root).map(|object| &object.kind) {
            Some(ObjectKind::Condition { lock: Some(lock) }) => lock,
            Some(
                ObjectKind::Value { lock: LockChoice::Given(lock), .. }
                | ObjectKind::Array { lock: LockChoice::Given(lock), .. }
                | ObjectKind::Record { lock: LockChoice::Given(lock), .. },
            ) => lock,
            _ => break,
        };
    }
    root
}

/// What a call does, as a model reads it.
struct Read<C> {
    call: C,
    /// How long it waits at most.
    limit_ms: Option<i64>,
    /// Whether its answer says that it waited so long.
    gave_up: bool,
}

/// The calls that concern a model, in lanes.
struct Scene<C> {
    ops: Vec<Op<C>>,
    /// How many lanes there are: one for each worker, then one for each end of a process.
    lanes: usize,
    /// The worker of each lane.
    workers: Vec<usize>,
    /// Whether the process of each lane died.
    dies: Vec<bool>,
    /// A call that gave up before its time.
    too_early: Option<(usize, usize)>,
}

/// Reads the calls that `read` knows.
fn scene<C>(run: &Run, read: impl Fn(usize, &Step, Option<&Answer>) -> Option<Read<C>>) -> Scene<C> {
    let mut scene =
        Scene { ops: Vec::new(), lanes: 0, workers: Vec::new(), dies: Vec::new(), too_early: None };
    let calls = run.history.workers.iter().flat_map(|worker| &worker.calls);
    let times = calls.map(|call| call.returned.as_ref().map_or(call.called_ns, |returned| returned.at_ns));
    let last = times.max().unwrap_or(0);
    for (worker, line) in run.places() {
        let (called, returned, answer) = match run.progress(worker, line) {
            Progress::NotReached => continue,
            Progress::Pending(call) => (call.called_ns, NEVER, None),
            Progress::Returned(call, returned) => (call.called_ns, returned.at_ns, Some(&returned.answer)),
        };
        let Some(read) = read(worker, &run.line(worker, line).step, answer) else { continue };
        if scene.workers.last() != Some(&worker) {
            scene.workers.push(worker);
            scene.dies.push(run.end(run.process_of(worker)) == WorkerEnd::Died);
        }
        let limit = read.limit_ms.map(|ms| u64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000));
        let due = limit.map(|limit| called.saturating_add(limit.saturating_sub(GRAIN_NS)));
        if read.gave_up && due.is_some_and(|due| returned < due) {
            scene.too_early.get_or_insert((worker, line));
        }
        // Of a call that waits, the history shows that its time is over only as far as it goes.
        let due = due.filter(|due| answer.is_some() || *due <= last);
        let fate = match answer {
            Some(_) => Fate::Returned,
            None if run.quiescent() && run.end(worker) == WorkerEnd::Running => Fate::Waiting,
            None => Fate::Open,
        };
        let lane = scene.workers.len() - 1;
        let what = What::Call(read.call);
        scene.ops.push(Op { worker, line, lane, called, returned, fate, due, marks: Vec::new(), what });
    }
    scene.lanes = scene.workers.len();
    scene.ends(run);
    scene
}

impl<C> Scene<C> {
    /// Adds the ends of the processes.
    fn ends(&mut self, run: &Run) {
        let mut processes: Vec<usize> = self.workers.iter().map(|worker| run.process_of(*worker)).collect();
        processes.sort_unstable();
        processes.dedup();
        for process in processes {
            let lanes: Vec<usize> = (0..self.workers.len())
                .filter(|lane| run.process_of(self.workers[*lane]) == process)
                .collect();
            let calls = (0..run.program.roles.len())
                .filter(|worker| run.process_of(*worker) == process)
                .flat_map(|worker| run.of(worker))
                .flat_map(|history| &history.calls);
            let last = calls
                .map(|call| call.returned.as_ref().map_or(call.called_ns, |returned| returned.at_ns))
                .max();
            // It went on to live for a moment after the last thing that it is known to have done.
            let last = last.map_or(0, |last| last + 1);
            let gone = run.of(process).and_then(|history| history.gone_ns);
            let (what, fate, returned) = match (run.end(process), gone) {
                (WorkerEnd::Died, Some(gone)) => (What::Death(lanes), Fate::Returned, gone.max(last)),
                (WorkerEnd::Died, None) => (What::Death(lanes), Fate::Completed, NEVER),
                (WorkerEnd::Finished, _) => (What::Exit(lanes), Fate::Open, NEVER),
                _ => continue,
            };
            let lane = self.lanes;
            self.lanes += 1;
            let op = Op {
                worker: process,
                line: usize::MAX,
                lane,
                called: last,
                returned,
                fate,
                due: None,
                marks: Vec::new(),
                what,
            };
            self.ops.push(op);
        }
    }

    /// The last call in a lane that began before this time.
    fn last_call(&self, lane: usize, before: u64) -> Option<&Op<C>> {
        self.ops.iter().rev().find(|op| op.lane == lane && op.called <= before && op.line != usize::MAX)
    }
}

/// How a model words what it finds.
trait Words: Model {
    /// What kind of failure it is that no order explains this call.
    fn kind(&self, call: &Self::Call) -> FailureKind;

    /// How things stand, in words, with the lanes on which that depends.
    fn stands(&self, config: &Config<Self::State>, name: &dyn Fn(usize) -> String) -> (String, Vec<usize>);
}

/// The verdict on a scene.
fn verdict<M: Words>(run: &Run, model: &M, scene: &Scene<M::Call>) -> Verdict {
    let answered = |worker: usize, line: usize| match run.progress(worker, line) {
        Progress::Returned(_, returned) => {
            format!("{} gave {}", run.called(worker, line), words::answer(&returned.answer))
        }
        _ => format!("{} is pending", run.called(worker, line)),
    };
    if let Some((worker, line)) = scene.too_early {
        return fail(
            FailureKind::TooEarly,
            format!("{} gives up when its time is over, and not before", run.called(worker, line)),
            answered(worker, line),
            vec![run.cited(worker, line)],
        );
    }
    let name = |lane: usize| match scene.workers.get(lane) {
        Some(worker) => run.name(*worker).to_owned(),
        None => "a process".into(),
    };
    let cite = |op: &Op<M::Call>, lanes: &[usize]| {
        let own = (op.line != usize::MAX).then_some((op.worker, op.line));
        let others = lanes.iter().filter_map(|lane| scene.last_call(*lane, op.returned));
        let mut cited = Vec::new();
        for (worker, line) in own.into_iter().chain(others.map(|op| (op.worker, op.line))) {
            let call = run.cited(worker, line);
            if !cited.contains(&call) {
                cited.push(call);
            }
        }
        cited
    };
    match explain(model, &scene.ops, scene.lanes) {
        Found::Explained => Verdict::Pass,
        Found::Exhausted(most) => Verdict::Unresolved(format!(
            "the search for an order of {} calls was given up: there are more than {most} ways in which things can stand",
            scene.ops.len()
        )),
        Found::Impossible(index, before) => {
            let op = &scene.ops[index];
            let (stands, lanes) = model.stands(&before, &name);
            let kind = match &op.what {
                What::Call(call) => model.kind(call),
                _ => FailureKind::NotLinearizable,
            };
            let what = match op.line {
                usize::MAX => format!("the end of worker {}", run.name(op.worker)),
                line => answered(op.worker, line),
            };
            fail(
                kind,
                "one order of the calls, each between its call and its return, explains every answer",
                format!("{what}, which no order explains: before that, {stands}"),
                cite(op, &lanes),
            )
        }
        Found::CouldGoOn(index, config) => {
            let op = &scene.ops[index];
            let (stands, lanes) = model.stands(&config, &name);
            fail(
                FailureKind::Hang,
                format!("{} returns, since {stands}", run.called(op.worker, op.line)),
                "it was still pending when nothing could move any more",
                cite(op, &lanes),
            )
        }
    }
}

/// Whether a call was refused for a reason of its own, which says nothing of how the object stands.
fn is_of_its_own(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Closed
            | Outcome::BadValue
            | Outcome::BadType
            | Outcome::BadDescriptor
            | Outcome::Exhausted
            | Outcome::Interrupted
            | Outcome::NotAllowed
            | Outcome::Unsupported
            | Outcome::Other
    )
}

/// How an attempt to take something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Take {
    /// It was got.
    Got,
    /// It was got, and a death was told.
    Told,
    /// It was not got.
    Missed,
    /// Nobody knows.
    Unknown,
    /// It was refused for a reason of its own, which changes nothing.
    Nothing,
    /// With an answer that cannot be.
    Impossible,
}

impl Take {
    /// Reads the answer of an acquire.
    fn of(answer: Option<&Answer>, may_miss: bool) -> Take {
        match answer {
            None => Take::Unknown,
            Some(Answer { outcome: Outcome::Ok, value: 1, .. }) => Take::Got,
            Some(Answer { outcome: Outcome::OwnerDied, .. }) => Take::Told,
            Some(Answer { outcome: Outcome::Ok, value: 0, .. }) if may_miss => Take::Missed,
            Some(Answer { outcome: Outcome::Timeout, .. }) if may_miss => Take::Missed,
            Some(answer) if is_of_its_own(answer.outcome) => Take::Nothing,
            Some(_) => Take::Impossible,
        }
    }

    /// What kind of failure it is that nothing explains it.
    fn kind(self) -> FailureKind {
        match self {
            Take::Got | Take::Unknown => FailureKind::DidNotBlock,
            _ => FailureKind::WrongOutcome,
        }
    }
}

/// The limit of a call that waits with `block` and `timeout_ms`: one that does not wait has no time.
fn limit(block: bool, timeout_ms: Option<i64>) -> Option<i64> {
    if block { timeout_ms } else { Some(0) }
}
