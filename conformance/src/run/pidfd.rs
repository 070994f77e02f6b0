//! Processes by descriptor, so that a signal never reaches a stranger who got a used pid, and limits
//! of other processes: the system calls for which nix has no wrapper.
//!
//! # Invariants
//! 1. Every pointer given to a system call is null or points to a live value of the type that the
//!    call's manual page names, for the duration of the call.
//! 2. A descriptor returned by pidfd_open is new and owned by nobody else.
#![expect(unsafe_code, reason = "pidfd_open, pidfd_send_signal and prlimit are not in nix")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// A process, held by a descriptor.
#[derive(Debug)]
pub(super) struct PidFd(OwnedFd);

impl PidFd {
    /// Opens a process that has not been reaped yet. Who must be sure that it is the one that was
    /// meant looks at its start time afterwards: from here on it cannot change.
    ///
    /// # Errors
    /// ESRCH if there is no such process; EMFILE and the like.
    pub(super) fn open(pid: i32) -> io::Result<PidFd> {
        // SAFETY: no pointers are involved (1).
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has succeeded, so by 2 the descriptor is ours alone.
        Ok(PidFd(unsafe { OwnedFd::from_raw_fd(fd as i32) }))
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// ESRCH if the process has been reaped, EINVAL for a number that is no signal.
    pub(super) fn signal(&self, signal: i32) -> io::Result<()> {
        let info: *const libc::siginfo_t = std::ptr::null();
        // SAFETY: the only pointer is null, which the call allows (1).
        let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.0.as_raw_fd(), signal, info, 0) };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Whether the process has ended: reaped, or a zombie.
    pub(super) fn is_gone(&self) -> bool {
        let mut ready = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        poll(&mut ready, PollTimeout::ZERO).is_ok_and(|count| count > 0)
    }
}

impl AsFd for PidFd {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sets the soft limit of a process's descriptor numbers.
///
/// # Errors
/// ESRCH if there is no such process, EPERM if it is another user's.
pub(super) fn limit_descriptors(pid: i32, soft: u64) -> io::Result<()> {
    set_limit(pid, libc::RLIMIT_NOFILE, soft)
}

/// Sets the soft limit of a process's address space, in bytes.
///
/// # Errors
/// ESRCH if there is no such process, EPERM if it is another user's.
pub(super) fn limit_memory(pid: i32, soft: u64) -> io::Result<()> {
    set_limit(pid, libc::RLIMIT_AS, soft)
}

fn set_limit(pid: i32, resource: libc::__rlimit_resource_t, soft: u64) -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the new limit is null, the old one points to a live rlimit (1).
    if unsafe { libc::prlimit(pid, resource, std::ptr::null(), &mut limit) } < 0 {
        return Err(io::Error::last_os_error());
    }
    limit.rlim_cur = soft.min(limit.rlim_max);
    // SAFETY: the new limit points to a live rlimit, the old one is null (1).
    if unsafe { libc::prlimit(pid, resource, &limit, std::ptr::null_mut()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
