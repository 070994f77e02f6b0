//! Until when a call may wait: not at all, until a moment of `CLOCK_MONOTONIC`, or for ever.

use std::time::Duration;

use crate::sync::monotonic_ns;

/// Until when a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The call does not wait.
    Now,
    /// The call waits until this moment of `CLOCK_MONOTONIC`, in nanoseconds.
    At(u64),
    /// The call waits as long as needed.
    Never,
}

impl Deadline {
    /// The moment this far from now; for ever if the clock cannot express it, not at all for zero.
    pub fn after(timeout: Duration) -> Deadline {
        if timeout.is_zero() {
            return Deadline::Now;
        }
        match u64::try_from(timeout.as_nanos()).ok().and_then(|ns| monotonic_ns().checked_add(ns)) {
            Some(at) => Deadline::At(at),
            None => Deadline::Never,
        }
    }

    /// Whether the time is over.
    pub fn passed(self) -> bool {
        match self {
            Deadline::Now => true,
            Deadline::At(at) => monotonic_ns() >= at,
            Deadline::Never => false,
        }
    }

    /// How long there still is to wait, in nanoseconds, at most `most`.
    pub(crate) fn remaining_ns(self, most: u64) -> u64 {
        match self {
            Deadline::Now => 0,
            Deadline::At(at) => at.saturating_sub(monotonic_ns()).min(most),
            Deadline::Never => most,
        }
    }

    /// The later of this and the moment `ns` nanoseconds from now.
    ///
    /// A call that may not wait for an *item* still waits this long for a *lock*: answering
    /// "empty" while another process is in the middle of taking one of many items would be a lie.
    pub(crate) fn or_ns_from_now(self, ns: u64) -> Deadline {
        match self {
            Deadline::Never => Deadline::Never,
            Deadline::Now => Deadline::At(monotonic_ns().saturating_add(ns)),
            Deadline::At(at) => Deadline::At(at.max(monotonic_ns().saturating_add(ns))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_timeout_is_no_wait_and_an_endless_one_never_passes() {
        assert_eq!(Deadline::after(Duration::ZERO), Deadline::Now);
        assert_eq!(Deadline::after(Duration::MAX), Deadline::Never);
        assert!(Deadline::Now.passed());
        assert!(!Deadline::Never.passed());
    }

    #[test]
    fn a_moment_passes_when_the_clock_has_reached_it() {
        assert!(Deadline::At(monotonic_ns()).passed());
        let later = Deadline::after(Duration::from_secs(1000));
        assert!(!later.passed());
        assert_eq!(later.remaining_ns(5), 5);
    }
}
