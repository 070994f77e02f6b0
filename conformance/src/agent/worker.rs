//! A worker from its beginning to its end, in whatever process or thread: its children first, then its
//! connection and its steps, and its threads last.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use nix::unistd::gettid;
use procession_contract::{
    Answer, Call, Ending, Implementation, Method, Object, Objects, Outcome, Script, Ticket, Worker,
    WorkerKind,
};

use super::clock;
use super::connection::{Connection, ConnectionError};
use super::forked::ForkedProcess;
use super::history::HistoryWriter;
use super::interpreter::Interpreter;
use super::report::Report;
use super::thread::ThreadWorker;
use crate::protocol::{FromAdapter, ToAdapter};

/// What all workers of one process know of the run.
pub(super) struct Run {
    pub(super) implementation: &'static dyn Implementation,
    pub(super) script: Script,
    /// What the script's workers are, by their names.
    kinds: BTreeMap<String, WorkerKind>,
    /// Of the process's own worker; a worker that is a thread changes the name.
    pub(super) ticket: Ticket,
}

/// Does a worker of a process of its own; a failure is left for the control process.
pub(super) fn work(ticket: Ticket, objects: Objects, implementation: &'static dyn Implementation) -> Ending {
    let (name, directory) = (ticket.worker.clone(), ticket.directory.clone());
    let script = serde_json::from_str::<Script>(&ticket.script)
        .map_err(|error| Report::adapter(format!("the script in the ticket of `{name}`: {error}")));
    let worked = script.and_then(|script| {
        let kinds = script.workers.iter().map(|worker| (worker.name.clone(), worker.kind)).collect();
        let run = Arc::new(Run { implementation, script, kinds, ticket });
        run.work(&name, objects)
    });
    worked.unwrap_or_else(|report| {
        report.leave(Path::new(&directory));
        Ending::Code(1)
    })
}

impl Run {
    /// Does the worker of this name with these handles.
    pub(super) fn work(self: &Arc<Run>, name: &str, mut objects: Objects) -> Result<Ending, Report> {
        self.construct_children(name, &mut objects)?;
        self.start_children(name, &mut objects)?;
        let lost = |error: ConnectionError| Report::adapter(format!("the connection of `{name}`: {error}"));
        let mut connection = Connection::open().map_err(lost)?;
        let (run, tid) = (self.ticket.run.clone(), gettid().as_raw());
        let hello = FromAdapter::Worker { run, name: name.into(), tid };
        connection.send(&hello).map_err(lost)?;
        let (at_ns, history, steps) = match connection.receive().map_err(lost)? {
            ToAdapter::Arm { at_ns, history, steps } => (at_ns, history, steps),
            other => return Err(Report::adapter(format!("`{name}` expected `arm`, found {other:?}"))),
        };
        let history = HistoryWriter::open(Path::new(&history))
            .map_err(|error| Report::adapter(format!("the history {history} of `{name}`: {error}")))?;
        let mut interpreter = Interpreter::new(self, objects, connection, history);
        clock::wait_until(at_ns);
        let ending = interpreter.run(&steps).map_err(|error| error.report(name))?;
        let mut objects = interpreter.into_objects();
        for worker in self.children(name) {
            let Some(object) = objects.get_mut(&worker.name) else { continue };
            if let Some(thread) = object.as_any().downcast_mut::<ThreadWorker>() {
                thread.join_at_exit();
            } else if let Some(process) = object.as_any().downcast_mut::<ForkedProcess>() {
                process.join_at_exit();
            }
        }
        objects.into_values().for_each(|object| object.at_end());
        Ok(ending)
    }

    /// Starts a worker that this one has constructed: the `start` call.
    pub(super) fn start(self: &Arc<Run>, name: &str, objects: &mut Objects) -> Answer {
        let Some(object) = objects.get_mut(name) else { return missing(name, objects) };
        if object.as_any().is::<ThreadWorker>() {
            ThreadWorker::start(self, name, objects)
        } else if object.as_any().is::<ForkedProcess>() {
            ForkedProcess::start(self, name, objects)
        } else {
            object.call(&Call::Start)
        }
    }

