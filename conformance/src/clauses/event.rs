//! The clauses about events.

mod death;
mod random;
mod setting;
mod waiting;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[setting::CLAUSES, waiting::CLAUSES, death::CLAUSES, random::CLAUSES];
