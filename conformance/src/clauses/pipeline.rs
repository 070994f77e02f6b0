//! The clauses about pipelines of programs.

mod stages;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[stages::CLAUSES];
