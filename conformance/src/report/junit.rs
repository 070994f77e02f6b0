//! Reports as JUnit XML: a suite per area, a case per clause.

use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Report, Row, Standing};
use crate::verdict::Verdict;

/// The XML of a report.
pub fn render(report: &Report) -> String {
    let mut xml = quick_junit::Report::new(format!("procession {}", report.implementation));
    xml.set_time(Duration::from_millis(report.ms));
    let mut suites: Vec<(String, TestSuite)> = Vec::new();
    for row in &report.rows {
        let area = row.clause.split('/').next().unwrap_or_default().to_string();
        if suites.last().is_none_or(|(last, _)| *last != area) {
            let mut suite = TestSuite::new(area.as_str());
            suite.add_property(("machine", report.machine.line().as_str()));
            suite.add_property(("seed", report.seed.to_string().as_str()));
            suites.push((area, suite));
        }
        suites.last_mut().expect("pushed above").1.add_test_case(case(row));
    }
    xml.add_test_suites(suites.into_iter().map(|(_, suite)| suite));
    xml.to_string().expect("JUnit XML of plain text")
}

fn case(row: &Row) -> TestCase {
    let status = match (&row.verdict, row.standing) {
        (Verdict::Fail(failure), Standing::ExpectedFailure) => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(failure.kind.name());
            status.set_message(format!("expected failure: {}", row.reason.as_deref().unwrap_or_default()));
            status
        }
        (Verdict::Fail(failure), _) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(failure.kind.name());
            status.set_message(format!("expected {}; actual {}", failure.expected, failure.actual));
            let replay = row.evidence.as_ref().map(|path| super::text::replay(path));
            status.set_description(
                [row.lanes.clone(), replay].into_iter().flatten().collect::<Vec<_>>().join("\n"),
            );
            status
        }
        (Verdict::Pass, Standing::UnexpectedPass) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message("passes, but is listed as failing in expect.toml");
            status
        }
        (Verdict::Pass, _) => TestCaseStatus::success(),
        (Verdict::Unresolved(why), _) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("unresolved");
            status.set_message(why.as_str());
            status
        }
        (Verdict::Unsupported(why) | Verdict::Untested(why), _) => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(row.verdict.name());
            status.set_message(why.as_str());
            status
        }
    };
    let mut case = TestCase::new(row.clause.as_str(), status);
    case.set_time(Duration::from_millis(row.ms));
    case
}
