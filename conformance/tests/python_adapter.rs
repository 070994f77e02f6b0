//! The tests of the adapter for CPython, which are written in Python: a scripted suite side plays the
//! adapter through every family of calls. They run on every interpreter that is found.

use std::path::Path;
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed};

mod pythons;

/// The CPythons whose adapter is promised to work.
const ON_THE_PATH: pythons::Search = pythons::Search { oldest: 8, in_pyenv: false };

fn main() -> ExitCode {
    let tests: [pythons::Test; 1] = [("the adapter passes its own tests", the_adapter_passes_its_own_tests)];
    let trials = pythons::trials(ON_THE_PATH, &tests);
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn the_adapter_passes_its_own_tests(interpreter: &str) -> Result<(), Failed> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../impl/python/tests");
    let output = Command::new(interpreter)
        .args(["-m", "unittest", "discover", "--start-directory", ".", "--pattern", "test_*.py"])
        .current_dir(&tests)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(report.into_owned().into());
    }
    // An empty discovery succeeds too on older interpreters.
    if report.contains("Ran 0 tests") {
        return Err(format!("{interpreter} found no tests:\n{report}").into());
    }
    Ok(())
}
