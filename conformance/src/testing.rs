//! Under somebody else's `cargo test`: one test per clause, for a target with `harness = false`.
//!
//! ```no_run
//! // tests/conformance.rs, with `harness = false` for it in Cargo.toml
//! # mod my { use procession::contract::*; pub struct MyIpc;
//! # impl Implementation for MyIpc {
//! #     fn manifest(&self) -> Manifest {
//! #         Manifest {
//! #             name: "my_ipc".into(),
//! #             version: "1".into(),
//! #             language: "rust".into(),
//! #             methods: vec![Method::Fork],
//! #             objects: Default::default(),
//! #             calls: Default::default(),
//! #             claims: Default::default(),
//! #             queue_level: QueueLevel::Conservation,
//! #             tick_ms: 0,
//! #         }
//! #     }
//! #     fn create(&self, _: &ObjectSpec, _: Method, _: &mut Objects) -> Result<Objects, Answer> {
//! #         Err(Answer::of(Outcome::Unsupported))
//! #     }
//! # } }
//! # use my::MyIpc;
//! procession::main!(MyIpc, expect = "");
//! ```
//!
//! The names of the tests are the ids of the clauses, so `cargo test queue/` and nextest's filters,
//! sharding and JUnit work as they do elsewhere. A clause about what the implementation declares not to
//! offer is listed as ignored: it never counts as passed. Random programs come from the seed 1, or from
//! `PROCESSION_SEED`; `PROCESSION_EXPECT` names another `expect.toml`. A failure is stored below the target's directory and the test names the command that
//! runs it again.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use procession_contract::Implementation;

use crate::clause::Clause;
use crate::evidence::EXTENSION;
use crate::expectation::Expectations;
use crate::plan::{Plan, Selection};
use crate::program::random;
use crate::report::{Report, text};
use crate::run::{AdapterCommand, warden_main};
use crate::suite::{self, Options};
use crate::{agent, clauses};

/// The environment variable that names another seed.
const SEED_VARIABLE: &str = "PROCESSION_SEED";

/// The environment variable that names a file to be used instead of the target's `expect.toml`.
const EXPECT_VARIABLE: &str = "PROCESSION_EXPECT";

/// Set in the environment of the process that serves the implementation.
const AGENT: &str = "PROCESSION_TEST_AGENT";

/// The `main` of a test target that checks an implementation: see [`crate::main!`].
///
/// `expect` is the text of an `expect.toml`; `directory` is where failures are stored, the system's
/// temporary directory if absent.
pub fn main(
    name: &'static str,
    implementation: &'static dyn Implementation,
    expect: &str,
    directory: Option<&str>,
) -> ExitCode {
    warden_main();
    if std::env::var_os(AGENT).is_some() {
        return agent::serve(name, implementation);
    }
    let ids: Vec<&str> = clauses::all().iter().map(|clause| clause.id).collect();
    let (place, expect) = match std::env::var_os(EXPECT_VARIABLE) {
        None => (format!("expect.toml of {name}"), expect.to_string()),
        Some(path) => match fs::read_to_string(&path) {
            Ok(text) => (path.display().to_string(), text),
            Err(error) => {
                eprintln!("{}: {error}; {EXPECT_VARIABLE} names an expect.toml", path.display());
                return ExitCode::from(3);
            }
        },
    };
    let expectations = match Expectations::parse(&expect, &ids) {
        Ok(expectations) => expectations,
        Err(error) => {
            eprintln!("{place}, {error}");
            return ExitCode::from(3);
        }
    };
    let seed = match std::env::var(SEED_VARIABLE).map(|seed| seed.parse()) {
        Err(_) => random::SEED,
        Ok(Ok(seed)) => seed,
        Ok(Err(error)) => {
            eprintln!("{SEED_VARIABLE}: {error}; expected a whole number");
            return ExitCode::from(3);
        }
    };
    let evidence = directory.map_or_else(std::env::temp_dir, PathBuf::from).join("procession");
    let check = Check { name, expectations, seed, evidence };
    let version = implementation.manifest().version;
    let plan = Plan::new(clauses::all(), &Selection::default(), &agent::manifest(implementation), seed);
    let trials = plan.clauses.iter().enumerate().map(|(index, clause)| {
        // An entry for a clause that does not apply is stale, and only a run says so.
        let absent = plan.settled.iter().any(|(settled, _)| *settled == index)
            && check.expectations.of(clause.id, &version).is_none();
        let (check, clause): (Check, &'static Clause) = (check.clone(), clause);
        let trial = Trial::test(clause.id, move || check.judge(clause));
        trial.with_kind(clause.level.name()).with_ignored_flag(absent)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// What every test of a target shares.
#[derive(Clone)]
struct Check {
    name: &'static str,
    expectations: Expectations,
    seed: u64,
    evidence: PathBuf,
}

impl Check {
    /// Checks one clause with a session of its own.
    fn judge(&self, clause: &'static Clause) -> Result<(), Failed> {
        let name = self.name;
        let own = std::env::current_exe()
            .map_err(|error| format!("cannot find this program's own file: {error}"))?;
        // The command takes the command line of an adapter as an implementation.
        let replay_as = Some(format!("env {AGENT}=1 {}", text::quoted(&own.display().to_string())));
        let adapter = AdapterCommand {
            name: name.into(),
            argv: vec![own.into()],
            env: vec![(AGENT.into(), "1".into())],
        };
        self.forget(clause);
        let evidence = Some(self.evidence.clone());
        let options = Options { seed: self.seed, evidence, replay_as, ..Options::default() };
        let report: Report = suite::check(&[clause], &adapter, &self.expectations, &options, &mut |_| ())?;
        match report.rows.iter().find(|row| !row.standing.is_accepted()) {
            None => Ok(()),
            Some(row) => Err(text::plain(&text::explain(row, name, 100)).into()),
        }
    }

    /// Removes what an earlier run has stored of the clause, so that a file beside a failure is its own.
    fn forget(&self, clause: &Clause) {
        let path = self.evidence.join(format!("{}.{EXTENSION}", clause.id.replace('/', ".")));
        // Where it cannot be removed, the new file gets a number.
        let _ = fs::remove_file(path);
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
            $crate::testing::main(
                stringify!($implementation),
                &$implementation,
                $expect,
                option_env!("CARGO_TARGET_TMPDIR"),
            )
        }
    };
}
