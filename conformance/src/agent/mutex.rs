//! The process's in-process mutex: no object of any implementation, only something that a process can
//! hold while it forks or dies.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use procession_contract::{Answer, Outcome};

static HELD: Mutex<bool> = Mutex::new(false);
static RELEASED: Condvar = Condvar::new();

/// Takes it, waiting for at most so many milliseconds (none: without limit).
pub(super) fn lock(timeout_ms: Option<i64>) -> Answer {
    let deadline = timeout_ms.map(|ms| Instant::now() + Duration::from_millis(ms.max(0) as u64));
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    while *held {
        let Some(deadline) = deadline else {
            held = RELEASED.wait(held).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Answer::of(Outcome::Timeout);
        }
        held = RELEASED.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    *held = true;
    Answer::ok()
}

/// Releases it, whoever took it.
pub(super) fn unlock() -> Answer {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    if !std::mem::take(&mut *held) {
        return Answer::error(Outcome::OverRelease, "nobody holds the mutex");
    }
    RELEASED.notify_one();
    Answer::ok()
}
