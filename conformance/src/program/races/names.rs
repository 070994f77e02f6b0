//! What a worker's names stand for: two names of one thing are the same thing.

use std::collections::HashMap;

use procession_contract::{Call, Endpoint, LockChoice, ObjectKind, WorkerKind};

use crate::program::{Line, Program};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Thing {
    /// An object, with what tells it from others.
    Object {
        /// Which.
        id: String,
        /// What it is, wherever it lives.
        kind: ObjectKind,
        /// The manager in whose server it is.
        manager: Option<String>,
        /// The lock that acquires and releases of it are about.
        lock: Option<String>,
    },
    /// An end of a connection or an OS pipe.
    End {
        /// Of which.
        of: String,
        /// 0 or 1; of an OS pipe 0 reads.
        end: u8,
    },
    /// A handle of a named block.
    Block {
        /// The block's name.
        block: String,
        /// The line that opened the handle, by its number in the worker.
        opened: usize,
    },
}

/// What travels from worker to worker: for each way, what is sent along it, in order.
pub type Sent = HashMap<String, Vec<Thing>>;

/// The names that a worker has.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    program: &'a Program,
    me: &'a str,
    things: HashMap<String, Thing>,
    taken: HashMap<String, usize>,
}

impl<'a> Names<'a> {
    /// The names of this worker before its first line.
    pub fn new(program: &'a Program, me: &'a str) -> Names<'a> {
        let mut names = Names { program, me, things: HashMap::new(), taken: HashMap::new() };
        for object in &program.objects {
            names.create(&object.name, &object.name, &object.kind);
        }
        names
    }

    fn create(&mut self, name: &str, id: &str, kind: &ObjectKind) {
        let end = |end: u8| Thing::End { of: id.into(), end };
        match kind {
            ObjectKind::Pipe { .. } | ObjectKind::StreamPipe { .. } => {
                self.things.insert(format!("{name}.0"), end(0));
                self.things.insert(format!("{name}.1"), end(1));
            }
            ObjectKind::OsPipe => {
                self.things.insert(format!("{name}.r"), end(0));
                self.things.insert(format!("{name}.w"), end(1));
            }
            _ => {
                let manager = match kind {
                    ObjectKind::Managed { manager, .. } => self.manager(manager),
                    ObjectKind::Manager { .. } => Some(id.to_owned()),
                    _ => None,
                };
                let kind = kind.plain().clone();
                let own = || Some(format!("lock of {id}"));
                let lock = match &kind {
                    ObjectKind::Lock
                    | ObjectKind::Rlock
                    | ObjectKind::Semaphore { .. }
                    | ObjectKind::BoundedSemaphore { .. } => own(),
                    ObjectKind::Condition { lock } => {
                        lock.as_ref().map_or_else(own, |lock| self.lock(lock).or_else(own))
                    }
                    ObjectKind::Value { lock, .. }
                    | ObjectKind::Array { lock, .. }
                    | ObjectKind::Record { lock, .. } => match lock {
                        LockChoice::Given(lock) => self.lock(lock).or_else(own),
                        LockChoice::Raw | LockChoice::Nonsense => None,
                        LockChoice::Unsaid | LockChoice::Own | LockChoice::Absent => own(),
                    },
                    _ => None,
                };
                self.things.insert(name.into(), Thing::Object { id: id.into(), kind, manager, lock });
            }
        }
    }

    /// What is added to the names by a line.
    pub fn learn(&mut self, number: usize, line: &Line, sent: &Sent) {
        let on = line.step.on.as_str();
        let fresh = format!("{} of {}", number, self.me);
        match &line.step.call {
            Call::Create { object } => {
                let id = format!("{} of {}", object.name, self.me);
                self.create(&object.name, &id, &object.kind);
            }
            Call::GetLock { name } => {
                if let Some(lock) = self.lock(on) {
                    let kind = ObjectKind::Rlock;
                    self.put(name, Thing::Object { id: fresh, kind, manager: None, lock: Some(lock) });
                }
            }
            Call::GetObject { name } => {
                if let Some(Thing::Object { id, kind, manager, .. }) = self.things.get(on).cloned() {
                    self.put(name, Thing::Object { id, kind, manager, lock: None });
                }
            }
            Call::Synchronise { name } => {
                if let Some(Thing::Object { id, kind, manager, .. }) = self.things.get(on).cloned() {
                    self.put(name, Thing::Object { id, kind, manager, lock: Some(format!("lock {fresh}")) });
                }
            }
            Call::Copy { name } => {
                if let Some(Thing::Object { kind, .. }) = self.things.get(on).cloned() {
                    let lock = Some(format!("lock {fresh}"));
                    self.put(name, Thing::Object { id: fresh, kind, manager: None, lock });
                }
            }
            Call::OpenBlock { name, block, .. } | Call::OpenList { name, block, .. } => {
                let block = block.clone().unwrap_or(fresh);
                self.put(name, Thing::Block { block, opened: number });
            }
            Call::RecvConnection { name } | Call::RecvDescriptor { name } | Call::TakeOver { name } => {
                self.things.remove(name);
                if let Some(way) = self.towards(on).or_else(|| self.items(on)) {
                    let count = self.taken.entry(way.clone()).or_default();
                    let thing = sent.get(&way).and_then(|sent| sent.get(*count)).cloned();
                    *count += 1;
                    if let Some(thing) = thing {
                        self.put(name, thing);
                    }
                }
            }
            Call::Invoke { method, args, into: Some(name) } => {
                let held = match self.things.get(on) {
                    Some(Thing::Object { id, manager: Some(manager), .. }) => {
                        Some((id.clone(), manager.clone()))
                    }
                    _ => None,
                };
                self.things.remove(name);
                if let Some((id, manager)) = held {
                    // In place, so the same object.
                    let id = match method.as_str() {
                        "__iadd__" | "__imul__" | "__ior__" => id,
                        _ => format!("{method} {args:?} of {id}"),
                    };
                    let kind = ObjectKind::List { initial: None };
                    self.put(name, Thing::Object { id, kind, manager: Some(manager), lock: None });
                }
            }
            Call::Keep { name, .. } | Call::GetValue { name, .. } | Call::WrapDescriptor { name, .. } => {
                self.things.remove(name);
            }
            Call::ConnectManager { name, to, .. } => {
                self.things.remove(name);
                if let Some(manager) = self.manager_at(to) {
                    let kind = ObjectKind::Manager {
                        at: to.clone(),
                        key: Default::default(),
                        initializer: None,
                        idle: false,
                    };
                    self.put(name, Thing::Object { id: fresh, kind, manager: Some(manager), lock: None });
                }
            }
            Call::Accept { name } => {
                self.things.remove(name);
                if let Some(listener) = self.listener(on) {
                    self.meets(name, &listener, 0);
                }
            }
            Call::Connect { name, to, .. } => {
                self.things.remove(name);
                if let Some(listener) = self.listener_at(to) {
                    self.meets(name, &listener, 1);
                }
            }
            _ => {}
        }
    }

    /// The end of the connection that this worker's next accept or connect makes.
    fn meets(&mut self, name: &str, listener: &str, end: u8) {
        let count = self.taken.entry(format!("callers of {listener}")).or_default();
        let of = format!("connection {count} of {listener}");
        *count += 1;
        let both = |call: fn(&Call) -> bool| {
            let roles = self.program.roles.iter();
            roles.filter(|role| role.lines.iter().any(|line| call(&line.step.call))).count()
        };
        let several = both(|call| matches!(call, Call::Accept { .. })) > 1
            || both(|call| matches!(call, Call::Connect { .. })) > 1;
        if !several {
            self.put(name, Thing::End { of, end });
        }
    }

    fn put(&mut self, name: &str, thing: Thing) {
        self.things.insert(name.into(), thing);
    }

    /// What a line sends to another worker, and along which way.
    pub fn sent_by(&self, line: &Line) -> Option<(String, Thing)> {
        let on = line.step.on.as_str();
        let name = match &line.step.call {
            Call::SendConnection { name } | Call::Hand { name } => name,
            Call::SendDescriptor { of } => of,
            _ => return None,
        };
        let nothing = Thing::End { of: format!("{name} of {}", self.me), end: 0 };
        let thing = self.things.get(name).cloned().unwrap_or(nothing);
        Some((self.from(on).or_else(|| self.items(on))?, thing))
    }

    /// The worker whose names these are.
    pub fn me(&self) -> &str {
        self.me
    }

    /// What this name stands for.
    pub fn thing(&self, name: &str) -> Option<&Thing> {
        self.things.get(name)
    }

    /// What the object of this name is, wherever it lives.
    pub fn kind(&self, name: &str) -> Option<&ObjectKind> {
        match self.things.get(name) {
            Some(Thing::Object { kind, .. }) => Some(kind),
            _ => None,
        }
    }

    /// The lock that acquires and releases of this are about.
    pub fn lock(&self, name: &str) -> Option<String> {
        match self.things.get(name) {
            Some(Thing::Object { lock, .. }) => lock.clone(),
            _ => None,
        }
    }

    fn items(&self, name: &str) -> Option<String> {
        match self.things.get(name) {
            Some(Thing::Object { id, .. }) => Some(format!("items of {id}")),
            _ => None,
        }
    }

    /// What is on the way to this end.
    pub fn towards(&self, name: &str) -> Option<String> {
        match self.things.get(name) {
            Some(Thing::End { of, end }) => Some(format!("way to {of}.{end}")),
            _ => None,
        }
    }

    /// What is on the way from this end to the other one.
    pub fn from(&self, name: &str) -> Option<String> {
        match self.things.get(name) {
            Some(Thing::End { of, end }) => Some(format!("way to {of}.{}", 1 - end)),
            _ => None,
        }
    }

    /// What an object in a server, or a plain value of the worker's own, holds.
    pub fn held(&self, name: &str) -> Option<String> {
        match self.things.get(name) {
            Some(Thing::Object { id, manager: Some(_), .. }) => Some(format!("data of {id}")),
            _ => None,
        }
    }

    fn manager(&self, name: &str) -> Option<String> {
        match self.things.get(name) {
            Some(Thing::Object { manager, .. }) => manager.clone(),
            _ => None,
        }
    }

    /// The server of this manager, or of this object.
    pub fn server(&self, name: &str) -> Option<String> {
        self.manager(name).map(|manager| format!("server of {manager}"))
    }

    /// Whether it is a manager.
    pub fn is_manager(&self, name: &str) -> bool {
        matches!(self.kind(name), Some(ObjectKind::Manager { .. }))
    }

    fn manager_at(&self, to: &Endpoint) -> Option<String> {
        match to {
            Endpoint::Of(name) | Endpoint::LocalhostOf(name) => self.manager(name),
            _ => None,
        }
    }

    /// The server at this address.
    pub fn server_at(&self, to: &Endpoint) -> Option<String> {
        self.manager_at(to).map(|manager| format!("server of {manager}"))
    }

    /// The listener of this name.
    pub fn listener(&self, name: &str) -> Option<String> {
        match self.things.get(name) {
            Some(Thing::Object { id, kind: ObjectKind::Listener { .. }, .. }) => Some(id.clone()),
            _ => None,
        }
    }

    /// The listener at this address.
    pub fn listener_at(&self, to: &Endpoint) -> Option<String> {
        match to {
            Endpoint::Of(name) | Endpoint::LocalhostOf(name) => self.listener(name),
            _ => None,
        }
    }

    /// The worker that a process object is about.
    pub fn worker(&self, on: &str) -> Option<String> {
        let role = |name: &str| self.program.roles.iter().find(|role| role.worker.name == name);
        match on {
            "current" => Some(self.me.to_owned()),
            "parent" => role(self.me)?.worker.parent.clone(),
            name => role(name).map(|role| role.worker.name.clone()),
        }
    }

    /// Something of the process in which this worker is.
    pub fn own(&self, what: &str) -> String {
        let mut process = self.me;
        while let Some(role) = self.program.roles.iter().find(|role| role.worker.name == process)
            && role.worker.kind != WorkerKind::Process
            && let Some(parent) = &role.worker.parent
        {
            process = parent;
        }
        format!("{what} of {process}")
    }
}
