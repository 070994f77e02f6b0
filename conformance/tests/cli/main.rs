//! The command as a person and a CI meet it: what it prints, its exit statuses, what it leaves behind.

mod adapters;
mod asking;
mod checking;
mod fake;
mod files;
#[path = "../pythons/mod.rs"]
mod pythons;
mod serving;
mod signals;

use std::path::Path;
use std::process::ExitCode;

use assert_cmd::Command;
use libtest_mimic::{Arguments, Trial};
use procession::report::text::quoted;
use tempfile::TempDir;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some(fake::ROLE) => fake::adapter(&arguments[2..]),
        _ => {
            let trials = [
                asking::trials(),
                files::trials(),
                checking::trials(),
                adapters::trials(),
                signals::trials(),
                serving::trials(),
            ];
            libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
        }
    }
}

/// A trial of a function that panics when something is wrong.
fn trial(name: &str, check: fn()) -> Trial {
    Trial::test(name, move || {
        check();
        Ok(())
    })
}

/// What the command said.
struct Said {
    out: String,
    err: String,
    status: Option<i32>,
}

/// The command in an environment that changes nothing by itself.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_procession"));
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "GITHUB_ACTIONS"] {
        command.env_remove(variable);
    }
    command.args(arguments);
    command
}

/// Runs the command to its end.
fn procession(arguments: &[&str]) -> Said {
    said(&mut command(arguments))
}

fn said(command: &mut Command) -> Said {
    let output = command.output().expect("the command can be started");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
    Said { out: text(output.stdout), err: text(output.stderr), status: output.status.code() }
}

/// What the command says when it succeeds, and nothing is wrong.
fn told(arguments: &[&str]) -> String {
    let said = procession(arguments);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    said.out
}

/// Checks with its reports in a directory.
fn check(report: &Path, arguments: &[&str]) -> Said {
    let report = report.display().to_string();
    // Unless a test brings its own, nothing is expected to fail: every failure shows.
    let none: &[&str] = if arguments.contains(&"--expect") { &[] } else { &["--expect", "/dev/null"] };
    procession(&[&["check"], arguments, none, &["--report", &report]].concat())
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// The command line of this program as an adapter in this role.
fn adapter(role: &str, rest: &str) -> String {
    let own = std::env::current_exe().expect("this program's own file");
    format!("{} {role} {rest}", quoted(&own.display().to_string())).trim_end().to_string()
}

/// Compares with the snapshot of this name.
macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({ snapshot_path => "../../../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, $text);
        })
    };
}
use snapshot;
