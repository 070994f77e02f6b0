//! Every CPython that is at hand, as a client of a server with types of its own.
//!
//! Without one the test here says so and passes: everything else in this directory needs none.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::counter::{KEY, served, settings};

/// Every CPython from 3.6 on that is at hand: `python3`, and those that pyenv keeps.
fn pythons() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("python3")];
    if let Some(home) = std::env::var_os("HOME")
        && let Ok(versions) = std::fs::read_dir(Path::new(&home).join(".pyenv/versions"))
    {
        found.extend(versions.flatten().map(|version| version.path().join("bin/python3")));
    }
    let check = "import sys; sys.exit(sys.implementation.name != 'cpython' or sys.version_info < (3, 6))";
    found.retain(|python| {
        Command::new(python).args(["-c", check]).status().is_ok_and(|status| status.success())
    });
    if found.is_empty() {
        eprintln!("no CPython here: nothing tried");
    }
    found
}

/// Runs a script of `tests/python` as a client of a server at this address, with every one of these.
fn run(script: &str, pythons: &[PathBuf], at: Option<&str>) {
    let key: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    for python in pythons {
        let mut settings = settings();
        settings.address = at.map(|address| address.parse().expect("an address"));
        let serving = served(settings);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
        let output = Command::new(python)
            .arg(script)
            .arg(serving.address().to_string())
            .arg(&key)
            .output()
            .expect("a python that ran before");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said:.3000}", python.display());
    }
}

#[test]
fn own_types_are_used_from_python() {
    run("own_types.py", &pythons(), None);
}

#[test]
fn standard_types_are_used_from_python() {
    run("standard_types.py", &pythons(), None);
}

#[test]
fn a_server_has_any_address() {
    let name = format!("abstract:procession-{}", std::process::id());
    for at in ["tcp:127.0.0.1:0", &name] {
        run("own_types.py", &pythons()[..1.min(pythons().len())], Some(at));
    }
}
