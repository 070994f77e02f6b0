//! Values under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, sync_program};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "value/order-in-any-program",
    level: Level::Must,
    text: "Whatever several workers do with shared values, one order of all accesses explains what is read: \
            each read returns what was written last, and what is done within the lock is not disturbed.",
    source: "doc \"Value\"; as value/single-access-locked and value/scoped-lock",
    programs: |seed| {
        let things = &[Thing::Value];
        (0..RANDOM_PROGRAMS).map(|index| sync_program(seed.wrapping_add(index), things)).collect()
    },
    ..Clause::BLANK
}];

/// How many random programs a run of the suite contains.
const RANDOM_PROGRAMS: u64 = 8;
