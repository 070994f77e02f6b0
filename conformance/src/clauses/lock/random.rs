//! Locks under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, mixed_program, sync_program};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "lock/order-in-any-program",
        level: Level::Must,
        text: "Whatever several workers do with locks, recursive or not, one order of all calls explains every answer: nobody enters \
            while another holds, nobody is refused what is free, and nobody waits for it.",
        source: "doc \"Lock\", \"RLock\"; as lock/mutual-exclusion and rlock/owner-is-process-and-thread",
        programs: |seed| {
            let things = &[Thing::Lock, Thing::Rlock];
            (0..RANDOM_PROGRAMS).map(|index| sync_program(seed.wrapping_add(index), things)).collect()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "lock/among-others-in-any-program",
        level: Level::Must,
        text: "Locks, semaphores, conditions, events, barriers and values may be used within each other: each \
            keeps its promises, and a program that comes to a stop has earned its deadlock.",
        source: "doc \"Synchronization primitives\"; each object's own clauses",
        programs: |seed| (0..RANDOM_PROGRAMS).map(|index| mixed_program(seed.wrapping_add(index))).collect(),
        ..Clause::BLANK
    },
];

/// How many random programs a run of the suite contains.
const RANDOM_PROGRAMS: u64 = 8;
