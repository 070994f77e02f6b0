//! A program: objects, workers with their steps, faults, and how the history is to be judged. Plain
//! data, printable, so that a stored one can be replayed and judged for ever.

pub mod build;
pub mod check;
#[cfg(test)]
mod races;
pub mod random;

use procession_contract::{
    Datum, Item, Method, ObjectKind, ObjectSpec, Outcome, Scalar, Script, Step, Worker,
};
use serde::{Deserialize, Serialize};

/// A program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// What it shows, in a few words; empty where the clause says it already.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// With which start methods it is run.
    #[serde(default)]
    pub methods: Methods,
    /// The objects, created by `main`.
    pub objects: Vec<ObjectSpec>,
    /// The workers; the first is `main`.
    pub roles: Vec<Role>,
    /// What the suite does to workers from outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// How the history is judged, besides the steps' own expectations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judges: Vec<Judge>,
    /// Runs alone: no other program may disturb it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}

/// With which start methods a program is run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Methods {
    /// The one that the implementation prefers.
    #[default]
    Preferred,
    /// Each that the implementation offers.
    Each,
    /// These; an implementation that lacks one does not support the program.
    Only(Vec<Method>),
    /// Those of these that the implementation offers; at least one.
    Among(Vec<Method>),
}

/// A worker with its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The worker; its own list of steps is empty here.
    pub worker: Worker,
    /// What it does.
    pub lines: Vec<Line>,
}

/// A step with what the suite knows about it and the adapter does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The step.
    pub step: Step,
    /// By which conditions and expectations refer to it; empty if none does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The worker begins the step only when all of these hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Condition>,
    /// What the clause promises of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
}

/// A line of another worker, by its label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The worker's name.
    pub worker: String,
    /// The line's label.
    pub label: String,
}

/// Something that the suite can see from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The call was made.
    Called(Place),
    /// The call has returned.
    Returned(Place),
    /// The call was made and its thread sleeps in the kernel. Also true once the call has returned
    /// or its worker is gone, so that a broken implementation does not hang the program: what it did
    /// instead is in the history.
    ///
    /// In a program with a manager the servers are still, too: a caller sleeps as soon as it has asked, while the
    /// server has yet to do what makes it wait.
    Blocked(Place),
    /// The worker has finished its body or died.
    Ended(String),
    /// The worker's process is gone: reaped, or a zombie.
    Gone(String),
    /// Nothing of the run can move any more: every thread of it sleeps, the time limit of every call is
    /// over, and the implementation's own timers have had their period. What a wrong implementation
    /// does too much it has done by then, on the slowest machine too. Conditions of another kind come
    /// first.
    Quiescence,
}

/// What the suite does to a worker's process from outside, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// To whom.
    pub worker: String,
    /// What.
    pub action: Action,
    /// When all of these hold.
    pub after: Vec<Condition>,
    /// And this much later, in microseconds.
    #[serde(default)]
    pub delay_us: u64,
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Stop,
    /// SIGCONT.
    Continue,
    /// Another signal, by number.
    Signal(i32),
    /// Lowers the limit of open descriptors to this many more than are open.
    LimitDescriptors(u32),
    /// Lowers the limit of address space to this many bytes more than are in use.
    LimitMemory(u64),
    /// SIGKILL in the middle of what the worker does from one of its lines on. The line has a gate, at
    /// which the suite takes up its position; the fault has no conditions of its own.
    Ambush(Ambush),
    /// The process replaces its program by another one, which sleeps for ever (`execve`, made in its name).
    Exec,
    /// The process gets this many bytes of new memory, all of them touched.
    Fill(u64),
    /// The processes that this one starts from now on are in a pid namespace of their own.
    NewPidNamespace,
}

/// A kill whose time is counted from the moment at which a line's call is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ambush {
    /// The index of the worker's line from whose call is counted.
    pub first: usize,
    /// The index of the line with whose return the opportunity is over.
    pub last: usize,
    /// When.
    pub when: Moment,
}

/// How far a worker gets from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Exactly this many machine instructions of its thread, traced one by one. The process's other
    /// threads run on meanwhile. A worker that sleeps in the middle, twice or for good, is killed there.
    Instructions(u64),
    /// This many nanoseconds.
    Nanoseconds(u64),
}

impl Action {
    /// Whether it may end the process, or at least the worker in it.
    pub fn is_deadly(self) -> bool {
        matches!(self, Action::Kill | Action::Signal(_) | Action::Ambush(_) | Action::Exec)
    }

