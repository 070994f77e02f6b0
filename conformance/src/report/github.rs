//! Annotations for GitHub Actions: one workflow command per clause that is not as expected.

use super::{Report, Row, Standing};
use crate::verdict::Verdict;

/// The workflow commands of a report, a line each.
pub fn annotations(report: &Report) -> Vec<String> {
    report.rows.iter().filter_map(|row| annotation(row, &report.implementation)).collect()
}

fn annotation(row: &Row, implementation: &str) -> Option<String> {
    let command = match row.standing {
        Standing::Good | Standing::ExpectedFailure => return None,
        Standing::Open => "warning",
        Standing::UnexpectedFailure | Standing::OtherKind | Standing::UnexpectedPass => "error",
    };
    let detail = match &row.verdict {
        Verdict::Pass => "passes, but is listed as failing in expect.toml".to_string(),
        Verdict::Fail(failure) => {
            format!("{}: expected {}; actual {}", failure.kind.name(), failure.expected, failure.actual)
        }
        Verdict::Unresolved(why) | Verdict::Unsupported(why) | Verdict::Untested(why) => why.clone(),
    };
    let replay =
        row.evidence.as_ref().map_or(String::new(), |path| format!("\n{}", super::text::replay(path)));
    let title = property(&format!("{} on {implementation}", row.clause));
    Some(format!("::{command} title={title}::{}", message(&format!("{}\n{detail}{replay}", row.text))))
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
