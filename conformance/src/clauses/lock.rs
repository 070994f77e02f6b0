//! The clauses about locks.

mod death;
mod exclusion;
mod random;
mod waiting;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[exclusion::CLAUSES, waiting::CLAUSES, death::CLAUSES, random::CLAUSES];
