//! When a wait is to end, from a timeout that may be absent, zero, negative or beyond every clock.

use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;

/// The end of a wait, if it has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until(Option<Instant>);

impl Until {
    /// No end.
    pub(crate) const NEVER: Until = Until(None);

    /// After so many milliseconds; zero and less is now, more than the clock can express is never.
    pub(crate) fn after_ms(timeout_ms: i64) -> Until {
        let timeout = Duration::from_millis(timeout_ms.max(0).unsigned_abs());
        Until(Instant::now().checked_add(timeout))
    }

    /// What is left, rounded by nothing; `None` for a wait without an end.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// This end, or the one after `tick` if that is earlier.
    pub(crate) fn no_later_than(self, tick: Duration) -> Until {
        let tick = Instant::now().checked_add(tick);
        Until(match (self.0, tick) {
            (Some(end), Some(tick)) => Some(end.min(tick)),
            (end, tick) => end.or(tick),
        })
    }

    /// Whether the wait is over.
    pub(crate) fn is_over(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// What is left as the kernel wants it.
    pub(crate) fn left_as_timespec(self) -> Option<TimeSpec> {
        self.left().map(TimeSpec::from_duration)
    }
}
