//! The reference with a defect in front of it.

use std::any::Any;

use procession_contract::{
    Answer, Call, Implementation, Manifest, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
    Processes, Script, Ticket, Worker,
};

use crate::defect::{Memory, OnDrop, OnObject};
use crate::{Mutant, facts, kinds};

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
    /// What is still to be done before the reference drops its own.
    dropped: Option<OnDrop>,
    memory: Memory,
}

impl Handle {
    fn boxed(
        inner: Box<dyn Object>,
        mutant: &'static Mutant,
        defect: Option<OnObject>,
        memory: Memory,
    ) -> Box<dyn Object> {
        Box::new(Handle { inner, mutant, defect, dropped: mutant.defect.dropped, memory })
    }

    /// Does what is wrong when the handle goes, once.
    fn leave(&mut self) {
        if let Some(dropped) = self.dropped.take() {
            dropped(&mut self.memory, &mut *self.inner);
        }
    }

    /// The handle of this name; `kind` is absent for a process.
    fn wrap(
        inner: Box<dyn Object>,
        mutant: &'static Mutant,
        name: String,
        kind: Option<ObjectKind>,
    ) -> Box<dyn Object> {
        let defect = kind.as_ref().map_or(mutant.defect.process, |kind| mutant.defect.of(kind));
        let memory = Memory { name, kind, ..Memory::default() };
        Handle::boxed(inner, mutant, defect, memory)
    }

    /// The handle that a call has made, with this defect.
    fn made(
        inner: Box<dyn Object>,
        mutant: &'static Mutant,
        name: &str,
        defect: Option<OnObject>,
        kind: Option<ObjectKind>,
    ) -> Box<dyn Object> {
        let memory = Memory { name: name.to_owned(), kind, ..Memory::default() };
        Handle::boxed(inner, mutant, defect, memory)
    }
}

/// A handle that a call has made.
struct Made<'a> {
    /// Its name.
    name: &'a str,
    /// What is wrong with it.
    defect: Option<OnObject>,
    /// What it is, where that is known.
    kind: Option<ObjectKind>,
}

/// What a call has made, if that is to have a defect.
fn made_by<'a>(call: &'a Call, answer: &Answer, mutant: &Mutant) -> Option<Made<'a>> {
    let of = |name, defect| Some(Made { name, defect, kind: None });
    match call {
        Call::GetObject { name } | Call::Copy { name } | Call::Synchronise { name } => {
            of(name, mutant.defect.value)
        }
        Call::OpenBlock { name, .. } => of(name, mutant.defect.block),
        Call::OpenList { name, .. } => of(name, mutant.defect.list),
        Call::Accept { name } | Call::Connect { name, .. } | Call::RecvDescriptor { name } => {
            of(name, mutant.defect.connection)
        }
        Call::ConnectManager { name, to, key } => {
            let (at, key) = (to.clone(), key.clone());
            let kind = Some(ObjectKind::Manager { at, key, initializer: None, idle: false });
            Some(Made { name, defect: mutant.defect.manager, kind })
        }
        Call::Invoke { into: Some(name), .. } | Call::TakeOver { name } => {
            let kind = kinds::reported(answer)?;
            Some(Made { name, defect: mutant.defect.of(&kind), kind: Some(kind) })
        }
        _ => None,
    }
}

/// The name that a call has given to something that is no object of a known kind.
fn named_by(call: &Call) -> Option<&str> {
    match call {
        Call::Invoke { into: Some(name), .. }
        | Call::TakeOver { name }
        | Call::Keep { name, .. }
        | Call::GetValue { name, .. } => Some(name),
        _ => None,
    }
}

/// Puts the defect before handles that the reference has rebuilt in a new process, as its script says.
pub fn adopt(mutant: &'static Mutant, objects: Objects, ticket: &Ticket, script: &Script) -> Objects {
    facts::keep_in(&ticket.directory);
    facts::this_is(&ticket.worker);
    script.objects.iter().for_each(|spec| kinds::note(&spec.name, &spec.kind));
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
        let memory = Memory { name, kind, is_share: true, ..Memory::default() };
        Ok(Handle::boxed(self.inner.share()?, self.mutant, self.defect, memory))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        // The reference looks for its own handle here, in calls on several objects.
        self.inner.as_any()
    }

    fn at_end(mut self: Box<Self>) {
        self.leave();
        std::mem::replace(&mut self.inner, Box::new(Nothing)).at_end();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.leave();
    }
}

/// What is left in a handle when the reference's own is gone.
struct Nothing;

impl Object for Nothing {
    fn call(&mut self, _: &Call) -> Answer {
        Answer::of(Outcome::Unsupported)
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Err(Answer::of(Outcome::Unsupported))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
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
        kinds::note(&spec.name, &spec.kind);
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
            let (lock_name, kind) = kinds::lock_of(on);
            objects.insert(name.clone(), Handle::wrap(lock, self.mutant, lock_name, Some(kind)));
        }
        if answer.outcome == Outcome::Ok
            && let Some(name) = named_by(call)
        {
            kinds::forget(name);
        }
        if answer.outcome == Outcome::Ok
            && let Some(Made { name, defect, kind }) = made_by(call, &answer, self.mutant)
            && let Some(made) = objects.remove(name)
        {
            kind.iter().for_each(|kind| kinds::note(name, kind));
            objects.insert(name.to_owned(), Handle::made(made, self.mutant, name, defect, kind));
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
