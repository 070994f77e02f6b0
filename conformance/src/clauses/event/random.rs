//! Events under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, sync_program};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "event/order-in-any-program",
    level: Level::Must,
    text: "Whatever several workers do with events, one order of all calls explains every answer: a wait \
            returns true if the event was set meanwhile, false if its time ran out, and does not go on waiting while it is set.",
    source: "doc \"Event\"; as event/wait-result-reflects-set",
    programs: |seed| {
        let things = &[Thing::Event];
        (0..RANDOM_PROGRAMS).map(|index| sync_program(seed.wrapping_add(index), things)).collect()
    },
    ..Clause::BLANK
}];

/// How many random programs a run of the suite contains.
const RANDOM_PROGRAMS: u64 = 8;
