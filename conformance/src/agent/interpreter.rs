//! A worker's steps, one after the other: gate, call record, call, return record, text.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use procession_contract::{Answer, Call, Ending, ExitStatus, Objects, Outcome, Step};

use super::blocks;
use super::clock::now_ns;
use super::connection::{Connection, ConnectionError};
use super::fork::exit_at_once;
use super::history::HistoryWriter;
use super::own::{Own, proc_state};
use super::report::Report;
use super::worker::{Run, missing};
use crate::protocol::{FromAdapter, ToAdapter};

/// Does the steps of one worker.
pub(super) struct Interpreter<'a> {
    run: &'a Arc<Run>,
    objects: Objects,
    connection: Connection,
    history: HistoryWriter,
    own: Own,
}

/// Why a worker cannot go on with its steps.
pub(super) enum StepError {
    /// Its connection is of no more use.
    Connection(ConnectionError),
    /// Its history file has no room for the answer to this step.
    HistoryFull(usize),
    /// It has more steps than histories can number.
    TooManySteps,
}

impl StepError {
    /// The error as the control process is told.
    pub(super) fn report(&self, name: &str) -> Report {
        Report::adapter(match self {
            StepError::Connection(error) => format!("the connection of `{name}`: {error}"),
            StepError::HistoryFull(step) => format!("the history of `{name}` is full at step {step}"),
            StepError::TooManySteps => format!("`{name}` has more than 65536 steps"),
        })
    }
}

impl From<ConnectionError> for StepError {
    fn from(error: ConnectionError) -> StepError {
        StepError::Connection(error)
    }
}

impl<'a> Interpreter<'a> {
    /// An interpreter for a worker that has been armed.
    pub(super) fn new(
        run: &'a Arc<Run>,
        objects: Objects,
        connection: Connection,
        history: HistoryWriter,
    ) -> Interpreter<'a> {
        let own = Own::open(Path::new(&run.ticket.directory));
        Interpreter { run, objects, connection, history, own }
    }

    /// The handles that the worker has at its end. The connection is closed.
    pub(super) fn into_objects(self) -> Objects {
        self.objects
    }

    /// Does the steps, says `done`, and returns how the body is to end.
    pub(super) fn run(&mut self, steps: &[Step]) -> Result<Ending, StepError> {
        let mut ending = Ending::Return;
        for (index, step) in steps.iter().enumerate() {
            let number = u16::try_from(index).map_err(|_| StepError::TooManySteps)?;
            if step.gate {
                self.wait_at_gate(number)?;
            }
            if self.history.room() < 2 {
                return Err(StepError::HistoryFull(index));
            }
            match &step.call {
                Call::Exit { status: ExitStatus::Immediate(status) } => {
                    self.history.call(number, now_ns());
                    exit_at_once(*status)
                }
                Call::Exit { status } => {
                    self.history.call(number, now_ns());
                    ending = ending_of(status);
                    break;
                }
                Call::Raise => {
                    self.history.call(number, now_ns());
                    ending = Ending::Raise("an error that nobody catches, as the step said".into());
                    break;
                }
                _ => self.step(number, step)?,
            }
        }
        self.connection.send(&FromAdapter::Done {})?;
        Ok(ending)
    }

    fn wait_at_gate(&mut self, step: u16) -> Result<(), StepError> {
        self.connection.send(&FromAdapter::At { step })?;
        match self.connection.receive()? {
            ToAdapter::Go {} => Ok(()),
            other => Err(ConnectionError::Unexpected("`go`", format!("{other:?}")).into()),
        }
    }

    fn step(&mut self, number: u16, step: &Step) -> Result<(), StepError> {
        let target = Target::of(step);
        // From here to the second time nothing happens that is not the call.
        self.history.call(number, now_ns());
        let answer = catch_unwind(AssertUnwindSafe(|| self.call(target, step)));
        let at_ns = now_ns();
        let answer = answer.unwrap_or_else(|panic| Answer::error(Outcome::Other, wording(&*panic)));
        if self.history.room() < answer.items.len() + 1 {
            return Err(StepError::HistoryFull(number.into()));
        }
        self.history.returned(number, at_ns, &answer);
        if let Some(text) = answer.text {
            self.connection.send(&FromAdapter::Text { step: number, text })?;
        }
        Ok(())
    }

    fn call(&mut self, target: Target, step: &Step) -> Answer {
        let named =
            matches!(step.call, Call::OpenBlock { .. } | Call::OpenList { .. } | Call::BlockMode { .. })
                .then(|| blocks::named(&step.call, &self.run.ticket.run));
        let (on, call) = (step.on.as_str(), named.as_ref().unwrap_or(&step.call));
        match target {
            Target::Implementation => self.run.implementation.call(on, call, &mut self.objects),
            Target::Object => match self.objects.get_mut(on) {
                Some(object) => object.call(call),
                None => missing(on, &self.objects),
            },
            Target::Nothing => match self.own.call(call) {
                Some(answer) => answer,
                None => self.run.implementation.call(on, call, &mut self.objects),
            },
            Target::Forget => match self.objects.remove(on) {
                Some(object) => {
                    drop(object);
                    Answer::ok()
                }
                None => missing(on, &self.objects),
            },
            Target::Create => self.create(call),
            Target::Start => self.run.start(on, &mut self.objects),
            Target::ProcState => self.proc_state(on),
        }
    }

    fn create(&mut self, call: &Call) -> Answer {
        let Call::Create { object } = call else { return Answer::of(Outcome::Unsupported) };
        let method = object.method.unwrap_or(self.run.script.method);
        match self.run.implementation.create(object, method, &mut self.objects) {
            Ok(created) => {
                self.objects.extend(created);
                Answer::ok()
            }
            Err(answer) => answer,
        }
    }

    fn proc_state(&mut self, on: &str) -> Answer {
        let pid = match self.objects.get_mut(on) {
            Some(process) => process.call(&Call::Pid),
            None if on.is_empty() || on == "current" => Answer::number(std::process::id()),
            None => self.run.implementation.call(on, &Call::Pid, &mut self.objects),
        };
        if pid.outcome == Outcome::Ok { proc_state(pid.value) } else { pid }
    }
}

