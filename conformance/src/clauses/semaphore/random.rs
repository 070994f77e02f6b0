//! Semaphores under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, deadly_programs, sync_programs};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "semaphore/order-in-any-program",
        level: Level::Must,
        text: "Whatever several workers do with semaphores, bounded or not, one order of all calls explains every \
            answer: no permit is given twice, and nobody waits while there is one.",
        source: "doc \"Semaphore\", \"BoundedSemaphore\"; as semaphore/counting",
        programs: |seed| sync_programs(seed, &[Thing::Semaphore, Thing::BoundedSemaphore]).collect(),
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/order-despite-death",
        level: Level::Beyond,
        text: "Whatever several workers do with semaphores, and wherever some of them are killed, the permits of the \
            dead come back, no permit is given twice, and nobody waits while there is one.",
        source: "as semaphore/order-in-any-program and semaphore/permits-of-the-dead-come-back",
        claims: &[PROCESSES],
        programs: |seed| deadly_programs(seed, &[Thing::Semaphore, Thing::BoundedSemaphore]).collect(),
        ..Clause::BLANK
    },
];