    /// Whether it only prepares what others do: it comes before the gates and faults that fall due at the
    /// same time.
    pub fn prepares(self) -> bool {
        matches!(self, Action::Fill(_) | Action::NewPidNamespace)
    }
}

/// What a clause promises of one step. Without an expectation the step is judged by the program's
/// judges alone.
///
/// Unless it is [`Expect::Blocked`] or [`Expect::NotReached`], an expectation also says that the call
/// returns: still pending when nothing can move any more, it is a hang.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// Any answer, as long as there is one; `other` is none, here and everywhere.
    Returns,
    /// This outcome with any value.
    Outcome(Outcome),
    /// One of these outcomes.
    OneOf(Vec<Outcome>),
    /// `ok` with this value.
    Value(i64),
    /// `ok` with another value than this.
    NotValue(i64),
    /// `ok` with at least this value.
    AtLeast(i64),
    /// `ok` with at most this value.
    AtMost(i64),
    /// `ok` with this payload, whole.
    Item(Item),
    /// `ok` with one of these payloads, whole.
    ItemAmong(Vec<Item>),
    /// Exactly this outcome, value and aux.
    Answer(Outcome, i64, u64),
    /// `ok` with these payloads, whole and in this order.
    Items(Vec<Item>),
    /// `ok` with these values in `items` (exit codes of stages), in this order.
    ItemValues(Vec<i64>),
    /// `ok` with this scalar, whole: as a value, an element, a field, a slot, or the bytes of a block.
    Reads(Scalar),
    /// `ok` with these scalars in `items`, whole and in this order.
    ReadsAll(Vec<Scalar>),
    /// `ok` with this plain value, whole, as a managed object gives it.
    Gives(Datum),
    /// `ok` with these plain values in `items`, whole and in this order.
    GivesAll(Vec<Datum>),
    /// `ok` with an object of this kind, which is no plain value.
    GivesObject(String),
    /// `ok` with this text; so too for the three that follow. The wording of an error decides nothing.
    Text(String),
    /// The returned text begins like this.
    TextBegins(String),
    /// The returned text ends like this.
    TextEnds(String),
    /// The returned text contains this.
    TextContains(String),
    /// `ok` with the value, the aux and the text that another step returned. Unresolved if that one
    /// has not returned; so too for the two that follow.
    SameAs(Place),
    /// `ok` with the value of another step plus this, and with its aux.
    Plus(Place, i64),
    /// `ok` with another value, another aux or another text than that step returned.
    DiffersFrom(Place),
    /// `ok` with the pid under which the suite knows this worker.
    PidOf(String),
    /// Returned no earlier than this many milliseconds after it was called (less 2 ms, the
    /// clock's grain).
    TookAtLeast(u64),
    /// Returned no later than this many milliseconds after it was called, plus the slack that the
    /// machine's own lag demands.
    TookAtMost(u64),
    /// Returned after that step was called: too early if that one never was.
    NotBeforeCallOf(Place),
    /// Returned after that step returned.
    NotBeforeReturnOf(Place),
    /// Never returns: called, and pending when nothing can move any more, or when the program itself
    /// ended its worker.
    Blocked,
    /// Is never begun.
    NotReached,
    /// Every one of these.
    All(Vec<Expect>),
    /// At least one of these.
    Any(Vec<Expect>),
}

