//! A state under a mutex, and waiting until it is as a call needs it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::patience::Patience;

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
