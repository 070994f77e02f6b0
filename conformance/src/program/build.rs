//! The words in which clauses write their programs.

mod connections;
mod expectations;
mod managers;
mod processes;
mod queues;
mod sync;
mod values;

pub use connections::*;
pub use expectations::*;
pub use managers::*;
pub use processes::*;
pub use queues::*;
pub use sync::*;
pub use values::*;

use procession_contract::{
    Call, Item, ItemKind, Method, ObjectKind, ObjectSpec, Outcome, Step, Worker, WorkerKind,
};

use super::{Action, Condition, Expect, Fault, Judge, Line, Methods, Place, Program, Role};

/// The start methods that make processes.
pub const PROCESS_METHODS: [Method; 3] = [Method::Fork, Method::Spawn, Method::Forkserver];

impl Program {
    /// A program without objects, workers or judges.
    pub fn new() -> Program {
        Program::default()
    }

    /// Says what it shows.
    pub fn title(mut self, title: impl Into<String>) -> Program {
        self.title = title.into();
        self
    }

    /// Runs it with each start method that the implementation offers.
    pub fn each_method(mut self) -> Program {
        self.methods = Methods::Each;
        self
    }

    /// Runs it with these start methods only.
    pub fn only(mut self, methods: &[Method]) -> Program {
        self.methods = Methods::Only(methods.to_vec());
        self
    }

    /// Runs it with those of these start methods that the implementation offers.
    pub fn among(mut self, methods: &[Method]) -> Program {
        self.methods = Methods::Among(methods.to_vec());
        self
    }

    /// Runs it with each start method that makes processes and that the implementation offers.
    pub fn each_process_method(self) -> Program {
        self.among(&PROCESS_METHODS)
    }

    /// Adds an object.
    pub fn object(mut self, name: &str, kind: ObjectKind) -> Program {
        self.objects.push(ObjectSpec { name: name.into(), kind, method: None });
        self
    }

    /// Adds a queue of this bound; 0 for none.
    pub fn queue(self, name: &str, maxsize: i64) -> Program {
        self.object(name, ObjectKind::Queue { maxsize })
    }

    /// Adds a joinable queue of this bound; 0 for none.
    pub fn joinable(self, name: &str, maxsize: i64) -> Program {
        self.object(name, ObjectKind::JoinableQueue { maxsize })
    }

    /// Adds a simple queue.
    pub fn simple_queue(self, name: &str) -> Program {
        self.object(name, ObjectKind::SimpleQueue)
    }

    /// Adds a pipe both of whose ends send and receive.
    pub fn pipe(self, name: &str) -> Program {
        self.object(name, ObjectKind::Pipe { duplex: true })
    }

    /// Adds a pipe whose end 0 receives and whose end 1 sends.
    pub fn one_way(self, name: &str) -> Program {
        self.object(name, ObjectKind::Pipe { duplex: false })
    }

    /// Adds a pipe of which both ends send and receive, on a stream.
    pub fn stream_pipe(self, name: &str) -> Program {
        self.object(name, ObjectKind::StreamPipe { duplex: true })
    }

    /// The program with pipes on streams in place of its other ones.
    pub fn on_streams(mut self) -> Program {
        for object in &mut self.objects {
            if let ObjectKind::Pipe { duplex } = object.kind {
                object.kind = ObjectKind::StreamPipe { duplex };
            }
        }
        self
    }

    /// Adds an OS pipe.
    pub fn os_pipe(self, name: &str) -> Program {
        self.object(name, ObjectKind::OsPipe)
    }

    /// Adds the main worker's lines; to be called first.
    pub fn main(self, lines: impl IntoIterator<Item = Line>) -> Program {
        assert!(self.roles.is_empty(), "`main` comes before every other worker");
        self.role(Worker { parent: None, ..worker("main") }, lines)
    }

    /// Adds a worker that `main` starts before its own first step.
    pub fn process(self, name: &str, lines: impl IntoIterator<Item = Line>) -> Program {
        self.role(worker(name), lines)
    }

    /// Adds a worker that is started by a step.
    pub fn explicit(self, name: &str, lines: impl IntoIterator<Item = Line>) -> Program {
        self.role(Worker { explicit: true, ..worker(name) }, lines)
    }

