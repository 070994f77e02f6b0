//! Deadlines without a clock: a moment passes when nothing else can happen any more.

use crate::sync::platform;

/// Until when a call may wait, as in the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The call does not wait.
    Now,
    /// The call waits until the platform says that its time is over; the number means nothing.
    At(u64),
    /// The call waits as long as needed.
    Never,
}

impl Deadline {
    /// Whether the time is over.
    pub fn passed(self) -> bool {
        match self {
            Deadline::Now => true,
            Deadline::At(_) => platform::time_is_over(),
            Deadline::Never => false,
        }
    }

    /// Time that is granted for a lock passes for nobody: its holders are alive or found dead.
    pub fn or_ns_from_now(self, _: u64) -> Deadline {
        Deadline::Never
    }
}
