//! Runs programs on a scripted adapter, sound and misbehaving, with real processes.

mod adapters;
mod cleanliness;
mod fake;
mod programs;
mod sessions;
mod worker;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use procession::history::History;
use procession::program::Program;
use procession::run::{AdapterCommand, RunError, RunOptions, Session, SessionError, SessionOptions};
use procession_contract::Method;

fn main() -> ExitCode {
    procession::run::warden_main();
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some(fake::ROLE) => fake::adapter(&arguments[2]),
        Some("fake-worker") => worker::process(&arguments[2..]),
        Some(cleanliness::ROLE) => return cleanliness::suite(&arguments[2]),
        _ => {
            let trials = [programs::trials(), adapters::trials(), sessions::trials(), cleanliness::trials()];
            return libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect())
                .exit_code();
        }
    }
    ExitCode::SUCCESS
}

/// A trial of a function that panics when something is wrong.
fn trial(name: &str, check: fn()) -> Trial {
    Trial::test(name, move || {
        check();
        Ok(())
    })
}

/// The scripted adapter with this misbehaviour; none if empty.
fn command(misbehaviour: &str) -> AdapterCommand {
    let argv = vec!["/proc/self/exe".into(), fake::ROLE.into(), misbehaviour.into()];
    AdapterCommand { name: "fake".into(), argv, env: Vec::new() }
}

fn open(misbehaviour: &str, patience_ms: u64) -> Result<Session, SessionError> {
    let patience = std::time::Duration::from_millis(patience_ms);
    Session::open(&command(misbehaviour), &SessionOptions { patience, ..SessionOptions::default() })
}

fn session() -> Session {
    open("", 30_000).expect("the scripted adapter is sound")
}

fn run(session: &mut Session, program: &Program) -> Result<History, RunError> {
    session.run(program, Method::Spawn, &RunOptions::default())
}

/// Runs one program in a session of its own.
fn history(program: &Program) -> History {
    run(&mut session(), program).expect("adapter and program are sound")
}

/// What the run has left, without shared memory: where a session has none of its own, strangers may
/// have left something at the same time.
fn left(history: &History) -> Vec<String> {
    history.left.iter().filter(|left| !left.starts_with("shared memory")).cloned().collect()
}
