//! The clauses about shared arrays.

mod death;
mod elements;
mod locks;
mod slices;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[elements::CLAUSES, slices::CLAUSES, locks::CLAUSES, death::CLAUSES];
