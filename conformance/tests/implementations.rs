//! The implementations that come with the suite keep their promises: each conforms, with what its
//! `expect.toml` says, and nothing about it is left open.

use std::process::{Command, ExitCode};
use std::sync::{Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

mod pythons;

/// A check takes a minute: those that are meant to be used, and not all that there are.
const ON_THE_PATH: pythons::Search = pythons::Search { oldest: 8, in_pyenv: false };

fn main() -> ExitCode {
    // CPython first: it takes longest, and the others are done beside it.
    let tests: [pythons::Test; 2] = [
        ("it conforms", |interpreter| it_conforms(&format!("cpython:{interpreter}"), &[], 150)),
        ("it conforms on the reference's server", |interpreter| {
            it_conforms(&format!("cpython_on_reference:{interpreter}"), SERVED, 80)
        }),
    ];
    let mut trials = pythons::trials(ON_THE_PATH, &tests);
    trials.extend([
        Trial::test("it conforms, reference", || it_conforms("reference", &[], 200)),
        Trial::test("it conforms, threads", || it_conforms("threads", &[], 50)),
        Trial::test("it conforms, posix", || it_conforms("posix", &[], 60)),
        Trial::test("it conforms, posix_robust", || it_conforms("posix_robust", &[], 60)),
    ]);
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What no implementation in Rust can be asked: a function that the system calls at a signal cannot raise
/// an error.
const NOT_IN_RUST: &[&str] = &["lock/interrupted-by-sigint"];

/// The areas in which a manager's server has a part: in all others clients of the reference's are CPython.
const SERVED: &[&str] = &["manager", "proxy", "containers", "namespace", "mgrsync", "remote", "wire"];

/// All message queues of a user together may have 800 KiB (RLIMIT_MSGQUEUE), which is enough for nine of
/// them: one implementation at a time, and few programs of it, may have some.
static MESSAGE_QUEUES: Mutex<()> = Mutex::new(());

/// What the command says last of an implementation, and what it said of the clauses.
struct Said {
    status: Option<i32>,
    lines: Vec<Value>,
}

fn check(implementation: &str, areas: &[&str]) -> Result<Said, Failed> {
    let report = tempfile::tempdir()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_procession"));
    command.args(["check", implementation, "--format", "json", "--report"]).arg(report.path());
    command.args(areas.iter().flat_map(|area| ["--area", area]));
    let _turn = if implementation.starts_with("posix") {
        command.args(["--jobs", "2"]);
        Some(MESSAGE_QUEUES.lock().unwrap_or_else(PoisonError::into_inner))
    } else {
        None
    };
    let output = command.output()?;
    let lines = String::from_utf8(output.stdout)?;
    let lines = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    Ok(Said { status: output.status.code(), lines })
}

fn it_conforms(implementation: &str, areas: &[&str], at_least_passed: u64) -> Result<(), Failed> {
    let Said { status, lines } = check(implementation, areas)?;
    let (summary, clauses) = lines.split_last().ok_or("there is no summary")?;
    let odd: Vec<_> = clauses
        .iter()
        .filter(|clause| clause["expected"] != true || clause["verdict"] == "unresolved")
        .map(|clause| format!("{}: {} ({})", clause["clause"], clause["verdict"], clause["detail"]))
        .collect();
    if !odd.is_empty() {
        return Err(format!("{}\n{summary}", odd.join("\n")).into());
    }
    if status != Some(0) {
        return Err(format!("it ended with {status:?}: {summary}").into());
    }
    let passed = clauses.iter().filter(|clause| clause["verdict"] == "pass").count();
    let lacks = |clause: &&Value| clause["verdict"] == "unsupported";
    let lacking: Vec<_> =
        clauses.iter().filter(lacks).filter_map(|clause| clause["clause"].as_str()).collect();
    if (passed as u64) < at_least_passed {
        return Err(format!("only {passed} clauses passed: {summary}").into());
    }
    if implementation == "reference" && (passed + lacking.len() < clauses.len() || lacking != NOT_IN_RUST) {
        return Err(format!(
            "the reference keeps every promise, and supports what each is about, not only what it is without \
             {lacking:?}: {summary}"
        )
        .into());
    }
    Ok(())
}
