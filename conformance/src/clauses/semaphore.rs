//! The clauses about semaphores, bounded or not.

mod creation;
mod death;
mod permits;
mod random;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[permits::CLAUSES, creation::CLAUSES, death::CLAUSES, random::CLAUSES];
