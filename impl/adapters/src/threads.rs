//! `threads`: processes that are threads of one process, queues and pipes that are channels, in the
//! manner of `multiprocessing.dummy`; written as a user of std and crossbeam would write it.
//!
//! What is passed is moved, not encoded. A killed process takes all its workers with it, so there are
//! no exit codes, no `terminate` and no `kill`; what is offered is in the manifest.

mod connection;
mod joinable;
mod process;
mod queue;

use std::marker::PhantomData;
use std::time::Duration;

use procession_contract::{
    Answer, Body, Call, Implementation, Manifest, Method, ObjectKind, ObjectSpec, Objects, Outcome,
    Processes, QueueLevel,
};

use connection::Connection;
use joinable::JoinableQueue;
use process::Threads;
use queue::Queue;

/// The implementation, whose workers run `B`.
pub fn implementation<B: Body>() -> &'static dyn Implementation {
    &ThreadsImplementation::<B>(PhantomData)
}

struct ThreadsImplementation<B>(PhantomData<fn() -> B>);

const CALLS: &[&str] = &[
    // Queues.
    "put",
    "put_nowait",
    "get",
    "get_nowait",
    "qsize",
    "empty",
    "full",
    "task_done",
    "join_tasks",
    // Connections.
    "send",
    "recv",
    "poll",
    "pipe.close",
    // Processes.
    "start",
    "join",
    "is_alive",
    "name",
    "set_name",
    "daemon",
    "set_daemon",
    "is_listed",
    "active_children",
    "cpu_count",
    // Any object.
    "forget",
];

impl<B: Body> Implementation for ThreadsImplementation<B> {
    fn manifest(&self) -> Manifest {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Manifest {
            name: "threads".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            language: "rust".into(),
            methods: vec![Method::Thread],
            objects: names(&["queue", "simple_queue", "joinable_queue", "pipe"]),
            calls: names(CALLS),
            claims: names(&[]),
            queue_level: QueueLevel::LinearizableFifo,
            tick_ms: 0,
        }
    }

    fn create(&self, spec: &ObjectSpec, _method: Method, _existing: &mut Objects) -> Result<Objects, Answer> {
        let name = &spec.name;
        let mut objects = Objects::new();
        match &spec.kind {
            ObjectKind::Queue { maxsize } => {
                objects.insert(name.clone(), Box::new(Queue::new(*maxsize)?));
            }
            ObjectKind::SimpleQueue => {
                objects.insert(name.clone(), Box::new(Queue::simple()));
            }
            ObjectKind::JoinableQueue { maxsize } => {
                objects.insert(name.clone(), Box::new(JoinableQueue::new(*maxsize)));
            }
            ObjectKind::Pipe { duplex } => {
                let (first, second) = Connection::pair(*duplex);
                objects.insert(format!("{name}.0"), Box::new(first));
                objects.insert(format!("{name}.1"), Box::new(second));
            }
            _ => return Err(Answer::of(Outcome::Unsupported)),
        }
        Ok(objects)
    }

    fn call(&self, on: &str, call: &Call, _objects: &mut Objects) -> Answer {
        match (on, call) {
            ("current", call) => process::current(call),
            ("parent", call) => process::parent(call),
            ("", Call::ActiveChildren) => process::active_children(),
            ("", Call::CpuCount) => match std::thread::available_parallelism() {
                Ok(count) => Answer::number(count.get() as i64),
                Err(error) => Answer::error(Outcome::Other, error),
            },
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn at_exit(&self) {
        process::join_all();
    }

    fn processes(&self) -> Option<&dyn Processes> {
        Some(const { &Threads::<B>::new() })
    }
}

/// How long a call may wait.
#[derive(Clone, Copy)]
enum Patience {
    /// Not at all.
    None,
    /// So long. A negative time is none, as in `multiprocessing`.
    For(Duration),
    /// Without limit.
    Forever,
}

impl Patience {
    fn of(block: bool, timeout_ms: Option<i64>) -> Patience {
        match timeout_ms {
            _ if !block => Patience::None,
            Some(ms) => Patience::For(Duration::from_millis(ms.max(0) as u64)),
            None => Patience::Forever,
        }
    }
}
