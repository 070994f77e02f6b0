//! Every CPython that is found, as a client of a server with types of its own and with Python's.

use std::path::Path;
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed};

#[path = "server/counter.rs"]
#[expect(dead_code, reason = "the server's own tests use more of it")]
mod counter;
#[path = "../../../conformance/tests/pythons/mod.rs"]
mod pythons;

use counter::{KEY, served, settings};

/// The CPythons whose clients are served.
const ALL: pythons::Search = pythons::Search { oldest: 8, in_pyenv: true };

fn main() -> ExitCode {
    let tests: [pythons::Test; 2] = [
        ("it uses types of our own", own_types),
        ("it uses each of its own types", |python| run(python, "standard_types.py", None)),
    ];
    libtest_mimic::run(&Arguments::from_args(), pythons::trials(ALL, &tests)).exit_code()
}

fn own_types(python: &str) -> Result<(), Failed> {
    run(python, "own_types.py", None)?;
    // Addresses of other families are spelled alike by all: one is enough.
    if python == "python3" {
        let name = format!("abstract:procession-{}", std::process::id());
        run(python, "own_types.py", Some("tcp:127.0.0.1:0"))?;
        run(python, "own_types.py", Some(&name))?;
    }
    Ok(())
}

/// Runs a script of `tests/python` as a client of a server at this address.
fn run(python: &str, script: &str, at: Option<&str>) -> Result<(), Failed> {
    let key: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut settings = settings();
    settings.address = at.map(str::parse).transpose()?;
    let serving = served(settings);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
    let output = Command::new(python).arg(script).arg(serving.address().to_string()).arg(&key).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
