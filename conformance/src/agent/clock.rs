//! The clock of histories, CLOCK_MONOTONIC, and waiting until it says a time.

use std::time::Duration;

use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

/// How long before the time a waiting worker wakes and watches the clock instead, so that workers
/// armed together begin together: a sleeper wakes some 50 microseconds late.
const WATCH_NS: u64 = 150_000;

/// The time in nanoseconds.
pub(super) fn now_ns() -> u64 {
    // The clock always exists on Linux, so a failure is none that could be met.
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |time| Duration::from(time).as_nanos() as u64)
}

/// Waits until the clock says `at_ns`; returns at once if that is past.
pub(super) fn wait_until(at_ns: u64) {
    let sleep_until = Duration::from_nanos(at_ns.saturating_sub(WATCH_NS));
    while now_ns() + WATCH_NS < at_ns {
        // Interrupted by a signal, it is called again with the same time.
        let _ = clock_nanosleep(
            ClockId::CLOCK_MONOTONIC,
            ClockNanosleepFlags::TIMER_ABSTIME,
            &sleep_until.into(),
        );
    }
    while now_ns() < at_ns {
        std::hint::spin_loop();
    }
}

/// Lets at least this many milliseconds go by, whatever signals come.
pub(super) fn sleep_ms(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}
