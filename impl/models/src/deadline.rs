//! Deadlines without a clock: a moment passes when nothing else can happen any more.

use crate::sync::platform;

/// The moment that stands for time granted for a lock. It comes only where a plan says so.
pub const GRACE: u64 = u64::MAX;

/// The moment at which a sender's patience ends and the ring grows. Its call goes on.
pub const PATIENCE: u64 = u64::MAX - 1;

/// Until when a call may wait, as in the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The call does not wait.
    Now,
    /// The call waits until the platform says that its time is over; which number it is means
    /// nothing, unless it is [`GRACE`] or [`PATIENCE`].
    At(u64),
    /// The call waits as long as needed.
    Never,
}

impl Deadline {
    /// Whether the time is over.
    pub fn passed(self) -> bool {
        match self {
            Deadline::Now => true,
            Deadline::At(GRACE) => platform::grace_is_over(),
            Deadline::At(_) => platform::time_is_over(),
            Deadline::Never => false,
        }
    }

    /// The later of this and a moment that only a plan brings about: a lock's holder is stopped.
    pub fn or_ns_from_now(self, _: u64) -> Deadline {
        platform::grant();
        if self == Deadline::Never { Deadline::Never } else { Deadline::At(GRACE) }
    }
}
