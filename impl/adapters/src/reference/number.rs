//! Descriptors by their bare numbers, as scripts name them.
//!
//! # Invariants
//! 1. `fcntl` takes numbers and no addresses; a number that is not open is refused.
//! 2. What `F_DUPFD_CLOEXEC` returns is new and nobody else's.
#![expect(unsafe_code, reason = "duplicates a descriptor that is known by its number only")]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// A duplicate of the descriptor with this number; the number stays whose it is.
pub(super) fn duplicate(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: by 1.
    let duplicate = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 0) };
    if duplicate == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: by 2.
    Ok(unsafe { OwnedFd::from_raw_fd(duplicate) })
}

/// Whether the descriptor survives `exec`.
pub(super) fn is_inheritable(number: i32) -> io::Result<bool> {
    // SAFETY: by 1.
    match unsafe { libc::fcntl(number, libc::F_GETFD) } {
        -1 => Err(io::Error::last_os_error()),
        flags => Ok(flags & libc::FD_CLOEXEC == 0),
    }
}
