//! The clauses about proxies: what they call, what they refer to, and how they travel.

mod calls;
mod references;
mod travelling;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[calls::CLAUSES, travelling::CLAUSES, references::CLAUSES];
