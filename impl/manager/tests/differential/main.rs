//! The objects of a server beside Python's own, those of the CPython that is called `python3`: the same calls come to
//! the same results, and to errors of the same classes.

use std::process::ExitCode;

use libtest_mimic::Arguments;
// Where the bench finds them, which stands in unit tests too.
use procession_manager::{python, server};

#[path = "../../src/server/referents/container_tests/bench.rs"]
#[expect(dead_code, reason = "the unit tests use more of it")]
mod bench;
mod containers;
mod datum;
mod oracle;
#[path = "../../../../conformance/tests/pythons/mod.rs"]
mod pythons;
mod waits;

fn main() -> ExitCode {
    // Of later ones nobody knows yet what differs.
    let mut trials = pythons::plain(6..=13, &containers::TESTS);
    // Older ones do not know all the arguments.
    trials.extend(pythons::plain(9..=13, &waits::TESTS));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
