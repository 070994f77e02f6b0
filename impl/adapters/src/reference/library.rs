//! Calls on several objects or on none: waiting and pipelines.

use std::sync::Arc;

use procession_contract::{Answer, Call, Object, Objects, Outcome};
use procession_reference::connection::Connection;
use procession_reference::os_pipe::{PipeReader, PipeWriter};
use procession_reference::pipeline::{Pipeline, PipelineError};
use procession_reference::process::Sentinel;
use procession_reference::wait::{Descriptor, Waitable, wait as wait_for};

use super::connection::ConnectionHandle;
use super::os_pipe::Handle;
use super::outcome;
use super::process::ProcessHandle;
use super::record::RecordHandle;
use super::value::{self, ValueHandle};

/// Something to wait for, held for as long as the wait.
enum Target {
    Connection(Arc<Connection>),
    Reader(Arc<PipeReader>),
    Sentinel(Sentinel),
    Number(Descriptor),
}

impl Target {
    fn of(name: &str, objects: &mut Objects) -> Result<Target, Answer> {
        if let Some(name) = name.strip_prefix("fd:") {
            return Ok(Target::Number(Descriptor(descriptor(object(name, objects)?)?)));
        }
        if let Some(worker) = name.strip_suffix(".sentinel")
            && let Some(process) = object(worker, objects)?.as_any().downcast_ref::<ProcessHandle>()
        {
            return process.0.sentinel().map(Target::Sentinel).map_err(outcome::sentinel);
        }
        let any = object(name, objects)?.as_any();
        if let Some(connection) = any.downcast_ref::<ConnectionHandle>() {
            Ok(Target::Connection(connection.0.clone()))
        } else if let Some(reader) = any.downcast_ref::<Handle<PipeReader>>() {
            Ok(Target::Reader(reader.0.clone()))
        } else if let Some(writer) = any.downcast_ref::<Handle<PipeWriter>>() {
            Ok(Target::Number(Descriptor(writer.0.fileno().map_err(outcome::poll)?)))
        } else {
            Err(Answer::error(Outcome::BadValue, format!("`{name}` cannot be waited for")))
        }
    }

    fn waitable(&self) -> &dyn Waitable {
        match self {
            Target::Connection(connection) => &**connection,
            Target::Reader(reader) => &**reader,
            Target::Sentinel(sentinel) => sentinel,
            Target::Number(number) => number,
        }
    }
}

fn object<'a>(name: &str, objects: &'a mut Objects) -> Result<&'a mut Box<dyn Object>, Answer> {
    let what = || Answer::error(Outcome::BadValue, format!("`{name}` is nothing that can be waited for"));
    objects.get_mut(name).ok_or_else(what)
}

/// The descriptor that an object answers when it is asked.
fn descriptor(object: &mut Box<dyn Object>) -> Result<i32, Answer> {
    let answer = object.call(&Call::Fileno);
    match (answer.outcome, i32::try_from(answer.value)) {
        (Outcome::Ok, Ok(number)) => Ok(number),
        _ => Err(answer),
    }
}

/// The same of the object of this name.
pub(super) fn descriptor_of(name: &str, objects: &mut Objects) -> Result<i32, Answer> {
    descriptor(object(name, objects)?)
}

/// Waits until one of several things is ready.
pub(super) fn wait(names: &[String], timeout_ms: Option<i64>, objects: &mut Objects) -> Answer {
    let targets: Result<Vec<_>, Answer> = names.iter().map(|name| Target::of(name, objects)).collect();
    let targets = match targets {
        Ok(targets) => targets,
        Err(answer) => return answer,
    };
    let waitables: Vec<_> = targets.iter().map(Target::waitable).collect();
    match wait_for(&waitables, timeout_ms) {
        Ok(ready) => {
            Answer::number(ready.iter().fold(0, |bits, index| bits | 1_i64.unbounded_shl(*index as u32)))
        }
        Err(error) => outcome::wait(error),
    }
}

/// Makes something of a shared value that is known by `name` from then on: its lock, what is below it, a
/// copy.
pub(super) fn derive(on: &str, call: &Call, name: &str, objects: &mut Objects) -> Answer {
    let Some(object) = objects.get_mut(on) else {
        return Answer::error(Outcome::Other, format!("there is no `{on}`"));
    };
    let any = object.as_any();
    let derived = if let Some(value) = any.downcast_ref::<ValueHandle>() {
        value::derive(value, call)
    } else if let Some(record) = any.downcast_ref::<RecordHandle>() {
        value::derive(record, call)
    } else {
        Err(Answer::of(Outcome::Unsupported))
    };
    match derived {
        Ok((object, answer)) => {
            objects.insert(name.to_owned(), object);
            answer
        }
        Err(answer) => answer,
    }
}

/// Runs programs in a row.
pub(super) fn pipeline(stages: &[Vec<String>], input: Option<&str>) -> Answer {
    let mut pipeline = stages.iter().fold(Pipeline::new(), |pipeline, stage| pipeline.stage(stage));
    if let Some(input) = input {
        pipeline = pipeline.input(input);
    }
    match pipeline.run() {
        Ok(done) => Answer {
            value: done.exit_codes.len() as i64,
            text: Some(String::from_utf8_lossy(&done.output).into_owned()),
            items: done.exit_codes.iter().map(|code| (i64::from(*code), 0)).collect(),
            ..Answer::ok()
        },
        Err(error @ (PipelineError::Empty | PipelineError::EmptyStage(_))) => {
            Answer::error(Outcome::BadValue, error)
        }
        Err(PipelineError::Os(error)) => outcome::os(error),
        Err(error) => Answer::error(Outcome::Other, error),
    }
}