/// Who does a step.
#[derive(Clone, Copy)]
enum Target {
    /// The object that it is on.
    Object,
    /// The implementation, which may need several objects or none.
    Implementation,
    /// The agent if it is about the worker itself, otherwise the implementation.
    Nothing,
    /// The agent, which has the handles.
    Forget,
    /// The agent, which keeps the new handles.
    Create,
    /// The agent or the object: threads and forked processes are the agent's own.
    Start,
    /// The agent, with the object's help.
    ProcState,
}

impl Target {
    fn of(step: &Step) -> Target {
        match &step.call {
            Call::Wait { .. }
            | Call::SendConnection { .. }
            | Call::RecvConnection { .. }
            | Call::WrapDescriptor { .. }
            | Call::GetLock { .. }
            | Call::GetObject { .. }
            | Call::Copy { .. }
            | Call::Synchronise { .. }
            | Call::OpenBlock { .. }
            | Call::OpenList { .. }
            | Call::ConnectManager { .. }
            | Call::Invoke { .. }
            | Call::Keep { .. }
            | Call::GetValue { .. }
            | Call::Equals { .. }
            | Call::Hand { .. }
            | Call::TakeOver { .. }
            | Call::Accept { .. }
            | Call::Connect { .. }
            | Call::SendDescriptor { .. }
            | Call::RecvDescriptor { .. }
            | Call::AtExitSend { .. } => Target::Implementation,
            Call::Forget => Target::Forget,
            Call::Create { .. } => Target::Create,
            Call::ProcState => Target::ProcState,
            _ if step.on.is_empty() => Target::Nothing,
            _ if step.on == "current" || step.on == "parent" => Target::Implementation,
            Call::Start => Target::Start,
            _ => Target::Object,
        }
    }
}

fn ending_of(status: &ExitStatus) -> Ending {
    match status {
        ExitStatus::Returned(_) => Ending::Return,
        ExitStatus::Code(code) => Ending::Code(*code),
        ExitStatus::Nothing => Ending::Code(0),
        ExitStatus::Flag(flag) => Ending::Code((*flag).into()),
        ExitStatus::Text(text) => Ending::Text(text.clone()),
        ExitStatus::Immediate(status) => Ending::Code((*status).into()),
    }
}

fn wording(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the implementation panicked: {}", said.unwrap_or("without a text"))
}
