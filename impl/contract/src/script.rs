//! Who does what: the objects of a run and the steps of each worker.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BarrierAction, Datum, Endpoint, Initializer, Key, Registered, Scalar, Step};

/// How the implementation brings a process into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A copy of the creator.
    Fork,
    /// A fresh program.
    Spawn,
    /// A copy of a server process that was started early.
    Forkserver,
    /// No process at all: a thread that stands for one (`multiprocessing.dummy`).
    Thread,
}

impl Method {
    /// Every method, in the order in which reports list them.
    pub const ALL: [Method; 4] = [Method::Fork, Method::Spawn, Method::Forkserver, Method::Thread];

    /// The method's name, as in scripts.
    pub fn name(self) -> &'static str {
        match self {
            Method::Fork => "fork",
            Method::Spawn => "spawn",
            Method::Forkserver => "forkserver",
            Method::Thread => "thread",
        }
    }
}

/// A whole program, as an adapter receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The start method of every worker that does not say its own; of the objects too, where the
    /// implementation ties objects to a method.
    pub method: Method,
    /// Objects that the main worker creates, in this order, before any other worker is started.
    pub objects: Vec<ObjectSpec>,
    /// The workers; the first is `main`, which has no parent.
    pub workers: Vec<Worker>,
}

/// An object to create.
// Without `deny_unknown_fields`, which refuses the fields of a flattened type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ObjectSpec {
    /// Its name in steps; a `pipe` or `stream_pipe` NAME has the ends NAME.0 and NAME.1 (not duplex: 0
    /// receives, 1 sends), an `os_pipe` NAME the ends NAME.r and NAME.w.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: ObjectKind,
    /// The start method whose context creates it, if not the script's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
}

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ObjectKind {
    /// A queue.
    Queue {
        /// The most items that it holds; zero or negative for no bound.
        #[serde(default)]
        maxsize: i64,
    },
    /// A queue with put, get, empty and close only.
    SimpleQueue,
    /// A queue that counts unfinished items.
    JoinableQueue {
        /// The most items that it holds; zero or negative for no bound.
        #[serde(default)]
        maxsize: i64,
    },
    /// Two connected ends.
    Pipe {
        /// Whether both ends send and receive.
        #[serde(default = "yes")]
        duplex: bool,
    },
    /// Two connected ends whose messages travel on a stream, in CPython's framing.
    StreamPipe {
        /// Whether both ends send and receive.
        #[serde(default = "yes")]
        duplex: bool,
    },
    /// A pipe of the operating system: bytes, one way.
    OsPipe,
    /// A lock that is not recursive; anybody may release it.
    Lock,
    /// A recursive lock, owned by one thread of one process.
    Rlock,
    /// A semaphore without an upper bound.
    Semaphore {
        /// Its value at first; absent to leave it to the implementation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Scalar>,
    },
    /// A semaphore that is never released above its first value.
    BoundedSemaphore {
        /// Its value at first; absent to leave it to the implementation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Scalar>,
    },
    /// A condition variable.
    Condition {
        /// The name of the lock given to it, an object created before; absent for one of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lock: Option<String>,
    },
    /// An event.
    Event,
    /// A barrier.
    Barrier {
        /// How many parties it waits for.
        parties: i64,
        /// The time limit of waits that give none, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
        /// What it does once per round.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action: Option<BarrierAction>,
    },
    /// One shared value.
    Value {
        /// The type's letter, as in Python's module `array` (`c` for a byte that is a character), or a
        /// name that means none.
        code: String,
        /// Its value at first; absent for zero.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        initial: Option<Scalar>,
        /// Its lock.
        #[serde(default)]
        lock: LockChoice,
    },
    /// A shared array.
    Array {
        /// The type's letter, as for a value.
        code: String,
        /// Its length, for one of zeros; absent if `initial` is given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length: Option<i64>,
        /// Its elements at first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        initial: Option<Vec<Scalar>>,
        /// Its lock.
        #[serde(default)]
        lock: LockChoice,
    },
    /// A shared record (a ctypes structure), or an array of records.
    Record {
        /// Its fields, in the order of the memory.
        fields: Vec<Field>,
        /// How many records there are; absent for one that is no array.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length: Option<i64>,
        /// The fields' values at first, record after record; zero where the list ends.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        initial: Vec<Scalar>,
        /// Its lock.
        #[serde(default)]
        lock: LockChoice,
    },
    /// A manager: a server process, and this handle to it. Started when it is created, unless `idle`.
    Manager {
        /// Where it serves.
        #[serde(default, skip_serializing_if = "is_unsaid")]
        at: Endpoint,
        /// Its key.
        #[serde(default, skip_serializing_if = "is_no_key")]
        key: Key,
        /// What the server does first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        initializer: Option<Initializer>,
        /// It is not started by its creation.
        #[serde(default, skip_serializing_if = "is_false")]
        idle: bool,
    },
    /// An object in a manager's server, and a proxy of it.
    Managed {
        /// The manager, created before.
        manager: String,
        /// What it is: of the kinds that are objects of their own a queue, joinable or not, a lock, a
        /// semaphore, a condition, an event, a barrier, a value or array (without a lock); or one of those
        /// that follow.
        of: Box<ObjectKind>,
    },
    /// A managed list.
    List {
        /// What it holds at first; absent for the creation without an argument.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        initial: Option<Datum>,
    },
    /// A managed dictionary.
    Dict {
        /// What it holds at first; absent for the creation without an argument.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        initial: Option<Datum>,
    },
    /// A managed namespace.
    Namespace {
        /// Its attributes at first, given by name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        initial: Vec<(String, Datum)>,
    },
    /// A managed object of a type that adapters register.
    Registered {
        /// Which.
        #[serde(rename = "type")]
        of: Registered,
        /// The arguments of its creation.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        args: Vec<Datum>,
    },
    /// A listener for connections.
    Listener {
        /// Where it listens.
        #[serde(default, skip_serializing_if = "is_unsaid")]
        at: Endpoint,
        /// Its key.
        #[serde(default, skip_serializing_if = "is_no_key")]
        key: Key,
        /// How many connections may wait to be accepted; absent to leave it to the implementation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backlog: Option<u32>,
    },
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type's letter, as for a value.
    pub code: String,
}

