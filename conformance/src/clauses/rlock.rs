//! The clauses about recursive locks.

mod death;
mod ownership;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[ownership::CLAUSES, death::CLAUSES];
