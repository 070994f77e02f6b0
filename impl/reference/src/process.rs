//! Processes: started with a function and its argument, waited for, signalled, and never lost.
//!
//! ```
//! use procession_reference::process::Process;
//!
//! let child = Process::new(|(name, times): (String, u32)| {
//!     assert_eq!(name.repeat(times as usize), "abab");
//! }, ("ab".to_string(), 2));
//! child.start().unwrap();
//! child.join().unwrap();
//! assert_eq!(child.exitcode().unwrap(), Some(0));
//! ```
//!
//! No registration and no call at the start of `main` is needed, and it works in tests: a new process
//! executes the same program and turns aside before `main` (see [`Method`] for the
//! alternatives). Function and argument travel by the rules of [`transfer`](crate::transfer).
//!
//! A child's standard input is the null device. Signals are at their defaults and unblocked in a
//! process that was not forked from its creator.
//!
//! # Crashes
//! A creator that is killed takes its daemonic children with it: they watch a pidfd of the creator
//! and kill themselves at its end. Other children live on. Exit codes are collected through pidfds
//! under a lock per process: no thread can take another's, no signal reaches a stranger with a
//! recycled pid, and when the system or foreign code has collected a child, its end is seen all the
//! same.

mod authkey;
mod conclusion;
mod error;
mod parent;
pub(crate) mod pidfd;
pub(crate) mod state;
pub(crate) mod target;

use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use authkey::AuthKey;
pub use conclusion::Conclusion;
pub use error::{CloseError, JoinError, QueryError, SetDaemonError, SignalError, StartError};
pub use parent::ParentProcess;
pub use pidfd::{Exit, Sentinel};

use crate::context::{self, Method};
use crate::exit;
use crate::shared_memory::tracker;
use crate::start::{self, Order, forkserver, image};
use crate::transfer::Descriptor;
use state::{lock, state};
use target::{Closure, Function, Target};

/// A process, as its creator holds it; a clone is the same process.
#[derive(Clone)]
pub struct Process(Arc<Inner>);

struct Inner {
    creator: Option<i32>,
    identity: Vec<u32>,
    label: Mutex<Label>,
    stage: Mutex<Stage>,
}

struct Label {
    name: String,
    daemon: bool,
    is_service: bool,
    authkey: AuthKey,
    method: Option<Method>,
}

enum Stage {
    Initial(Option<Box<dyn Target>>),
    Running(Running),
    Ended {
        pid: i32,
        exit: Exit,
        pidfd: Arc<OwnedFd>,
    },
    Closed,
    /// The process that asks.
    Current {
        pid: i32,
    },
}

struct Running {
    pid: i32,
    pidfd: Arc<OwnedFd>,
    report: Option<OwnedFd>,
}

impl Process {
    /// A process that will call `function` with `args`. A closure that captures nothing is a
    /// function too.
    pub fn new<A, R>(function: fn(A) -> R, args: A) -> Process
    where
        A: Serialize + DeserializeOwned + Send + 'static,
        R: Conclusion + 'static,
    {
        Process::create(Some(Box::new(Function { function, args })))
    }

    /// A process without a target: it does nothing and exits with code 0.
    pub fn empty() -> Process {
        Process::create(None)
    }

    /// A process that will call a closure with all it captures. Only a copy of this process holds
    /// that, so the start method is fork, with the hazards of [`Method::Fork`]; started by another
    /// method, the process reports that its target cannot be encoded.
    pub fn forked<R: Conclusion>(body: impl FnOnce() -> R + Send + 'static) -> Process {
        Process::create(Some(Box::new(Closure(body)))).with_method(Method::Fork)
    }

    fn create(target: Option<Box<dyn Target>>) -> Process {
        let state = state();
        let identity = state.next_identity();
        let path: Vec<String> = identity.iter().map(u32::to_string).collect();
        let label = Label {
            name: format!("Process-{}", path.join(":")),
            daemon: state.current.daemon(),
            is_service: false,
            authkey: state.current.authkey(),
            method: None,
        };
        Process(Arc::new(Inner {
            creator: Some(state.pid),
            identity,
            label: Mutex::new(label),
            stage: Mutex::new(Stage::Initial(target)),
        }))
    }

