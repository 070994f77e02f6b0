//! The clauses about lists of scalars in shared memory.

mod elements;
mod sharing;
mod slots;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[elements::CLAUSES, slots::CLAUSES, sharing::CLAUSES];
