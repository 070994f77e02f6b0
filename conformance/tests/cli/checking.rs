//! `check`: its three forms of output, its statuses, what a CI reads, and smaller failing programs.

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;
use procession::clauses;
use procession::evidence::Evidence;
use procession::program::Program;
use procession_contract::Call;
use serde_json::Value;

use super::{check, command, directory, procession, said, snapshot, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("check_prints_failures_as_text", text),
        trial("check_prints_json_lines", json),
        trial("check_prints_junit", junit),
        trial("check_stores_its_reports", stored),
        trial("check_annotates_for_github", annotations),
        trial("check_conforms_with_status_0", conforms),
        trial("check_repeats", repeats),
        trial("check_tells_its_seed", tells_its_seed),
        trial("check_makes_a_failing_random_program_small", makes_small),
        trial("check_makes_a_failing_program_of_locks_small", makes_a_program_of_locks_small),
        trial("check_makes_a_failing_program_of_barriers_small", makes_a_program_of_barriers_small),
    ]
}

fn queue_clauses() -> usize {
    clauses::all().iter().filter(|clause| clause.area() == "queue").count()
}

fn text() {
    let directory = directory();
    let said = check(directory.path(), &["threads", "--clause", "queue/maxsize-counts-unreceived-items"]);
    assert_eq!((said.status, said.err.as_str()), (Some(1), ""));
    let (failure, closing) = said.out.split_once("\nqueue ").expect("the areas follow the failures");
    snapshot!("report_failure", failure.replace(&directory.path().display().to_string(), "DIR"));
    assert!(closing.contains("0 of   1  1 failed"), "{closing}");
    assert!(closing.contains("NOT conforming   0 passed, 1 not as expected"), "{closing}");
    assert!(closing.ends_with(&format!("report: {}/report.txt\n", directory.path().display())), "{closing}");
}

fn json() {
    let directory = directory();
    let said = check(directory.path(), &["threads", "--area", "queue", "--format", "json"]);
    assert_eq!((said.status, said.err.as_str()), (Some(1), ""));
    let mut lines: Vec<Value> =
        said.out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let summary = lines.pop().expect("a summary");
    assert_eq!(lines.len(), queue_clauses());
    let mut passed = 0;
    for line in &lines {
        assert!(line["clause"].as_str().is_some_and(|id| id.starts_with("queue/")), "{line}");
        assert!(
            ["MUST", "SHOULD", "MAY", "BEYOND"].contains(&line["level"].as_str().unwrap_or("")),
            "{line}"
        );
        assert!(line["ms"].is_u64() && line["expected"].is_boolean(), "{line}");
        let verdict = line["verdict"].as_str().expect("a name");
        assert_eq!(line["kind"].is_string(), verdict == "fail", "{line}");
        assert_eq!(line["expected"], matches!(verdict, "pass" | "unsupported"), "{line}");
        passed += u64::from(verdict == "pass");
    }
    assert_eq!(summary["summary"], "threads");
    assert_eq!((&summary["totals"]["pass"], &summary["exit_status"]), (&passed.into(), &1.into()));
    for field in ["kernel", "processor", "processors", "memory_mib", "load", "suite"] {
        assert!(!summary["machine"][field].is_null(), "{summary}");
    }
}