    /// The object of the calling process itself.
    pub(crate) fn current(
        pid: i32,
        creator: Option<i32>,
        name: String,
        daemon: bool,
        authkey: AuthKey,
    ) -> Process {
        Process(Arc::new(Inner {
            creator,
            identity: Vec::new(),
            label: Mutex::new(Label { name, daemon, is_service: false, authkey, method: None }),
            stage: Mutex::new(Stage::Current { pid }),
        }))
    }

    /// Gives it a name, before or instead of [`set_name`](Process::set_name).
    pub fn with_name(self, name: impl Into<String>) -> Process {
        self.set_name(name);
        self
    }

    /// Makes it daemonic or not, before it is started; otherwise it is what its creator is.
    pub fn with_daemon(self, daemon: bool) -> Process {
        lock(&self.0.label).daemon = daemon;
        self
    }

    /// Makes it a service of its creator: it is not among [`active_children`], and at the normal end
    /// of its creator it is neither ended nor waited for. Whoever starts it ends it: a handler of
    /// [`at_exit_after_children`](exit::at_exit_after_children), say, so that it serves the other
    /// children to their end.
    pub fn as_service(self) -> Process {
        lock(&self.0.label).is_service = true;
        self
    }

    /// Fixes the method by which it will be started; otherwise that is the global one at the start.
    pub fn with_method(self, method: Method) -> Process {
        lock(&self.0.label).method = Some(method);
        self
    }

    /// Starts the process. Returns when the new process holds its arguments, so that what they refer
    /// to may be dropped here; under fork, when it exists. The creator's copy of them is dropped.
    /// Finished children are collected.
    ///
    /// A child that is killed before that has been started nevertheless, and one whose arguments
    /// arrive but cannot be decoded reports it on its standard error and exits with code 1.
    ///
    /// # Errors
    /// A [`StartError`]; the object is as before and no process exists.
    pub fn start(&self) -> Result<(), StartError> {
        let state = state();
        if self.0.creator != Some(state.pid) && !self.is_current() {
            return Err(StartError::NotCreator);
        }
        let mut stage = lock(&self.0.stage);
        let target = match &mut *stage {
            Stage::Initial(target) => target,
            Stage::Closed => return Err(StartError::Closed),
            _ => return Err(StartError::AlreadyStarted),
        };
        if state.is_bootstrapping() {
            return Err(StartError::Bootstrapping);
        }
        if state.current.daemon() {
            return Err(StartError::DaemonsMayNotHaveChildren);
        }
        state.live_children();
        exit::arrange();
        let order = {
            let label = lock(&self.0.label);
            Order {
                fingerprint: image::fingerprint(),
                call: None,
                name: label.name.clone(),
                identity: self.0.identity.clone(),
                daemon: label.daemon,
                authkey: label.authkey.clone(),
                method: label.method.unwrap_or_else(context::start_method),
                parent_pid: state.pid,
                parent_name: state.current.name(),
                parent: Descriptor::from(state.own_pidfd()?.try_clone()?),
                family: Some(Descriptor::from(tracker::family()?)),
            }
        };
        let started = start::start(state, order, target)?;
        let spent = target.take();
        *stage = Stage::Running(Running {
            pid: started.pid,
            pidfd: Arc::new(started.pidfd),
            report: started.report,
        });
        if !lock(&self.0.label).is_service {
            lock(&state.children).push(self.clone());
        }
        drop(stage);
        // Arguments run code of their own when they are dropped, which may ask about this process.
        drop(spent);
        Ok(())
    }

    /// Blocks until the process has ended. Handled signals do not end the wait. May be repeated.
    ///
    /// # Errors
    /// A [`JoinError`]. A process cannot join itself.
    pub fn join(&self) -> Result<(), JoinError> {
        self.wait(None).map(|_| ())
    }

    /// Blocks until the process has ended or `timeout` is over: whether it has ended. A zero timeout
    /// does not block.
    ///
    /// # Errors
    /// A [`JoinError`].
    pub fn join_timeout(&self, timeout: Duration) -> Result<bool, JoinError> {
        self.wait(Instant::now().checked_add(timeout))
    }

