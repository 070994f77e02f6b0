//! The clock of histories: CLOCK_MONOTONIC, in nanoseconds.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Nanoseconds in a millisecond.
pub(super) const MS: u64 = 1_000_000;

/// Now.
pub(super) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has CLOCK_MONOTONIC");
    now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64
}

/// A duration in nanoseconds; the longest there is for one that does not fit.
pub(super) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
