//! What a sweep prints: a line for each row, each failure with the command that shows it again, totals.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{Counts, Finding, Mode, Report, Row};
use crate::report::text::{quoted, replay, wrap};
use crate::verdict::Verdict;

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const OPEN: Style = AnsiColor::Yellow.on_default().bold();
const QUIET: Style = Style::new().dimmed();

/// The names above the columns of [`line()`].
pub fn head() -> String {
    format!(
        "{QUIET}{:26} {:6} {:6} {:>7} {:>6} {:>6} {:>5} {:>5} {:>5} {:>5} {:>5} {:>7}{QUIET:#}",
        "scene",
        "mode",
        "order",
        "points",
        "runs",
        "kills",
        "wedge",
        "lost",
        "torn",
        "twice",
        "wrong",
        "slowest"
    )
}

/// A row as one line.
pub fn line(row: &Row) -> String {
    let order = if row.mode == Mode::Plain { "" } else { row.schedule.name() };
    let place = format!("{:26} {:6} {order:6}", row.scene, row.mode.name());
    match &row.settled {
        Some(Verdict::Unsupported(why)) => return format!("{QUIET}{place} unsupported: {why}{QUIET:#}"),
        Some(Verdict::Untested(why)) => return format!("{OPEN}{place} untested: {why}{OPEN:#}"),
        _ => {}
    }
    let points = match (row.points, row.cut) {
        (Some(points), _) => points.to_string(),
        (None, true) => format!(">{}", row.runs),
        (None, false) => row.runs.to_string(),
    };
    let Counts { wedge, lost, torn, doubled, wrong } = row.counts;
    let numbers = [wedge, lost, torn, doubled, wrong].map(|count| match count {
        0 => format!("{QUIET}{:>5}{QUIET:#}", "-"),
        count => format!("{BAD}{count:>5}{BAD:#}"),
    });
    let open = match row.is_unresolved() {
        true if row.unresolved > 0 => format!("  {OPEN}{} unresolved{OPEN:#}", row.unresolved),
        true => format!("  {OPEN}no kill hit{OPEN:#}"),
        false => String::new(),
    };
    let (runs, kills, slowest) = (row.runs, row.kills, format!("{} ms", row.slowest_ms));
    let alike = match row.alike {
        0 => String::new(),
        alike => format!("  {QUIET}{alike} alike left out{QUIET:#}"),
    };
    format!("{place} {points:>7} {runs:>6} {kills:>6} {} {slowest:>7}{open}{alike}", numbers.join(" "))
}

/// A failure: what was owed, what was seen, its history, and how to see it again.
pub fn explain(row: &Row, finding: &Finding, implementation: &str, width: usize) -> String {
    let mut text = String::new();
    let place = format!("{}, {} {}", row.scene, row.mode.name(), row.schedule.name());
    let point = match (row.mode, finding.point) {
        (Mode::Plain, _) => String::new(),
        (_, super::aim::BEYOND) => ", nobody killed".to_string(),
        (mode, point) => format!(", killed {}", place_of(mode, point)),
    };
    match &finding.verdict {
        Verdict::Fail(failure) => {
            let _ = writeln!(text, "{BAD}FAIL{BAD:#} {place}{point}: {}", failure.kind.name());
            let _ = writeln!(text, "  {}", wrap(row.text, width, "  "));
            let _ = writeln!(text, "  expected  {}", wrap(&failure.expected, width, "            "));
            let _ = writeln!(text, "  actual    {}", wrap(&failure.actual, width, "            "));
        }
        Verdict::Unresolved(why) => {
            let _ = writeln!(text, "{OPEN}OPEN{OPEN:#} {place}{point}: {}", wrap(why, width, "  "));
        }
        other => {
            let _ = writeln!(text, "{OPEN}OPEN{OPEN:#} {place}{point}: {}", other.name());
        }
    }
    for lane in finding.lanes.lines() {
        let _ = writeln!(text, "    {lane}");
    }
    let _ = writeln!(text, "  again     {}", again(row, finding, implementation));
    if let Some(path) = &finding.evidence {
        let _ = writeln!(text, "  stored    {}", replay(path));
    }
    text
}

/// Where the victim was killed, in words.
fn place_of(mode: Mode, point: u64) -> String {
    match mode {
        Mode::Op => format!("before operation {point}"),
        Mode::Step => format!("after instruction {point}"),
        Mode::Random => format!("after {point} ns"),
        Mode::Plain => String::new(),
    }
}

