//! The clauses about start methods and what belongs to each.

mod methods;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[methods::CLAUSES];
