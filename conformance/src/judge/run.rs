//! One run as the judges see it: the program and its history side by side, indexed, with the
//! questions that every judge asks of a worker.

use procession_contract::{ActionEnd, Call, ExitStatus, Item, ObjectKind, Step, WorkerKind};

use crate::history::{CallHistory, History, Returned, RunEnd, WorkerEnd, WorkerHistory};
use crate::program::{Line, Place, Program};

/// A program with its history.
pub struct Run<'a> {
    /// The program.
    pub program: &'a Program,
    /// What it showed.
    pub history: &'a History,
    /// For each role its history, if there is one.
    workers: Vec<Option<&'a WorkerHistory>>,
    /// For each role and line the call, if it was made.
    calls: Vec<Vec<Option<&'a CallHistory>>>,
    drastic: Vec<(usize, usize)>,
}

/// How far a line came.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// It was never called.
    NotReached,
    /// It was called and has not returned.
    Pending(&'a CallHistory),
    /// It returned.
    Returned(&'a CallHistory, &'a Returned),
}

impl<'a> Run<'a> {
    /// Puts a program and its history side by side.
    ///
    /// Fails with a text if they do not belong together: a call of a line that the program does not
    /// have, or two calls of one line.
    pub fn new(program: &'a Program, history: &'a History) -> Result<Run<'a>, String> {
        let mut workers = Vec::with_capacity(program.roles.len());
        let mut calls = Vec::with_capacity(program.roles.len());
        for (index, role) in program.roles.iter().enumerate() {
            let name = &role.worker.name;
            let same_place = history.workers.get(index).filter(|worker| worker.name == *name);
            let worker = same_place.or_else(|| history.worker(name));
            let mut made = vec![None; role.lines.len()];
            for call in worker.iter().flat_map(|worker| &worker.calls) {
                let Some(slot) = made.get_mut(call.line) else {
                    return Err(format!(
                        "the history of worker {name} has a call of line {}, but the program gives it {} lines",
                        call.line,
                        role.lines.len()
                    ));
                };
                if slot.replace(call).is_some() {
                    return Err(format!(
                        "the history of worker {name} has line {} twice, expected once",
                        call.line
                    ));
                }
            }
            workers.push(worker);
            calls.push(made);
        }
        let mut drastic = Vec::new();
        for (worker, role) in program.roles.iter().enumerate() {
            let lines = role.lines.iter().enumerate().filter(|(_, line)| {
                is_drastic(&line.step.call) || may_run_a_deadly_action(program, &line.step)
            });
            drastic.extend(lines.map(|(line, _)| (worker, line)));
        }
        Ok(Run { program, history, workers, calls, drastic })
    }

    /// The line of a worker.
    pub fn line(&self, worker: usize, line: usize) -> &'a Line {
        &self.program.roles[worker].lines[line]
    }

    /// How far a line came.
    pub fn progress(&self, worker: usize, line: usize) -> Progress<'a> {
        match self.calls[worker][line] {
            None => Progress::NotReached,
            Some(call) => match &call.returned {
                None => Progress::Pending(call),
                Some(returned) => Progress::Returned(call, returned),
            },
        }
    }

    /// Every worker and line, in the program's order.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        let roles = &self.program.roles;
        roles
            .iter()
            .enumerate()
            .flat_map(|(worker, role)| (0..role.lines.len()).map(move |line| (worker, line)))
    }

    /// The lines that end a process or let what it has put be dropped: few, while a history may be long.
    pub fn drastic(&self) -> &[(usize, usize)] {
        &self.drastic
    }

    /// The index of a worker.
    pub fn worker(&self, name: &str) -> Option<usize> {
        self.program.roles.iter().position(|role| role.worker.name == name)
    }

    /// A worker's name.
    pub fn name(&self, worker: usize) -> &'a str {
        &self.program.roles[worker].worker.name
    }

    /// A worker's history.
    pub fn of(&self, worker: usize) -> Option<&'a WorkerHistory> {
        self.workers[worker]
    }

    /// How a worker ended.
    pub fn end(&self, worker: usize) -> WorkerEnd {
        self.workers[worker].map_or(WorkerEnd::NotStarted, |worker| worker.end.clone())
    }

    /// Whether nothing could move any more when the run was ended.
    pub fn quiescent(&self) -> bool {
        self.history.end == RunEnd::Quiescent
    }

    /// A worker and line as failures name it.
    pub fn cited(&self, worker: usize, line: usize) -> (String, usize) {
        (self.name(worker).to_owned(), line)
    }

    /// A worker and line as a person would name it: by its label if it has one, and what it calls.
    pub fn called(&self, worker: usize, line: usize) -> String {
        let call = super::words::call(&self.line(worker, line).step);
        match &self.line(worker, line).label {
            label if label.is_empty() => format!("{}, line {line} ({call})", self.name(worker)),
            label => format!("{}, `{label}` ({call})", self.name(worker)),
        }
    }

    /// The answer of a place: its call and response, or why there is none.
    pub fn answer(&self, place: &Place) -> Result<(&'a CallHistory, &'a Returned), String> {
        let (worker, line) = self.find(place)?;
        match self.progress(worker, line) {
            Progress::Returned(call, returned) => Ok((call, returned)),
            Progress::Pending(_) => Err(format!("{} has not returned", self.called(worker, line))),
            Progress::NotReached => Err(format!("{} was never called", self.called(worker, line))),
        }
    }

    /// The indices of a place, or a text if the program has no such line.
    pub fn find(&self, place: &Place) -> Result<(usize, usize), String> {
        self.program.index_of(place).ok_or_else(|| {
            format!(
                "the program refers to `{}` of worker {}, which it does not have",
                place.label, place.worker
            )
        })
    }

    /// The worker whose process this worker runs in: itself, unless it is a thread.
    pub fn process_of(&self, mut worker: usize) -> usize {
        for _ in 0..self.program.roles.len() {
            let role = &self.program.roles[worker].worker;
            if role.kind == WorkerKind::Process {
                break;
            }
            let parent = role.parent.as_deref().and_then(|parent| self.worker(parent));
            let Some(parent) = parent else { break };
            worker = parent;
        }
        worker
    }

    /// Whether the program itself may have ended this worker from outside, or the worker itself:
    /// a fault that fired, a call to kill it, a daemon's end with its parent, or its own exit.
    pub fn may_have_been_ended(&self, worker: usize) -> bool {
        self.may_have_been_killed(worker) || self.ended_itself(worker)
    }

    /// Whether the program may have ended this worker, by a fault or by a call of another worker, or
    /// because a daemon goes when its parent does.
    pub fn may_have_been_killed(&self, worker: usize) -> bool {
        let process = self.process_of(worker);
        let hit = |fault: usize| {
            self.program.faults.get(fault).is_some_and(|fault| {
                fault.action.is_deadly()
                    && self.worker(&fault.worker).is_some_and(|hit| self.process_of(hit) == process)
            })
        };
        let role = &self.program.roles[worker].worker;
        if role.kind == WorkerKind::DaemonThread || self.program.roles[process].worker.daemon == Some(true) {
            return true;
        }
        self.history.faults.iter().any(|fired| hit(fired.fault))
            || self.drastic.iter().any(|&(caller, line)| {
                let step = &self.line(caller, line).step;
                matches!(step.call, Call::Kill | Call::Terminate)
                    && self.worker(&step.on).is_some_and(|hit| self.process_of(hit) == process)
                    && !matches!(self.progress(caller, line), Progress::NotReached)
            })
            // A process takes its threads along when its own body has ended it.
            || (process != worker && self.ended_itself(process))
    }

    /// Whether the worker, or a thread of its process, was told by its own steps to end the process.
    pub fn ended_itself(&self, worker: usize) -> bool {
        let process = self.process_of(worker);
        self.drastic.iter().any(|&(caller, line)| {
            let ends = match &self.line(caller, line).step.call {
                Call::Exit { status: ExitStatus::Immediate(_) }
                | Call::SignalSelf { .. }
                | Call::Await { .. }
                | Call::DieBefore { .. } => self.process_of(caller) == process,
                Call::Exit { .. } | Call::Raise => caller == worker,
                _ => false,
            };
            ends && !matches!(self.progress(caller, line), Progress::NotReached)
        })
    }

    /// Every item that the program sends anywhere.
    pub fn items(&self) -> impl Iterator<Item = &'a Item> + use<'a> {
        let lines = self.program.roles.iter().flat_map(|role| &role.lines);
        lines.flat_map(|line| items_of(&line.step.call))
    }
}

/// Whether a call ends a process, or lets what it has put be dropped.
fn is_drastic(call: &Call) -> bool {
    matches!(
        call,
        Call::Kill
            | Call::Terminate
            | Call::Exit { .. }
            | Call::Raise
            | Call::SignalSelf { .. }
            | Call::DieBefore { .. }
            | Call::CancelJoinThread
    )
}

/// Whether the step waits at a barrier whose action kills the process that runs it.
fn may_run_a_deadly_action(program: &Program, step: &Step) -> bool {
    let is_deadly = |kind: &ObjectKind| match kind {
        ObjectKind::Barrier { action: Some(action), .. } => action.then == ActionEnd::Dies,
        _ => false,
    };
    matches!(step.call, Call::Await { .. })
        && program.objects.iter().any(|object| object.name == step.on && is_deadly(&object.kind))
}

/// The items that a call sends.
pub fn items_of(call: &Call) -> &[Item] {
    match call {
        Call::Put { item, .. }
        | Call::PutNowait { item }
        | Call::Send { item }
        | Call::SendBytes { item, .. }
        | Call::Write { item }
        | Call::AtExitSend { item, .. } => std::slice::from_ref(item),
        Call::PutMany { items, .. } => items,
        _ => &[],
    }
}
