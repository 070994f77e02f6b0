//! What an implementation in Rust provides; the suite's agent does the rest.
//!
//! The smallest implementation offers one object: [`Implementation::manifest`], and
//! [`Implementation::create`] that returns an [`Object`] answering a few calls. It needs no processes
//! of its own: where [`Implementation::processes`] is `None`, the agent forks the workers.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;

use crate::{Answer, Call, Manifest, Method, ObjectSpec, Outcome, Worker};

/// An implementation of inter-process communication.
pub trait Implementation: Sync + 'static {
    /// What it offers and claims.
    fn manifest(&self) -> Manifest;

    /// Creates an object and returns its handles by their names: one under the object's own name,
    /// or the two ends of a pipe. An error is the answer to the creation. `existing` are the handles
    /// that the creator has already: a condition or a value may be given a lock among them.
    fn create(&self, spec: &ObjectSpec, method: Method, existing: &mut Objects) -> Result<Objects, Answer>;

    /// A call that is on no object, or on several: `wait`, `active_children`, `start_method`, … or
    /// on the pseudo-objects `current` and `parent`.
    fn call(&self, on: &str, call: &Call, objects: &mut Objects) -> Answer {
        let _ = (on, call, objects);
        Answer::of(Outcome::Unsupported)
    }

    /// What a program that uses it does when its main function has returned, in the main worker's
    /// process and after the worker's handles are dropped. It may block for as long as such a program
    /// does; nothing to do where the implementation sees to it by itself.
    fn at_exit(&self) {}

    /// Starts a thread of the calling process: a worker of kind `thread`, as whoever uses the
    /// implementation starts one. Nothing to do where the language's own threads are used.
    fn thread(&self, body: Box<dyn FnOnce() + Send>) -> Result<(), Answer> {
        let started = std::thread::Builder::new().spawn(body);
        started.map(|_| ()).map_err(|error| Answer::error(Outcome::Exhausted, error))
    }

    /// Its processes, if it has its own.
    fn processes(&self) -> Option<&dyn Processes> {
        None
    }
}

/// A handle to an object in one process. Workers that are threads have a handle each.
pub trait Object: Send {
    /// Answers a call, in the calling thread, blocking for as long as the call blocks.
    fn call(&mut self, call: &Call) -> Answer;

    /// A further handle to the same object in this process, for a worker that is a thread, or to
    /// hand over to a new process.
    fn share(&self) -> Result<Box<dyn Object>, Answer>;

    /// The handle as what it is, for calls on several objects.
    fn as_any(&mut self) -> &mut dyn Any;

    /// The worker has done its steps and has no use for the handle any more, as for an object that a program keeps
    /// to its end. It is dropped, where that makes no difference.
    fn at_end(self: Box<Self>) {}
}

/// The objects that a worker has, by name.
pub type Objects = BTreeMap<String, Box<dyn Object>>;

/// Processes of the implementation's own.
pub trait Processes: Sync {
    /// Constructs, without starting it, the process that runs `worker`; the returned object answers
    /// `start`, `join`, `exitcode` and so on. `gets` are handles made for it by [`Object::share`].
    ///
    /// The new process rebuilds the handles and calls [`Body::work`] with them and the ticket, then
    /// ends in the implementation's manner as the returned [`Ending`] says.
    fn construct(
        &self,
        worker: &Worker,
        method: Method,
        ticket: Ticket,
        gets: Objects,
    ) -> Result<Box<dyn Object>, Answer>;
}

/// What a worker needs to find the suite again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ticket {
    /// The implementation's name as the suite was given it (`reference`, `mutant:NAME`, …).
    pub implementation: String,
    /// The run.
    pub run: String,
    /// The worker's name; empty for a process without a body.
    pub worker: String,
    /// The script, as JSON, for what the worker itself constructs and starts.
    pub script: String,
    /// The run's directory.
    pub directory: String,
}

/// The body of a worker, provided by whoever links an implementation with the agent.
pub trait Body: 'static {
    /// Does the worker's steps with these handles and says how the worker is to end.
    fn work(ticket: Ticket, objects: Objects) -> Ending;

    /// Makes this process, which is no worker's but belongs to the run of this directory all the same, know the
    /// run: what a manager's server does first may be to add to one of the run's words.
    fn join_run(directory: &Path) {
        let _ = directory;
    }
}

/// How a worker ends, for the implementation to carry out in its own manner.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Ending {
    /// The body returns.
    Return,
    /// An exit request with this code.
    Code(i64),
    /// An exit request with a text, which goes to standard error.
    Text(String),
    /// An error that nobody catches.
    Raise(String),
}
