//! Conditions under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, sync_programs};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "condition/order-in-any-program",
    level: Level::Must,
    text: "Whatever several workers do with a condition, every notification wakes as many waiters as it \
            should, of those that wait, and each has the lock again when its wait returns.",
    source: "doc \"Condition\"; as condition/notify-n and condition/wait-releases-and-reacquires",
    programs: |seed| sync_programs(seed, &[Thing::Condition, Thing::Condition, Thing::Lock]).collect(),
    ..Clause::BLANK
}];
