//! Values under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, deadly_programs, sync_programs};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "value/order-in-any-program",
        level: Level::Must,
        text: "Whatever several workers do with shared values, one order of all accesses explains what is read: \
            each read returns what was written last, and what is done within the lock is not disturbed.",
        source: "doc \"Value\"; as value/single-access-locked and value/scoped-lock",
        programs: |seed| sync_programs(seed, &[Thing::Value]).collect(),
        ..Clause::BLANK
    },
    Clause {
        id: "value/order-despite-death",
        level: Level::Beyond,
        text: "Whatever several workers do with shared values, and wherever some of them are killed, each read \
            returns what was written last, whole, and nobody waits for a lock of the dead.",
        source: "as value/order-in-any-program and value/killed-updater-is-told",
        claims: &[PROCESSES],
        programs: |seed| deadly_programs(seed, &[Thing::Value]).collect(),
        ..Clause::BLANK
    },
];
