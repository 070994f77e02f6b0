//! Adapters that misbehave: the error names the first wrong thing and whose fault it is.

use std::time::Duration;

use libtest_mimic::Trial;
use procession::history::RunEnd;
use procession::program::Program;
use procession::program::build::*;
use procession::run::{RunError, RunOptions, SessionError};
use procession_contract::{Call, Method, Worker};

use super::{open, run, session, trial};

pub fn trials() -> Vec<Trial> {
    let at_hello = [
        ("exit-at-hello", "the adapter has ended with status 3"),
        ("hang-at-hello", "it has said nothing on its connection, expected `hello`"),
        ("garbage-at-hello", "a line is not JSON"),
        (
            "unknown-field",
            "message `hello`, field `manifest.colour`: unknown field `colour`, expected one of",
        ),
        ("another-protocol", "message `hello`, field `protocol`: [7], expected that 1 is among them"),
    ];
    let in_run = [
        ("crash", "the adapter was ended by signal 6"),
        ("ignore-run", "no process of the run has come into being"),
        ("early-clean", "message `clean` before `teardown` was sent"),
        ("hello-again", "message `hello` again, expected it once"),
        ("wrong-run", "message `ended`, field `run`: \"77\", expected \"1\""),
        ("garbage", "a line is not UTF-8"),
        ("wrong-type", "message `ended`, field `status`: invalid type: string \"fine\", expected i32"),
        ("no-ended", "expected message `ended`"),
        ("early-ended", "but the main worker's process"),
        ("no-clean", "after `teardown` there was no answer, expected `clean`"),
        ("worker-of-another-run", "message `worker`, field `run`: \"0\", expected \"1\""),
        ("wrong-tid", "message `worker`, field `tid`: 1 is no thread of process"),
        ("wrong-step", "record 0: step 1, expected less than 1"),
        ("wrong-seal", "record 0: the seal is 9, expected 1"),
    ];
    let mut trials = vec![
        trial("lines_may_come_in_pieces", lines_may_come_in_pieces),
        trial("what_is_not_offered_is_no_fault", what_is_not_offered_is_no_fault),
        trial("a_log_is_part_of_the_error", a_log_is_part_of_the_error),
    ];
    for (misbehaviour, expected) in at_hello {
        trials.push(Trial::test(format!("adapter_{misbehaviour}"), move || {
            let patience_ms = if misbehaviour == "hang-at-hello" { 300 } else { 30_000 };
            match open(misbehaviour, patience_ms) {
                Err(SessionError::Adapter(error)) if error.problem.contains(expected) => Ok(()),
                other => Err(format!("expected {expected:?}, found {other:?}").into()),
            }
        }));
    }
    for (misbehaviour, expected) in in_run {
        trials.push(Trial::test(format!("adapter_{misbehaviour}"), move || {
            // Where the adapter shall be found silent, no less time gives another result.
            let silent = ["ignore-run", "no-ended", "no-clean"].contains(&misbehaviour);
            let mut session = open("", if silent { 1_500 } else { 30_000 })?;
            let deadline = Duration::from_millis(if silent { 500 } else { 20_000 });
            let options = RunOptions { deadline, ..RunOptions::default() };
            let nap = if misbehaviour == "early-ended" { 60_000 } else { 1 };
            match session.run(&misbehaving(misbehaviour, nap), Method::Spawn, &options) {
                Err(RunError::Adapter(error)) if error.problem.contains(expected) => {}
                other => return Err(format!("expected {expected:?}, found {other:?}").into()),
            }
            assert!(!session.is_open(), "an adapter that misbehaves is not used again");
            session.reopen()?;
            assert_eq!(run(&mut session, &misbehaving("", 1))?.end, RunEnd::Completed);
            Ok(())
        }));
    }
    trials
}

pub fn misbehaving(misbehaviour: &str, nap_ms: u64) -> Program {
    let process_name = Some(misbehaviour.into());
    Program::new().role(Worker { parent: None, process_name, ..worker("main") }, [sleep(nap_ms)])
}

fn lines_may_come_in_pieces() {
    let mut session = open("split-lines", 30_000).expect("it is sound, if slow");
    let history = run(&mut session, &Program::new().main([own(Call::Getpid)]));
    assert_eq!(history.expect("adapter and program are sound").end, RunEnd::Completed);
}

fn what_is_not_offered_is_no_fault() {
    let mut session = session();
    let result = run(&mut session, &misbehaving("unsupported", 1));
    assert_eq!(result, Err(RunError::Unsupported("no `os_pipe` here".into())));
    assert_eq!(run(&mut session, &misbehaving("", 1)).expect("it goes on").end, RunEnd::Completed);
}

fn a_log_is_part_of_the_error() {
    let Err(SessionError::Adapter(error)) = open("exit-at-hello", 30_000) else { panic!("it exits") };
    assert_eq!(error.log, "a word of farewell");
    let Err(RunError::Adapter(error)) = run(&mut session(), &misbehaving("crash", 1)) else {
        panic!("it crashes")
    };
    assert!(error.log.ends_with("a stack trace"), "{}", error.log);
}
