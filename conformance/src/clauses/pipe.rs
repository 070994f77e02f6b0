//! The clauses about pipes and their connections.

mod bytes;
mod end_of_stream;
mod ends;
mod messages;
mod random;
mod sharing;
mod streams;
mod waiting;

use crate::clause::Clause;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[
    ends::CLAUSES,
    messages::CLAUSES,
    bytes::CLAUSES,
    waiting::CLAUSES,
    end_of_stream::CLAUSES,
    random::CLAUSES,
    sharing::CLAUSES,
    streams::CLAUSES,
];
