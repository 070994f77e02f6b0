//! The order of messages, under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "pipe/order-in-any-program",
    level: Level::Must,
    text: "Whatever two processes at the two ends send and receive, each direction delivers whole \
            messages in the order in which they were sent, and the end of the stream after them.",
    source: "doc Connection.send, Connection.recv",
    programs: |seed| {
        (0..RANDOM_PROGRAMS).map(|index| random::pipe_program(seed.wrapping_add(index))).collect()
    },
    ..Clause::BLANK
}];

/// How many random programs a run of the suite contains.
const RANDOM_PROGRAMS: u64 = 16;
