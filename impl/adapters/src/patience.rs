//! How long a call may wait, as its arguments say.

use std::time::{Duration, Instant};

/// How long a call may wait.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    /// Not at all.
    None,
    /// So long. A negative time is none, as in `multiprocessing`.
    For(Duration),
    /// Without limit.
    Forever,
}

impl Patience {
    /// The patience that a call's arguments ask for.
    pub(crate) fn of(block: bool, timeout_ms: Option<i64>) -> Patience {
        match timeout_ms {
            _ if !block => Patience::None,
            Some(ms) => Patience::For(Duration::from_millis(ms.max(0) as u64)),
            None => Patience::Forever,
        }
    }

    /// Begins to wait: says at any time how much of it is left, for a wait in several parts.
    pub(crate) fn begin(self) -> impl Fn() -> Patience {
        let deadline = match self {
            Patience::For(time) => Instant::now().checked_add(time),
            Patience::None | Patience::Forever => None,
        };
        move || deadline.map_or(self, |at| Patience::For(at.saturating_duration_since(Instant::now())))
    }
}