    /// The ticket of a worker of this one's. Who has no workers itself needs no script but its own line of it:
    /// in one of a thousand workers each would carry the others.
    pub(super) fn ticket_of(&self, worker: &Worker) -> Ticket {
        let (worker_name, ticket) = (worker.name.clone(), &self.ticket);
        if self.children(&worker.name).next().is_some() {
            return Ticket { worker: worker_name, ..ticket.clone() };
        }
        let Script { method, objects, .. } = &self.script;
        let alone = Worker { steps: Vec::new(), ..worker.clone() };
        let script = Script { method: *method, objects: objects.clone(), workers: vec![alone] };
        let script = serde_json::to_string(&script).expect("it was read from JSON");
        let Ticket { implementation, run, directory, .. } = ticket;
        let (implementation, run, directory) = (implementation.clone(), run.clone(), directory.clone());
        Ticket { implementation, run, worker: worker_name, script, directory }
    }

    fn children(&self, name: &str) -> impl Iterator<Item = &Worker> {
        self.script.workers.iter().filter(move |worker| worker.parent.as_deref() == Some(name))
    }

    fn construct_children(&self, name: &str, objects: &mut Objects) -> Result<(), Report> {
        for worker in self.children(name) {
            let object = match self.construct(worker, objects) {
                Ok(object) => object,
                Err(answer) if worker.explicit => Box::new(NotConstructed(answer)),
                Err(answer) => {
                    let doing = format!("cannot construct the process of `{}`", worker.name);
                    return Err(Report::implementation(&doing, &answer));
                }
            };
            objects.insert(worker.name.clone(), object);
        }
        Ok(())
    }

    fn construct(&self, worker: &Worker, objects: &Objects) -> Result<Box<dyn Object>, Answer> {
        if worker.kind != WorkerKind::Process {
            return Ok(Box::new(ThreadWorker::new(worker.kind)));
        }
        let Some(processes) = self.implementation.processes() else {
            return Ok(Box::new(ForkedProcess::new(worker.clone(), self.implementation.manifest())));
        };
        let name = if worker.bodiless { String::new() } else { worker.name.clone() };
        let ticket = Ticket { worker: name, ..self.ticket_of(worker) };
        let mut gets = Objects::new();
        for name in self.given(worker, objects)? {
            gets.insert(name.clone(), objects[&name].share()?);
        }
        let method = worker.method.unwrap_or(self.script.method);
        if worker.gets.is_none() && matches!(method, Method::Fork | Method::Thread) {
            // Whoever shares or copies the parent's memory has its process objects too.
            let is_thread =
                |name: &str| self.kinds.get(name).is_some_and(|kind| *kind != WorkerKind::Process);
            for (name, object) in objects {
                if !gets.contains_key(name)
                    && !is_thread(name)
                    && let Ok(object) = object.share()
                {
                    gets.insert(name.clone(), object);
                }
            }
        }
        processes.construct(worker, method, ticket, gets)
    }

    /// The names of the handles that a worker is given by its parent, who has these.
    pub(super) fn given(&self, worker: &Worker, objects: &Objects) -> Result<Vec<String>, Answer> {
        let Some(gets) = &worker.gets else {
            return Ok(objects.keys().filter(|name| !self.kinds.contains_key(*name)).cloned().collect());
        };
        let mut names = Vec::new();
        for wanted in gets {
            // The name of a pipe stands for both of its ends.
            let matches = |name: &&String| {
                *name == wanted || name.strip_prefix(wanted.as_str()).is_some_and(|end| end.starts_with('.'))
            };
            let before = names.len();
            names.extend(objects.keys().filter(matches).cloned());
            if names.len() == before {
                return Err(missing(wanted, objects));
            }
        }
        Ok(names)
    }

    fn start_children(self: &Arc<Run>, name: &str, objects: &mut Objects) -> Result<(), Report> {
        // Processes before threads: a process with several threads is no good thing to fork.
        let is_thread = |worker: &Worker| worker.kind != WorkerKind::Process;
        let mut implicit: Vec<&Worker> = self.children(name).filter(|worker| !worker.explicit).collect();
        implicit.sort_by_key(|worker| is_thread(worker));
        for worker in implicit {
            let answer = self.start(&worker.name, objects);
            if answer.outcome != Outcome::Ok {
                let doing = format!("cannot start `{}`", worker.name);
                return Err(Report::implementation(&doing, &answer));
            }
        }
        Ok(())
    }
}

/// The answer to a step on what is not there.
pub(super) fn missing(name: &str, objects: &Objects) -> Answer {
    let names: Vec<&str> = objects.keys().map(String::as_str).collect();
    let what = format!("this worker has no object `{name}`; it has: {}", names.join(", "));
    Answer::error(Outcome::Other, what)
}

/// A process whose construction failed, until a step asks for it.
struct NotConstructed(Answer);

impl Object for NotConstructed {
    fn call(&mut self, _call: &Call) -> Answer {
        self.0.clone()
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Err(self.0.clone())
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
