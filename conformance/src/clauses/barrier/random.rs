//! Barriers under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, deadly_programs, sync_programs};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "barrier/order-in-any-program",
        level: Level::Must,
        text: "Whatever several workers do with a barrier, nobody passes before all parties of a round have \
            arrived, then all pass, each with an index of its own; once it is broken, everybody is told until a reset.",
        source: "doc \"Barrier\"; as barrier/releases-all-together and barrier/abort",
        programs: |seed| sync_programs(seed, &[Thing::Barrier]).collect(),
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/order-despite-death",
        level: Level::Beyond,
        text: "Whatever several workers do with a barrier, and wherever some of them are killed, nobody waits for \
            the dead: who had arrived with them is told that it is broken.",
        source: "as barrier/order-in-any-program and barrier/dead-party-breaks-it",
        claims: &[PROCESSES],
        programs: |seed| deadly_programs(seed, &[Thing::Barrier]).collect(),
        ..Clause::BLANK
    },
];
