//! Semaphores under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, sync_program};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "semaphore/order-in-any-program",
    level: Level::Must,
    text: "Whatever several workers do with semaphores, bounded or not, one order of all calls explains every \
            answer: no permit is given twice, and nobody waits while there is one.",
    source: "doc \"Semaphore\", \"BoundedSemaphore\"; as semaphore/counting",
    programs: |seed| {
        let things = &[Thing::Semaphore, Thing::BoundedSemaphore];
        (0..RANDOM_PROGRAMS).map(|index| sync_program(seed.wrapping_add(index), things)).collect()
    },
    ..Clause::BLANK
}];

/// How many random programs a run of the suite contains.
const RANDOM_PROGRAMS: u64 = 8;
