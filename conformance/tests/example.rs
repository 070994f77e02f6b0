//! The example of somebody else's crate, `examples/my_ipc`, tested as its author would test it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use procession::clauses;

/// A clause that the example keeps.
const PASSES: &str = "simplequeue/killed-reader-frees-the-others";

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
    // What cargo tells a test of this crate is not meant for another crate's build.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name == "NEXTEST")
    {
        command.env_remove(name);
    }
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// One after the other, because they share the example's directory.
#[test]
fn the_example_is_tested_clause_by_clause() {
    let all = cargo(&["test", "--offline", "--test", "conformance"]);
    let said = text(&all);
    assert!(all.status.success(), "{said}");
    for clause in clauses::all() {
        let tests = said.lines().filter(|line| line.split_whitespace().any(|word| word == clause.id));
        assert_eq!(tests.count(), 1, "{} is not one test:\n{said}", clause.id);
    }
    assert!(said.contains("... ignored"), "{said}");

    let some = cargo(&["test", "--offline", "--test", "conformance", "simplequeue/"]);
    let said = text(&some);
    let outside = said.lines().filter(|line| line.starts_with("test [") && !line.contains("simplequeue/"));
    assert_eq!((some.status.success(), outside.count()), (true, 0), "{said}");

    nextest();
    stale();
}

fn nextest() {
    if !Command::new("cargo-nextest").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("NOT TESTED: cargo-nextest is not installed, so nobody has run the example with it");
        return;
    }
    let said = cargo(&["nextest", "run", "--offline", "--test", "conformance", "simplequeue/"]);
    assert!(said.status.success() && text(&said).contains("passed"), "{}", text(&said));
}

/// The example with a list that says too much.
fn stale() {
    let listed = fs::read_to_string(root().join("examples/my_ipc/tests/expect.toml"));
    let entry = format!("\n[[expect]]\nclause = \"{PASSES}\"\nkind = \"hang\"\nreason = \"a guess\"\n");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stale.toml");
    fs::write(&path, listed.expect("the example's list") + &entry).expect("the target directory is writable");
    let mut command = cargo_command(&["test", "--offline", "--test", "conformance", PASSES]);
    let output = command.env("PROCESSION_EXPECT", &path).output().expect("cargo can be started");
    let said = text(&output);
    assert!(!output.status.success() && said.contains(&format!("STALE {PASSES} on MyIpc")), "{said}");
    assert!(said.contains("expect.toml lists it as failing: remove the entry"), "{said}");
}
