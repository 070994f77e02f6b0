//! The clauses about conditions.

mod death;
mod notifying;
mod predicates;
mod random;
mod waiting;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] =
    &[waiting::CLAUSES, notifying::CLAUSES, predicates::CLAUSES, death::CLAUSES, random::CLAUSES];
