//! The example of somebody else's crate, `examples/my_ipc`, tested as its author would test it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::{Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use procession::clauses;

/// A clause that the example keeps.
const PASSES: &str = "simplequeue/killed-reader-frees-the-others";

/// Which tests to run, where not all are: those whose names contain this.
const FILTER: &str = "simplequeue/";

/// They share the example's directory, so they run one after the other.
static DIRECTORY: Mutex<()> = Mutex::new(());

fn main() -> ExitCode {
    let alone = |test: fn() -> Result<(), Failed>| {
        move || {
            let _alone = DIRECTORY.lock().unwrap_or_else(PoisonError::into_inner);
            test()
        }
    };
    let nextest = match is_nextest_installed() {
        true => Trial::test("the example is tested by nextest", alone(with_nextest)),
        false => Trial::test("the example is tested by nextest: UNTESTED: no cargo-nextest", || {
            Err("cargo-nextest is not installed".into())
        })
        .with_ignored_flag(true),
    };
    let trials = vec![
        Trial::test("the example is tested clause by clause", alone(clause_by_clause)),
        Trial::test("the example is tested with a filter", alone(with_a_filter)),
        nextest,
        Trial::test("the example's list says too much", alone(stale)),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Fails with what was said.
fn expect(holds: bool, said: &str) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(said.to_owned().into()) }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the project's own directory")
}

/// `cargo ARGUMENTS` in the example, with no version resolved anew and nothing fetched.
fn cargo(arguments: &[&str]) -> Output {
    cargo_command(arguments).output().expect("cargo can be started")
}

fn cargo_command(arguments: &[&str]) -> Command {
    let example = root().join("examples/my_ipc");
    fs::copy(root().join("Cargo.lock"), example.join("Cargo.lock")).expect("the example is writable");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in a target directory");
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(example).args(arguments).env("CARGO_TARGET_DIR", target.join("my_ipc"));
    // It is built from nothing, and no debugger looks at it.
    command.env("CARGO_PROFILE_DEV_DEBUG", "false");
    // What cargo tells a test of this crate is not meant for another crate's build.
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("NEXTEST"))
    {
        command.env_remove(name);
    }
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn clause_by_clause() -> Result<(), Failed> {
    let all = cargo(&["test", "--offline", "--test", "conformance"]);
    let said = text(&all);
    expect(all.status.success() && said.contains("... ignored"), &said)?;
    for clause in clauses::all() {
        let tests = said.lines().filter(|line| line.split_whitespace().any(|word| word == clause.id));
        expect(tests.count() == 1, &format!("{} is not one test:\n{said}", clause.id))?;
    }
    Ok(())
}

fn with_a_filter() -> Result<(), Failed> {
    let some = cargo(&["test", "--offline", "--test", "conformance", FILTER]);
    let said = text(&some);
    let tests: Vec<_> = said.lines().filter(|line| line.starts_with("test [")).collect();
    let outside = tests.iter().filter(|line| !line.contains(FILTER));
    expect(some.status.success() && !tests.is_empty() && outside.count() == 0, &said)
}

/// Each clause in a process of its own, as nextest runs it.
fn with_nextest() -> Result<(), Failed> {
    let run = ["nextest", "run", "--offline", "--no-fail-fast", "--test", "conformance", FILTER];
    let some = cargo(&run);
    let said = text(&some);
    let passed = said.lines().filter(|line| line.trim_start().starts_with("PASS ")).collect::<Vec<_>>();
    let outside = passed.iter().filter(|line| !line.contains(FILTER));
    expect(some.status.success() && !passed.is_empty() && outside.count() == 0, &said)
}

fn is_nextest_installed() -> bool {
    let version = Command::new(env!("CARGO")).args(["nextest", "--version"]).output();
    version.is_ok_and(|output| output.status.success())
}

/// The example with a list that says too much.
fn stale() -> Result<(), Failed> {
    let listed = fs::read_to_string(root().join("examples/my_ipc/tests/expect.toml"));
    let entry = format!("\n[[expect]]\nclause = \"{PASSES}\"\nkind = \"hang\"\nreason = \"a guess\"\n");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stale.toml");
    fs::write(&path, listed.expect("the example's list") + &entry).expect("the target directory is writable");
    let mut command = cargo_command(&["test", "--offline", "--test", "conformance", PASSES]);
    let output = command.env("PROCESSION_EXPECT", &path).output().expect("cargo can be started");
    let said = text(&output);
    let stale = format!("STALE {PASSES} on MyIpc");
    expect(!output.status.success() && said.contains(&stale), &said)?;
    expect(said.contains("expect.toml lists it as failing: remove the entry"), &said)
}
