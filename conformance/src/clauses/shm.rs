//! The clauses about named blocks of shared memory.

mod access;
mod lifetime;
mod names;
mod removal;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[names::CLAUSES, access::CLAUSES, lifetime::CLAUSES, removal::CLAUSES];
