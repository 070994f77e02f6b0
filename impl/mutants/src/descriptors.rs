//! Descriptors as numbers, used as a careless library uses them.
//!
//! # Invariants
//! 1. A descriptor is open and stays so while it is used here: its owner is the caller's handle.
#![expect(unsafe_code, reason = "handles answer their descriptors as numbers")]

use std::os::fd::BorrowedFd;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

fn borrow<'a>(number: i32) -> BorrowedFd<'a> {
    // SAFETY: by 1.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// Waits until one of these is readable or the time, in milliseconds, is over: whether one is.
///
/// # Errors
/// What `poll` reports, a handled signal above all.
pub(crate) fn wait_once(numbers: &[i32], timeout_ms: Option<i64>) -> nix::Result<bool> {
    let mut waits: Vec<PollFd> =
        numbers.iter().map(|number| PollFd::new(borrow(*number), PollFlags::POLLIN)).collect();
    let limit = timeout_ms
        .map_or(PollTimeout::NONE, |ms| PollTimeout::try_from(ms.max(0)).unwrap_or(PollTimeout::MAX));
    poll(&mut waits, limit).map(|ready| ready > 0)
}

/// Lets a pipe keep each write as a packet of its own.
///
/// # Errors
/// What `fcntl` reports.
pub(crate) fn in_packets(number: i32) -> nix::Result<()> {
    fcntl(borrow(number), FcntlArg::F_SETFL(OFlag::O_DIRECT)).map(|_| ())
}
