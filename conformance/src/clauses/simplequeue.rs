//! The clauses about simple queues.

mod operations;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[operations::CLAUSES];
