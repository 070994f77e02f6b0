//! Conditions under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, deadly_programs, sync_programs};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "condition/order-in-any-program",
        level: Level::Must,
        text: "Whatever several workers do with a condition, every notification wakes as many waiters as it \
            should, of those that wait, and each has the lock again when its wait returns.",
        source: "doc \"Condition\"; as condition/notify-n and condition/wait-releases-and-reacquires",
        programs: |seed| sync_programs(seed, &[Thing::Condition, Thing::Condition, Thing::Lock]).collect(),
        ..Clause::BLANK
    },
    Clause {
        id: "condition/order-despite-death",
        level: Level::Beyond,
        text: "Whatever several workers do with a condition, and wherever some of them are killed, the others are \
            notified as if the dead had not been there, and nobody waits for a lock of the dead.",
        source: "as condition/order-in-any-program and condition/no-notification-is-lost-to-the-dead",
        claims: &[PROCESSES],
        programs: |seed| deadly_programs(seed, &[Thing::Condition, Thing::Condition, Thing::Lock]).collect(),
        ..Clause::BLANK
    },
];
