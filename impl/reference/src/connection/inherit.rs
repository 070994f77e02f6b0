//! A connection on a descriptor that is only a number: one inherited through `exec`, or named on a
//! command line.
//!
//! # Invariants
//! 1. A number becomes an `OwnedFd` only after the kernel has said that it is open; that nothing
//!    else in the process owns it is the caller's promise.

#![expect(unsafe_code, reason = "takes the ownership of a descriptor number")]

use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use super::{Connection, FromFdError};

impl Connection {
    /// A connection on the descriptor with this number, which it owns from then on.
    ///
    /// The descriptor is made close-on-exec.
    ///
    /// # Errors
    /// [`FromFdError::Negative`] and [`FromFdError::NoDirection`] before the number is used,
    /// [`FromFdError::BadDescriptor`] when it is not open or otherwise unfit, as in
    /// [`from_fd`](Connection::from_fd); an unfit descriptor is closed.
    ///
    /// # Safety
    /// Nothing else in this process may own the descriptor, if it is open.
    pub unsafe fn from_number(
        number: i64,
        readable: bool,
        writable: bool,
    ) -> Result<Connection, FromFdError> {
        if number < 0 {
            return Err(FromFdError::Negative(number));
        }
        if !readable && !writable {
            return Err(FromFdError::NoDirection);
        }
        let closed = || FromFdError::BadDescriptor(format!("descriptor {number} is not open"));
        let number = RawFd::try_from(number).map_err(|_| closed())?;
        // SAFETY: the call takes no pointers, and refuses a number that is not open.
        if unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } != 0 {
            return Err(closed());
        }
        // SAFETY: by 1 it is open, and the caller promises that nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(number) };
        Connection::from_fd(fd, readable, writable)
    }
}
