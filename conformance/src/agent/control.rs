//! The control connection: one run after the other, each with a main worker's process of its own.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, setpgid};
use procession_contract::{Implementation, Script, Ticket};

use super::connection::{Connection, ConnectionError};
use super::fork::{ForkError, fork};
use super::process::Child;
use super::report::Report;
use super::{connection, main_worker};
use crate::protocol::{FromAdapter, ToAdapter, VERSION};

/// Why the agent ends before it is told to.
#[derive(Debug)]
pub(super) enum ControlError {
    /// The connection is of no more use.
    Connection(ConnectionError),
    /// The suite chose a version that was not offered.
    Version(u32),
    /// The system refused to wait.
    Os(Errno),
}

impl std::fmt::Display for ControlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ControlError::Connection(error) => error.fmt(f),
            ControlError::Version(version) => {
                write!(f, "the suite chose protocol {version}; this agent offered {VERSION}")
            }
            ControlError::Os(error) => write!(f, "waiting for the suite failed: {error}"),
        }
    }
}

impl std::error::Error for ControlError {}

impl From<ConnectionError> for ControlError {
    fn from(error: ConnectionError) -> ControlError {
        ControlError::Connection(error)
    }
}

/// Serves one suite until `bye` or the end of the connection, then ends what is left of the last run.
pub(super) fn serve(name: &str, implementation: &'static dyn Implementation) -> Result<(), ControlError> {
    let mut connection = Connection::open()?;
    let manifest = Box::new(super::manifest(implementation));
    connection.send(&FromAdapter::Hello { protocol: vec![VERSION], manifest })?;
    match connection.receive()? {
        ToAdapter::Welcome { protocol: VERSION, .. } => {}
        ToAdapter::Welcome { protocol, .. } => return Err(ControlError::Version(protocol)),
        other => return Err(unexpected("`welcome`", &other)),
    }
    let mut control = Control { name, implementation, connection, run: None };
    let served = control.serve();
    if let Some(run) = &mut control.run {
        run.end();
    }
    served
}

struct Control<'a> {
    name: &'a str,
    implementation: &'static dyn Implementation,
    connection: Connection,
    run: Option<Run>,
}

/// A run that has not been torn down.
struct Run {
    name: String,
    directory: PathBuf,
    /// Absent if it could not be started.
    main: Option<Child>,
    /// Whether the suite has been told how it ended.
    told: bool,
}

impl Control<'_> {
    fn serve(&mut self) -> Result<(), ControlError> {
        loop {
            while let Some(message) = self.connection.received()? {
                match message {
                    ToAdapter::Run { run, directory, script } => self.start(run, directory, &script)?,
                    ToAdapter::Teardown { run } => self.tear_down(run)?,
                    ToAdapter::Bye {} => return Ok(()),
                    other => return Err(unexpected("`run`, `teardown` or `bye`", &other)),
                }
            }
            if let Some(run) = &mut self.run
                && let Some(message) = run.news()
            {
                self.connection.send(&message)?;
            }
            if self.wait()? {
                match self.connection.fill() {
                    Err(ConnectionError::Closed) => return Ok(()),
                    filled => filled?,
                }
            }
        }
    }

    /// Waits until the suite says something (true) or the main worker's process ends.
    fn wait(&self) -> Result<bool, ControlError> {
        let mut events = vec![PollFd::new(self.connection.as_fd(), PollFlags::POLLIN)];
        if let Some(Run { main: Some(main), told: false, .. }) = &self.run {
            events.push(PollFd::new(main.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut events, PollTimeout::NONE) {
            Ok(_) => Ok(events[0].any().unwrap_or(true)),
            Err(Errno::EINTR) => Ok(false),
            Err(error) => Err(ControlError::Os(error)),
        }
    }

    fn start(&mut self, run: String, directory: String, script: &Script) -> Result<(), ControlError> {
        if let Some(running) = &self.run {
            let found = format!("`run` of {run}, while {} has not been torn down", running.name);
            return Err(ConnectionError::Unexpected("`teardown` before the next `run`", found).into());
        }
        let ticket = Ticket {
            implementation: self.name.into(),
            run: run.clone(),
            worker: "main".into(),
            script: serde_json::to_string(script).map_err(|error| ConnectionError::Io(error.into()))?,
            directory: directory.clone(),
        };
        let implementation = self.implementation;
        let started = fork(|| {
            // A process group of its own, by which the rest of the run is found at its end.
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
            connection::forget_inherited();
            main_worker::run(ticket, script, implementation)
        });
        let main = match started {
            Ok(main) => {
                // Here too: nobody knows whether this or the copy comes first.
                let _ = setpgid(main.pid(), main.pid());
                Some(main)
            }
            Err(error) => {
                let Report { what, detail } = Report::adapter(fork_failed(&error));
                self.connection.send(&FromAdapter::Error { run: run.clone(), what, detail })?;
                None
            }
        };
        let told = main.is_none();
        self.run = Some(Run { name: run, directory: directory.into(), main, told });
        Ok(())
    }

    fn tear_down(&mut self, run: String) -> Result<(), ControlError> {
        match self.run.take() {
            Some(mut running) if running.name == run => running.end(),
            running => {
                self.run = running;
                let found = format!("`teardown` of {run}");
                return Err(ConnectionError::Unexpected("a run that is under way", found).into());
            }
        }
        Ok(self.connection.send(&FromAdapter::Clean { run })?)
    }
}

impl Run {
    /// What the suite is to be told, once: how the main worker's process ended.
    fn news(&mut self) -> Option<FromAdapter> {
        if self.told {
            return None;
        }
        let status = self.main.as_mut()?.status()?;
        self.told = true;
        let run = self.name.clone();
        Some(match Report::take(Path::new(&self.directory)) {
            Some(Report { what, detail }) => FromAdapter::Error { run, what, detail },
            None => FromAdapter::Ended { run, status },
        })
    }

    /// Kills what is left, and reaps the main worker's process. Descendants that have left its process
    /// group are the suite's to find.
    fn end(&mut self) {
        let Some(main) = &mut self.main else { return };
        if main.status().is_none() {
            let _ = killpg(main.pid(), Signal::SIGKILL);
            main.wait(None);
        } else if !Path::new(&format!("/proc/{}", main.pid())).exists() {
            // The kernel gives no new process the number of a group that still has members: as long
            // as no process has the number, the group can only be ours.
            let _ = killpg(main.pid(), Signal::SIGKILL);
        }
    }
}

fn fork_failed(error: &ForkError) -> String {
    format!("the main worker's process cannot be started: {error}")
}

fn unexpected(expected: &'static str, found: &ToAdapter) -> ControlError {
    let found = serde_json::to_string(found).unwrap_or_default();
    ConnectionError::Unexpected(expected, found).into()
}
