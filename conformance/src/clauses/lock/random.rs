//! Locks under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random::sync::{Thing, deadly_programs, mixed_programs, sync_programs};

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "lock/order-in-any-program",
        level: Level::Must,
        text: "Whatever several workers do with locks, recursive or not, one order of all calls explains every answer: nobody enters \
            while another holds, nobody is refused what is free, and nobody waits for it.",
        source: "doc \"Lock\", \"RLock\"; as lock/mutual-exclusion and rlock/owner-is-process-and-thread",
        programs: |seed| sync_programs(seed, &[Thing::Lock, Thing::Rlock]).collect(),
        ..Clause::BLANK
    },
    Clause {
        id: "lock/among-others-in-any-program",
        level: Level::Must,
        text: "Locks, semaphores, conditions, events, barriers and values may be used within each other: each \
            keeps its promises, and a program that comes to a stop has earned its deadlock.",
        source: "doc \"Synchronization primitives\"; each object's own clauses",
        programs: |seed| mixed_programs(seed).collect(),
        ..Clause::BLANK
    },
    Clause {
        id: "lock/order-despite-death",
        level: Level::Beyond,
        text: "Whatever several workers do with locks, and wherever some of them are killed, one order of all calls \
            explains every answer: nobody waits for the dead, and who gets what they held is told of them, once.",
        source: "as lock/order-in-any-program and lock/next-acquirer-is-told-of-a-dead-holder",
        claims: &[PROCESSES],
        programs: |seed| deadly_programs(seed, &[Thing::Lock, Thing::Rlock]).collect(),
        ..Clause::BLANK
    },
];
