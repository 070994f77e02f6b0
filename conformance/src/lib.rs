//! Procession: tests whether inter-process communication keeps its promises.
//!
//! ```text
//! Clause ──program──▶ Program ──run──▶ History ──judge──▶ Verdict ──▶ Report
//! what must hold      who does what    who saw what       one of five
//! ```
//!
//! One module and one plain type per arrow. Only [`run`] touches processes, clocks and files; what
//! lies left and right of it is a pure function of printable data, so a stored history can be judged
//! again for ever.

pub use procession_contract as contract;

pub mod agent;
pub mod clause;
pub mod clauses;
pub mod evidence;
pub mod expectation;
pub mod history;
pub mod judge;
pub mod nearest;
pub mod plan;
pub mod program;
pub mod protocol;
pub mod report;
pub mod run;
pub mod shrink;
pub mod smoke;
pub mod suite;
pub mod sweep;
pub mod testing;
pub mod verdict;
