//! The clauses about what threads share and processes do not.

mod memory;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[memory::CLAUSES];
