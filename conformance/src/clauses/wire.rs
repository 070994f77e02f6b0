//! The clauses about the bytes on the wire: framing, proofs, descriptors, and what managers are asked.

mod frames;
mod proofs;
mod requests;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[frames::CLAUSES, proofs::CLAUSES, requests::CLAUSES];
