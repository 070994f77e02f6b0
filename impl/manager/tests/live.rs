//! Against a real CPython, the one that is called `python3`: listeners and clients of either side, and its managers.

use std::process::ExitCode;

use libtest_mimic::Arguments;

/// Each of these functions as a test of its name, which fails by a panic.
macro_rules! tests {
    ($($test:ident)*) => {
        pub const TESTS: &[crate::pythons::Test] = &[$((stringify!($test), |interpreter| {
            $test(interpreter);
            Ok(())
        })),*];
    };
}

#[path = "live/connections.rs"]
mod connections;
#[path = "live/console.rs"]
mod console;
#[path = "live/objects.rs"]
mod objects;
#[path = "live/passing.rs"]
mod passing;
#[path = "../../../conformance/tests/pythons/mod.rs"]
mod pythons;
#[path = "live/typed.rs"]
mod typed;

fn main() -> ExitCode {
    let tests = [connections::TESTS, objects::TESTS, passing::TESTS, typed::TESTS].concat();
    let mut trials = pythons::plain(6.., &tests);
    trials.extend(passing::refused());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
