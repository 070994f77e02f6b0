//! What is known of an implementation beforehand: `expect.toml`, one reasoned entry per clause that it
//! is known to fail, and how.
//!
//! ```toml
//! [[expect]]
//! clause = "queue/killed-reader-frees-the-others"
//! kind = "hang"                       # or a list: ["hang", "lost"]
//! reason = "a killed reader keeps the read lock for ever"
//! link = "https://github.com/python/cpython/issues/96062"
//! version = ">=3.8, <3.14"            # optional: only for these versions of the implementation
//! intermittent = true                 # optional: it passes now and then
//! ```
//!
//! An entry that no longer fits fails the run: listed and passing, listed with another kind, or
//! failing without being listed.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::verdict::FailureKind;

/// The expectations of one implementation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations {
    entries: Vec<Expectation>,
}

/// One expected failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The clause.
    pub clause: String,
    /// The kinds of failure, one of which is seen.
    pub kinds: Vec<FailureKind>,
    /// Why the implementation fails it.
    pub reason: String,
    /// Where that is discussed.
    pub link: Option<String>,
    /// Which versions of the implementation; all if absent.
    pub version: Option<VersionRange>,
    /// Whether passing is accepted too.
    pub intermittent: bool,
}

/// Why a text is no list of expectations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectationError {
    /// The line, from 1.
    pub line: usize,
    /// What was found and what was expected.
    pub message: String,
}

impl std::fmt::Display for ExpectationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ExpectationError {}

/// Comparisons that must all hold, as in `>=3.8, <3.14`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRange(Vec<(Comparison, Vec<u64>)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    expect: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    clause: Spanned<String>,
    kind: Spanned<RawKinds>,
    reason: Spanned<String>,
    link: Option<String>,
    version: Option<Spanned<String>>,
    #[serde(default)]
    intermittent: bool,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a kind of failure, or a list of them")]
enum RawKinds {
    One(String),
    Several(Vec<String>),
}

impl Expectations {
    /// Reads the text of an `expect.toml`; `clauses` are the ids that exist.
    pub fn parse(text: &str, clauses: &[&str]) -> Result<Expectations, ExpectationError> {
        let at = |span: Range<usize>, message: String| ExpectationError {
            line: line_of(text, span.start),
            message,
        };
        let raw: RawFile = toml::from_str(text)
            .map_err(|error| at(error.span().unwrap_or(0..0), error.message().trim().to_string()))?;
        let mut entries: Vec<Expectation> = Vec::new();
        for entry in raw.expect {
            let span = entry.clause.span();
            let clause = entry.clause.into_inner();
            if !clauses.contains(&clause.as_str()) {
                let near = crate::nearest::suggestion(&clause, clauses.iter().copied());
                return Err(at(span, format!("there is no clause {clause:?}{near}")));
            }
            if entry.reason.get_ref().trim().is_empty() {
                return Err(at(entry.reason.span(), "the reason is empty, expected why it fails".into()));
            }
            let version = match entry.version {
                None => None,
                Some(range) => {
                    Some(VersionRange::parse(range.get_ref()).map_err(|message| at(range.span(), message))?)
                }
            };
            let span_of_kind = entry.kind.span();
            let kinds = match entry.kind.into_inner() {
                RawKinds::One(kind) => vec![kind],
                RawKinds::Several(kinds) => kinds,
            };
            let kinds = kinds.iter().map(|kind| known_kind(kind).map_err(|m| at(span_of_kind.clone(), m)));
            let expectation = Expectation {
                clause,
                kinds: kinds.collect::<Result<_, _>>()?,
                reason: entry.reason.into_inner(),
                link: entry.link,
                version,
                intermittent: entry.intermittent,
            };
            let twice = |other: &&Expectation| {
                other.clause == expectation.clause && other.version == expectation.version
            };
            if entries.iter().find(twice).is_some() {
                return Err(at(span, format!("{:?} is listed twice", expectation.clause)));
            }
            entries.push(expectation);
        }
        Ok(Expectations { entries })
    }

