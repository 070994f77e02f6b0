//! The printed form of a sweep, from a report made by hand.

use std::path::PathBuf;

use procession::report::text::plain;
use procession::sweep::{Counts, Finding, Mode, Report, Row, Schedule, table};
use procession::verdict::{Failure, FailureKind, Verdict};

fn row(scene: &'static str, mode: Mode, schedule: Schedule) -> Row {
    Row {
        scene,
        text: "Nobody else holds the lock meanwhile; the others get it.",
        mode,
        schedule,
        points: None,
        alike: 0,
        runs: 0,
        kills: 0,
        counts: Counts::default(),
        unresolved: 0,
        slowest_ms: 0,
        ms: 0,
        cut: false,
        findings: Vec::new(),
        settled: None,
    }
}

pub fn what_is_printed() {
    let verdict = Verdict::Fail(Failure {
        kind: FailureKind::Hang,
        expected: "a, line 0 (acquire l) returns".into(),
        actual: "it was still pending when nothing could move any more".into(),
        calls: vec![("a".into(), 0)],
    });
    let lanes = "victim  |-acquire l -> 1-| --x\na                         |=acquire l ===…".to_string();
    let evidence = Some(PathBuf::from("target/procession/sweep.lock.step.after.640.procession.json"));
    let finding = Finding { point: 640, verdict, lanes, evidence };
    let counts = Counts { wedge: 301, ..Counts::default() };
    let unsupported = Verdict::Unsupported("it does not offer `die_before`".into());
    let refused =
        Verdict::Untested("this machine does not allow it: tracing a worker (ptrace): EPERM".into());
    let rows = vec![
        Row { settled: Some(unsupported), ..row("lock", Mode::Op, Schedule::After) },
        Row {
            points: Some(3_842),
            alike: 71_240,
            runs: 961,
            kills: 955,
            slowest_ms: 14,
            cut: true,
            ..row("rlock", Mode::Step, Schedule::Racing)
        },
        Row {
            points: Some(3_842),
            runs: 3_843,
            kills: 3_800,
            counts,
            slowest_ms: 3,
            findings: vec![finding],
            ..row("lock", Mode::Step, Schedule::After)
        },
        Row { runs: 24, kills: 0, ..row("lock", Mode::Op, Schedule::Racing) },
        Row { runs: 27, kills: 5, unresolved: 2, ..row("lock", Mode::Random, Schedule::Racing) },
        Row { settled: Some(refused), ..row("queue-put", Mode::Step, Schedule::After) },
        Row { runs: 1, slowest_ms: 11, ..row("lock-held-by-ended-thread", Mode::Plain, Schedule::After) },
    ];
    let report = Report {
        implementation: "cpython".into(),
        version: "3.11".into(),
        seed: 1,
        ms: 61_200,
        rows,
        fault: None,
    };
    let mut text = table::head() + "\n";
    for row in &report.rows {
        text += &(table::line(row) + "\n");
        for finding in &row.findings {
            text += &table::explain(row, finding, &report.implementation, 100);
        }
    }
    text += &(table::closing(&report) + "\n");
    text += &(report.rows.iter().map(table::json).collect::<Vec<String>>().join("\n") + "\n");
    text += &table::json_summary(&report);
    insta::with_settings!({ snapshot_path => "../../../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("sweep", plain(&text));
    });
}
