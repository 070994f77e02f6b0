//! The agent: the adapter's side of the protocol (`PROTOCOL.md`) for implementations in Rust.
//!
//! A program that links an implementation calls [`serve`] first thing in `main`; the implementation's
//! own processes call [`work`], through [`procession_contract::Body`]. Everything between the suite's
//! socket and the implementation is here: fresh processes, threads, timing, histories.
//!
//! # Who does which call
//!
//! | calls | done by |
//! |---|---|
//! | on the name of an object, an end or a process | that [`Object`](procession_contract::Object) |
//! | `wait`, `send_connection`, `recv_connection`, `wrap_descriptor`, `at_exit_send` | [`Implementation::call`], with the worker's objects, into which it puts what it creates |
//! | on `current` and `parent` | [`Implementation::call`] |
//! | on nothing, about the library (`active_children`, `start_method`, `context`, …) | [`Implementation::call`] |
//! | `forget` | the agent, which drops the worker's handle |
//! | `proc_state` | the agent, with the pid that the process object answers |
//! | on nothing, about the worker itself (`sleep` … `word_read` in [`Call`]) | the agent |
//! | any on a worker of kind `thread` | the agent (`start`, `join`, `is_alive`) |
//! | any on a process, where the implementation has none of its own | the agent, as far as the manifest declares it (`start`, `join`, `is_alive`, `pid`, `exitcode`, `terminate`, `kill`) |

mod blocks;
mod clock;
mod connection;
mod control;
mod descriptors;
mod fork;
mod forked;
mod history;
mod interpreter;
mod main_worker;
mod mapping;
mod mutex;
mod own;
mod process;
mod report;
mod signals;
mod thread;
mod words;
mod worker;

use std::path::Path;
use std::process::ExitCode;

use procession_contract::{Call, Ending, Implementation, Manifest, Objects, Ticket};

/// What the suite is told: the implementation's own manifest, and the calls that the agent makes itself.
pub fn manifest(implementation: &dyn Implementation) -> Manifest {
    let mut manifest = implementation.manifest();
    manifest.calls.extend(Call::OWN.iter().map(|call| (*call).to_owned()));
    manifest
}

/// Serves the suite that named its socket in `PROCESSION_SOCKET`, until it says `bye` or is gone.
///
/// `name` is the name under which a worker's process finds `implementation` again: it is passed on in
/// each [`Ticket`]. To be called while the process has one thread, because each run's main worker is a
/// fork of it. Fails, with a line on standard error, when there is no suite, when the suite says what
/// the protocol does not allow, or when a second thread exists.
pub fn serve(name: &str, implementation: &'static dyn Implementation) -> ExitCode {
    match control::serve(name, implementation) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("procession agent of {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes this process know the run of this directory: for the implementation's own processes that are no workers.
/// A failure is written to standard error, and leaves the run's words as if there were none.
pub fn join_run(directory: &Path) {
    if let Err(error) = words::Words::open(directory) {
        eprintln!("procession agent: the words in {}: {error}", directory.display());
    }
}

/// Does the steps of the worker that `ticket` names, with these handles, and says how it is to end.
///
/// To be called by the worker's body, in the process or thread that the implementation started for it.
/// Constructs and starts the worker's own children first, and waits for its threads last. A failure
/// before the first step is written to standard error and left in the run's directory for the control
/// process; the worker then ends with status 1.
pub fn work(ticket: Ticket, objects: Objects, implementation: &'static dyn Implementation) -> Ending {
    connection::forget_inherited();
    worker::work(ticket, objects, implementation)
}