    /// What is expected of a clause in this version of the implementation; `None` for a pass.
    pub fn of(&self, clause: &str, version: &str) -> Option<&Expectation> {
        self.entries.iter().find(|entry| {
            entry.clause == clause && entry.version.as_ref().is_none_or(|range| range.contains(version))
        })
    }

    /// Every entry.
    pub fn entries(&self) -> &[Expectation] {
        &self.entries
    }
}

fn known_kind(name: &str) -> Result<FailureKind, String> {
    FailureKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        let names = FailureKind::ALL.map(FailureKind::name);
        format!("{name:?} is no kind of failure, expected one of: {}", names.join(", "))
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

impl VersionRange {
    /// Reads comparisons separated by commas.
    pub fn parse(text: &str) -> Result<VersionRange, String> {
        let comparison = |part: &str| {
            let part = part.trim();
            let digits = part.trim_start_matches(['<', '>', '=']);
            let comparison = match &part[..part.len() - digits.len()] {
                "<" => Comparison::Less,
                "<=" => Comparison::LessOrEqual,
                "==" => Comparison::Equal,
                ">=" => Comparison::GreaterOrEqual,
                ">" => Comparison::Greater,
                _ => return Err(format!("{part:?} is no comparison, expected for example \">=3.12\"")),
            };
            let numbers: Result<Vec<u64>, _> = digits.trim().split('.').map(str::parse).collect();
            let numbers =
                numbers.map_err(|_| format!("{digits:?} is no version, expected numbers and dots"))?;
            Ok((comparison, numbers))
        };
        text.split(',').map(comparison).collect::<Result<_, _>>().map(VersionRange)
    }

    /// Whether a version lies in the range; it is compared as far as the range's numbers go.
    pub fn contains(&self, version: &str) -> bool {
        let version: Vec<u64> = version.split('.').map_while(|part| part.parse().ok()).collect();
        self.0.iter().all(|(comparison, bound)| {
            let mut cut = version.clone();
            cut.resize(bound.len(), 0);
            match comparison {
                Comparison::Less => cut < *bound,
                Comparison::LessOrEqual => cut <= *bound,
                Comparison::Equal => cut == *bound,
                Comparison::GreaterOrEqual => cut >= *bound,
                Comparison::Greater => cut > *bound,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAUSES: &[&str] = &["queue/fifo-per-producer", "pipe/duplex-default"];

    fn error(text: &str) -> String {
        Expectations::parse(text, CLAUSES).unwrap_err().to_string()
    }

    #[test]
    fn an_entry_is_found_for_its_versions_only() {
        let text = "[[expect]]\nclause = \"pipe/duplex-default\"\nkind = \"hang\"\nreason = \"r\"\nversion = \">=3.9, <3.12\"\n";
        let expectations = Expectations::parse(text, CLAUSES).unwrap();
        assert!(expectations.of("pipe/duplex-default", "3.11.7").is_some());
        assert!(expectations.of("pipe/duplex-default", "3.12.0").is_none());
        assert!(expectations.of("pipe/duplex-default", "3.8.18").is_none());
        assert!(expectations.of("queue/fifo-per-producer", "3.11.7").is_none());
    }

    #[test]
    fn errors_name_the_line_and_what_was_expected() {
        let entry = |lines: &str| format!("# first\n[[expect]]\n{lines}");
        let unknown = error(&entry("clause = \"queue/fifo-per-produce\"\nkind = \"hang\"\nreason = \"r\""));
        assert!(unknown.starts_with("line 3: ") && unknown.contains("queue/fifo-per-producer"), "{unknown}");
        let kind = error(&entry("clause = \"pipe/duplex-default\"\nkind = \"hung\"\nreason = \"r\""));
        assert!(
            kind.starts_with("line 4: \"hung\" is no kind of failure") && kind.contains("not-linearizable")
        );
        let reason = error(&entry("clause = \"pipe/duplex-default\"\nkind = \"hang\"\nreason = \" \""));
        assert!(reason.starts_with("line 5: the reason is empty"), "{reason}");
        let field = error(&entry("clause = \"pipe/duplex-default\"\nkinds = \"hang\""));
        assert!(field.contains("kinds"), "{field}");
        assert!(error("[[expect]\n").starts_with("line 1: "));
    }
}
