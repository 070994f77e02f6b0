//! The clauses about barriers.

mod breaking;
mod death;
mod random;
mod rounds;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[rounds::CLAUSES, breaking::CLAUSES, death::CLAUSES, random::CLAUSES];
