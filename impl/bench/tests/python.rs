//! Cases with a CPython in them. No assertion is about speed.

mod example;
#[path = "../../../conformance/tests/pythons/mod.rs"]
mod pythons;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed};

fn main() -> ExitCode {
    let tests: [pythons::Test; 4] = [
        ("it_calls_our_server", |python| measured(python, "manager python->ours put and get, 1 client")),
        ("its_server_is_called", |python| measured(python, "manager rust->cpython d[k] = v")),
        ("it_calls_a_server_that_does_nothing", |python| {
            measured(python, "manager python->null l[0], 1 client")
        }),
        ("it_loads_a_pickle", |python| measured(python, "codec cpython loads a request")),
    ];
    libtest_mimic::run(&Arguments::from_args(), pythons::plain(8.., &tests)).exit_code()
}

fn measured(interpreter: &str, case: &str) -> Result<(), Failed> {
    example::gives_a_figure(&["--python", interpreter, "--case", case]);
    Ok(())
}
