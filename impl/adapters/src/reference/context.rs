//! Start methods, contexts, and what else the library says of the calling process.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procession_contract::{Answer, Call, Outcome};
use procession_reference::context::{
    Method, SetMethodError, UnknownMethod, force_start_method, forkserver_pid, get_context, set_start_method,
    start_method, start_method_if_set, start_methods,
};
use procession_reference::process::{active_children, cpu_count, current_process, parent_process};

use super::{outcome, process};

/// Answers a call on the calling process's own object.
pub(super) fn current(call: &Call) -> Answer {
    process::answer(&current_process(), call)
}

/// Answers a call on the calling process's creator.
pub(super) fn parent(call: &Call) -> Answer {
    let Some(parent) = parent_process() else { return Answer::of(Outcome::Absent) };
    match call {
        Call::Pid => Answer::number(parent.pid()),
        Call::Name => Answer::text(parent.name()),
        Call::IsAlive => parent.is_alive().map_or_else(outcome::os, Answer::truth),
        Call::Join { timeout_ms: None } => parent.join().map_or_else(outcome::os, |()| Answer::ok()),
        Call::Join { timeout_ms: Some(ms) } => {
            match parent.join_timeout(Duration::from_millis((*ms).max(0) as u64)) {
                Ok(true) => Answer::ok(),
                Ok(false) => Answer::of(Outcome::Timeout),
                Err(error) => outcome::os(error),
            }
        }
        _ => Answer::of(Outcome::Unsupported),
    }
}

/// Answers a call on no object, about the library.
pub(super) fn library(call: &Call) -> Answer {
    match call {
        Call::ActiveChildren => Answer::number(active_children().len() as i64),
        Call::CpuCount => Answer::number(cpu_count() as i64),
        Call::StartMethods => Answer::text(start_methods().map(Method::name).join(",")),
        Call::StartMethod { allow_none: false } => Answer::text(start_method().name()),
        Call::StartMethod { allow_none: true } => match start_method_if_set() {
            Some(method) => Answer::text(method.name()),
            None => Answer::of(Outcome::Absent),
        },
        Call::SetStartMethod { method, force } => set_method(method.as_deref(), *force),
        Call::Context { method } => match get_context(Some(method)) {
            Ok(context) => Answer {
                value: (context.get_context(None) == Ok(context)).into(),
                ..Answer::text(context.start_method().name())
            },
            Err(error) => unknown(error),
        },
        Call::SetContextMethod { method, to } => {
            let both = get_context(Some(method)).and_then(|context| Ok((context, to.parse()?)));
            match both {
                Ok((context, to)) => context.set_start_method(to).map_or_else(not_set, |()| Answer::ok()),
                Err(error) => unknown(error),
            }
        }
        Call::KillForkserver => kill_forkserver(),
        #[cfg(feature = "fault")]
        Call::DieBefore { n } => {
            procession_reference::fault::die_before(*n);
            Answer::ok()
        }
        _ => Answer::of(Outcome::Unsupported),
    }
}

fn set_method(name: Option<&str>, force: bool) -> Answer {
    let method = match name.map(str::parse::<Method>).transpose() {
        Ok(method) => method,
        Err(error) => return unknown(error),
    };
    match (method, start_method_if_set()) {
        (method, _) if force => force_start_method(method),
        (None, Some(decided)) => return not_set(SetMethodError::AlreadySet(decided)),
        (None, None) => {}
        (Some(method), _) => return set_start_method(method).map_or_else(not_set, |()| Answer::ok()),
    }
    Answer::ok()
}

fn unknown(error: UnknownMethod) -> Answer {
    Answer::error(Outcome::BadValue, error)
}

fn not_set(error: SetMethodError) -> Answer {
    let outcome = match error {
        SetMethodError::AlreadySet(_) => Outcome::NotAllowed,
        SetMethodError::Fixed(_) => Outcome::BadValue,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

fn kill_forkserver() -> Answer {
    match forkserver_pid() {
        None => Answer::of(Outcome::Absent),
        Some(pid) => match kill(Pid::from_raw(pid), Signal::SIGKILL) {
            Ok(()) => Answer::number(pid),
            Err(error) => outcome::os(error.into()),
        },
    }
}
