//! The clauses about waiting on several things at once.

mod ready;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[ready::CLAUSES];