    /// Adds a thread of `parent`'s process.
    pub fn thread(self, name: &str, parent: &str, lines: impl IntoIterator<Item = Line>) -> Program {
        let thread = Worker { kind: WorkerKind::Thread, parent: Some(parent.into()), ..worker(name) };
        self.role(thread, lines)
    }

    /// Adds a worker with everything said.
    ///
    /// In a program with a manager main stays until the worker has ended, since the server ends with main; unless
    /// the worker waits for main's end, or for ever.
    pub fn role(mut self, worker: Worker, lines: impl IntoIterator<Item = Line>) -> Program {
        self.roles.push(Role { worker, lines: lines.into_iter().collect() });
        if self.has_servers() && self.roles.len() > 1 {
            self.let_main_outlast(self.roles.len() - 1);
        }
        self
    }

    /// Adds a fault.
    pub fn fault(
        mut self,
        worker: &str,
        action: Action,
        after: impl IntoIterator<Item = Condition>,
    ) -> Program {
        let after = after.into_iter().collect();
        self.faults.push(Fault { worker: worker.into(), action, after, delay_us: 0 });
        self
    }

    /// Lets the last fault happen this much later, in milliseconds: for what a worker does beside its
    /// calls.
    pub fn later(mut self, ms: u64) -> Program {
        self.faults.last_mut().expect("`later` follows a fault").delay_us = ms * 1000;
        self
    }

    /// Adds a kill of the worker's process.
    pub fn kill(self, worker: &str, after: impl IntoIterator<Item = Condition>) -> Program {
        self.fault(worker, Action::Kill, after)
    }

    /// Adds a judge.
    pub fn judge(mut self, judge: Judge) -> Program {
        self.judges.push(judge);
        self
    }

    /// Lets no other program run beside it.
    pub fn alone(mut self) -> Program {
        self.alone = true;
        self
    }
}

/// A worker that `main` starts, with nothing else said.
pub fn worker(name: &str) -> Worker {
    Worker {
        name: name.into(),
        parent: Some("main".into()),
        kind: WorkerKind::Process,
        method: None,
        explicit: false,
        daemon: None,
        process_name: None,
        gets: None,
        bodiless: false,
        unserialisable_argument: false,
        subclass: false,
        steps: Vec::new(),
    }
}

/// A worker that `main` starts with these objects, or ends of pipes, and no others.
pub fn holding(name: &str, gets: &[&str]) -> Worker {
    Worker { gets: Some(gets.iter().map(|name| name.to_string()).collect()), ..worker(name) }
}

/// A line that makes a call on an object.
pub fn on(object: &str, call: Call) -> Line {
    let step = Step { on: object.into(), call, gate: false };
    Line { step, label: String::new(), after: Vec::new(), expect: None }
}

/// A line that makes a call on no object.
pub fn own(call: Call) -> Line {
    on("", call)
}

/// An integer payload, from a number; or any payload.
impl From<u32> for Payload {
    fn from(id: u32) -> Payload {
        Payload(Item::int(id))
    }
}

impl From<Item> for Payload {
    fn from(item: Item) -> Payload {
        Payload(item)
    }
}

/// What a line sends: `7` for the integer, or an [`Item`].
pub struct Payload(pub Item);

/// Puts an item into a queue, waiting for room.
pub fn put(queue: &str, item: impl Into<Payload>) -> Line {
    on(queue, Call::Put { item: item.into().0, block: true, timeout_ms: None, then_clear: false })
}

/// Takes an item from a queue, waiting for one.
pub fn get(queue: &str) -> Line {
    on(queue, Call::Get { block: true, timeout_ms: None })
}

/// Sends an object.
pub fn send(connection: &str, item: impl Into<Payload>) -> Line {
    on(connection, Call::Send { item: item.into().0 })
}

/// Receives an object.
pub fn recv(connection: &str) -> Line {
    on(connection, Call::Recv)
}

/// Sends raw bytes.
pub fn send_bytes(connection: &str, item: Item) -> Line {
    on(connection, Call::SendBytes { item, offset: None, size: None, width: None })
}

/// Receives raw bytes.
pub fn recv_bytes(connection: &str) -> Line {
    on(connection, Call::RecvBytes { max: None })
}

/// Sleeps.
pub fn sleep(ms: u64) -> Line {
    own(Call::Sleep { ms })
}

/// Waits for the end of a worker's process.
pub fn join(worker: &str) -> Line {
    on(worker, Call::Join { timeout_ms: None })
}

