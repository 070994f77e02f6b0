//! A session: one adapter with its warden, said hello to, ready for one run after the other.

use std::ffi::OsString;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use procession_contract::{Manifest, Method};
use tempfile::TempDir;

use super::clock::{MS, now_ns, ns};
use super::connection::Connection;
use super::guard::Guard;
use super::proc::{self, Process, ProcessId};
use super::{
    AdapterCommand, Misbehaviour, RunError, RunOptions, SessionError, SessionOptions, attempt, interrupt,
};
use crate::history::History;
use crate::program::Program;
use crate::protocol::{FromAdapter, SOCKET, ToAdapter, VERSION};

/// How long an adapter may take to end after `bye`.
const FAREWELL: Duration = Duration::from_secs(2);

/// One adapter, ready to run programs one after the other.
///
/// Dropping it ends the adapter, kills whatever it has started and removes the session's directory.
#[derive(Debug)]
pub struct Session {
    command: AdapterCommand,
    options: SessionOptions,
    manifest: Manifest,
    /// Absent after a fault of the adapter or the suite.
    open: Option<Open>,
}

/// The working parts of a session.
#[derive(Debug)]
pub(super) struct Open {
    // Dropped first: the warden ends the adapter and removes the directory.
    pub(super) guard: Guard,
    pub(super) control: Connection,
    pub(super) listener: UnixListener,
    /// The processes that are no part of a run: the adapter, and what it had started before it said
    /// hello.
    pub(super) spared: Vec<ProcessId>,
    pub(super) patience: Duration,
    pub(super) runs: u64,
    directory: TempDir,
}

impl Session {
    /// Starts a warden and below it the adapter, and waits for its `hello`.
    ///
    /// # Errors
    /// See [`SessionError`]; nothing is left of the attempt.
    pub fn open(command: &AdapterCommand, options: &SessionOptions) -> Result<Session, SessionError> {
        let (open, manifest) = Open::new(command, options)?;
        let (command, options) = (command.clone(), options.clone());
        Ok(Session { command, options, manifest, open: Some(open) })
    }

    /// What the implementation offers and claims.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether programs can be run; not after [`RunError::Adapter`], [`RunError::Suite`],
    /// [`RunError::NotAllowed`] and [`RunError::Interrupted`].
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Ends the adapter, if there still is one, and starts a new one. Its manifest must be the same.
    ///
    /// # Errors
    /// See [`SessionError`]; the session then stays broken.
    pub fn reopen(&mut self) -> Result<(), SessionError> {
        self.open = None;
        let (open, manifest) = Open::new(&self.command, &self.options)?;
        if manifest != self.manifest {
            let problem = "message `hello`, field `manifest`: it is another one than at the first start";
            return Err(SessionError::Adapter(
                open.with_log(Misbehaviour::silent("control connection", problem)),
            ));
        }
        self.open = Some(open);
        Ok(())
    }

    /// Runs a program and returns what was seen. Blocks until the run is over: until everybody has
    /// ended, or nothing can move any more, or nothing has moved for the deadline.
    ///
    /// # Errors
    /// See [`RunError`]; nothing is left of the run.
    pub fn run(
        &mut self,
        program: &Program,
        method: Method,
        options: &RunOptions,
    ) -> Result<History, RunError> {
        let Some(open) = &mut self.open else {
            return Err(RunError::Suite("the session is broken and has not been reopened".into()));
        };
        let result = attempt::run(open, &self.manifest, program, method, options);
        match result {
            Err(RunError::Adapter(misbehaviour)) => {
                let misbehaviour = open.with_log(misbehaviour);
                self.open = None;
                Err(RunError::Adapter(misbehaviour))
            }
            Err(error @ (RunError::Suite(_) | RunError::Interrupted | RunError::NotAllowed(_))) => {
                self.open = None;
                Err(error)
            }
            other => other,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(open) = &mut self.open {
            open.control.send(&ToAdapter::Bye {});
            // So that it can end in its own manner; whoever takes longer is killed.
            open.guard.listen(FAREWELL);
        }
    }
}

impl Open {
    fn new(command: &AdapterCommand, options: &SessionOptions) -> Result<(Open, Manifest), SessionError> {
        let suite = |error: std::io::Error| SessionError::Suite(format!("the session's directory: {error}"));
        let directory = tempfile::Builder::new().prefix("procession-").tempdir_in(base()).map_err(suite)?;
        let (socket, log) = (directory.path().join("socket"), directory.path().join("log"));
        std::fs::create_dir(directory.path().join("tmp")).map_err(suite)?;
        let listener = UnixListener::bind(&socket).map_err(suite)?;
        listener.set_nonblocking(true).map_err(suite)?;
        let mut guard = Guard::start(options.warden.as_deref(), &log)?;
        let further_env: Vec<(OsString, OsString)> = vec![
            (SOCKET.into(), socket.into()),
            // What the adapter leaves in its temporary directory can be laid at its door, and goes.
            ("TMPDIR".into(), directory.path().join("tmp").into()),
        ];
        guard.start_adapter(command, further_env, &log, directory.path())?;
        let (control, adapter) = match greet(&listener, &mut guard, options.patience) {
            Ok(connected) => connected,
            Err(SessionError::Adapter(misbehaviour)) => {
                let log = last_lines(directory.path());
                return Err(SessionError::Adapter(Misbehaviour { log, ..misbehaviour }));
            }
            Err(error) => return Err(error),
        };
        let patience = options.patience;
        let mut open = Open { guard, control, listener, spared: vec![], patience, runs: 0, directory };
        let manifest = match open.hello() {
            Ok(manifest) => manifest,
            Err(SessionError::Adapter(misbehaviour)) => {
                return Err(SessionError::Adapter(open.with_log(misbehaviour)));
            }
            Err(error) => return Err(error),
        };
        open.spared = proc::lineage(adapter, open.guard.pid());
        for process in proc::descendants(open.guard.pid()) {
            if process.lives() && !open.spared.contains(&process.id) {
                open.spared.push(process.id);
            }
        }
        open.control.send(&ToAdapter::Welcome { protocol: VERSION, implementation: command.name.clone() });
        Ok((open, manifest))
    }