/// Which lock a shared value has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LockChoice {
    /// Nothing is said.
    #[default]
    Unsaid,
    /// One of its own, said so (`lock=True`).
    Own,
    /// None is named (`lock=None`).
    Absent,
    /// No lock: the bare storage (`lock=False`).
    Raw,
    /// This object, created before.
    Given(String),
    /// Something that is no lock.
    Nonsense,
}

fn yes() -> bool {
    true
}

fn is_unsaid(at: &Endpoint) -> bool {
    *at == Endpoint::Unsaid
}

fn is_no_key(key: &Key) -> bool {
    *key == Key::Unsaid
}

impl ObjectKind {
    /// What it is, wherever it lives: of a managed object that of which it is a proxy.
    pub fn plain(&self) -> &ObjectKind {
        match self {
            ObjectKind::Managed { of, .. } => of,
            kind => kind,
        }
    }

    /// The name that manifests and messages use.
    pub fn name(&self) -> &'static str {
        match self {
            ObjectKind::Queue { .. } => "queue",
            ObjectKind::SimpleQueue => "simple_queue",
            ObjectKind::JoinableQueue { .. } => "joinable_queue",
            ObjectKind::Pipe { .. } => "pipe",
            ObjectKind::StreamPipe { .. } => "stream_pipe",
            ObjectKind::OsPipe => "os_pipe",
            ObjectKind::Lock => "lock",
            ObjectKind::Rlock => "rlock",
            ObjectKind::Semaphore { .. } => "semaphore",
            ObjectKind::BoundedSemaphore { .. } => "bounded_semaphore",
            ObjectKind::Condition { .. } => "condition",
            ObjectKind::Event => "event",
            ObjectKind::Barrier { .. } => "barrier",
            ObjectKind::Value { .. } => "value",
            ObjectKind::Array { .. } => "array",
            ObjectKind::Record { .. } => "record",
            ObjectKind::Manager { .. } => "manager",
            ObjectKind::List { .. } => "list",
            ObjectKind::Dict { .. } => "dict",
            ObjectKind::Namespace { .. } => "namespace",
            ObjectKind::Registered { .. } => "registered",
            ObjectKind::Listener { .. } => "listener",
            ObjectKind::Managed { of, .. } => match &**of {
                ObjectKind::Queue { .. } => "managed_queue",
                ObjectKind::JoinableQueue { .. } => "managed_joinable_queue",
                ObjectKind::Lock => "managed_lock",
                ObjectKind::Rlock => "managed_rlock",
                ObjectKind::Semaphore { .. } => "managed_semaphore",
                ObjectKind::BoundedSemaphore { .. } => "managed_bounded_semaphore",
                ObjectKind::Condition { .. } => "managed_condition",
                ObjectKind::Event => "managed_event",
                ObjectKind::Barrier { .. } => "managed_barrier",
                ObjectKind::Value { .. } => "managed_value",
                ObjectKind::Array { .. } => "managed_array",
                ObjectKind::List { .. } => "managed_list",
                ObjectKind::Dict { .. } => "managed_dict",
                ObjectKind::Namespace { .. } => "managed_namespace",
                ObjectKind::Registered { .. } => "managed_registered",
                // What no manager serves; no manifest lists it.
                _ => "managed_other",
            },
        }
    }
}