/// Starts a worker's process.
pub fn start(worker: &str) -> Line {
    on(worker, Call::Start)
}

/// A payload of another kind than an integer.
pub fn item(id: u32, kind: ItemKind) -> Item {
    Item::of(id, kind)
}

/// A line of a worker, by its label.
pub fn at(worker: &str, label: &str) -> Place {
    Place { worker: worker.into(), label: label.into() }
}

/// When the call was made.
pub fn called(worker: &str, label: &str) -> Condition {
    Condition::Called(at(worker, label))
}

/// When the call has returned.
pub fn returned(worker: &str, label: &str) -> Condition {
    Condition::Returned(at(worker, label))
}

/// When the call was made and sleeps.
pub fn blocked(worker: &str, label: &str) -> Condition {
    Condition::Blocked(at(worker, label))
}

/// When the worker has finished or died.
pub fn ended(worker: &str) -> Condition {
    Condition::Ended(worker.into())
}

/// When the worker's process is gone.
pub fn gone(worker: &str) -> Condition {
    Condition::Gone(worker.into())
}

/// When nothing of the run can move any more, unless this lets it.
pub fn quiescence() -> Condition {
    Condition::Quiescence
}

impl Line {
    /// Gives the line a label.
    pub fn label(mut self, label: &str) -> Line {
        self.label = label.into();
        self
    }

    /// Holds the line back until this condition, too, holds.
    pub fn after(mut self, condition: Condition) -> Line {
        self.after.push(condition);
        self
    }

    /// Sets the call's time limit in milliseconds.
    pub fn timeout(mut self, ms: i64) -> Line {
        match &mut self.step.call {
            Call::Put { timeout_ms, .. }
            | Call::PutMany { timeout_ms, .. }
            | Call::Get { timeout_ms, .. }
            | Call::GetMany { timeout_ms, .. }
            | Call::JoinTasks { timeout_ms }
            | Call::Poll { timeout_ms, .. }
            | Call::Wait { timeout_ms, .. }
            | Call::Join { timeout_ms }
            | Call::Acquire { timeout_ms, .. }
            | Call::Await { timeout_ms }
            | Call::AwaitWord { timeout_ms, .. }
            | Call::MutexLock { timeout_ms } => *timeout_ms = Some(ms),
            other => panic!("this call has no time limit: {other:?}"),
        }
        self
    }

    /// Makes a put, get or acquire that does not wait.
    pub fn nonblocking(mut self) -> Line {
        match &mut self.step.call {
            Call::Put { block, .. } | Call::Get { block, .. } | Call::Acquire { block, .. } => *block = false,
            other => panic!("this call has no non-blocking form: {other:?}"),
        }
        self
    }

    /// Adds an expectation to those that the line has.
    pub fn expect(mut self, expect: Expect) -> Line {
        self.expect = Some(match self.expect.take() {
            None => expect,
            Some(Expect::All(mut all)) => {
                all.push(expect);
                Expect::All(all)
            }
            Some(first) => Expect::All(vec![first, expect]),
        });
        self
    }

    /// Expects success.
    pub fn ok(self) -> Line {
        self.is(Outcome::Ok)
    }

    /// Expects this outcome.
    pub fn is(self, outcome: Outcome) -> Line {
        self.expect(Expect::Outcome(outcome))
    }

    /// Expects success with this number.
    pub fn value(self, value: i64) -> Line {
        self.expect(Expect::Value(value))
    }

    /// Expects success with yes or no.
    pub fn truth(self, truth: bool) -> Line {
        self.value(i64::from(truth))
    }

    /// Expects this payload, whole.
    pub fn gives(self, item: impl Into<Payload>) -> Line {
        self.expect(Expect::Item(item.into().0))
    }

    /// Expects this text.
    pub fn text(self, text: &str) -> Line {
        self.expect(Expect::Text(text.into()))
    }

    /// Expects that the call never returns.
    pub fn blocks(self) -> Line {
        self.expect(Expect::Blocked)
    }

    /// Expects the call to take at least this many milliseconds.
    pub fn at_least(self, ms: u64) -> Line {
        self.expect(Expect::TookAtLeast(ms))
    }

    /// Expects the call to take at most this many milliseconds.
    pub fn at_most(self, ms: u64) -> Line {
        self.expect(Expect::TookAtMost(ms))
    }
}
