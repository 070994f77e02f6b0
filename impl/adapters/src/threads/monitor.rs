//! A state under a mutex, and waiting until it is as a call needs it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a call may wait.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// Not at all.
    None,
    /// So long. A negative time is none, as in `multiprocessing`.
    For(Duration),
    /// Without limit.
    Forever,
}

impl Patience {
    /// The patience that a call's arguments ask for.
    pub(super) fn of(block: bool, timeout_ms: Option<i64>) -> Patience {
        match timeout_ms {
            _ if !block => Patience::None,
            Some(ms) => Patience::For(Duration::from_millis(ms.max(0) as u64)),
            None => Patience::Forever,
        }
    }

    /// Begins to wait: says at any time how much of it is left, for a wait in several parts.
    pub(super) fn begin(self) -> impl Fn() -> Patience {
        let deadline = match self {
            Patience::For(time) => Instant::now().checked_add(time),
            Patience::None | Patience::Forever => None,
        };
        move || deadline.map_or(self, |at| Patience::For(at.saturating_duration_since(Instant::now())))
    }
}

/// The state. Nothing panics between two changes that belong together, so a poisoned state is whole.
pub(super) fn lock<S>(state: &Mutex<S>) -> MutexGuard<'_, S> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until `ready` holds, which is asked again after every change that is told on the condition; what
/// it is in the end comes with the state.
pub(super) fn wait_until<'a, S>(
    mut state: MutexGuard<'a, S>,
    changed: &Condvar,
    patience: Patience,
    ready: impl Fn(&S) -> bool,
) -> (MutexGuard<'a, S>, bool) {
    let left = patience.begin();
    loop {
        if ready(&state) {
            return (state, true);
        }
        state = match left() {
            Patience::None => return (state, false),
            Patience::For(time) if time.is_zero() => return (state, false),
            Patience::For(time) => {
                changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
            }
            Patience::Forever => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
        };
    }
}
