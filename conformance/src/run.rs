//! Running a program on an adapter: the one part of the suite that touches processes, clocks and
//! files. A [`Program`](crate::program::Program) goes in, a [`History`](crate::history::History)
//! comes out.
//!
//! ```text
//! suite ──socket pair──▶ warden ──starts──▶ adapter ──starts──▶ main worker ──▶ workers
//!   ▲                      │ subreaper: whatever happens, all of them stay below it
//!   └── Unix socket ◀──────┴────────── adapter and workers connect here
//! ```
//!
//! - [`Session`] is one adapter with its warden; it runs one program at a time.
//! - [`Pool`] is several sessions side by side, working through a list of jobs.
//! - [`warden_main`] must be called first thing in `main` of every program that opens sessions: the
//!   warden is the same program, started again.
//! - [`interrupt`] lets Ctrl-C end everything in order.
//!
//! When the suite ends in any way, by SIGKILL too, the warden reads the end of its socket, kills
//! everything below it and removes the session's directory.

mod ambush;
mod attempt;
mod circumstance;
mod clock;
mod conditions;
mod connection;
mod faults;
mod guard;
mod hearing;
mod histories;
pub mod interrupt;
mod landmarks;
mod leftovers;
mod limits;
mod maps;
mod parse;
mod pidfd;
mod pool;
mod proc;
mod quiescence;
mod session;
mod starvation;
mod step;
mod turns;
mod validity;
mod warden;
mod workers;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use landmarks::Landmarks;
pub use pool::{Event, Job, Pool};
pub use proc::{Process, ProcessId};
pub use session::Session;
pub use warden::{WARDEN, warden_main};

/// How to start an adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdapterCommand {
    /// The name under which the suite was given this implementation; the adapter is told.
    pub name: String,
    /// The program, looked up in PATH, and its arguments.
    pub argv: Vec<OsString>,
    /// Environment variables besides the suite's own.
    pub env: Vec<(OsString, OsString)>,
}

/// How a session is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// How long the adapter may take to say `hello`, and to say `clean`.
    pub patience: Duration,
    /// The program that becomes the warden when it is started with [`WARDEN`] in its environment,
    /// because it calls [`warden_main`]; absent for the current program.
    pub warden: Option<PathBuf>,
}

impl Default for SessionOptions {
    fn default() -> SessionOptions {
        SessionOptions { patience: Duration::from_secs(30), warden: None }
    }
}

/// How a program is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// For how long nothing may move before the run is given up as
    /// [`RunEnd::Deadline`](crate::history::RunEnd::Deadline). Quiescence is noticed much earlier.
    pub deadline: Duration,
    /// Where to keep the run's directory, under the run's name; absent to remove it.
    pub keep_directory: Option<PathBuf>,
    /// The way of the worker that a program kills after so many instructions: filled by the first such
    /// run, and used by the others to get there faster. To be shared by runs of one program alone, but
    /// for the number of instructions.
    pub landmarks: Option<Landmarks>,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions { deadline: Duration::from_secs(20), keep_directory: None, landmarks: None }
    }
}

/// The first wrong thing that an adapter said or did. After it the session is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misbehaviour {
    /// Where: a connection, or a history file.
    pub place: String,
    /// What was wrong and what was expected.
    pub problem: String,
    /// The line in which it was, shortened; empty if it was none.
    pub line: String,
    /// The last lines of the adapter's standard output and error.
    pub log: String,
}

impl Misbehaviour {
    fn new(place: impl Into<String>, problem: impl Into<String>, line: &str) -> Misbehaviour {
        Misbehaviour { place: place.into(), problem: problem.into(), line: shorten(line), log: String::new() }
    }

    fn silent(place: impl Into<String>, problem: impl Into<String>) -> Misbehaviour {
        Misbehaviour::new(place, problem, "")
    }
}

fn shorten(line: &str) -> String {
    const LONGEST: usize = 200;
    match line.char_indices().nth(LONGEST) {
        None => line.to_string(),
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], line.len()),
    }
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)?;
        if !self.line.is_empty() {
            write!(f, "; the line was: {}", self.line)?;
        }
        if !self.log.is_empty() {
            write!(f, "\nlast lines of the adapter's log:\n{}", self.log)?;
        }
        Ok(())
    }
}

/// Why a session was not opened. Nothing of it is left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The adapter is at fault: it ended, hung, or said something else than a sound `hello`.
    Adapter(Misbehaviour),
    /// The suite was told to end.
    Interrupted,
    /// The adapter's command cannot be started.
    NotStarted(String),
    /// The suite or the machine is at fault.
    Suite(String),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionError::Adapter(misbehaviour) => write!(f, "the adapter is at fault: {misbehaviour}"),
            SessionError::Interrupted => write!(f, "interrupted"),
            SessionError::NotStarted(reason) => write!(f, "the adapter was not started: {reason}"),
            SessionError::Suite(reason) => write!(f, "the suite is at fault: {reason}"),
        }
    }
}

impl std::error::Error for SessionError {}

/// Why there is no history. Nothing of the run is left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunError {
    /// The adapter is at fault. The session is broken; [`Session::reopen`] starts another adapter.
    Adapter(Misbehaviour),
    /// The implementation failed where no step could report it: the adapter's words.
    Implementation(String),
    /// The suite was told to end.
    Interrupted,
    /// The program is not one that can be run.
    Program(String),
    /// This machine does not let the suite do what the program plans: which, and why. The session is
    /// broken.
    NotAllowed(String),
    /// There is no adapter to run it on: the session could not be opened (again).
    Session(SessionError),
    /// The suite or the machine is at fault. The session is broken.
    Suite(String),
    /// The adapter does not offer an object or a call of the script: the adapter's words.
    Unsupported(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Adapter(misbehaviour) => write!(f, "the adapter is at fault: {misbehaviour}"),
            RunError::Implementation(detail) => write!(f, "the implementation failed: {detail}"),
            RunError::Interrupted => write!(f, "interrupted"),
            RunError::NotAllowed(reason) => write!(f, "this machine does not allow it: {reason}"),
            RunError::Program(reason) => write!(f, "the program cannot be run: {reason}"),
            RunError::Session(error) => write!(f, "no adapter to run it on: {error}"),
            RunError::Suite(reason) => write!(f, "the suite is at fault: {reason}"),
            RunError::Unsupported(detail) => write!(f, "not offered: {detail}"),
        }
    }
}

impl std::error::Error for RunError {}
