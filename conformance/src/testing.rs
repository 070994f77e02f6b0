//! Under somebody else's `cargo test`: one test per clause, for a target with `harness = false`.
//!
//! ```no_run
//! // tests/conformance.rs, with `harness = false` for it in Cargo.toml
//! # mod my { use procession::contract::*; pub struct MyIpc;
//! # impl Implementation for MyIpc {
//! #     fn manifest(&self) -> Manifest { unimplemented!() }
//! #     fn create(&self, _: &ObjectSpec, _: Method) -> Result<Objects, Answer> { unimplemented!() }
//! # } }
//! # use my::MyIpc;
//! procession::main!(MyIpc, expect = "");
//! ```
//!
//! The names of the tests are the ids of the clauses, so `cargo test queue/` and nextest's filters,
//! sharding and JUnit work as they do elsewhere. A clause about what the implementation declares not to
//! offer is listed as ignored: it never counts as passed.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use procession_contract::Implementation;

use crate::clause::Clause;
use crate::expectation::Expectations;
use crate::plan::{Plan, Selection};
use crate::report::{Report, text};
use crate::run::{AdapterCommand, RunOptions, warden_main};
use crate::suite::{self, Options};
use crate::{agent, clauses};

/// Set in the environment of the process that serves the implementation.
const AGENT: &str = "PROCESSION_TEST_AGENT";

/// The seed of random programs, if `PROCESSION_SEED` does not name another.
const SEED: u64 = 1;

/// The `main` of a test target that checks an implementation: see [`crate::main!`].
///
/// `expect` is the text of an `expect.toml`.
pub fn main(name: &'static str, implementation: &'static dyn Implementation, expect: &str) -> ExitCode {
    warden_main();
    if std::env::var_os(AGENT).is_some() {
        return agent::serve(name, implementation);
    }
    let ids: Vec<&str> = clauses::all().iter().map(|clause| clause.id).collect();
    let expectations = match Expectations::parse(expect, &ids) {
        Ok(expectations) => expectations,
        Err(error) => {
            eprintln!("expect.toml of {name}: {error}");
            return ExitCode::from(3);
        }
    };
    let seed = std::env::var("PROCESSION_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let plan = Plan::new(clauses::all(), &Selection::default(), &agent::manifest(implementation), seed);
    let trials = plan.clauses.iter().enumerate().map(|(index, clause)| {
        let absent = plan.settled.iter().any(|(settled, _)| *settled == index);
        let expectations = expectations.clone();
        let clause: &'static Clause = clause;
        let trial = Trial::test(clause.id, move || judge(name, clause, &expectations, seed));
        trial.with_kind(clause.level.name()).with_ignored_flag(absent)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// Checks one clause with a session of its own.
fn judge(name: &str, clause: &'static Clause, expectations: &Expectations, seed: u64) -> Result<(), Failed> {
    let own =
        std::env::current_exe().map_err(|error| format!("cannot find this program's own file: {error}"))?;
    let adapter =
        AdapterCommand { name: name.into(), argv: vec![own.into()], env: vec![(AGENT.into(), "1".into())] };
    let options = Options {
        selection: Selection::default(),
        seed,
        jobs: 1,
        quick: false,
        evidence: Some(std::env::temp_dir().join("procession")),
        run: RunOptions::default(),
    };
    let report: Report = suite::check(&[clause], &adapter, expectations, &options, &mut |_| ())?;
    match report.rows.iter().find(|row| !row.standing.is_accepted()) {
        None => Ok(()),
        Some(row) => Err(text::plain(&text::explain(row, name)).into()),
    }
}

/// Makes the `main` of a test target that checks an implementation in Rust, one test per clause.
///
/// The first argument is a constant or static expression that implements
/// [`Implementation`](procession_contract::Implementation); `expect` is the text of an `expect.toml`, usually
/// by `include_str!`.
#[macro_export]
macro_rules! main {
    ($implementation:expr) => {
        $crate::main!($implementation, expect = "");
    };
    ($implementation:expr, expect = $expect:expr) => {
        fn main() -> std::process::ExitCode {
            $crate::testing::main(stringify!($implementation), &$implementation, $expect)
        }
    };
}
