//! The clauses about processes.

mod closing;
mod ending;
mod exit_codes;
mod identity;
mod joining;
mod starting;
mod stopping;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[
    starting::CLAUSES,
    joining::CLAUSES,
    exit_codes::CLAUSES,
    stopping::CLAUSES,
    closing::CLAUSES,
    identity::CLAUSES,
    ending::CLAUSES,
];
