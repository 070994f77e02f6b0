//! What a line may have to do with a piece of an object's state.

/// What a line has to do with one piece of state.
#[derive(Clone, Debug)]
pub struct Touch {
    /// The piece, such as the items of a queue.
    pub cell: String,
    /// Which part of it.
    pub part: Part,
    /// What happens to it.
    pub how: How,
    /// Of a named block: the line that opened the handle, by its number in the worker.
    pub opened: Option<usize>,
}

/// A part of a piece of state.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// All of it, or which part is not known.
    All,
    /// The elements or bytes from one number to before another.
    Span(i64, i64),
    /// What has this name or key.
    Named(String),
}

impl Part {
    /// Whether the two have anything in common.
    pub fn meets(&self, other: &Part) -> bool {
        match (self, other) {
            (Part::Span(a, b), Part::Span(c, d)) => a < d && c < b,
            (Part::Named(one), Part::Named(other)) => one == other,
            _ => true,
        }
    }
}

/// What happens to a piece of state.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// The answer tells what it is at one moment.
    Sees,
    /// Whether the call succeeds depends on it.
    Needs,
    /// It becomes this, as JSON; `None` if that is not so simple.
    Writes(Option<String>),
    /// It changes, and it does not matter in which order such changes are made.
    Adds,
    /// Something comes that others may wait for: these items, if they are items.
    Gives(Vec<u32>),
    /// Takes such a thing, waiting for it or not.
    Takes(Patience),
    /// Waits until it is there, and leaves it there. `ready` is what is expected of it.
    Awaits {
        /// For how long.
        patience: Patience,
        /// Whether it is to be there in the end.
        ready: Option<bool>,
        /// Whether it is all that is waited for.
        alone: bool,
    },
    /// An event is set (or cleared).
    Raises(bool),
    /// Waits for an event.
    AwaitsFlag(Patience),
    /// Wakes those who wait.
    Notifies,
    /// Waits to be woken.
    AwaitsNotice,
    /// Waits at a barrier for the others.
    Meets,
    /// Takes a lock and gives it back within the call.
    Passes,
    /// Gives a lock up and has it back in the end: whatever comes, after a short time (`true`).
    Regains(bool),
}

/// For how long a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as it takes.
    Unlimited,
    /// For longer than a busy machine delays a worker: a second or more.
    Long,
    /// Less than that, or not at all.
    Short,
}

impl Patience {
    pub fn of(block: bool, timeout_ms: Option<i64>) -> Patience {
        match timeout_ms {
            _ if !block => Patience::Short,
            None => Patience::Unlimited,
            Some(ms) if ms >= 1_000 => Patience::Long,
            Some(_) => Patience::Short,
        }
    }
}