    /// [`join_timeout`](Process::join_timeout) with signed milliseconds, of which those below zero
    /// do not block either.
    ///
    /// # Errors
    /// A [`JoinError`].
    pub fn join_timeout_ms(&self, timeout: i64) -> Result<bool, JoinError> {
        self.join_timeout(Duration::from_millis(timeout.max(0) as u64))
    }

    /// Whether it runs; it is collected if it has ended. Does not block.
    ///
    /// # Errors
    /// A [`QueryError`].
    pub fn is_alive(&self) -> Result<bool, QueryError> {
        if self.is_current() {
            return Ok(true);
        }
        self.ask(|stage| Ok(matches!(stage, Stage::Running(_))))
    }

    /// Its pid; `None` before it is started.
    ///
    /// # Errors
    /// [`QueryError::Closed`].
    pub fn pid(&self) -> Result<Option<i32>, QueryError> {
        match &*lock(&self.0.stage) {
            Stage::Closed => Err(QueryError::Closed),
            Stage::Initial(_) => Ok(None),
            Stage::Running(Running { pid, .. }) | Stage::Ended { pid, .. } | Stage::Current { pid } => {
                Ok(Some(*pid))
            }
        }
    }

    /// How it ended; `None` while it runs or is not started. It is collected if it has ended.
    ///
    /// # Errors
    /// A [`QueryError`].
    pub fn exit(&self) -> Result<Option<Exit>, QueryError> {
        if self.is_current() {
            return Ok(None);
        }
        self.ask(|stage| match stage {
            Stage::Ended { exit, .. } => Ok(Some(*exit)),
            _ => Ok(None),
        })
    }

    /// Its exit code, −N if signal N ended it; `None` while it runs or is not started.
    ///
    /// # Errors
    /// A [`QueryError`]; [`QueryError::ExitUnknown`] for [`Exit::Unknown`].
    pub fn exitcode(&self) -> Result<Option<i32>, QueryError> {
        match self.exit()? {
            None => Ok(None),
            Some(exit) => exit.code().map(Some).ok_or(QueryError::ExitUnknown),
        }
    }

    /// Asks it to end, by SIGTERM; with the default disposition it ends without running exit
    /// handlers. Its own children are not affected. Nothing happens if it has ended.
    ///
    /// # Errors
    /// A [`SignalError`].
    pub fn terminate(&self) -> Result<(), SignalError> {
        self.signal(libc::SIGTERM)
    }

    /// Ends it, by SIGKILL, which it cannot refuse. Nothing happens if it has ended.
    ///
    /// # Errors
    /// A [`SignalError`].
    pub fn kill(&self) -> Result<(), SignalError> {
        self.signal(libc::SIGKILL)
    }

    /// Gives back what ties the object to its process. From then on only name and daemon flag can be
    /// asked for. May be repeated.
    ///
    /// # Errors
    /// A [`CloseError`]; the process and the object are as before.
    pub fn close(&self) -> Result<(), CloseError> {
        match self.is_alive() {
            Ok(false) => {}
            Ok(true) => return Err(CloseError::StillRunning),
            Err(QueryError::Closed) => return Ok(()),
            Err(QueryError::Os(error)) => return Err(CloseError::Os(error)),
            Err(_) => return Err(CloseError::NotCreator),
        }
        let mut stage = lock(&self.0.stage);
        if matches!(*stage, Stage::Running(_)) {
            // Another thread has started it since.
            return Err(CloseError::StillRunning);
        }
        let old = std::mem::replace(&mut *stage, Stage::Closed);
        drop(stage);
        drop(old);
        lock(&state().children).retain(|child| !child.is(self));
        Ok(())
    }

    /// The descriptor that becomes readable when it ends, and stays so.
    ///
    /// # Errors
    /// A [`QueryError`]; [`QueryError::NotStarted`] before the start and for the current process.
    pub fn sentinel(&self) -> Result<Sentinel, QueryError> {
        match &*lock(&self.0.stage) {
            Stage::Closed => Err(QueryError::Closed),
            Stage::Initial(_) | Stage::Current { .. } => Err(QueryError::NotStarted),
            Stage::Running(Running { pidfd, .. }) | Stage::Ended { pidfd, .. } => Ok(Sentinel(pidfd.clone())),
        }
    }