fn junit() {
    let directory = directory();
    let said = check(directory.path(), &["threads", "--area", "queue", "--format", "junit"]);
    assert_eq!((said.status, said.err.as_str()), (Some(1), ""));
    let report = quick_junit::Report::deserialize_from_str(&said.out).expect("it is JUnit XML");
    let [suite] = &report.test_suites[..] else { panic!("a suite per area:\n{}", said.out) };
    assert_eq!((suite.name.as_str(), suite.test_cases.len()), ("queue", queue_clauses()));
    assert!(suite.test_cases.iter().all(|case| case.time.is_some()));
    assert!(suite.failures > 0 && suite.errors == 0 && said.out.contains("<skipped"), "{}", said.out);
    assert!(suite.properties.iter().any(|property| property.name.as_str() == "machine"));
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn stored() {
    let directory = directory();
    let said = check(directory.path(), &["threads", "--area", "queue", "--format", "json"]);
    let lines = |text: &str| -> usize { text.lines().count() };
    assert_eq!(lines(&read(directory.path(), "report.jsonl")), lines(&said.out));
    let xml = read(directory.path(), "report.xml");
    assert!(quick_junit::Report::deserialize_from_str(&xml).is_ok(), "{xml}");
    let text = read(directory.path(), "report.txt");
    assert!(!text.contains('\x1b'), "{text}");
    for clause in clauses::all().iter().filter(|clause| clause.area() == "queue") {
        let timed =
            |line: &str| line.contains(" ms  ") && line.split_whitespace().any(|word| word == clause.id);
        assert!(text.lines().any(timed), "{} has no time:\n{text}", clause.id);
    }
    assert!(text.contains(&format!("procession {}\n", env!("CARGO_PKG_VERSION"))), "no machine:\n{text}");
}

fn annotations() {
    let directory = directory();
    let report = directory.path().display().to_string();
    let clause = "queue/maxsize-counts-unreceived-items";
    let mut command =
        command(&["check", "threads", "--expect", "/dev/null", "--clause", clause, "--report", &report]);
    let said = said(command.env("GITHUB_ACTIONS", "true"));
    let title = format!("::error title={clause} on threads::The bound limits");
    assert!(said.err.starts_with(&title), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "an annotation is one line:\n{}", said.err);
    assert!(said.err.contains("%0Awrong-outcome: expected main, line 1"), "{}", said.err);
    assert!(said.err.contains("%0Aprocession replay "), "{}", said.err);
}

fn conforms() {
    let directory = directory();
    let said = check(directory.path(), &["threads", "--clause", "queue/fifo-per-producer"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert!(said.out.contains(": conforming   1 passed   in "), "{}", said.out);
}

/// Its defect takes a process that puts two items, one of them with a time limit, and then takes one; in the
/// programs of the clause that somebody wrote, who puts does not take, and nothing has a limit.
fn makes_small() {
    let mutant = "queue_turns_after_a_put_with_a_limit";
    let program = made_small(mutant, "queue/linearizable-as-claimed", Some("weaker-than-claimed"));
    assert!(program.title.starts_with("random queue program "), "{}", program.title);
    // Two puts and a get by one process; the get of another one may be needed to see the order broken.
    assert!((3..=4).contains(&calls(&program).len()), "{program:#?}");
}

/// Who holds the lock acquires it again, whatever the others do.
fn makes_a_program_of_locks_small() {
    let program = made_small("lock_is_recursive", "lock/order-in-any-program", Some("did-not-block"));
    assert!(program.title.starts_with("random sync program "), "{}", program.title);
    let [Call::Acquire { .. }, Call::Acquire { .. }] = calls(&program)[..] else { panic!("{program:#?}") };
    assert_eq!((program.roles.len(), program.objects.len()), (2, 1), "main and the holder: {program:#?}");
}

/// It takes two parties of three to see the second one pass; a third may break in upon them.
fn makes_a_program_of_barriers_small() {
    let (mutant, clause) = ("barrier_lets_the_last_but_one_pass", "barrier/order-in-any-program");
    let program = made_small(mutant, clause, None);
    let waits = calls(&program).iter().filter(|call| matches!(call, Call::Await { .. })).count();
    assert!(waits >= 2 && calls(&program).len() <= 4, "{program:#?}");
}

fn calls(program: &Program) -> Vec<&Call> {
    program.lines().map(|(_, line)| &line.step.call).collect()
}

/// The program that is left of the one by which a clause convicts a mutant: it fails again in the same way,
/// and is no fault of the reference.
fn made_small(mutant: &str, clause: &str, kind: Option<&str>) -> Program {
    let directory = directory();
    // One after the other, so that a program that somebody wrote would fail first.
    let mutant = format!("mutant:{mutant}");
    let ask = || check(directory.path(), &[&mutant, "--quick", "--jobs", "1", "--clause", clause]);
    // Whether processes meet where the defect is, is up to the scheduler: on a busy machine not every time.
    let missed = |said: &super::Said| said.status == Some(0);
    let said = (0..4).map(|_| ask()).find(|said| !missed(said)).unwrap_or_else(ask);
    assert_eq!((said.status, said.err.as_str()), (Some(1), ""), "{}", said.out);
    let failure = said.out.lines().find(|line| line.trim_start().starts_with("failure   "));
    let failure = failure.expect("it says how");
    assert!(kind.is_none_or(|kind| failure.trim() == format!("failure   {kind}")), "{}", said.out);
    let (_, shrunk) = said.out.split_once("program   random, shrunk from ").expect("it says so");
    let shrunk = shrunk.lines().next().unwrap_or_default();
    let path = directory.path().join(format!("{}.procession.json", clause.replace('/', ".")));
    let evidence = fs::read_to_string(&path).expect("it is stored");
    let evidence: Evidence = serde_json::from_str(&evidence).expect("as `replay` reads it");
    assert!(
        shrunk.ends_with(&format!(" to {} lines", calls(&evidence.program).len())),
        "{shrunk}: {:#?}",
        evidence.program
    );
    let path = path.display().to_string();
    let again = directory.path().join("again").display().to_string();
    let replayed = procession(&["replay", &path, "--report", &again]);
    assert_eq!(replayed.status, Some(1), "{}{}", replayed.out, replayed.err);
    assert!(replayed.out.contains(failure), "{failure}, and then\n{}", replayed.out);
    let sound = procession(&["replay", &path, "--on", "reference", "--times", "3", "--report", &again]);
    assert_eq!(sound.status, Some(0), "{}{}", sound.out, sound.err);
    evidence.program
}

fn tells_its_seed() {
    let of = |arguments: &[&str]| -> u64 {
        let directory = directory();
        let clause = ["threads", "--clause", "queue/close-idempotent"];
        let said = check(directory.path(), &[&clause[..], arguments].concat());
        assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
        let (_, seed) = said.out.split_once(", seed ").expect("the closing lines tell it");
        seed.lines().next().and_then(|seed| seed.parse().ok()).expect("a number")
    };
    assert_eq!(of(&[]), 1, "without a word the programs are the same every day");
    assert_eq!(of(&["--seed", "77"]), 77);
    // Days since 1970: more than when this was written, and no seed of two days is the same.
    assert!(of(&["--seed", "today"]) > 20_000_000);
    assert_ne!(of(&["--seed", "random"]), of(&["--seed", "random"]));
}

fn repeats() {
    let directory = directory();
    let said = check(directory.path(), &["threads", "--clause", "queue/fifo-per-producer", "--times", "2"]);
    assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
    assert!(said.err.ends_with("2 of 2 times, worst exit status 0\n"), "{}", said.err);
}
