//! `posix` and `posix_robust`: what the C library offers to processes that share memory, as it is: mutexes,
//! condition variables, semaphores, barriers and message queues.
//!
//! The two differ in their mutexes alone. A robust one tells the next holder that the last one died; of
//! another one nobody is told anything. Nothing is added to what the functions do, so that the suite shows
//! what a program gets that uses them. The objects lie in memory that was mapped before the fork.
//!
//! All message queues of a user together may have 800 KiB (RLIMIT_MSGQUEUE), enough for nine of them: where
//! programs are unresolved because a queue cannot be created, `--jobs 2` makes fewer at the same time.

mod barrier;
mod clocks;
mod condition;
mod errors;
mod message_queue;
mod mutex;
mod semaphore;
mod shared;

use procession_contract::{
    Answer, Implementation, Manifest, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome, QueueLevel,
};

use barrier::Barrier;
use condition::Condition;
use errors::failed;
use message_queue::MessageQueue;
use mutex::Mutex;
use semaphore::Semaphore;

/// With mutexes that are not robust.
pub fn implementation() -> &'static dyn Implementation {
    &Posix { robust: false }
}

/// With robust mutexes.
pub fn robust() -> &'static dyn Implementation {
    &Posix { robust: true }
}

struct Posix {
    robust: bool,
}

const OBJECTS: &[&str] = &["lock", "rlock", "semaphore", "condition", "barrier", "queue"];

const CALLS: &[&str] = &[
    "acquire",
    "release",
    "permits",
    "barrier.await",
    "condition.await",
    "await_word",
    "notify",
    "notify_all",
    "put",
    "put_nowait",
    "get",
    "get_nowait",
    "qsize",
    "empty",
    "full",
    "queue.close",
    // The suite's agent forks the processes, as a program does by itself with `fork` and `waitpid`.
    "start",
    "join",
    "create",
    "forget",
];

impl Implementation for Posix {
    fn manifest(&self) -> Manifest {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Manifest {
            name: if self.robust { "posix_robust" } else { "posix" }.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            language: "rust".into(),
            methods: vec![Method::Fork],
            objects: names(OBJECTS),
            calls: names(CALLS),
            claims: names(&[]),
            queue_level: QueueLevel::LinearizableFifo,
            tick_ms: 0,
        }
    }

    fn create(&self, spec: &ObjectSpec, _method: Method, existing: &mut Objects) -> Result<Objects, Answer> {
        let mutex = |recursive| Mutex::new(recursive, self.robust).map_err(failed);
        let object: Box<dyn Object> = match &spec.kind {
            ObjectKind::Lock => Box::new(mutex(false)?),
            ObjectKind::Rlock => Box::new(mutex(true)?),
            ObjectKind::Semaphore { value } => Box::new(Semaphore::new(value.as_ref())?),
            ObjectKind::Condition { lock } => {
                let mutex = match lock {
                    Some(lock) => Mutex::among(existing, lock)?,
                    None => mutex(false)?,
                };
                Box::new(Condition::new(mutex).map_err(failed)?)
            }
            ObjectKind::Barrier { parties, timeout_ms: None, action: None } => {
                Box::new(Barrier::new(*parties)?)
            }
            ObjectKind::Queue { maxsize } => Box::new(MessageQueue::new(*maxsize).map_err(failed)?),
            _ => return Err(Answer::of(Outcome::Unsupported)),
        };
        Ok(Objects::from([(spec.name.clone(), object)]))
    }
}
