//! Reports for people: a line per area, the failures drawn, the totals, and what to do next.

use std::fmt::Write;
use std::path::Path;

use anstyle::{AnsiColor, Style};

use super::{Report, Row, Standing};
use crate::verdict::Verdict;

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const OPEN: Style = AnsiColor::Yellow.on_default().bold();
const QUIET: Style = Style::new().dimmed();

/// The whole report with colour escapes; a stream that is no terminal drops them.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    for row in report.rows.iter().filter(|row| !row.standing.is_accepted()) {
        text.push_str(&explain(row, &report.implementation, 100));
        text.push('\n');
    }
    text + &clauses(report) + "\n" + &closing(report)
}

/// The command that runs a stored failure again.
pub fn replay(evidence: &Path) -> String {
    format!("procession replay {}", quoted(&evidence.display().to_string()))
}

/// A word as a shell reads it as one.
pub fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=+,@%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Every clause with its verdict and its time.
fn clauses(report: &Report) -> String {
    let mut text = String::new();
    for row in &report.rows {
        let expected = if row.standing == Standing::ExpectedFailure { "  (known)" } else { "" };
        let held = row.held.as_ref().map_or(String::new(), |held| format!("  holds {held}"));
        let _ = writeln!(text, "{:11} {:6} ms  {}{expected}{held}", row.verdict.name(), row.ms, row.clause);
    }
    text
}

/// What ends a check on a terminal, after the failures have been shown as they came: areas and totals.
pub fn closing(report: &Report) -> String {
    format!("{}\n{}", areas(report), totals(report))
}

/// A row that is not as expected: the promise, what was seen, the lanes, how to see it again. Lines are
/// broken at about `width` columns.
pub fn explain(row: &Row, implementation: &str, width: usize) -> String {
    let mut text = String::new();
    let (style, word) = match row.standing {
        Standing::Good => (GOOD, "PASS"),
        Standing::ExpectedFailure => (QUIET, "KNOWN"),
        Standing::UnexpectedFailure | Standing::OtherKind => (BAD, "FAIL"),
        Standing::UnexpectedPass => (BAD, "STALE"),
        Standing::Open => (OPEN, "OPEN"),
    };
    let _ = writeln!(text, "{style}{word:5}{style:#} {} on {implementation}", row.clause,);
    let _ = writeln!(text, "      {}", wrap(&row.text, width.saturating_sub(6), "      "));
    // What stands beside the name of a field.
    let beside = |words: &str| wrap(words, width.saturating_sub(16), "                ");
    if let Some(lanes) = &row.lanes {
        for lane in lanes.lines() {
            let _ = writeln!(text, "        {lane}");
        }
    }
    match &row.verdict {
        Verdict::Pass => {
            let _ = writeln!(text, "      it passes, but expect.toml lists it as failing: remove the entry");
        }
        Verdict::Fail(failure) => {
            let _ = writeln!(text, "      failure   {}", failure.kind.name());
            let _ = writeln!(text, "      expected  {}", beside(&failure.expected));
            let _ = writeln!(text, "      actual    {}", beside(&failure.actual));
        }
        Verdict::Unresolved(why) | Verdict::Unsupported(why) | Verdict::Untested(why) => {
            // The last lines of an adapter's log stay lines.
            let mut lines = why.lines();
            let _ = writeln!(text, "      {}", row.verdict.name());
            let _ = writeln!(text, "      because   {}", beside(lines.next().unwrap_or_default()));
            for line in lines {
                let _ = writeln!(text, "                {line}");
            }
        }
    }
    if let Some((before, after)) = row.shrunk {
        let _ = writeln!(text, "      program   random, shrunk from {before} to {}", counted(after, "line"));
    }
    if row.standing == Standing::OtherKind {
        let _ = writeln!(
            text,
            "      expect.toml lists another kind of failure, because: {}",
            row.reason.as_deref().unwrap_or_default()
        );
    }
    let _ = writeln!(text, "      source    {}", beside(&format!("{}, {}", row.level.name(), row.source)));
    if let Some(path) = &row.evidence {
        let _ = writeln!(text, "      replay    {}", replay(path));
    }
    text
}

fn areas(report: &Report) -> String {
    let mut areas: Vec<(&str, Vec<&Row>)> = Vec::new();
    for row in &report.rows {
        let area = row.clause.split('/').next().unwrap_or_default();
        match areas.last_mut() {
            Some((last, rows)) if *last == area => rows.push(row),
            _ => areas.push((area, vec![row])),
        }
    }
    let width = areas.iter().map(|(area, _)| area.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (area, rows) in areas {
        let count = |wanted: fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).count();
        let passed = count(|row| row.verdict == Verdict::Pass && row.standing == Standing::Good);
        let others = [
            (count(|row| row.standing == Standing::ExpectedFailure), "known to fail", QUIET),
            (
                count(|row| matches!(row.standing, Standing::UnexpectedFailure | Standing::OtherKind)),
                "failed",
                BAD,
            ),
            (count(|row| row.standing == Standing::UnexpectedPass), "stale expectations", BAD),
            (count(|row| matches!(row.verdict, Verdict::Unresolved(_))), "unresolved", OPEN),
            (count(|row| matches!(row.verdict, Verdict::Unsupported(_))), "unsupported", QUIET),
            (count(|row| matches!(row.verdict, Verdict::Untested(_))), "untested", OPEN),
        ];
        let ms: u64 = rows.iter().map(|row| row.ms).sum();
        let _ = write!(text, "{area:width$}  {passed:3} of {:3}", rows.len());
        for (number, what, style) in others.into_iter().filter(|(number, ..)| *number > 0) {
            let _ = write!(text, "  {style}{number} {what}{style:#}");
        }
        let _ = writeln!(text, "  {QUIET}{:.1} s{QUIET:#}", ms as f64 / 1000.0);
    }
    text
}

fn totals(report: &Report) -> String {
    let totals = report.totals();
    let (style, word) = match report.exit_status() {
        0 => (GOOD, "conforming"),
        1 => (BAD, "NOT conforming"),
        3 => (BAD, "the adapter failed"),
        _ => (OPEN, "unresolved"),
    };
    let mut parts = vec![format!("{} passed", totals.pass)];
    for (number, what) in [
        (totals.unexpected, "not as expected"),
        (totals.expected, "known to fail"),
        (totals.unresolved, "unresolved"),
        (totals.unsupported, "unsupported"),
        (totals.untested, "untested"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    let fault = report.fault.as_ref().map_or(String::new(), |fault| {
        let smoke = quoted(&report.implementation);
        format!("first fault, {fault}\n`procession smoke {smoke}` says whether the adapter is sound\n")
    });
    format!(
        "{fault}{style}{} {}: {word}{style:#}   {}   in {:.1} s, seed {}\n{QUIET}{}{QUIET:#}\n",
        report.implementation,
        report.version,
        parts.join(", "),
        report.ms as f64 / 1000.0,
        report.seed,
        report.machine.line()
    )
}

/// Breaks a text at blanks so that no line is longer than `width`; further lines begin with `indent`.
pub fn wrap(text: &str, width: usize, indent: &str) -> String {
    let mut wrapped = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let long = word.chars().count();
        if used > 0 && used + 1 + long > width {
            wrapped.push('\n');
            wrapped.push_str(indent);
            used = 0;
        } else if used > 0 {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += long;
    }
    wrapped
}

/// A number of things.
fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A text without its colour escapes.
pub fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
