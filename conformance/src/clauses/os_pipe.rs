//! The clauses about pipes of the operating system.

mod stream;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[stream::CLAUSES];
