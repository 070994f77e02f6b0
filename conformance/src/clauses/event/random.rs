//! Events under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, sync_programs};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "event/order-in-any-program",
    level: Level::Must,
    text: "Whatever several workers do with events, one order of all calls explains every answer: a wait \
            returns true if the event was set meanwhile, false if its time ran out, and does not go on waiting while it is set.",
    source: "doc \"Event\"; as event/wait-result-reflects-set",
    programs: |seed| sync_programs(seed, &[Thing::Event]).collect(),
    ..Clause::BLANK
}];
