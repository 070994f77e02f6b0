//! A process that ends or stops itself before its n-th shared operation, for the kill tests.
#![expect(unsafe_code, reason = "raises SIGKILL and SIGSTOP")]

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// How many operations are left; 0 for no limit.
static LEFT: AtomicU64 = AtomicU64::new(0);
/// What comes then.
static SIGNAL: AtomicI32 = AtomicI32::new(libc::SIGKILL);

/// From now on this process is killed before its `n`-th shared operation (from 1); 0 spares it.
pub fn die_before(n: u64) {
    SIGNAL.store(libc::SIGKILL, Ordering::Relaxed);
    LEFT.store(n, Ordering::Relaxed);
}

/// From now on this process stops before its `n`-th shared operation (from 1), once, and goes on
/// when it is continued; 0 spares it.
pub fn stop_before(n: u64) {
    SIGNAL.store(libc::SIGSTOP, Ordering::Relaxed);
    LEFT.store(n, Ordering::Relaxed);
}

/// Does something whose operations do not count.
pub fn paused(work: impl FnOnce()) {
    let left = LEFT.swap(0, Ordering::Relaxed);
    work();
    LEFT.store(left, Ordering::Relaxed);
}

/// One operation more; perhaps the last.
#[inline]
pub(crate) fn point() {
    if LEFT.load(Ordering::Relaxed) != 0 && LEFT.fetch_sub(1, Ordering::Relaxed) == 1 {
        let signal = SIGNAL.load(Ordering::Relaxed);
        // SAFETY: ends or stops this process, and nothing else.
        unsafe { libc::kill(libc::getpid(), signal) };
        if signal == libc::SIGKILL {
            std::process::abort();
        }
    }
}