    fn hello(&mut self) -> Result<Manifest, SessionError> {
        let until = now_ns() + ns(self.patience);
        loop {
            self.control.pump().map_err(SessionError::Adapter)?;
            if let Some((message, line)) = self.control.message().map_err(SessionError::Adapter)? {
                let wrong = |problem: String| {
                    Err(SessionError::Adapter(Misbehaviour::new("control connection", problem, &line)))
                };
                return match message {
                    FromAdapter::Hello { protocol, .. } if !protocol.contains(&VERSION) => wrong(format!(
                        "message `hello`, field `protocol`: {protocol:?}, expected that {VERSION} is among them"
                    )),
                    FromAdapter::Hello { manifest, .. } if manifest.methods.is_empty() => wrong(
                        "message `hello`, field `manifest.methods`: empty, expected at least one".into(),
                    ),
                    FromAdapter::Hello { manifest, .. } => Ok(*manifest),
                    _ => wrong("the first message is another one, expected `hello`".into()),
                };
            }
            self.check()?;
            let waits = [(self.control.as_fd(), PollFlags::POLLIN), (self.guard.as_fd(), PollFlags::POLLIN)];
            wait(&waits, until, "it has said nothing on its connection, expected `hello`")?;
        }
    }

    /// Looks whether adapter and warden are still there.
    ///
    /// # Errors
    /// [`SessionError::Adapter`] if its control connection is closed or its process is gone,
    /// [`SessionError::Suite`] if the warden is.
    pub(super) fn check(&mut self) -> Result<(), SessionError> {
        let closed = self.control.is_closed();
        if closed || self.guard.has_news() {
            // The connection is closed a moment before the exit status comes, which says more.
            self.guard.listen(Duration::from_millis(if closed { 1_000 } else { 0 }));
        }
        if self.guard.is_gone() {
            return Err(SessionError::Suite("the warden is gone".into()));
        }
        let problem = match self.guard.adapter_status() {
            Some(status) => ending(status),
            None if closed => "the adapter has closed it".into(),
            None => return Ok(()),
        };
        Err(SessionError::Adapter(Misbehaviour::silent("control connection", problem)))
    }

    /// The processes of the run: everything below the warden that was not there at hello.
    pub(super) fn processes_of_the_run(&self) -> Vec<Process> {
        let mut processes = proc::descendants(self.guard.pid());
        processes.retain(|process| process.lives() && !self.spared.contains(&process.id));
        processes
    }

    /// Takes the next connection that somebody below the warden has made.
    ///
    /// # Errors
    /// If the listening socket fails.
    pub(super) fn accept(&mut self) -> std::io::Result<Option<(UnixStream, i32)>> {
        loop {
            let Some((stream, pid, ours)) = accept(&self.listener, self.guard.pid())? else {
                return Ok(None);
            };
            if ours {
                return Ok(Some((stream, pid)));
            }
            self.note(&format!("a connection from process {pid}, which is none of ours, was refused"));
        }
    }

