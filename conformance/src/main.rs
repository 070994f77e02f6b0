//! The command `procession`: checks implementations of inter-process communication against the clauses.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    procession::run::warden_main();
    command::run()
}