    /// Its name, a label without meaning: by default the path of birth numbers from the main process.
    pub fn name(&self) -> String {
        lock(&self.0.label).name.clone()
    }

    /// Changes the name in this process's object; a running process keeps its own.
    pub fn set_name(&self, name: impl Into<String>) {
        lock(&self.0.label).name = name.into();
    }

    /// Whether it is daemonic: it ends with its creator, and may not have children.
    pub fn daemon(&self) -> bool {
        lock(&self.0.label).daemon
    }

    /// Makes it daemonic or not.
    ///
    /// # Errors
    /// A [`SetDaemonError`]: it is decided at the start.
    pub fn set_daemon(&self, daemon: bool) -> Result<(), SetDaemonError> {
        match &*lock(&self.0.stage) {
            Stage::Initial(_) => {}
            Stage::Closed => return Err(SetDaemonError::Closed),
            _ => return Err(SetDaemonError::AlreadyStarted),
        }
        lock(&self.0.label).daemon = daemon;
        Ok(())
    }

    /// The secret that it shares with its relatives.
    pub fn authkey(&self) -> AuthKey {
        lock(&self.0.label).authkey.clone()
    }

    /// Replaces the secret; a running process keeps its own. That of [`current_process`] is what
    /// processes created from now on get.
    pub fn set_authkey(&self, authkey: impl Into<AuthKey>) {
        lock(&self.0.label).authkey = authkey.into();
    }

    /// The method by which it was or would be started, if that was fixed for it.
    pub fn method(&self) -> Option<Method> {
        lock(&self.0.label).method
    }

    /// Whether both are the same process object.
    pub(crate) fn is(&self, other: &Process) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn is_current(&self) -> bool {
        self.is(&state().current)
    }

    fn is_created_here(&self) -> bool {
        self.0.creator == Some(state().pid)
    }

    /// Whether a child that was started runs, collecting it if not.
    pub(crate) fn poll_alive(&self) -> bool {
        // A child that cannot be asked counts as alive, so that it is asked again.
        self.is_alive().unwrap_or_else(|error| !matches!(error, QueryError::Closed))
    }

    fn ask<T>(&self, answer: impl FnOnce(&Stage) -> Result<T, QueryError>) -> Result<T, QueryError> {
        if !self.is_created_here() {
            return Err(QueryError::NotCreator);
        }
        let mut stage = lock(&self.0.stage);
        stage.collect(false).map_err(QueryError::Os)?;
        match &*stage {
            Stage::Closed => Err(QueryError::Closed),
            stage => answer(stage),
        }
    }

    fn wait(&self, deadline: Option<Instant>) -> Result<bool, JoinError> {
        if !self.is_created_here() {
            return Err(JoinError::NotCreator);
        }
        let pidfd = match &*lock(&self.0.stage) {
            Stage::Initial(_) => return Err(JoinError::NotStarted),
            Stage::Closed => return Err(JoinError::Closed),
            Stage::Current { .. } => return Err(JoinError::NotCreator),
            Stage::Ended { .. } => return Ok(true),
            Stage::Running(running) => running.pidfd.clone(),
        };
        if !pidfd::ended(pidfd.as_fd(), deadline).map_err(JoinError::Os)? {
            return Ok(false);
        }
        lock(&self.0.stage).collect(true).map_err(JoinError::Os)?;
        lock(&state().children).retain(|child| !child.is(self));
        Ok(true)
    }

    fn signal(&self, signal: i32) -> Result<(), SignalError> {
        if self.is_current() {
            return Err(SignalError::NotStarted);
        }
        if !self.is_created_here() {
            return Err(SignalError::NotCreator);
        }
        match &*lock(&self.0.stage) {
            Stage::Closed => Err(SignalError::Closed),
            Stage::Initial(_) | Stage::Current { .. } => Err(SignalError::NotStarted),
            Stage::Ended { .. } => Ok(()),
            Stage::Running(running) => pidfd::signal(running.pidfd.as_fd(), signal).map_err(SignalError::Os),
        }
    }
}