/// How a history is judged as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judge {
    /// Every item of the queue is taken once and whole; those of workers that were killed, or were
    /// still in the queue at the end, at most once. No get waits at the end while an item is left, and
    /// no put while there is room.
    Conservation(String),
    /// Also, each consumer takes one producer's items in the order of their puts.
    ProducerFifo(String),
    /// The queue's calls are linearizable to a first-in-first-out queue of this bound (0 for none);
    /// refusals, timeouts and calls still pending when nothing moved are part of that.
    LinearizableFifo(String, u32),
    /// The queue of this bound (0 for none) keeps the level that the implementation claims. What breaks
    /// conservation, or hangs, is named so; what breaks only a stronger level is weaker than claimed.
    ClaimedQueueLevel(String, u32),
    /// Each direction of the pipe delivers whole messages in the order in which they were sent, and
    /// the end of the stream after them, once nobody holds the other end. Nobody waits for what is
    /// there, or can never come.
    ConnectionOrder(String),
    /// Whatever a pipe delivers is a whole message that somebody sent, at most once; several workers
    /// share its ends. A receiver that is alone keeps each sender's order.
    ConnectionWhole(String),
    /// At most one worker holds the lock at a time, whoever releases it; whoever was refused, or gave
    /// up, found it held at some moment. Nobody waits at the end while it is free. The death of a
    /// holder is told to the next one, once. Conditions over the lock, and values that use it, are
    /// part of this, here and in the three that follow.
    Lock(String),
    /// As a lock, but owned by a worker, which acquires and releases it as often as it likes.
    Rlock(String),
    /// A wait on the condition gives up the lock and has it back when it returns. Each notification
    /// wakes as many waiters as it should, of those that waited, and nobody else returns true.
    Condition(String),
    /// Each read of the value, array or record returns what was written last, whole; an access waits
    /// while another worker holds the lock.
    Register(String),
    /// The number has been added to as often as the program says: by those additions that returned,
    /// and at most by those that were killed. Every addition is made with the lock held.
    Counter(String),
    /// An acquire takes a permit and a release brings one; nobody waits at the end while there is one.
    /// A bounded semaphore refuses more than its first value. The permits of the dead come back.
    Semaphore(String),
    /// A wait returns true if the event was set while it waited, and false only when its time is over
    /// and the event was clear throughout. Nobody waits at the end while it is set.
    Event(String),
    /// Nobody passes the barrier before all parties have arrived, and each has an index of its own.
    /// Once broken, by an abort, a time that is over, an action that fails or a death, it tells whoever
    /// waits or comes, until a reset.
    Barrier(String),
    /// Every element of the managed list is there once, and whole, in the order in which somebody goes
    /// through it in the end, whoever appended it; each read saw a beginning of that, none of it too early and
    /// none too late. It is only appended to, extended and read.
    List(String),
    /// Each entry of the managed dictionary, or each attribute of the namespace, is a register: every call
    /// took place at one moment between its beginning and its end. An addition is a read and a write.
    Entries(String),
    /// The main worker's process ended with this exit status (negative for a signal).
    MainEnded(i32),
    /// The worker's process was gone when the main worker's was, or this many milliseconds later, plus
    /// the suite's own lag.
    GoneWithMain(String, u64),
    /// The worker's process outlived the main worker's: it was gone later, or not at all.
    OutlivesMain(String),
    /// The worker finished its steps.
    Finished(String),
    /// Standard error holds this text.
    StderrContains(String),
    /// Standard error's first line is this.
    StderrFirstLine(String),
    /// Standard error is empty.
    StderrEmpty,
    /// Standard output is these lines.
    Stdout(Vec<String>),
    /// Standard output has this line once.
    StdoutHas(String),
    /// The two steps were under way at the same time; a step that has not returned still is.
    Overlap(Place, Place),
    /// The first step returned before the second was called.
    Precedes(Place, Place),
    /// Of these steps exactly one returned with this outcome.
    ExactlyOne(Outcome, Vec<Place>),
    /// Nothing is left when the run is over: no process, no shared memory name, no file.
    NothingLeft,
}

impl Program {
    /// The program as an adapter receives it.
    pub fn script(&self, method: Method) -> Script {
        Script {
            method,
            objects: self.objects.clone(),
            workers: self.roles.iter().map(Role::as_worker).collect(),
        }
    }

    /// The kind of what a step is on: the name of an object's kind, `process`, or empty.
    pub fn kind_of(&self, on: &str) -> &'static str {
        procession_contract::kind_of(
            on,
            &self.objects,
            self.roles.iter().map(|role| role.worker.name.as_str()),
        )
    }

    /// Whether managers' servers work for it, which are no workers.
    pub fn has_servers(&self) -> bool {
        self.objects.iter().any(|object| matches!(object.kind, ObjectKind::Manager { .. }))
    }

    /// The index of a place's line in its worker's list.
    pub fn index_of(&self, place: &Place) -> Option<(usize, usize)> {
        let worker = self.roles.iter().position(|role| role.worker.name == place.worker)?;
        let line = self.roles[worker].lines.iter().position(|line| line.label == place.label)?;
        Some((worker, line))
    }
}

impl Role {
    fn as_worker(&self) -> Worker {
        let steps = self.lines.iter().map(|line| {
            let mut step = line.step.clone();
            step.gate = !line.after.is_empty();
            step
        });
        Worker { steps: steps.collect(), ..self.worker.clone() }
    }
}
