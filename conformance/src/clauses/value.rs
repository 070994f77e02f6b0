//! The clauses about single shared values.

mod death;
mod locks;
mod random;
mod storage;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[storage::CLAUSES, locks::CLAUSES, death::CLAUSES, random::CLAUSES];
