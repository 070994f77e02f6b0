//! The reference with a defect in front of it.

use std::any::Any;

use procession_contract::{
    Answer, Call, Implementation, Manifest, Method, Object, ObjectSpec, Objects, Processes, Script, Ticket,
    Worker,
};

use crate::Mutant;
use crate::defect::{Memory, OnObject};

/// A mutant as an implementation.
pub struct Wrapped {
    /// Which.
    pub mutant: &'static Mutant,
    /// The reference.
    pub inner: &'static dyn Implementation,
}

/// A handle of the reference, with the defect for its kind.
struct Handle {
    inner: Box<dyn Object>,
    defect: Option<OnObject>,
    memory: Memory,
}

impl Handle {
    fn wrap(inner: Box<dyn Object>, defect: Option<OnObject>) -> Box<dyn Object> {
        Box::new(Handle { inner, defect, memory: Memory::default() })
    }
}

/// Puts the defect before handles that the reference has rebuilt in a new process; `script` says what
/// each of them is.
pub fn adopt(mutant: &'static Mutant, objects: Objects, script: &Script) -> Objects {
    let wrap = |(name, object): (String, Box<dyn Object>)| {
        let of = |spec: &&ObjectSpec| {
            name == spec.name || name.strip_prefix(spec.name.as_str()).is_some_and(|end| end.starts_with('.'))
        };
        let defect = script.objects.iter().find(of).and_then(|spec| mutant.defect.of(&spec.kind));
        let process = script
            .workers
            .iter()
            .any(|worker| worker.name == name)
            .then_some(mutant.defect.process)
            .flatten();
        (name, Handle::wrap(object, defect.or(process)))
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
        Ok(Handle::wrap(self.inner.share()?, self.defect))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        // The reference looks for its own handle here, in calls on several objects.
        self.inner.as_any()
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

    fn create(&self, spec: &ObjectSpec, method: Method) -> Result<Objects, Answer> {
        let defect = self.mutant.defect.of(&spec.kind);
        let created = self.inner.create(spec, method)?;
        Ok(created.into_iter().map(|(name, object)| (name, Handle::wrap(object, defect))).collect())
    }

    fn call(&self, on: &str, call: &Call, objects: &mut Objects) -> Answer {
        match self.mutant.defect.library {
            Some(defect) => defect(self.inner, on, call, objects),
            None => self.inner.call(on, call, objects),
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
        let (mut worker, mut method, mut gets) = (worker.clone(), method, gets);
        if let Some(change) = self.mutant.defect.construct {
            change(&mut worker, &mut method, &mut gets);
        }
        let processes = self.inner.processes().expect("asked for only where the reference has them");
        Ok(Handle::wrap(processes.construct(&worker, method, ticket, gets)?, self.mutant.defect.process))
    }
}
