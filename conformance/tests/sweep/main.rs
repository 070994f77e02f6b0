//! The sweep: it convicts a lock that does not survive its holder, in every mode, lets the reference
//! pass, and prints what it found.

mod printed;
mod token;

use std::process::ExitCode;
use std::time::Duration;

use assert_cmd::Command;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use procession::agent;
use procession::evidence::Evidence;
use procession::run::{AdapterCommand, warden_main};
use procession::sweep::{Mode, Options, Report, Schedule, scenes, sweep};
use procession::verdict::Verdict;

/// Set in the environment of the process that serves the lock.
const AGENT: &str = "PROCESSION_SWEEP_AGENT";

fn main() -> ExitCode {
    warden_main();
    if std::env::var_os(AGENT).is_some() {
        return agent::serve("token", &token::Token);
    }
    let tests: [(&str, fn()); _] = [
        ("by operations", || convicted(Mode::Op)),
        ("by instructions", || convicted(Mode::Step)),
        ("by the clock", || convicted(Mode::Random)),
        ("one point again", one_point_again),
        ("a stored failure is judged the same", a_stored_failure_is_judged_the_same),
        ("what is not offered is unsupported", what_is_not_offered_is_unsupported),
        ("the reference survives", the_reference_survives),
        ("what is printed", printed::what_is_printed),
        ("a slip is named", a_slip_is_named),
        ("the scenes are listed", the_scenes_are_listed),
    ];
    let mut trials = vec![Trial::ignorable_test("a_lock_lost_at_exec", a_lock_lost_at_exec)];
    trials.extend(tests.map(|(name, test)| {
        Trial::test(name.replace(' ', "_"), move || {
            test();
            Ok(())
        })
    }));
    trials.extend(PLAIN.map(|scene| {
        Trial::ignorable_test(format!("the_reference_survives_{}", scene.replace('-', "_")), || {
            survives(scene)
        })
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test of what this machine does not allow is ignored, with the reason.
fn untested(report: &Report) -> Option<Completion> {
    match &report.rows[0].settled {
        Some(Verdict::Untested(why)) => Some(Completion::ignored_with(format!("UNTESTED: {why}"))),
        _ => None,
    }
}

/// The options of a sweep of some scenes with few points, and a time limit that none of them needs.
fn options(names: &[&str], modes: &[Mode], schedules: &[Schedule], most: u64) -> Options {
    let find = |name: &&str| scenes::find(name).expect("there is such a scene");
    Options {
        scenes: names.iter().map(find).collect(),
        modes: modes.to_vec(),
        schedules: schedules.to_vec(),
        most,
        budget: Duration::from_secs(600),
        jobs: 4,
        ..Options::default()
    }
}

fn token(options: &Options) -> Report {
    let own = std::env::current_exe().expect("this program's own file");
    let env = vec![(AGENT.into(), "1".into())];
    let adapter = AdapterCommand { name: "token".into(), argv: vec![own.into()], env };
    sweep(&adapter, options, &mut |_| ()).expect("the lock is served")
}

/// A lock that is gone with its holder: the survivors wait for ever, and that is what is said.
fn convicted(mode: Mode) {
    let mut options = options(&["lock"], &[mode], &[Schedule::After], 32);
    // One after the other, operations end exactly where the victim comes through.
    options.jobs = if mode == Mode::Op { 1 } else { options.jobs };
    let report = token(&options);
    let row = &report.rows[0];
    assert_eq!(report.exit_status(), 1, "{report:#?}");
    assert!(row.counts.wedge > 0 && row.counts.wedge == row.counts.failures(), "{:?}", row.counts);
    assert!(row.kills >= row.counts.wedge && row.runs > row.counts.wedge, "{row:?}");
    if mode == Mode::Op {
        // Before and after each of two system calls, and twice unharmed.
        assert_eq!((row.runs - row.kills, row.kills), (2, 4));
        // Dead before it took the token, or after it put it back, it takes nothing along.
        assert_eq!(row.counts.wedge, 2);
    }
}

/// A lock that is gone with the program of its holder, though the process lives on.
fn a_lock_lost_at_exec() -> Result<Completion, Failed> {
    let report = token(&options(&["lock-held-over-exec"], &[], &[], 1));
    Ok(untested(&report).unwrap_or_else(|| {
        let row = &report.rows[0];
        assert_eq!((report.exit_status(), row.runs, row.counts.wedge), (1, 1, 1), "{row:#?}");
        Completion::Completed
    }))
}

fn one_point_again() {
    let mut options = options(&["lock"], &[Mode::Op], &[Schedule::After], 1);
    options.at = Some(2);
    let report = token(&options);
    assert_eq!((report.rows[0].runs, report.rows[0].counts.wedge), (1, 1));
    assert_eq!(report.rows[0].findings[0].point, 2);
    options.at = Some(1);
    let report = token(&options);
    assert_eq!((report.exit_status(), report.rows[0].kills), (0, 1));
}

fn a_stored_failure_is_judged_the_same() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut options = options(&["lock"], &[Mode::Step], &[Schedule::After], 8);
    options.evidence = Some(directory.path().into());
    let report = token(&options);
    let finding = report.rows[0].findings.iter().find(|found| matches!(found.verdict, Verdict::Fail(_)));
    let path = finding.and_then(|finding| finding.evidence.as_ref()).expect("a failure is stored");
    let stored = Evidence::read(path).expect("it can be read");
    let again = procession::judge::judge(&stored.program, &stored.history, &stored.manifest);
    assert_eq!(again, stored.verdict);
    assert!(stored.clause.starts_with("sweep/lock/step/after/"), "{}", stored.clause);
}

fn what_is_not_offered_is_unsupported() {
    let report = token(&options(&["rlock"], &[Mode::Step], &[Schedule::After], 8));
    assert!(matches!(report.rows[0].settled, Some(Verdict::Unsupported(_))));
    assert_eq!(report.exit_status(), 2, "nothing was swept");
}

/// The scenes that are played as they are written.
const PLAIN: [&str; 7] = [
    "lock-held-stopped",
    "lock-held-zombie",
    "rlock-held-over-fork",
    "lock-held-over-exec",
    "rlock-held-over-exec",
    "lock-held-in-namespace",
    "lock-awaited-in-namespace",
];

fn reference(options: &Options) -> Report {
    let own = env!("CARGO_BIN_EXE_procession");
    let argv = vec![own.into(), "agent".into(), "reference".into()];
    let adapter = AdapterCommand { name: "reference".into(), argv, env: Vec::new() };
    sweep(&adapter, options, &mut |_| ()).expect("the reference is served")
}

fn the_reference_survives() {
    let names =
        ["lock", "semaphore", "condition-wait", "event-set", "barrier-last", "queue-put", "pipe-recv"];
    let report = reference(&options(&names, &[Mode::Step], &Schedule::ALL, 8));
    let findings: Vec<_> = report.rows.iter().flat_map(|row| &row.findings).collect();
    assert_eq!(report.exit_status(), 0, "{findings:#?}");
    assert!(report.rows.iter().all(|row| row.kills > 0));
}

fn survives(scene: &str) -> Result<Completion, Failed> {
    let report = reference(&options(&[scene], &[], &[], 1));
    Ok(untested(&report).unwrap_or_else(|| {
        assert_eq!((report.exit_status(), report.rows[0].runs), (0, 1), "{report:#?}");
        Completion::Completed
    }))
}

fn procession(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_procession")).args(arguments).output();
    let output = output.expect("the command can be started");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    (text(output.stdout), text(output.stderr), output.status.code())
}

fn a_slip_is_named() {
    let (_, said, status) = procession(&["sweep", "reference", "--scene", "queue-putt"]);
    assert_eq!(status, Some(64));
    assert!(said.contains("there is no scene \"queue-putt\"; did you mean \"queue-put\""), "{said}");
    let (_, said, status) = procession(&["sweep", "--at", "7"]);
    assert_eq!(status, Some(64));
    assert!(said.contains("--at names a point of one --scene"), "{said}");
}

fn the_scenes_are_listed() {
    let (said, _, status) = procession(&["sweep", "--list"]);
    assert_eq!((status, said.lines().count()), (Some(0), scenes::all().len()));
    assert!(said.contains("queue-put "));
}
