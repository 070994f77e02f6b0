//! Forks of a process that has one thread.
//!
//! # Invariants
//! 1. When `fork` is called, the calling thread is the only one of its process: the kernel's list says
//!    so, and nobody else exists who could add one. The copy therefore has every thread that the
//!    original had, no lock in it is held by a thread that is not there, and it may go on as any program.
#![expect(unsafe_code, reason = "fork, and _exit, which runs nothing at the end")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::unistd::ForkResult;

use super::process::Child;

/// Why a process was not forked.
#[derive(Debug)]
pub(super) enum ForkError {
    /// The process has so many threads; a copy would have one of them, and the others' locks for ever.
    NotAlone(usize),
    /// The system refused.
    Os(Errno),
}

impl std::fmt::Display for ForkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ForkError::NotAlone(threads) => {
                write!(f, "the process has {threads} threads; only one with a single thread can be forked")
            }
            ForkError::Os(error) => write!(f, "fork failed: {error}"),
        }
    }
}

impl std::error::Error for ForkError {}

/// Forks; the copy runs `body`, which returns its exit status, and then ends as a program does that
/// calls `exit`: with the functions registered for that, without going back to the caller.
pub(super) fn fork(body: impl FnOnce() -> i32) -> Result<Child, ForkError> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    if threads != 1 {
        return Err(ForkError::NotAlone(threads));
    }
    // SAFETY: by 1 the copy is a whole process.
    match unsafe { nix::unistd::fork() }.map_err(ForkError::Os)? {
        ForkResult::Parent { child } => Child::of(child).map_err(ForkError::Os),
        ForkResult::Child => {
            // A panic must not unwind into the frames copied from the original.
            let status = catch_unwind(AssertUnwindSafe(body)).unwrap_or(101);
            std::process::exit(status)
        }
    }
}

/// Ends the process at once, without anything that is done at a normal end.
pub(super) fn exit_at_once(status: i32) -> ! {
    // SAFETY: `_exit` may be called at any moment; nothing of ours runs after it.
    unsafe { libc::_exit(status) }
}
