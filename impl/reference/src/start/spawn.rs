//! Start by executing the program again: the default.
//!
//! The child shares no memory with its creator, so it can neither inherit a lock that somebody held
//! nor a half initialised library. It has standard output and standard error, its arguments'
//! descriptors, a pidfd of its creator and the pipe of its family, and no other descriptor.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::{Order, Started, child, exec, socket};
use crate::process::state::{State, lock};
use crate::process::{StartError, pidfd};
use crate::transfer::{self, Parcel, Purpose};

pub(crate) fn start(state: &'static State, order: &Order, args: &Parcel) -> Result<Started, StartError> {
    let order = transfer::encode_with_descriptors(order, Purpose::Starting)?;
    let (ours, theirs) = UnixStream::pair()?;
    let program = lock(&state.executable).clone().unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
    let launched = exec::launch(&program, &OwnedFd::from(theirs))?;
    let started = Started { pid: launched.pid, pidfd: launched.pidfd, report: None };
    if let Err(error) = deliver(&ours, &order, args) {
        // The child has refused, and is ending. Nobody else will collect it.
        pidfd::reap(started.pidfd.as_fd(), true)?;
        return Err(error);
    }
    Ok(started)
}

/// Sends the order and waits until the child has confirmed that it holds its arguments. Until then
/// the parcels, and so duplicates of what is in flight, live in the creator. A child that is killed
/// meanwhile has been started nevertheless: its exit code tells.
pub(crate) fn deliver(mut socket: &UnixStream, order: &Parcel, args: &Parcel) -> Result<(), StartError> {
    let mut answer = [0];
    if socket::send_letter(socket, order, args).is_err() || socket.read_exact(&mut answer).is_err() {
        return Ok(());
    }
    match answer[0] {
        child::DIFFERS => Err(StartError::ProgramDiffers),
        // Arguments that arrive but cannot be decoded end the child with a report and exit code 1.
        _ => Ok(()),
    }
}
