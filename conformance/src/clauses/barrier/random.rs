//! Barriers under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, sync_programs};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "barrier/order-in-any-program",
    level: Level::Must,
    text: "Whatever several workers do with a barrier, nobody passes before all parties of a round have \
            arrived, then all pass, each with an index of its own; once it is broken, everybody is told until a reset.",
    source: "doc \"Barrier\"; as barrier/releases-all-together and barrier/abort",
    programs: |seed| sync_programs(seed, &[Thing::Barrier]).collect(),
    ..Clause::BLANK
}];
