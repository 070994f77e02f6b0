//! What signals do in a worker's process.
//!
//! # Invariants
//! 1. The signal handler makes one atomic addition and nothing else, which is allowed at any moment in
//!    any thread.
#![expect(unsafe_code, reason = "sets signal actions")]

use std::sync::atomic::{AtomicI64, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::unistd::Pid;
use procession_contract::{Answer, Outcome, SignalAction};

/// A count and nothing that orders anything: hence relaxed.
static COUNTED: AtomicI64 = AtomicI64::new(0);

extern "C" fn count(_signal: i32) {
    COUNTED.fetch_add(1, Ordering::Relaxed);
}

/// How many signals have been counted.
pub(super) fn counted() -> i64 {
    COUNTED.load(Ordering::Relaxed)
}

/// Decides what a signal does from now on.
pub(super) fn on(number: i32, action: SignalAction) -> Answer {
    let signal = match Signal::try_from(number) {
        Ok(signal) => signal,
        Err(error) => return Answer::error(Outcome::BadValue, format!("signal {number}: {error}")),
    };
    let action = match action {
        SignalAction::Ignore => SigHandler::SigIgn,
        SignalAction::Default => SigHandler::SigDfl,
        SignalAction::Count => SigHandler::Handler(count),
        // A function called by the system cannot raise an error in Rust.
        SignalAction::Raise => return Answer::of(Outcome::Unsupported),
    };
    // No SA_RESTART: what an implementation does about EINTR is what clauses look at.
    let action = SigAction::new(action, SaFlags::empty(), SigSet::empty());
    // SAFETY: by 1 the function may run at any moment; the other two run no code of ours.
    match unsafe { sigaction(signal, &action) } {
        Ok(_) => Answer::ok(),
        Err(error) => Answer::error(Outcome::BadValue, format!("signal {number}: {error}")),
    }
}

/// Sends a signal to this process.
pub(super) fn send_to_self(number: i32) -> Answer {
    let sent = Signal::try_from(number).and_then(|signal| kill(Pid::this(), signal));
    match sent {
        Ok(()) => Answer::ok(),
        Err(error) => Answer::error(Outcome::BadValue, format!("signal {number}: {error}")),
    }
}
