//! A verdict: one of five, with what was expected and what was seen.

use serde::{Deserialize, Serialize};

/// What the suite says of a program, or of a clause. Nothing but `Pass` counts as a pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The promise was kept.
    Pass,
    /// It was broken, and the history shows it.
    Fail(Failure),
    /// The history does not show whether it was kept.
    Unresolved(String),
    /// The implementation declares that it does not offer what the clause is about.
    Unsupported(String),
    /// This machine lacks what the test needs.
    Untested(String),
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Of which kind; expectations name it.
    pub kind: FailureKind,
    /// What the clause promises.
    pub expected: String,
    /// What was seen.
    pub actual: String,
    /// The calls that show it: worker and line, the decisive one first. What is drawn.
    #[serde(default)]
    pub calls: Vec<(String, usize)>,
}

/// How a promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// Another outcome than promised.
    WrongOutcome,
    /// The right outcome with a wrong value, item or text.
    WrongValue,
    /// No order of the calls explains their results.
    NotLinearizable,
    /// Received in another order than sent.
    OutOfOrder,
    /// Sent, never received.
    Lost,
    /// Received more than once.
    Duplicated,
    /// Received, but damaged.
    Torn,
    /// Received, never sent.
    Invented,
    /// Pending although it could go on, when nothing moved any more.
    Hang,
    /// Returned although it had to wait.
    DidNotBlock,
    /// Returned before its time.
    TooEarly,
    /// Returned long after its time.
    TooLate,
    /// A worker died of the call.
    Crashed,
    /// Something was left behind: a process, a descriptor, a name, a file.
    Leak,
    /// Something ended, or did not, against the promise.
    Lifetime,
    /// Weaker than the implementation claims.
    WeakerThanClaimed,
    /// Not offered although the manifest says so, or skipped without a declaration.
    FalseClaim,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [FailureKind; 17] = {
        use FailureKind::*;
        [
            WrongOutcome,
            WrongValue,
            NotLinearizable,
            OutOfOrder,
            Lost,
            Duplicated,
            Torn,
            Invented,
            Hang,
            DidNotBlock,
            TooEarly,
            TooLate,
            Crashed,
            Leak,
            Lifetime,
            WeakerThanClaimed,
            FalseClaim,
        ]
    };

    /// Its name in reports and expectations.
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::WrongOutcome => "wrong-outcome",
            FailureKind::WrongValue => "wrong-value",
            FailureKind::NotLinearizable => "not-linearizable",
            FailureKind::OutOfOrder => "out-of-order",
            FailureKind::Lost => "lost",
            FailureKind::Duplicated => "duplicated",
            FailureKind::Torn => "torn",
            FailureKind::Invented => "invented",
            FailureKind::Hang => "hang",
            FailureKind::DidNotBlock => "did-not-block",
            FailureKind::TooEarly => "too-early",
            FailureKind::TooLate => "too-late",
            FailureKind::Crashed => "crashed",
            FailureKind::Leak => "leak",
            FailureKind::Lifetime => "lifetime",
            FailureKind::WeakerThanClaimed => "weaker-than-claimed",
            FailureKind::FalseClaim => "false-claim",
        }
    }
}

impl Verdict {
    /// The verdict's name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail(_) => "fail",
            Verdict::Unresolved(_) => "unresolved",
            Verdict::Unsupported(_) => "unsupported",
            Verdict::Untested(_) => "untested",
        }
    }

    /// The graver of two verdicts: a failure, then unresolved, untested, unsupported, pass.
    pub fn and(self, other: Verdict) -> Verdict {
        if other.gravity() > self.gravity() { other } else { self }
    }

    fn gravity(&self) -> u8 {
        match self {
            Verdict::Pass => 0,
            Verdict::Unsupported(_) => 1,
            Verdict::Untested(_) => 2,
            Verdict::Unresolved(_) => 3,
            Verdict::Fail(_) => 4,
        }
    }
}
