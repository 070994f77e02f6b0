//! The tests of the adapter for CPython, which are written in Python: a scripted suite side plays the
//! adapter through every family of calls. They run on every interpreter that is found.

use std::path::Path;
use std::process::Command;

/// Interpreters by their usual names; `python3` must exist, the others are tried where they run.
const INTERPRETERS: [&str; 7] =
    ["python3", "python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13"];

/// The interpreter's version, if there is such an interpreter and it runs.
fn version(interpreter: &str) -> Option<String> {
    let program = "import sys; print(sys.version.split()[0], sys.implementation.name)";
    let output = Command::new(interpreter).args(["-c", program]).output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && version.ends_with(" cpython")).then_some(version)
}

#[test]
fn the_adapter_passes_its_own_tests_on_every_interpreter_found() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../impl/python/tests");
    let mut tried: Vec<String> = Vec::new();
    for interpreter in INTERPRETERS {
        let Some(version) = version(interpreter) else {
            assert_ne!(
                interpreter, "python3",
                "the tests of the Python adapter need a CPython named python3"
            );
            println!("{interpreter}: not found, or does not run");
            continue;
        };
        if tried.contains(&version) {
            println!("{interpreter}: {version}, tried already");
            continue;
        }
        println!("{interpreter}: {version}");
        let output = Command::new(interpreter)
            .args(["-m", "unittest", "discover", "--start-directory", ".", "--pattern", "test_*.py"])
            .current_dir(&tests)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("the interpreter has just run");
        let report = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{interpreter} ({version}):\n{report}");
        // An empty discovery succeeds too on older interpreters.
        assert!(!report.contains("Ran 0 tests"), "{interpreter} found no tests:\n{report}");
        tried.push(version);
    }
}
