//! A report: one row per clause, how each row stands against what was expected, and the totals.

pub mod fingerprint;
pub mod github;
pub mod json;
pub mod junit;
pub mod lanes;
pub mod text;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clause::Level;
use crate::expectation::{Expectation, Expectations};
use crate::verdict::Verdict;
use fingerprint::Fingerprint;

/// What one run of the suite showed of one implementation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// As the suite was given it: `reference`, `cpython:/usr/bin/python3`, …
    pub implementation: String,
    /// Its version.
    pub version: String,
    /// The seed of the random programs.
    pub seed: u64,
    /// The machine.
    pub machine: Fingerprint,
    /// How long the run took, in milliseconds.
    pub ms: u64,
    /// The clauses, in the suite's order.
    pub rows: Vec<Row>,
    /// The first thing that the adapter or the suite itself did wrong in a run, if any did.
    #[serde(default)]
    pub fault: Option<String>,
}

/// One clause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its id.
    pub clause: String,
    /// Its level.
    pub level: Level,
    /// What must hold.
    pub text: String,
    /// Where that is said.
    pub source: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Whether the verdict is as expected.
    pub standing: Standing,
    /// Why a failure was expected, where it was.
    pub reason: Option<String>,
    /// How many runs of programs it took.
    pub runs: u32,
    /// How long they took together, in milliseconds.
    pub ms: u64,
    /// The stored program and history of the first failing run.
    pub evidence: Option<PathBuf>,
    /// That run, drawn.
    pub lanes: Option<String>,
    /// From how many lines to how many a failing random program was shrunk, where it was.
    #[serde(default)]
    pub shrunk: Option<(usize, usize)>,
    /// The strongest level that a queue held over these runs, where one was measured.
    pub held: Option<String>,
}

/// How a verdict stands against what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A pass, or a declared absence.
    Good,
    /// A failure of the kind that is listed.
    ExpectedFailure,
    /// A failure that is not listed.
    UnexpectedFailure,
    /// A failure that is listed with another kind.
    OtherKind,
    /// A pass of a clause that is listed as failing: the list is stale.
    UnexpectedPass,
    /// Neither shown nor refuted.
    Open,
}

impl Standing {
    /// How this verdict stands against what is expected of the clause.
    pub fn of(verdict: &Verdict, expected: Option<&Expectation>) -> Standing {
        match (verdict, expected) {
            (Verdict::Pass, None) => Standing::Good,
            // Which random programs are beyond what is offered depends on the seed, too.
            (Verdict::Pass | Verdict::Unsupported(_), Some(expected)) if expected.intermittent => {
                Standing::Good
            }
            (Verdict::Pass, Some(_)) => Standing::UnexpectedPass,
            (Verdict::Fail(failure), Some(expected)) if expected.kinds.contains(&failure.kind) => {
                Standing::ExpectedFailure
            }
            (Verdict::Fail(_), Some(_)) => Standing::OtherKind,
            (Verdict::Fail(_), None) => Standing::UnexpectedFailure,
            (Verdict::Unsupported(_), None) => Standing::Good,
            (Verdict::Unsupported(_), Some(_)) => Standing::UnexpectedPass,
            (Verdict::Unresolved(_) | Verdict::Untested(_), _) => Standing::Open,
        }
    }

    /// Whether this is what conformance asks for.
    pub fn is_accepted(self) -> bool {
        matches!(self, Standing::Good | Standing::ExpectedFailure)
    }
}

/// The numbers of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Clauses passed.
    pub pass: usize,
    /// Clauses failed as expected.
    pub expected: usize,
    /// Clauses failed, or passed, against what was expected.
    pub unexpected: usize,
    /// Clauses that the runs neither showed nor refuted.
    pub unresolved: usize,
    /// Clauses about what the implementation declares not to offer.
    pub unsupported: usize,
    /// Clauses for which this machine lacks something.
    pub untested: usize,
}

impl Row {
    /// Judges the row against the expectations and fills in `standing` and `reason`.
    pub fn settle(&mut self, expectations: &Expectations, version: &str) {
        let expected = expectations.of(&self.clause, version);
        self.standing = Standing::of(&self.verdict, expected);
        self.reason = expected.map(|expected| expected.reason.clone());
    }
}

impl Report {
    /// The numbers.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for row in &self.rows {
            let counter = match (&row.verdict, row.standing) {
                (_, Standing::UnexpectedFailure | Standing::OtherKind | Standing::UnexpectedPass) => {
                    &mut totals.unexpected
                }
                (Verdict::Pass, _) => &mut totals.pass,
                (Verdict::Fail(_), _) => &mut totals.expected,
                (Verdict::Unresolved(_), _) => &mut totals.unresolved,
                (Verdict::Unsupported(_), _) => &mut totals.unsupported,
                (Verdict::Untested(_), _) => &mut totals.untested,
            };
            *counter += 1;
        }
        totals
    }

    /// The exit status: 0 conforming, 1 not, 3 the adapter or the suite failed in some run, 2 unresolved
    /// for another reason.
    pub fn exit_status(&self) -> u8 {
        let totals = self.totals();
        match totals {
            Totals { unexpected: 1.., .. } => 1,
            _ if self.fault.is_some() => 3,
            Totals { unresolved: 1.., .. } => 2,
            _ => 0,
        }
    }
}
