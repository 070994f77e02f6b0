//! The clauses about descriptors and connections that travel through connections.

mod connections;
mod descriptors;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[descriptors::CLAUSES, connections::CLAUSES];
