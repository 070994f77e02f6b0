//! What a defect is: functions that stand between a call and the reference.

use std::collections::VecDeque;

use procession_contract::{
    Answer, Call, Implementation, Item, Manifest, Method, Object, ObjectKind, ObjectSpec, Objects, Worker,
};

/// Answers a call on a handle; `inner` is the reference's own handle.
pub type OnObject = fn(&mut Memory, &Call, &mut dyn Object) -> Answer;

/// Answers a call on no object, on several, or on `current` or `parent`.
pub type OnLibrary = fn(&dyn Implementation, &str, &Call, &mut Objects) -> Answer;

/// Creates an object; `inner` is the reference.
pub type OnCreate = fn(&dyn Implementation, &ObjectSpec, Method, &mut Objects) -> Result<Objects, Answer>;

/// Does something when a handle is dropped; `inner` is the reference's own.
pub type OnDrop = fn(&mut Memory, &mut dyn Object);

/// Starts a thread of this process that runs the body.
pub type OnThread = fn(Box<dyn FnOnce() + Send>) -> Result<(), Answer>;

/// A defect; what is `None` is as in the reference.
#[derive(Clone, Copy, Debug, Default)]
pub struct Defect {
    /// In plain queues.
    pub queue: Option<OnObject>,
    /// In joinable queues.
    pub joinable: Option<OnObject>,
    /// In simple queues.
    pub simple: Option<OnObject>,
    /// In connections.
    pub connection: Option<OnObject>,
    /// In the ends of OS pipes.
    pub os_pipe: Option<OnObject>,
    /// In locks, recursive or not.
    pub lock: Option<OnObject>,
    /// In semaphores, bounded or not.
    pub semaphore: Option<OnObject>,
    /// In conditions.
    pub condition: Option<OnObject>,
    /// In events.
    pub event: Option<OnObject>,
    /// In barriers.
    pub barrier: Option<OnObject>,
    /// In shared values, arrays and records, and in the storage below them, their copies and what a lock
    /// was put around.
    pub value: Option<OnObject>,
    /// In handles of named blocks.
    pub block: Option<OnObject>,
    /// In lists in named blocks.
    pub list: Option<OnObject>,
    /// In managers.
    pub manager: Option<OnObject>,
    /// In proxies of managed objects, whatever they are.
    pub managed: Option<OnObject>,
    /// In listeners.
    pub listener: Option<OnObject>,
    /// In process objects.
    pub process: Option<OnObject>,
    /// In how objects are created; the handles get the defect for their kind besides.
    pub create: Option<OnCreate>,
    /// When a process drops its handle of an object or process, before the reference does.
    pub dropped: Option<OnDrop>,
    /// In calls on the library.
    pub library: Option<OnLibrary>,
    /// In how a worker is constructed: what is changed here is what the reference gets to see. A process
    /// whose method becomes `thread` is made by the implementation `threads`.
    pub construct: Option<fn(&mut Worker, &mut Method, &mut Objects)>,
    /// In how threads are started.
    pub thread: Option<OnThread>,
    /// In what the implementation claims.
    pub manifest: Option<fn(&mut Manifest)>,
}

impl Defect {
    /// A defect in the calls on plain queues and nothing else.
    pub const fn in_queues(queue: OnObject) -> Defect {
        Defect { queue: Some(queue), ..Defect::NONE }
    }

    /// A defect in the calls on joinable queues and nothing else.
    pub const fn in_joinable_queues(joinable: OnObject) -> Defect {
        Defect { joinable: Some(joinable), ..Defect::NONE }
    }

    /// A defect in the calls on simple queues and nothing else.
    pub const fn in_simple_queues(simple: OnObject) -> Defect {
        Defect { simple: Some(simple), ..Defect::NONE }
    }

    /// A defect in the calls on connections and nothing else.
    pub const fn in_connections(connection: OnObject) -> Defect {
        Defect { connection: Some(connection), ..Defect::NONE }
    }

    /// A defect in the calls on process objects and nothing else.
    pub const fn in_processes(process: OnObject) -> Defect {
        Defect { process: Some(process), ..Defect::NONE }
    }

    /// A defect in the calls on the ends of OS pipes and nothing else.
    pub const fn in_os_pipes(os_pipe: OnObject) -> Defect {
        Defect { os_pipe: Some(os_pipe), ..Defect::NONE }
    }

    /// A defect in the calls on locks and nothing else.
    pub const fn in_locks(lock: OnObject) -> Defect {
        Defect { lock: Some(lock), ..Defect::NONE }
    }

    /// A defect in the calls on semaphores and nothing else.
    pub const fn in_semaphores(semaphore: OnObject) -> Defect {
        Defect { semaphore: Some(semaphore), ..Defect::NONE }
    }

