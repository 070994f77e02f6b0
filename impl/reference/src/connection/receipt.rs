//! Holding what a value needs until its receiver has it.
//!
//! With such a value goes the writing end of a pipe, which nobody asks for: it is closed when the
//! value has been decoded, refused or lost with its receiver, whichever comes first.

use std::any::Any;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::OFlag;

use super::SendError;
use super::descriptor::wait_readable;
use crate::wait::Until;

/// Adds a request for a receipt behind the descriptors of a value, if it is wanted.
pub(super) fn ask_for(
    mut descriptors: Vec<OwnedFd>,
    wanted: bool,
) -> Result<(Option<OwnedFd>, Vec<OwnedFd>), SendError> {
    if !wanted {
        return Ok((None, descriptors));
    }
    let (receipt, request) =
        nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|error| SendError::Os(error.into()))?;
    descriptors.push(request);
    Ok((Some(receipt), descriptors))
}

/// Keeps `held` in a thread of its own until the receipt is there. To be called before the value is
/// sent, for a failure to leave nothing sent.
pub(super) fn keep_until(receipt: Option<OwnedFd>, held: Vec<Box<dyn Any + Send>>) -> Result<(), SendError> {
    let Some(receipt) = receipt else { return Ok(()) };
    let keep = move || {
        // An error means that nothing can be known: letting go is then the best.
        let _ = wait_readable(receipt.as_fd(), Until::NEVER);
        drop(held);
    };
    let thread = std::thread::Builder::new().name("receipt".into()).spawn(keep);
    thread.map(drop).map_err(SendError::Os)
}
