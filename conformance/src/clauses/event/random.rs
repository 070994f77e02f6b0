//! Events under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, deadly_programs, sync_programs};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "event/order-in-any-program",
        level: Level::Must,
        text: "Whatever several workers do with events, one order of all calls explains every answer: a wait \
            returns true if the event was set meanwhile, false if its time ran out, and does not go on waiting while it is set.",
        source: "doc \"Event\"; as event/wait-result-reflects-set",
        programs: |seed| sync_programs(seed, &[Thing::Event]).collect(),
        ..Clause::BLANK
    },
    Clause {
        id: "event/order-despite-death",
        level: Level::Beyond,
        text: "Whatever several workers do with events, and wherever some of them are killed, one order of all calls \
            explains the answers of the others, and nobody waits while an event is set.",
        source: "as event/order-in-any-program and event/killed-setter-frees-the-others",
        claims: &[PROCESSES],
        programs: |seed| deadly_programs(seed, &[Thing::Event]).collect(),
        ..Clause::BLANK
    },
];
