//! `implementations`: what can be named.

use super::Failure;
use super::output::say;

/// Prints the names, mutants last.
pub fn list() -> Result<u8, Failure> {
    say("reference            the implementation that this project ships (the default)");
    say("threads              threads that stand for processes: std and crossbeam");
    say("posix                mutexes, semaphores and message queues of the C library");
    say("posix_robust         the same with robust mutexes");
    say("cpython              multiprocessing of the python3 on the PATH");
    say("cpython:PATH         multiprocessing of another interpreter");
    say("cpython_on_reference its clients on the manager's server that the reference has; also with :PATH");
    say("'COMMAND LINE'       any adapter that speaks protocol 1 (conformance/PROTOCOL.md)");
    for mutant in procession_mutants::all() {
        say(format_args!("mutant:{:22}  {}", mutant.name, mutant.about));
    }
    Ok(0)
}
