//! The implementations that come with the suite keep their promises: each conforms, with what its
//! `expect.toml` says, and nothing about it is left open.

use std::process::Command;

use rstest::rstest;
use serde_json::Value;

/// What the command says last of an implementation, and what it said of the clauses.
struct Said {
    status: Option<i32>,
    lines: Vec<Value>,
}

fn check(implementation: &str) -> Said {
    let report = tempfile::tempdir().expect("a temporary directory can be made");
    let output = Command::new(env!("CARGO_BIN_EXE_procession"))
        .args(["check", implementation, "--format", "json", "--report"])
        .arg(report.path())
        .output()
        .expect("the command runs");
    let lines = String::from_utf8(output.stdout).expect("JSON lines are UTF-8");
    let lines = lines.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    Said { status: output.status.code(), lines }
}

fn exists(interpreter: &str) -> bool {
    let asked = Command::new(interpreter).args(["-c", "import multiprocessing"]).output();
    asked.is_ok_and(|output| output.status.success())
}

#[rstest]
#[case("reference", 200)]
#[case("threads", 50)]
#[case("cpython", 150)]
fn it_conforms(#[case] implementation: &str, #[case] at_least_passed: u64) {
    if implementation == "cpython" && !exists("python3") {
        eprintln!("UNTESTED: cpython was not checked, since there is no python3 that runs");
        return;
    }
    let Said { status, lines } = check(implementation);
    let (summary, clauses) = lines.split_last().expect("there is a summary");
    let odd: Vec<_> = clauses
        .iter()
        .filter(|clause| clause["expected"] != true || clause["verdict"] == "unresolved")
        .map(|clause| format!("{}: {} ({})", clause["clause"], clause["verdict"], clause["detail"]))
        .collect();
    assert_eq!(odd, [] as [String; 0], "{summary}");
    assert_eq!(status, Some(0), "{summary}");
    let passed = clauses.iter().filter(|clause| clause["verdict"] == "pass").count() as u64;
    assert!(passed >= at_least_passed, "only {passed} clauses passed: {summary}");
    if implementation == "reference" {
        let passed = clauses.iter().all(|clause| clause["verdict"] == "pass");
        assert!(passed, "the reference keeps every promise, and supports what each is about: {summary}");
    }
}
