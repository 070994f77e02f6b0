//! The connections that are open: bounded, counted, and ended with the server.

use std::collections::HashMap;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::socket::{Shutdown, shutdown};

use super::{Caller, CallerId, Limits};

/// Those of one server.
pub(super) struct Connections {
    state: Mutex<State>,
    /// Notified when one has left.
    left: Condvar,
}

#[derive(Default)]
struct State {
    open: HashMap<CallerId, Arc<Caller>>,
    sessions: usize,
    is_over: bool,
}

/// A connection's place among the others, which it leaves when this is dropped.
pub(super) struct Place {
    connections: Arc<Connections>,
    caller: Arc<Caller>,
    is_session: bool,
}

/// There are as many sessions as there may be.
pub(super) struct TooMany(pub(super) usize);

impl Connections {
    /// None so far.
    pub(super) fn new() -> Connections {
        Connections { state: Mutex::default(), left: Condvar::new() }
    }

    /// Adds a connection; `None` where there are as many as there may be, or the server ends.
    pub(super) fn enter(self: &Arc<Connections>, caller: Arc<Caller>, limits: &Limits) -> Option<Place> {
        let mut state = self.lock();
        if state.is_over || state.open.len() >= limits.connections {
            return None;
        }
        state.open.insert(caller.id(), caller.clone());
        Some(Place { connections: self.clone(), caller, is_session: false })
    }

    /// Cuts off all of them and lets nobody in any more. Their threads may be in the middle of something.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.is_over = true;
        state.open.values().for_each(|caller| cut(caller));
    }

    /// Blocks until all have left, at most until then: whether they have.
    pub(super) fn wait_for_none(&self, deadline: Instant) -> bool {
        let mut state = self.lock();
        while !state.open.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.left.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Blocks until one has left, at most so long.
    pub(super) fn wait_for_one_less(&self, time: Duration) {
        let state = self.lock();
        let before = state.open.len();
        let fewer = |state: &mut State| state.open.len() >= before && !state.is_over;
        // Whether one has or the time is over, the caller tries again.
        drop(self.left.wait_timeout_while(state, time, fewer).unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// It becomes a session.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(super) fn begin_session(&mut self, limits: &Limits) -> Result<(), TooMany> {
        let mut state = self.connections.lock();
        if state.sessions >= limits.sessions {
            return Err(TooMany(limits.sessions));
        }
        state.sessions += 1;
        self.is_session = true;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let id = self.caller.id();
        let mut state = self.connections.lock();
        state.sessions -= usize::from(self.is_session);
        let left = state.open.remove(&id);
        self.connections.left.notify_all();
        drop(state);
        drop(left);
    }
}

/// Ends what the connection's thread reads or writes.
fn cut(caller: &Caller) {
    if let Some(stream) = caller.stream() {
        // The peer may have left already.
        let _ = shutdown(stream.as_raw_fd(), Shutdown::Both);
    }
}
