//! The clauses about managers: their servers, the types that they serve, and whom they serve.

mod addresses;
mod clients;
mod death;
mod lifetime;
mod types;

use crate::clause::Clause;

pub(super) use lifetime::NOBODY_SERVES;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] =
    &[lifetime::CLAUSES, addresses::CLAUSES, types::CLAUSES, clients::CLAUSES, death::CLAUSES];
