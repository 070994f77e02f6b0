//! A process that ends itself before its n-th shared operation, for the kill tests.
#![expect(unsafe_code, reason = "raises SIGKILL")]

use std::sync::atomic::{AtomicU64, Ordering};

/// How many operations are left to live; 0 for no limit.
static LEFT: AtomicU64 = AtomicU64::new(0);

/// From now on this process is killed before its `n`-th shared operation (from 1); 0 spares it.
pub fn die_before(n: u64) {
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
        // SAFETY: ends this process, and nothing else.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        std::process::abort();
    }
}
