//! Reports as JSON lines: one object per clause, then a summary object.

use serde::Serialize;

use super::{Report, Row, Totals};
use crate::verdict::Verdict;

#[derive(Serialize)]
struct Line<'a> {
    clause: &'a str,
    level: &'static str,
    verdict: &'static str,
    kind: Option<&'static str>,
    expected: bool,
    standing: super::Standing,
    detail: Option<String>,
    reason: Option<&'a str>,
    held: Option<&'a str>,
    runs: u32,
    ms: u64,
    evidence: Option<String>,
}

#[derive(Serialize)]
struct Summary<'a> {
    summary: &'a str,
    version: &'a str,
    seed: u64,
    machine: &'a super::Fingerprint,
    totals: Totals,
    fault: Option<&'a str>,
    exit_status: u8,
    ms: u64,
}

/// One clause as one line, without the newline.
pub fn line(row: &Row) -> String {
    let (kind, detail) = match &row.verdict {
        Verdict::Pass => (None, None),
        Verdict::Fail(failure) => (
            Some(failure.kind.name()),
            Some(format!("expected {}; actual {}", failure.expected, failure.actual)),
        ),
        Verdict::Unresolved(why) | Verdict::Unsupported(why) | Verdict::Untested(why) => {
            (None, Some(why.clone()))
        }
    };
    let line = Line {
        clause: &row.clause,
        level: row.level.name(),
        verdict: row.verdict.name(),
        kind,
        expected: row.standing.is_accepted(),
        standing: row.standing,
        detail,
        reason: row.reason.as_deref(),
        held: row.held.as_deref(),
        runs: row.runs,
        ms: row.ms,
        evidence: row.evidence.as_ref().map(|path| path.display().to_string()),
    };
    serde_json::to_string(&line).expect("a row is plain data")
}

/// The last line: the totals, the machine and the exit status.
pub fn summary(report: &Report) -> String {
    let summary = Summary {
        summary: &report.implementation,
        version: &report.version,
        seed: report.seed,
        machine: &report.machine,
        totals: report.totals(),
        fault: report.fault.as_deref(),
        exit_status: report.exit_status(),
        ms: report.ms,
    };
    serde_json::to_string(&summary).expect("a summary is plain data")
}
