//! The clauses about managed lists and dictionaries.

mod copies;
mod dicts;
mod lists;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[copies::CLAUSES, lists::CLAUSES, dicts::CLAUSES];