    /// A defect in the calls on conditions and nothing else.
    pub const fn in_conditions(condition: OnObject) -> Defect {
        Defect { condition: Some(condition), ..Defect::NONE }
    }

    /// A defect in the calls on events and nothing else.
    pub const fn in_events(event: OnObject) -> Defect {
        Defect { event: Some(event), ..Defect::NONE }
    }

    /// A defect in the calls on barriers and nothing else.
    pub const fn in_barriers(barrier: OnObject) -> Defect {
        Defect { barrier: Some(barrier), ..Defect::NONE }
    }

    /// A defect in the calls on shared values, arrays and records and nothing else.
    pub const fn in_values(value: OnObject) -> Defect {
        Defect { value: Some(value), ..Defect::NONE }
    }

    /// A defect in the calls on named blocks and nothing else.
    pub const fn in_blocks(block: OnObject) -> Defect {
        Defect { block: Some(block), ..Defect::NONE }
    }

    /// A defect in the calls on lists in named blocks and nothing else.
    pub const fn in_lists(list: OnObject) -> Defect {
        Defect { list: Some(list), ..Defect::NONE }
    }

    /// A defect in the calls on managers and nothing else.
    pub const fn in_managers(manager: OnObject) -> Defect {
        Defect { manager: Some(manager), ..Defect::NONE }
    }

    /// A defect in the calls on handles of managed objects and nothing else. What is asked by `invoke` and its
    /// kin goes to the library.
    pub const fn in_managed(managed: OnObject) -> Defect {
        Defect { managed: Some(managed), ..Defect::NONE }
    }

    /// A defect in the calls on listeners and nothing else.
    pub const fn in_listeners(listener: OnObject) -> Defect {
        Defect { listener: Some(listener), ..Defect::NONE }
    }

    /// A defect in how objects are created and nothing else.
    pub const fn in_creation(create: OnCreate) -> Defect {
        Defect { create: Some(create), ..Defect::NONE }
    }

    /// A defect in the calls on the library and nothing else.
    pub const fn in_library(library: OnLibrary) -> Defect {
        Defect { library: Some(library), ..Defect::NONE }
    }

    /// No defect: what most defects leave as it is.
    pub const NONE: Defect = Defect {
        queue: None,
        joinable: None,
        simple: None,
        connection: None,
        os_pipe: None,
        lock: None,
        semaphore: None,
        condition: None,
        event: None,
        barrier: None,
        value: None,
        block: None,
        list: None,
        manager: None,
        managed: None,
        listener: None,
        process: None,
        create: None,
        dropped: None,
        library: None,
        construct: None,
        thread: None,
        manifest: None,
    };

    /// The defect in objects of this kind.
    pub fn of(&self, kind: &ObjectKind) -> Option<OnObject> {
        match kind {
            ObjectKind::Queue { .. } => self.queue,
            ObjectKind::JoinableQueue { .. } => self.joinable,
            ObjectKind::SimpleQueue => self.simple,
            ObjectKind::Pipe { .. } | ObjectKind::StreamPipe { .. } => self.connection,
            ObjectKind::OsPipe => self.os_pipe,
            ObjectKind::Lock | ObjectKind::Rlock => self.lock,
            ObjectKind::Semaphore { .. } | ObjectKind::BoundedSemaphore { .. } => self.semaphore,
            ObjectKind::Condition { .. } => self.condition,
            ObjectKind::Event => self.event,
            ObjectKind::Barrier { .. } => self.barrier,
            ObjectKind::Value { .. } | ObjectKind::Array { .. } | ObjectKind::Record { .. } => self.value,
            ObjectKind::Manager { .. } => self.manager,
            ObjectKind::Managed { .. }
            | ObjectKind::List { .. }
            | ObjectKind::Dict { .. }
            | ObjectKind::Namespace { .. }
            | ObjectKind::Registered { .. } => self.managed,
            ObjectKind::Listener { .. } => self.listener,
        }
    }
}

/// What one handle of a mutant remembers in its own process.
#[derive(Debug, Default)]
pub struct Memory {
    /// The handle's name: the object's, the end's or the worker's.
    pub name: String,
    /// What the object is; absent for a process and for what a call has made, unless that is a manager or a
    /// proxy.
    pub kind: Option<ObjectKind>,
    /// Whether the handle was made from another one of this process, for a thread or to travel.
    pub is_share: bool,
    /// Items held back.
    pub held: VecDeque<Item>,
    /// Answers kept for later.
    pub answers: VecDeque<Answer>,
    /// How many calls the handle has answered before this one, in this process (and, where workers are
    /// threads, for this one).
    pub calls: u64,
    /// A flag.
    pub flag: bool,
}
