//! The clauses about shared records, copies, and bare storage.

mod records;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[records::CLAUSES];
