//! The CPythons that the PATH leads to: each that runs is tested, each that does not is shown as ignored.

use std::process::Command;

use libtest_mimic::{Failed, Trial};

/// Interpreters by their usual names, the one that is called plainly first.
const NAMES: [&str; 7] =
    ["python3", "python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13"];

/// One test for each CPython, named after its version; of several names of one version the first is used.
///
/// An interpreter that is missing is one test too, which says so in its name and is ignored: it never
/// counts as passed, and fails if it is asked for.
pub fn trials(test: &str, run: fn(&'static str) -> Result<(), Failed>) -> Vec<Trial> {
    let mut seen: Vec<String> = Vec::new();
    let mut trials = Vec::new();
    for name in NAMES {
        match version(name) {
            None => {
                let missing = format!("there is no CPython named {name} on the PATH");
                let trial = Trial::test(format!("{test}, {name}: UNTESTED: no {name} on the PATH"), || {
                    Err(missing.into())
                });
                trials.push(trial.with_ignored_flag(true));
            }
            Some(version) if seen.contains(&version) => {}
            Some(version) => {
                trials.push(Trial::test(format!("{test}, {name}: CPython {version}"), move || run(name)));
                seen.push(version);
            }
        }
    }
    trials
}

/// The interpreter's version, if there is such an interpreter, it runs, and it is CPython.
fn version(interpreter: &str) -> Option<String> {
    let program = "import multiprocessing, sys; print(sys.implementation.name, sys.version.split()[0])";
    let output = Command::new(interpreter).args(["-c", program]).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    said.strip_prefix("cpython ").filter(|_| output.status.success()).map(str::to_owned)
}