    /// Makes the directory of a run.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn make_directory(&self, run: &str, keep: Option<&Path>) -> std::io::Result<PathBuf> {
        let directory = keep.unwrap_or(self.directory.path()).join(format!("run-{run}"));
        std::fs::create_dir_all(directory.parent().unwrap_or(Path::new("/")))?;
        std::fs::create_dir(&directory)?;
        Ok(directory)
    }

    /// The temporary directory that the session's processes are told to use.
    pub(super) fn temporary(&self) -> PathBuf {
        self.directory.path().join("tmp")
    }

    fn note(&self, text: &str) {
        use std::io::Write;
        let log = std::fs::OpenOptions::new().append(true).open(self.directory.path().join("log"));
        // The log is for people; a full disk is no reason to end a run.
        let _ = log.and_then(|mut log| writeln!(log, "suite: {text}"));
    }

    fn with_log(&self, misbehaviour: Misbehaviour) -> Misbehaviour {
        Misbehaviour { log: last_lines(self.directory.path()), ..misbehaviour }
    }
}

/// Where session directories are made. The path of a Unix socket holds about 100 bytes, and the
/// implementation makes sockets below it too.
fn base() -> PathBuf {
    let preferred = std::env::temp_dir();
    if preferred.as_os_str().len() <= 40 { preferred } else { "/tmp".into() }
}

fn last_lines(directory: &Path) -> String {
    const BYTES: u64 = 2_000;
    let mut text = Vec::new();
    if let Ok(mut file) = std::fs::File::open(directory.join("log")) {
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let _ = file.seek(SeekFrom::Start(length.saturating_sub(BYTES)));
        let _ = file.take(BYTES).read_to_end(&mut text);
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

/// Waits for the adapter's connection.
fn greet(
    listener: &UnixListener,
    guard: &mut Guard,
    patience: Duration,
) -> Result<(Connection, i32), SessionError> {
    let until = now_ns() + ns(patience);
    let suite = |error: std::io::Error| SessionError::Suite(error.to_string());
    loop {
        if guard.has_news() {
            guard.listen(Duration::ZERO);
        }
        // After the news: what has ended may have connected before, and that says more of it.
        while let Some((stream, pid, ours)) = accept(listener, guard.pid()).map_err(suite)? {
            if ours {
                let connection = Connection::new(stream, "control connection").map_err(suite)?;
                return Ok((connection, pid));
            }
        }
        if guard.is_gone() {
            return Err(SessionError::Suite("the warden is gone".into()));
        }
        if let Some(status) = guard.adapter_status() {
            let problem = format!("{} before it connected", ending(status));
            return Err(SessionError::Adapter(Misbehaviour::silent("adapter", problem)));
        }
        let waits = [(listener.as_fd(), PollFlags::POLLIN), (guard.as_fd(), PollFlags::POLLIN)];
        wait(&waits, until, "it has not connected to the socket, expected `hello`")?;
    }
}

/// How an adapter has ended, from its exit status.
fn ending(status: i32) -> String {
    match status {
        ..0 => format!("the adapter was ended by signal {}", -status),
        _ => format!("the adapter has ended with status {status}"),
    }
}

/// Accepts one connection, and says from which process it is and whether that is below the warden.
fn accept(listener: &UnixListener, warden: i32) -> std::io::Result<Option<(UnixStream, i32, bool)>> {
    let stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // The peer hung up before it was accepted.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
            Err(error) => return Err(error),
        }
    };
    let pid = getsockopt(&stream, PeerCredentials)?.pid();
    // One that has ended cannot be looked up; its messages will say who it was.
    let ours = proc::descends(pid, warden).unwrap_or(true);
    Ok(Some((stream, pid, ours)))
}

/// Waits until one of these is ready, or somebody interrupts.
fn wait(
    waits: &[(std::os::fd::BorrowedFd<'_>, PollFlags)],
    until: u64,
    otherwise: &str,
) -> Result<(), SessionError> {
    loop {
        if interrupt::requested().is_some() {
            return Err(SessionError::Interrupted);
        }
        let left = until.saturating_sub(now_ns());
        if left == 0 {
            return Err(SessionError::Adapter(Misbehaviour::silent("adapter", otherwise)));
        }
        let mut fds: Vec<PollFd> = waits.iter().map(|(fd, flags)| PollFd::new(*fd, *flags)).collect();
        fds.extend(interrupt::descriptor().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        let timeout = PollTimeout::try_from(left / MS + 1).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, timeout) {
            Ok(0) | Err(nix::Error::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(SessionError::Suite(format!("poll: {error}"))),
        }
    }
}
