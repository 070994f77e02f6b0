//! The shared words of a channel, and its limits.

use super::bell::Bell;
use super::gate::Gate;
use super::raw_lock::RawLock;
use super::{A32, A64};

/// Keeps what different CPUs write on different cache lines (and out of the same prefetched pair).
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Line<T>(pub T);

/// What producers alone write.
#[derive(Debug)]
#[repr(C)]
pub struct Side {
    /// The lock of this side.
    pub lock: RawLock,
    /// The other side's mark as last seen here.
    pub seen: A64,
}

/// What seldom changes and everybody reads.
#[derive(Debug)]
#[repr(C)]
pub struct Seldom {
    /// The ring's size in units, a power of two.
    pub capacity: A64,
    /// Where consumers wait for a record.
    pub not_empty: Gate,
    /// Where producers wait for room.
    pub not_full: Gate,
    /// Rung for those who poll.
    pub bell: Bell,
    /// Moves whenever a process begins or ceases to hold an end.
    pub ends_changed: A32,
    /// How many records have been reported as done, modulo 2^31.
    pub done: A32,
    /// Where those wait who want everything to be done.
    pub all_done: Gate,
}

/// The shared words of a channel.
#[derive(Debug)]
#[repr(C)]
pub struct Words {
    /// The producers' lock.
    pub producers: Line<Side>,
    /// Behind the last record.
    pub tail: Line<A64>,
    /// The consumers' lock.
    pub consumers: Line<Side>,
    /// Before the first record.
    pub head: Line<A64>,
    /// The rest.
    pub seldom: Line<Seldom>,
}

impl Words {
    /// An empty ring of this many units.
    pub fn new(capacity: u64) -> Words {
        let side = || Line(Side { lock: RawLock::new(), seen: A64::new(0) });
        Words {
            producers: side(),
            tail: Line(A64::new(0)),
            consumers: side(),
            head: Line(A64::new(0)),
            seldom: Line(Seldom {
                capacity: A64::new(capacity),
                not_empty: Gate::new(),
                not_full: Gate::new(),
                bell: Bell::new(),
                ends_changed: A32::new(0),
                done: A32::new(0),
                all_done: Gate::new(),
            }),
        }
    }
}

/// What never changes about a channel; each process keeps its own checked copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most records, at most [`MOST_ITEMS`](super::mark::MOST_ITEMS).
    pub max_items: u32,
    /// Whether `max_items` was asked for: otherwise producers never wait for it.
    pub bounded: bool,
    /// The most units that records may take.
    pub max_units: u64,
    /// The smallest ring, in units, a power of two.
    pub min_capacity: u64,
    /// A ring much larger than this shrinks to it when found empty, in units, a power of two.
    pub keep_capacity: u64,
    /// Whether a producer waits when `max_units` are in use, instead of failing.
    pub wait_for_bytes: bool,
    /// Whether consumers learn that nobody holds the sending end any more.
    pub eof: bool,
    /// Whether producers learn that nobody holds the receiving end.
    pub broken_pipe: bool,
    /// Whether records must be reported as done.
    pub joinable: bool,
    /// What the channel is part of, for those who attach to it: below 256.
    pub kind: u32,
}
