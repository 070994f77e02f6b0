//! What a process knows of itself: its own object, its creator, its children.
//!
//! # Invariants
//! 1. `STATE` is null or points to a `State` that was leaked and is never changed but through its own
//!    locks and atomics.
#![expect(unsafe_code, reason = "one leaked State per process, replaced after a fork")]

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::{AuthKey, ParentProcess, Process, pidfd};
use crate::context::Method;
use crate::exit::{Ending, Exits};
use crate::start::hook;

/// The state of one process. A forked process makes a new one, so that it neither takes its
/// creator's children for its own nor meets a lock that some other thread held at the fork.
pub(crate) struct State {
    pub(crate) pid: i32,
    pub(crate) current: Process,
    pub(crate) parent: Option<ParentProcess>,
    pub(crate) identity: Vec<u32>,
    pub(crate) method: Mutex<Option<Method>>,
    pub(crate) executable: Mutex<Option<PathBuf>>,
    pub(crate) children: Mutex<Vec<Process>>,
    pub(crate) server: Mutex<Option<crate::start::forkserver::Server>>,
    pub(crate) exits: Exits,
    pub(crate) ending: Ending,
    births: AtomicU32,
    own_pidfd: OnceLock<Arc<OwnedFd>>,
    bootstrapped: AtomicBool,
}

static STATE: AtomicPtr<State> = AtomicPtr::new(std::ptr::null_mut());

/// The state of the calling process.
pub(crate) fn state() -> &'static State {
    let pid = std::process::id() as i32;
    let installed = STATE.load(Ordering::Acquire);
    // SAFETY: 1.
    let known = unsafe { installed.as_ref() };
    if let Some(state) = known
        && state.pid == pid
    {
        return state;
    }
    // The main process, or a child of a fork that this library did not make: it keeps name and
    // creator of the process it was copied from, and has no children.
    let fresh = State::new(
        pid,
        known.map_or("MainProcess".to_string(), |known| known.current.name()),
        known.map_or(Vec::new(), |known| known.identity.clone()),
        known.is_some_and(|known| known.current.daemon()),
        known.map_or_else(AuthKey::random, |known| known.current.authkey()),
        None,
        known.and_then(|known| known.parent.clone()),
        known.map_or(Ending::Program, |known| known.ending),
    );
    fresh.bootstrapped.store(true, Ordering::Release);
    let fresh = Box::into_raw(Box::new(fresh));
    match STATE.compare_exchange(installed, fresh, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: 1.
        Ok(_) => unsafe { &*fresh },
        Err(other) => {
            // SAFETY: made above and shown to nobody.
            drop(unsafe { Box::from_raw(fresh) });
            // SAFETY: 1.
            unsafe { &*other }
        }
    }
}

impl State {
    #[expect(clippy::too_many_arguments, reason = "one value for every field that differs")]
    fn new(
        pid: i32,
        name: String,
        identity: Vec<u32>,
        daemon: bool,
        authkey: AuthKey,
        method: Option<Method>,
        parent: Option<ParentProcess>,
        ending: Ending,
    ) -> State {
        let creator = parent.as_ref().map(|parent| parent.pid);
        State {
            pid,
            current: Process::current(pid, creator, name, daemon, authkey),
            parent,
            identity,
            method: Mutex::new(method),
            executable: Mutex::default(),
            children: Mutex::default(),
            server: Mutex::default(),
            exits: Exits::default(),
            ending,
            births: AtomicU32::new(0),
            own_pidfd: OnceLock::new(),
            bootstrapped: AtomicBool::new(false),
        }
    }

    /// Installs the state of a process that was started just now.
    pub(crate) fn started(
        name: String,
        identity: Vec<u32>,
        daemon: bool,
        authkey: AuthKey,
        method: Method,
        parent: ParentProcess,
        ending: Ending,
    ) -> &'static State {
        let pid = std::process::id() as i32;
        let state = State::new(pid, name, identity, daemon, authkey, Some(method), Some(parent), ending);
        let state = Box::leak(Box::new(state));
        STATE.store(state, Ordering::Release);
        state
    }

    /// From now on this process may start others.
    pub(crate) fn bootstrapped(&self) {
        self.bootstrapped.store(true, Ordering::Release);
    }

    /// Whether this process may not start others yet.
    pub(crate) fn is_bootstrapping(&self) -> bool {
        !self.bootstrapped.load(Ordering::Acquire) || hook::awaits_orders()
    }

    /// The path of birth numbers of the next process that this one creates.
    pub(crate) fn next_identity(&self) -> Vec<u32> {
        let mut identity = self.identity.clone();
        identity.push(self.births.fetch_add(1, Ordering::Relaxed) + 1);
        identity
    }

    /// The pidfd of this process, for its children.
    pub(crate) fn own_pidfd(&self) -> io::Result<Arc<OwnedFd>> {
        if let Some(pidfd) = self.own_pidfd.get() {
            return Ok(pidfd.clone());
        }
        let opened = Arc::new(pidfd::of_this_process()?);
        Ok(self.own_pidfd.get_or_init(|| opened).clone())
    }

    /// Collects the children that have ended, and gives those that live.
    pub(crate) fn live_children(&self) -> Vec<Process> {
        let all = lock(&self.children).clone();
        let (live, ended): (Vec<_>, Vec<_>) = all.into_iter().partition(Process::poll_alive);
        if !ended.is_empty() {
            lock(&self.children).retain(|child| !ended.iter().any(|other| child.is(other)));
        }
        live
    }
}

/// Locks; a panic of another holder left nothing half done behind these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