/// The command that kills at the same point again.
fn again(row: &Row, finding: &Finding, implementation: &str) -> String {
    let mut command = format!("procession sweep {} --scene {}", quoted(implementation), row.scene);
    if row.mode != Mode::Plain {
        let _ = write!(command, " --mode {} --schedule {}", row.mode.name(), row.schedule.name());
    }
    if finding.point != super::aim::BEYOND && row.mode != Mode::Plain {
        let _ = write!(command, " --at {}", finding.point);
    }
    command
}

/// The totals.
pub fn closing(report: &Report) -> String {
    let sum = |count: fn(&Row) -> u64| report.rows.iter().map(count).sum::<u64>();
    let (runs, kills) = (sum(|row| row.runs), sum(|row| row.kills));
    let failures = sum(|row| row.counts.failures());
    let (style, word) = match report.exit_status() {
        0 => (GOOD, "survives"),
        1 => (BAD, "does NOT survive"),
        3 => (BAD, "the adapter failed"),
        _ => (OPEN, "unresolved"),
    };
    let mut parts = vec![format!("{kills} kills in {runs} runs"), format!("{failures} failures")];
    let settled = |name| {
        let is_so = |row: &&Row| row.settled.as_ref().is_some_and(|verdict| verdict.name() == name);
        report.rows.iter().filter(is_so).count()
    };
    let unresolved = report.rows.iter().filter(|row| row.is_unresolved()).count();
    for (count, what) in [
        (unresolved, "rows unresolved"),
        (settled("unsupported"), "rows unsupported"),
        (settled("untested"), "rows untested"),
        (report.rows.iter().filter(|row| row.cut).count(), "rows in part"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let fault = report.fault.as_ref().map_or(String::new(), |fault| format!("first fault, {fault}\n"));
    format!(
        "{fault}{style}{} {}: {word}{style:#}   {}   in {:.1} s, seed {}",
        report.implementation,
        report.version,
        parts.join(", "),
        report.ms as f64 / 1000.0,
        report.seed
    )
}

#[derive(Serialize)]
struct Line<'a> {
    scene: &'a str,
    mode: &'a str,
    schedule: &'a str,
    verdict: &'a str,
    detail: Option<String>,
    points: Option<u64>,
    alike: u64,
    runs: u64,
    kills: u64,
    failures: Counts,
    unresolved: u64,
    cut: bool,
    slowest_ms: u64,
    ms: u64,
    at: Vec<u64>,
    evidence: Vec<String>,
}

/// A row as a JSON object on one line.
pub fn json(row: &Row) -> String {
    let (verdict, detail) = match &row.settled {
        Some(Verdict::Unsupported(why) | Verdict::Untested(why)) => {
            (row.settled.as_ref().map_or("", Verdict::name), Some(why.clone()))
        }
        _ if row.counts.failures() > 0 => ("fail", None),
        _ if row.is_unresolved() => ("unresolved", None),
        _ => ("pass", None),
    };
    let first = row.findings.first().map(|finding| match &finding.verdict {
        Verdict::Fail(failure) => format!("expected {}; actual {}", failure.expected, failure.actual),
        Verdict::Unresolved(why) => why.clone(),
        other => other.name().into(),
    });
    let stored = row.findings.iter().filter_map(|finding| finding.evidence.as_ref());
    let line = Line {
        scene: row.scene,
        mode: row.mode.name(),
        schedule: row.schedule.name(),
        verdict,
        detail: detail.or(first),
        points: row.points,
        alike: row.alike,
        runs: row.runs,
        kills: row.kills,
        failures: row.counts,
        unresolved: row.unresolved,
        cut: row.cut,
        slowest_ms: row.slowest_ms,
        ms: row.ms,
        at: row.findings.iter().map(|finding| finding.point).collect(),
        evidence: stored.map(|path| path.display().to_string()).collect(),
    };
    serde_json::to_string(&line).expect("a row is plain data")
}

#[derive(Serialize)]
struct Summary<'a> {
    summary: &'a str,
    version: &'a str,
    seed: u64,
    runs: u64,
    kills: u64,
    failures: u64,
    fault: Option<&'a str>,
    exit_status: u8,
    ms: u64,
}

/// The totals as a JSON object on one line.
pub fn json_summary(report: &Report) -> String {
    let summary = Summary {
        summary: &report.implementation,
        version: &report.version,
        seed: report.seed,
        runs: report.rows.iter().map(|row| row.runs).sum(),
        kills: report.rows.iter().map(|row| row.kills).sum(),
        failures: report.rows.iter().map(|row| row.counts.failures()).sum(),
        fault: report.fault.as_deref(),
        exit_status: report.exit_status(),
        ms: report.ms,
    };
    serde_json::to_string(&summary).expect("a summary is plain data")
}
