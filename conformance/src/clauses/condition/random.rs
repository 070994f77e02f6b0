//! Conditions under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, sync_program};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "condition/order-in-any-program",
    level: Level::Must,
    text: "Whatever several workers do with a condition, every notification wakes as many waiters as it \
            should, of those that wait, and each has the lock again when its wait returns.",
    source: "doc \"Condition\"; as condition/notify-n and condition/wait-releases-and-reacquires",
    programs: |seed| {
        let things = &[Thing::Condition, Thing::Condition, Thing::Lock];
        (0..RANDOM_PROGRAMS).map(|index| sync_program(seed.wrapping_add(index), things)).collect()
    },
    ..Clause::BLANK
}];

/// How many random programs a run of the suite contains.
const RANDOM_PROGRAMS: u64 = 8;
