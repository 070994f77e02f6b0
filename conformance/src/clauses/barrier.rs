//! The clauses about barriers.

mod breaking;
mod death;
mod rounds;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[rounds::CLAUSES, breaking::CLAUSES, death::CLAUSES];
