//! How a channel is to be, what it is part of, and its two ends.

use std::sync::atomic::{AtomicU64, Ordering};

/// How a channel is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelOptions {
    /// The most records; a push waits while so many are there. Without, only bytes are limited.
    pub max_items: Option<u32>,
    /// The most bytes of records, including 8 for each and padding to multiples of 8.
    pub limit_bytes: u64,
    /// Whether a push waits when `limit_bytes` are in use; otherwise it fails with `Exhausted`.
    pub wait_for_bytes: bool,
    /// Whether a pop without a time limit reports [`PopError::Eof`] once somebody has held the sending
    /// end and nobody does. In a queue, who waits does not count itself unless it has announced that
    /// it sends too.
    pub eof: bool,
    /// Whether to report [`PushError::BrokenPipe`] while nobody holds the receiving end.
    pub broken_pipe: bool,
    /// Whether records must be reported as done.
    pub joinable: bool,
    /// What the channel is part of; those who attach must expect the same.
    pub kind: Kind,
}

/// What a channel is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A direction of a pipe.
    Pipe = 1,
    /// A queue.
    Queue = 2,
    /// A simple queue.
    SimpleQueue = 3,
    /// A joinable queue.
    JoinableQueue = 4,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Kind; 4] = [Kind::Pipe, Kind::Queue, Kind::SimpleQueue, Kind::JoinableQueue];

    /// What it is called in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Pipe => "pipe",
            Kind::Queue => "queue",
            Kind::SimpleQueue => "simple queue",
            Kind::JoinableQueue => "joinable queue",
        }
    }
}

impl Default for ChannelOptions {
    /// Unbounded but for a quarter of the machine's memory, at most 4 GiB.
    fn default() -> ChannelOptions {
        ChannelOptions {
            max_items: None,
            limit_bytes: default_limit_bytes(),
            wait_for_bytes: false,
            eof: false,
            broken_pipe: false,
            joinable: false,
            kind: Kind::Queue,
        }
    }
}

/// One of the two ends of a channel, as far as it matters who holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Records are pushed here.
    Sending,
    /// Records are popped here.
    Receiving,
}

impl End {
    /// Its bit in what a process shows.
    pub(super) fn bit(self) -> u32 {
        1 << self as u32
    }
}

fn default_limit_bytes() -> u64 {
    // Not a `OnceLock`: a fork while another thread fills it would leave the child waiting for ever.
    static LIMIT: AtomicU64 = AtomicU64::new(0);
    match LIMIT.load(Ordering::Relaxed) {
        0 => {
            let memory = nix::sys::sysinfo::sysinfo().map_or(1 << 30, |info| info.ram_total());
            let limit = (memory / 4).clamp(64 << 20, 4 << 30);
            LIMIT.store(limit, Ordering::Relaxed);
            limit
        }
        known => known,
    }
}
