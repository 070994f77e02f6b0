//! A process by its descriptor: waiting for it, signalling it, learning how it ended.
//!
//! A pidfd names one process for ever, so neither a wait nor a signal can meet a stranger that got
//! the same number later.
//!
//! # Invariants
//! 1. Every descriptor handed to the kernel here is borrowed for the call.
//! 2. Every structure handed to the kernel here is ours, of the size that the call expects, and one
//!    for which any bytes are a value.
#![expect(unsafe_code, reason = "calls pidfd_open, pidfd_send_signal, waitid and an ioctl")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// It exited with this code, 0 to 255.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// It has ended, but its status went to somebody else: SIGCHLD is ignored, or foreign code
    /// waited for it. Only kernels before 6.15 forget it then.
    Unknown,
}

/// What asking for the status of a child gave.
pub(crate) enum Reaped {
    Ended(Exit),
    NotOurs,
    NotYet,
}

/// The descriptor of the process `pid`, close-on-exec.
pub(crate) fn open(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: takes no pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Sends a signal; to a process that has ended, nothing is sent and that is no error.
pub(crate) fn signal(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    let info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: 1; a null `info` is allowed and means what `kill` sends.
    let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, info, 0) };
    match sent {
        0 => Ok(()),
        _ if Errno::last() == Errno::ESRCH => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Waits until the process has ended, at most until `deadline`; handled signals do not end the wait.
pub(crate) fn ended(pidfd: BorrowedFd<'_>, deadline: Option<Instant>) -> io::Result<bool> {
    poll(pidfd, PollFlags::POLLIN, deadline)
}

fn poll(pidfd: BorrowedFd<'_>, events: PollFlags, deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        let left = deadline.map(|at| TimeSpec::from(at.saturating_duration_since(Instant::now())));
        match ppoll(&mut [PollFd::new(pidfd, events)], left, None) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Collects a child that has ended; with `block`, waits for its end.
pub(crate) fn reap(pidfd: BorrowedFd<'_>, block: bool) -> io::Result<Reaped> {
    let options = libc::WEXITED | if block { 0 } else { libc::WNOHANG };
    loop {
        // SAFETY: 2; all zeroes is a `siginfo_t`.
        let mut info = unsafe { std::mem::zeroed::<libc::siginfo_t>() };
        // SAFETY: 1 and 2.
        let done =
            unsafe { libc::waitid(libc::P_PIDFD, pidfd.as_raw_fd() as libc::id_t, &mut info, options) };
        if done < 0 {
            match Errno::last() {
                Errno::EINTR => continue,
                Errno::ECHILD => return Ok(Reaped::NotOurs),
                errno => return Err(errno.into()),
            }
        }
        // SAFETY: 2; waitid has filled in these fields, or left the zeroes.
        let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
        return Ok(match info.si_code {
            _ if pid == 0 => Reaped::NotYet,
            libc::CLD_EXITED => Reaped::Ended(Exit::Code(status)),
            _ => Reaped::Ended(Exit::Signal(status)),
        });
    }
}

/// How a process ended that somebody else has collected, or is just collecting: the kernel keeps it
/// with the descriptor, since 6.15.
pub(crate) fn remembered(pidfd: BorrowedFd<'_>) -> Exit {
    let patience = Instant::now() + std::time::Duration::from_secs(1);
    loop {
        match info(pidfd) {
            Ok(Some(exit)) => return exit,
            // The process is being released at this moment; the kernel says so by hanging up.
            Ok(None) if Instant::now() < patience => {
                if poll(pidfd, PollFlags::empty(), Some(patience)).is_err() {
                    return Exit::Unknown;
                }
            }
            _ => return Exit::Unknown,
        }
    }
}

/// How a process ended that its parent has not collected, and perhaps never will: the fork server that
/// made it has died, and whoever it was handed to takes its time. `None` if only a collected process
/// can tell.
///
/// The kernel shows the status of one that waits to be collected. Its number is still its own if it
/// was not collected before nor after the look.
pub(crate) fn uncollected(pidfd: BorrowedFd<'_>, pid: i32) -> Option<Exit> {
    if !matches!(info(pidfd), Ok(None)) {
        return None;
    }
    let exit = status_shown(pid)?;
    matches!(info(pidfd), Ok(None)).then_some(exit)
}

/// The exit status in the process's `stat`: the last of its fields.
fn status_shown(pid: i32) -> Option<Exit> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    if fields.next() != Some("Z") {
        return None;
    }
    // To a stranger the kernel shows a zero in its place.
    let is_ours = std::fs::metadata(format!("/proc/{pid}")).is_ok_and(|directory| {
        std::os::unix::fs::MetadataExt::uid(&directory) == nix::unistd::geteuid().as_raw()
    });
    if !is_ours {
        return None;
    }
    fields.last()?.parse().ok().map(exit_of)
}

fn exit_of(status: i32) -> Exit {
    match libc::WIFEXITED(status) {
        true => Exit::Code(libc::WEXITSTATUS(status)),
        false => Exit::Signal(libc::WTERMSIG(status)),
    }
}

/// `struct pidfd_info` of `linux/pidfd.h`, in its first published size.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

const PIDFD_INFO_EXIT: u64 = 1 << 3;
/// `_IOWR(0xFF, 11, struct pidfd_info)`.
const PIDFD_GET_INFO: libc::c_ulong =
    3 << 30 | (size_of::<PidfdInfo>() as libc::c_ulong) << 16 | 0xff << 8 | 11;

fn info(pidfd: BorrowedFd<'_>) -> Result<Option<Exit>, Errno> {
    let mut info = PidfdInfo { mask: PIDFD_INFO_EXIT, ..PidfdInfo::default() };
    // SAFETY: 1 and 2; the request names the size of the structure.
    Errno::result(unsafe { libc::ioctl(pidfd.as_raw_fd(), PIDFD_GET_INFO, &mut info) })?;
    if info.mask & PIDFD_INFO_EXIT == 0 {
        return Ok(None);
    }
    Ok(Some(exit_of(info.exit_code)))
}

/// The descriptor of this process itself, for its children to watch.
pub(crate) fn of_this_process() -> io::Result<OwnedFd> {
    open(std::process::id() as i32)
}

impl Exit {
    /// The code as `multiprocessing` counts it: −N for signal N; `None` if it is unknown.
    pub fn code(self) -> Option<i32> {
        match self {
            Exit::Code(code) => Some(code),
            Exit::Signal(signal) => Some(-signal),
            Exit::Unknown => None,
        }
    }
}

/// The descriptor that becomes readable when a process ends, and stays so.
///
/// It stays open as long as this value, also when the process object is closed.
#[derive(Clone, Debug)]
pub struct Sentinel(pub(crate) std::sync::Arc<OwnedFd>);

impl AsFd for Sentinel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Sentinel {
    fn as_raw_fd(&self) -> i32 {
        self.0.as_raw_fd()
    }
}