impl Stage {
    /// Collects the process if it has ended; `known_ended` says that its pidfd is readable.
    fn collect(&mut self, known_ended: bool) -> std::io::Result<()> {
        let Stage::Running(running) = self else { return Ok(()) };
        if let Some(exit) = running.exit(known_ended)? {
            *self = Stage::Ended { pid: running.pid, exit, pidfd: running.pidfd.clone() };
        }
        Ok(())
    }
}

impl Running {
    fn exit(&self, known_ended: bool) -> std::io::Result<Option<Exit>> {
        let ended = || pidfd::ended(self.pidfd.as_fd(), Some(Instant::now()));
        if let Some(report) = &self.report {
            if !known_ended && !ended()? {
                return Ok(None);
            }
            return forkserver::read_report(report, &self.pidfd, self.pid).map(Some);
        }
        // A tracer may hold an ended child back from us for a moment: then waiting is right.
        match pidfd::reap(self.pidfd.as_fd(), known_ended)? {
            pidfd::Reaped::Ended(exit) => Ok(Some(exit)),
            pidfd::Reaped::NotYet => Ok(None),
            pidfd::Reaped::NotOurs if known_ended || ended()? => {
                Ok(Some(pidfd::remembered(self.pidfd.as_fd())))
            }
            pidfd::Reaped::NotOurs => Ok(None),
        }
    }
}

/// The process that calls. In the main process it is named `MainProcess`.
pub fn current_process() -> Process {
    state().current.clone()
}

/// The creator of the calling process; `None` in the main process.
pub fn parent_process() -> Option<ParentProcess> {
    state().parent.clone()
}

/// The children of the calling process that run. Those that have ended are collected.
pub fn active_children() -> Vec<Process> {
    state().live_children()
}

/// The number of CPUs of the machine, not of those that this process may use.
pub fn cpu_count() -> usize {
    nix::unistd::sysconf(nix::unistd::SysconfVar::_NPROCESSORS_ONLN)
        .ok()
        .flatten()
        .map_or(1, |count| count.max(1) as usize)
}

/// As `multiprocessing` shows it: `<Process name='Process-1' pid=7 parent=6 stopped exitcode=-SIGTERM>`.
impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = state();
        let (name, daemon) = {
            let label = lock(&self.0.label);
            (label.name.clone(), label.daemon)
        };
        let mut stage = lock(&self.0.stage);
        if self.is_created_here() {
            // What cannot be asked is shown as it was known last.
            let _ = stage.collect(false);
        }
        write!(f, "<Process name='{name}'")?;
        if let Stage::Running(Running { pid, .. }) | Stage::Ended { pid, .. } | Stage::Current { pid } =
            &*stage
        {
            write!(f, " pid={pid}")?;
        }
        match self.0.creator {
            Some(creator) => write!(f, " parent={creator}")?,
            None => write!(f, " parent=None")?,
        }
        match &*stage {
            Stage::Closed => write!(f, " closed")?,
            Stage::Current { pid } if *pid == state.pid => write!(f, " started")?,
            _ if !self.is_created_here() => write!(f, " unknown")?,
            Stage::Initial(_) => write!(f, " initial")?,
            Stage::Running(_) | Stage::Current { .. } => write!(f, " started")?,
            Stage::Ended { exit: Exit::Code(0), .. } => write!(f, " stopped exitcode=0")?,
            Stage::Ended { exit: Exit::Code(code), .. } => write!(f, " stopped exitcode={code}")?,
            Stage::Ended { exit: Exit::Signal(number), .. } => {
                match nix::sys::signal::Signal::try_from(*number) {
                    Ok(signal) => write!(f, " stopped exitcode=-{}", signal.as_str())?,
                    Err(_) => write!(f, " stopped exitcode=-{number}")?,
                }
            }
            Stage::Ended { exit: Exit::Unknown, .. } => write!(f, " unknown")?,
        }
        if daemon {
            write!(f, " daemon")?;
        }
        write!(f, ">")
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
