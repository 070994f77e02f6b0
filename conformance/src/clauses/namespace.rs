//! The clauses about managed namespaces.

mod attributes;
mod copies;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[copies::CLAUSES, attributes::CLAUSES];
