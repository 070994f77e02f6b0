//! The clauses about joinable queues.

mod tasks;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[tasks::CLAUSES];
