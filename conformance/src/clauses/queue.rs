//! The clauses about queues.

mod closing;
mod death;
mod encoding;
mod order;
mod random;
mod size;
mod visibility;
mod waiting;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[
    order::CLAUSES,
    waiting::CLAUSES,
    size::CLAUSES,
    closing::CLAUSES,
    encoding::CLAUSES,
    visibility::CLAUSES,
    random::CLAUSES,
    death::CLAUSES,
];
