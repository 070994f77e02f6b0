//! `threads`: processes that are threads of one process, queues and pipes that are channels, in the
//! manner of `multiprocessing.dummy`; written as a user of std and crossbeam would write it. Locks,
//! conditions, barriers and values are what a mutex and a condition variable of std give.
//!
//! What is passed is moved, not encoded. A killed process takes all its workers with it, so there are
//! no exit codes, no `terminate` and no `kill`; what is offered is in the manifest.

mod barrier;
mod condition;
mod connection;
mod element;
mod event;
mod joinable;
mod lock;
mod monitor;
mod process;
mod queue;
mod semaphore;
mod value;

use std::marker::PhantomData;

use procession_contract::{
    Answer, Body, Call, Implementation, Manifest, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
    Processes, QueueLevel,
};

use barrier::Barrier;
use condition::Condition;
use connection::Connection;
use event::Event;
use joinable::JoinableQueue;
use lock::Lock;
use process::Threads;
use queue::Queue;
use semaphore::Semaphore;
use value::Shared;

/// The implementation, whose workers run `B`.
pub fn implementation<B: Body>() -> &'static dyn Implementation {
    &ThreadsImplementation::<B>(PhantomData)
}

struct ThreadsImplementation<B>(PhantomData<fn() -> B>);

const OBJECTS: &[&str] = &[
    "queue",
    "simple_queue",
    "joinable_queue",
    "pipe",
    "lock",
    "rlock",
    "semaphore",
    "bounded_semaphore",
    "condition",
    "event",
    "barrier",
    "value",
    "array",
];

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
    // Locks, semaphores, conditions, events and barriers.
    "acquire",
    "release",
    "permits",
    "await",
    "await_word",
    "notify",
    "notify_all",
    "set",
    "clear",
    "is_set",
    "abort",
    "reset",
    "parties",
    "waiting",
    "broken",
    "scope",
    // Values and arrays.
    "load",
    "store",
    "add",
    "array.load_slice",
    "array.store_slice",
    "array.length",
    "get_lock",
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
    "create",
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
            objects: names(OBJECTS),
            calls: names(CALLS),
            claims: names(&[]),
            queue_level: QueueLevel::LinearizableFifo,
            tick_ms: 0,
        }
    }

    fn create(&self, spec: &ObjectSpec, _method: Method, existing: &mut Objects) -> Result<Objects, Answer> {
        let name = &spec.name;
        if let ObjectKind::Pipe { duplex } = &spec.kind {
            let (first, second) = Connection::pair(*duplex);
            let ends: [(String, Box<dyn Object>); 2] =
                [(format!("{name}.0"), Box::new(first)), (format!("{name}.1"), Box::new(second))];
            return Ok(Objects::from(ends));
        }
        let object: Box<dyn Object> = match &spec.kind {
            ObjectKind::Queue { maxsize } => Box::new(Queue::new(*maxsize)?),
            ObjectKind::SimpleQueue => Box::new(Queue::simple()),
            ObjectKind::JoinableQueue { maxsize } => Box::new(JoinableQueue::new(*maxsize)),
            ObjectKind::Lock => Box::new(Lock::new()),
            ObjectKind::Rlock => Box::new(Lock::recursive()),
            ObjectKind::Semaphore { value } => Box::new(Semaphore::new(value.as_ref(), false)?),
            ObjectKind::BoundedSemaphore { value } => Box::new(Semaphore::new(value.as_ref(), true)?),
            ObjectKind::Condition { lock: None } => Box::new(Condition::new(Lock::recursive())),
            ObjectKind::Condition { lock: Some(lock) } => {
                Box::new(Condition::new(Lock::among(existing, lock)?))
            }
            ObjectKind::Event => Box::new(Event::default()),
            ObjectKind::Barrier { parties, timeout_ms, action } => {
                Box::new(Barrier::new(*parties, *timeout_ms, *action)?)
            }
            ObjectKind::Value { code, initial, lock } => {
                Box::new(Shared::value(code, initial.as_ref(), lock, existing)?)
            }
            ObjectKind::Array { code, length, initial, lock } => {
                Box::new(Shared::array(code, *length, initial.as_deref(), lock, existing)?)
            }
            _ => return Err(Answer::of(Outcome::Unsupported)),
        };
        Ok(Objects::from([(name.clone(), object)]))
    }

    fn call(&self, on: &str, call: &Call, objects: &mut Objects) -> Answer {
        match (on, call) {
            ("current", call) => process::current(call),
            ("parent", call) => process::parent(call),
            ("", Call::ActiveChildren) => process::active_children(),
            ("", Call::CpuCount) => match std::thread::available_parallelism() {
                Ok(count) => Answer::number(count.get() as i64),
                Err(error) => Answer::error(Outcome::Other, error),
            },
            (on, Call::GetLock { name }) => get_lock(on, name, objects),
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

fn get_lock(on: &str, name: &str, objects: &mut Objects) -> Answer {
    let value = objects.get_mut(on).and_then(|object| object.as_any().downcast_mut::<Shared>());
    match value.map(|value| value.get_lock()) {
        Some(Some((lock, given))) => {
            objects.insert(name.into(), Box::new(lock));
            Answer::truth(given)
        }
        Some(None) => Answer::error(Outcome::BadType, "bare storage has no lock"),
        None => Answer::error(Outcome::Other, format!("there is no value `{on}`")),
    }
}
