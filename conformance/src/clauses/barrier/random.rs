//! Barriers under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, sync_program};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "barrier/order-in-any-program",
    level: Level::Must,
    text: "Whatever several workers do with a barrier, nobody passes before all parties of a round have \
            arrived, then all pass, each with an index of its own; once it is broken, everybody is told until a reset.",
    source: "doc \"Barrier\"; as barrier/releases-all-together and barrier/abort",
    programs: |seed| {
        let things = &[Thing::Barrier];
        (0..RANDOM_PROGRAMS).map(|index| sync_program(seed.wrapping_add(index), things)).collect()
    },
    ..Clause::BLANK
}];

/// How many random programs a run of the suite contains.
const RANDOM_PROGRAMS: u64 = 8;
