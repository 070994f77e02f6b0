//! The reference with a defect in front of it.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use procession_contract::{
    Answer, Call, Implementation, LockChoice, Manifest, Method, Object, ObjectKind, ObjectSpec, Objects,
    Outcome, Processes, Script, Ticket, Worker,
};

use crate::defect::{Memory, OnObject};
use crate::{Mutant, facts};

/// A mutant as an implementation.
pub struct Wrapped {
    /// Which.
    pub mutant: &'static Mutant,
    /// The reference.
    pub inner: &'static dyn Implementation,
    /// Whose processes are threads.
    pub threads: &'static dyn Implementation,
}

/// A handle of the reference, with the defect for its kind.
struct Handle {
    inner: Box<dyn Object>,
    mutant: &'static Mutant,
    defect: Option<OnObject>,
    memory: Memory,
}

impl Handle {
    /// The handle of this name; `kind` is absent for a process.
    fn wrap(
        inner: Box<dyn Object>,
        mutant: &'static Mutant,
        name: String,
        kind: Option<ObjectKind>,
    ) -> Box<dyn Object> {
        let defect = kind.as_ref().map_or(mutant.defect.process, |kind| mutant.defect.of(kind));
        let memory = Memory { name, kind, ..Memory::default() };
        Box::new(Handle { inner, mutant, defect, memory })
    }

    /// The handle that a call has made, with this defect.
    fn made(
        inner: Box<dyn Object>,
        mutant: &'static Mutant,
        name: &str,
        defect: Option<OnObject>,
    ) -> Box<dyn Object> {
        let memory = Memory { name: name.to_owned(), ..Memory::default() };
        Box::new(Handle { inner, mutant, defect, memory })
    }
}

/// What the objects are that this process knows by these names: what `get_lock` returns is the lock that a
/// value was given, or a recursive one, and has the defect of those.
static KINDS: Mutex<BTreeMap<String, ObjectKind>> = Mutex::new(BTreeMap::new());

fn note_kind(name: &str, kind: &ObjectKind) {
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    kinds.insert(name.to_owned(), kind.clone());
}

/// The lock of a value: the name of the object that it is a part of or was given as, and its kind.
fn lock_of(value: &str) -> (String, ObjectKind) {
    let kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    let given = match kinds.get(value) {
        Some(
            ObjectKind::Value { lock: LockChoice::Given(given), .. }
            | ObjectKind::Array { lock: LockChoice::Given(given), .. }
            | ObjectKind::Record { lock: LockChoice::Given(given), .. },
        ) => kinds.get(given).map(|kind| (given.clone(), kind.clone())),
        _ => None,
    };
    given.unwrap_or_else(|| (value.to_owned(), ObjectKind::Rlock))
}

/// The name under which a call makes a handle that is to have a defect, and which.
fn made_by<'a>(call: &'a Call, mutant: &Mutant) -> Option<(&'a str, Option<OnObject>)> {
    match call {
        Call::GetObject { name } | Call::Copy { name } | Call::Synchronise { name } => {
            Some((name, mutant.defect.value))
        }
        Call::OpenBlock { name, .. } => Some((name, mutant.defect.block)),
        Call::OpenList { name, .. } => Some((name, mutant.defect.list)),
        _ => None,
    }
}

/// Puts the defect before handles that the reference has rebuilt in a new process, as its script says.
pub fn adopt(mutant: &'static Mutant, objects: Objects, ticket: &Ticket, script: &Script) -> Objects {
    facts::keep_in(&ticket.directory);
    facts::this_is(&ticket.worker);
    script.objects.iter().for_each(|spec| note_kind(&spec.name, &spec.kind));
    let wrap = |(name, object): (String, Box<dyn Object>)| {
        let of = |spec: &&ObjectSpec| {
            name == spec.name || name.strip_prefix(spec.name.as_str()).is_some_and(|end| end.starts_with('.'))
        };
        let kind = script.objects.iter().find(of).map(|spec| spec.kind.clone());
        (name.clone(), Handle::wrap(object, mutant, name, kind))
    };
    objects.into_iter().map(wrap).collect()
}

impl Object for Handle {
    fn call(&mut self, call: &Call) -> Answer {
        let answer = match self.defect {
            Some(defect) => defect(&mut self.memory, call, &mut *self.inner),
            None => self.inner.call(call),
        };
        self.memory.calls += 1;
        answer
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        let (name, kind) = (self.memory.name.clone(), self.memory.kind.clone());
        let memory = Memory { name, kind, ..Memory::default() };
        Ok(Box::new(Handle { inner: self.inner.share()?, mutant: self.mutant, defect: self.defect, memory }))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        // The reference looks for its own handle here, in calls on several objects.
        self.inner.as_any()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(dropped) = self.mutant.defect.dropped {
            dropped(&mut self.memory, &mut *self.inner);
        }
    }
}

impl Implementation for Wrapped {
    fn manifest(&self) -> Manifest {
        let mut manifest = self.inner.manifest();
        if let Some(change) = self.mutant.defect.manifest {
            change(&mut manifest);
        }
        manifest
    }

    fn create(&self, spec: &ObjectSpec, method: Method, existing: &mut Objects) -> Result<Objects, Answer> {
        note_kind(&spec.name, &spec.kind);
        let created = match self.mutant.defect.create {
            Some(create) => create(self.inner, spec, method, existing)?,
            None => self.inner.create(spec, method, existing)?,
        };
        let wrap = |(name, object): (String, Box<dyn Object>)| {
            (name.clone(), Handle::wrap(object, self.mutant, name, Some(spec.kind.clone())))
        };
        Ok(created.into_iter().map(wrap).collect())
    }

    fn call(&self, on: &str, call: &Call, objects: &mut Objects) -> Answer {
        let answer = match self.mutant.defect.library {
            Some(defect) => defect(self.inner, on, call, objects),
            None => self.inner.call(on, call, objects),
        };
        if let Call::GetLock { name } = call
            && answer.outcome == Outcome::Ok
            && let Some(lock) = objects.remove(name)
        {
            let (lock_name, kind) = lock_of(on);
            objects.insert(name.clone(), Handle::wrap(lock, self.mutant, lock_name, Some(kind)));
        }
        if let Some((name, defect)) = made_by(call, self.mutant)
            && answer.outcome == Outcome::Ok
            && let Some(made) = objects.remove(name)
        {
            objects.insert(name.to_owned(), Handle::made(made, self.mutant, name, defect));
        }
        answer
    }

    fn thread(&self, body: Box<dyn FnOnce() + Send>) -> Result<(), Answer> {
        match self.mutant.defect.thread {
            Some(thread) => thread(body),
            None => self.inner.thread(body),
        }
    }

    fn processes(&self) -> Option<&dyn Processes> {
        self.inner.processes().map(|_| self as &dyn Processes)
    }
}

impl Processes for Wrapped {
    fn construct(
        &self,
        worker: &Worker,
        method: Method,
        ticket: Ticket,
        gets: Objects,
    ) -> Result<Box<dyn Object>, Answer> {
        facts::keep_in(&ticket.directory);
        let (mut worker, mut method, mut gets) = (worker.clone(), method, gets);
        if let Some(change) = self.mutant.defect.construct {
            change(&mut worker, &mut method, &mut gets);
        }
        let maker = if method == Method::Thread { self.threads } else { self.inner };
        let processes = maker.processes().expect("both have processes");
        let process = processes.construct(&worker, method, ticket, gets)?;
        Ok(Handle::wrap(process, self.mutant, worker.name, None))
    }
}