impl Script {
    /// The kind of what a step is on: the name of an [`ObjectKind`], `process`, or empty.
    pub fn kind_of(&self, on: &str) -> &'static str {
        kind_of(on, &self.objects, self.workers.iter().map(|worker| worker.name.as_str()))
    }
}

/// The kind of what a step is on, among these objects and workers.
pub fn kind_of<'a>(
    on: &str,
    objects: &[ObjectSpec],
    mut workers: impl Iterator<Item = &'a str>,
) -> &'static str {
    let of = |spec: &&ObjectSpec| {
        on == spec.name || on.strip_prefix(spec.name.as_str()).is_some_and(|end| end.starts_with('.'))
    };
    match objects.iter().find(of) {
        Some(spec) => spec.kind.name(),
        None if on == "current" || on == "parent" || workers.any(|name| name == on) => "process",
        None => "",
    }
}

/// A worker: a process of the implementation, or a thread inside another worker's process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Its name in steps and histories; `main` for the first.
    pub name: String,
    /// The worker that constructs and starts it; absent for `main` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What it is.
    #[serde(default)]
    pub kind: WorkerKind,
    /// Its start method, if not the script's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// Started by a `start` step of its parent; otherwise the parent starts it before its own first
    /// step, and all workers so started are armed together.
    #[serde(default, skip_serializing_if = "is_false")]
    pub explicit: bool,
    /// The daemon flag given at construction; absent to leave it to the implementation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daemon: Option<bool>,
    /// The process name given at construction; absent to leave it to the implementation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_name: Option<String>,
    /// The objects (or ends) handed to it; absent for all that its parent has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gets: Option<Vec<String>>,
    /// Has no body at all: a process without a target. It makes no history.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bodiless: bool,
    /// An argument that cannot be serialised is handed to it besides.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unserialisable_argument: bool,
    /// The body is the overridden run method of a subclass, where the language has such.
    #[serde(default, skip_serializing_if = "is_false")]
    pub subclass: bool,
    /// What it does.
    pub steps: Vec<Step>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// What a worker is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkerKind {
    /// A process of the implementation.
    #[default]
    Process,
    /// A thread of the language inside its parent's process; it shares the parent's objects. The
    /// process waits for it at its end, as for a thread that is not a daemon.
    Thread,
    /// The same, but the process does not wait for it.
    DaemonThread,
}
