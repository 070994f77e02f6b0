//! Workers' processes for implementations that have none of their own: the agent forks them.

use std::any::Any;
use std::time::Duration;

use nix::sys::signal::Signal;
use procession_contract::{Answer, Call, Manifest, Object, Objects, Outcome, Worker};

use super::fork::{ForkError, fork};
use super::process::Child;
use super::worker::{Run, missing};
use super::{main_worker, work};

/// A process of the agent's own. It answers the calls that the implementation's manifest declares, so
/// that an implementation of one object need not declare, and is not judged by, what the agent does.
pub(super) struct ForkedProcess {
    worker: Worker,
    manifest: Manifest,
    child: Option<Child>,
}

impl ForkedProcess {
    /// A process that has not been started.
    pub(super) fn new(worker: Worker, manifest: Manifest) -> ForkedProcess {
        ForkedProcess { worker, manifest, child: None }
    }

    /// Forks the process of the worker `name`. In the copy, those of the parent's handles that the
    /// worker was not given are dropped.
    pub(super) fn start(run: &Run, name: &str, objects: &mut Objects) -> Answer {
        let this = |objects: &mut Objects| {
            let object = objects.get_mut(name)?;
            let this = object.as_any().downcast_mut::<ForkedProcess>()?;
            Some((this.worker.clone(), this.child.is_some()))
        };
        let Some((worker, started)) = this(objects) else { return missing(name, objects) };
        if started {
            return Answer::error(
                Outcome::Misuse,
                format!("the process of `{name}` has been started already"),
            );
        }
        let given = match run.given(&worker, objects) {
            Ok(given) => given,
            Err(answer) => return answer,
        };
        let forked = fork(|| {
            let mut objects = std::mem::take(objects);
            objects.retain(|name, _| given.contains(name));
            if worker.bodiless {
                return 0;
            }
            let ticket = run.ticket_of(&worker);
            main_worker::end(name, work(ticket, objects, run.implementation), run.implementation)
        });
        let object = objects.get_mut(name).and_then(|object| object.as_any().downcast_mut::<ForkedProcess>());
        match (forked, object) {
            (Ok(child), Some(this)) => {
                this.child = Some(child);
                Answer::ok()
            }
            (Err(error @ ForkError::NotAlone(_)), _) => Answer::error(Outcome::NotAllowed, error),
            (Err(error @ ForkError::Os(_)), _) => Answer::error(Outcome::Exhausted, error),
            (Ok(_), None) => missing(name, objects),
        }
    }

    /// What happens to it when its parent ends: a daemon is ended, another one is waited for.
    pub(super) fn join_at_exit(&mut self) {
        let Some(child) = &mut self.child else { return };
        if self.worker.daemon == Some(true) {
            child.signal(Signal::SIGTERM);
        }
        child.wait(None);
    }

    fn answer(&mut self, call: &Call) -> Answer {
        let Some(child) = &mut self.child else {
            return match call {
                Call::IsAlive => Answer::truth(false),
                Call::Pid | Call::Exitcode => Answer::of(Outcome::Absent),
                _ => Answer::error(Outcome::Misuse, "the process has not been started"),
            };
        };
        match call {
            Call::Join { timeout_ms } => {
                child.wait(timeout_ms.map(|ms| Duration::from_millis(ms.max(0) as u64)));
                Answer::ok()
            }
            Call::IsAlive => Answer::truth(child.status().is_none()),
            Call::Pid => Answer::number(child.pid().as_raw()),
            Call::Exitcode => child.status().map_or(Outcome::Absent.into(), Answer::number),
            Call::Terminate => {
                child.signal(Signal::SIGTERM);
                Answer::ok()
            }
            Call::Kill => {
                child.signal(Signal::SIGKILL);
                Answer::ok()
            }
            _ => Answer::of(Outcome::Unsupported),
        }
    }
}

impl Object for ForkedProcess {
    fn call(&mut self, call: &Call) -> Answer {
        let name = match call {
            Call::Join { .. } => "join",
            Call::IsAlive => "is_alive",
            Call::Pid => "pid",
            Call::Exitcode => "exitcode",
            Call::Terminate => "terminate",
            Call::Kill => "kill",
            _ => return Answer::of(Outcome::Unsupported),
        };
        if !self.manifest.offers_call("process", name) {
            return Answer::of(Outcome::Unsupported);
        }
        self.answer(call)
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Err(Answer::error(Outcome::Unsupported, "only the worker that constructed a process has it"))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
