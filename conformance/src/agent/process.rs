//! A child process, and waiting for its end together with other events.
//!
//! # Invariants
//! 1. `pidfd_open` returns a new descriptor that nobody else owns.
//! 2. A child is waited for only through its `Child`, so until `status` is known its pid is its own.
#![expect(unsafe_code, reason = "pidfd_open has no safe wrapper in nix")]

use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// A child of this process. Its descriptor becomes readable when it has ended.
pub(super) struct Child {
    pid: Pid,
    ended: OwnedFd,
    status: Option<i32>,
}

impl Child {
    /// The child of this process with this pid, which nobody has waited for. Where it cannot be
    /// watched, for want of descriptors, it is ended.
    pub(super) fn of(pid: Pid) -> nix::Result<Child> {
        // SAFETY: the call takes two numbers.
        let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
        if descriptor < 0 {
            let error = Errno::last();
            let _ = kill(pid, Signal::SIGKILL);
            let _ = waitpid(pid, None);
            return Err(error);
        }
        // SAFETY: by 1.
        let ended = unsafe { OwnedFd::from_raw_fd(descriptor as i32) };
        Ok(Child { pid, ended, status: None })
    }

    /// Its pid.
    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Its exit status (negative for a signal), if it has ended; from then on its pid is free.
    pub(super) fn status(&mut self) -> Option<i32> {
        if self.status.is_none() {
            self.status = match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(_, status)) => Some(status),
                Ok(WaitStatus::Signaled(_, signal, _)) => Some(-(signal as i32)),
                // Somebody else has taken the status: that it has ended is all that is known.
                Err(Errno::ECHILD) => Some(0),
                _ => None,
            };
        }
        self.status
    }

    /// Waits for its end, at most so long (none: without limit). Whether it has ended.
    pub(super) fn wait(&mut self, limit: Option<Duration>) -> bool {
        let deadline = limit.map(|limit| Instant::now() + limit);
        loop {
            if self.status().is_some() {
                return true;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return false;
            }
            // Rounded up, so that the last round does not spin; longer than poll can take: again.
            let round = left.map_or(PollTimeout::NONE, |left| {
                PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX)
            });
            let _ = poll(&mut [PollFd::new(self.as_fd(), PollFlags::POLLIN)], round);
        }
    }

    /// Sends it a signal, unless it has ended.
    pub(super) fn signal(&mut self, signal: Signal) {
        if self.status().is_none() {
            let _ = kill(self.pid, signal);
        }
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ended.as_fd()
    }
}
