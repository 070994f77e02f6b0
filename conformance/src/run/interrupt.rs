//! Ctrl-C and SIGTERM: a flag that every wait of the suite sees, so that sessions end in order.
//!
//! # Invariants
//! 1. The function installed for a signal calls only what is async-signal-safe: atomics, write, _exit.
//! 2. The descriptor that it writes to is set before the function is installed and never closed.
#![expect(unsafe_code, reason = "installing a function for a signal, and what it calls")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::fcntl::OFlag;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

static SIGNAL: AtomicI32 = AtomicI32::new(0);
static WRITE_END: AtomicI32 = AtomicI32::new(-1);
static PIPE: OnceLock<(OwnedFd, OwnedFd)> = OnceLock::new();

/// From now on SIGINT and SIGTERM do not end the process but make [`requested`] say so, and every
/// run and session that is under way ends with an error; a second signal ends the process at once
/// (the wardens clean up after it too).
///
/// # Errors
/// If no pipe can be made.
pub fn install() -> std::io::Result<()> {
    if PIPE.get().is_none() {
        let pipe = nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        // Of two threads that come here at once, one's pipe is used and the other's is closed.
        let pipe = PIPE.get_or_init(|| pipe);
        WRITE_END.store(pipe.1.as_raw_fd(), Ordering::SeqCst);
    }
    let action = SigAction::new(SigHandler::Handler(note), SaFlags::SA_RESTART, SigSet::empty());
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: `note` keeps 1, and 2 holds since the descriptor was stored above.
        unsafe { sigaction(signal, &action) }?;
    }
    Ok(())
}

/// The signal that asked the suite to end, if one has.
pub fn requested() -> Option<i32> {
    match SIGNAL.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(signal),
    }
}

/// The exit status with which a program says that this signal ended it: 130 for SIGINT, 143 for
/// SIGTERM.
pub fn exit_status(signal: i32) -> i32 {
    128 + signal
}

/// Becomes readable, and stays so, when the suite has been asked to end.
pub(super) fn descriptor() -> Option<BorrowedFd<'static>> {
    PIPE.get().map(|pipe| pipe.0.as_fd())
}

extern "C" fn note(signal: i32) {
    if SIGNAL.swap(signal, Ordering::SeqCst) != 0 {
        // SAFETY: it takes no pointer and is async-signal-safe (1).
        unsafe { libc::_exit(128 + signal) };
    }
    let byte = [0u8];
    // SAFETY: the buffer is one byte that lives during the call, and write is async-signal-safe (1);
    // that the descriptor is open is not needed for soundness, and is so by 2.
    unsafe { libc::write(WRITE_END.load(Ordering::SeqCst), byte.as_ptr().cast(), 1) };
}
