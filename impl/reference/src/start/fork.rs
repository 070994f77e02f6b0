//! Start by fork: the child is a copy of its creator and runs the target with the arguments in place.
//!
//! What is dangerous about it is inherent: only the forking thread exists in the child, so a lock that
//! another thread held is held for ever. What this library can do it does: its own state is made anew
//! in the child, and the locks around standard output and standard error are taken by the forking
//! thread, whose text is flushed before.
//!
//! # Invariants
//! 1. The child leaves this function only by ending.
#![expect(unsafe_code, reason = "fork, and ending the copy without running its creator's exit handlers")]

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Order, Started, child, socket};
use crate::exit::{self, Ending};
use crate::process::target::Target;
use crate::process::{StartError, pidfd};

pub(crate) fn start(order: Order, target: &mut Option<Box<dyn Target>>) -> Result<Started, StartError> {
    let (ours, theirs) = UnixStream::pair()?;
    child::announce_panics();
    let mut stdout = std::io::stdout().lock();
    let stderr = std::io::stderr().lock();
    // A stream that cannot be written to stays as it is; the child discards its copy below.
    let _ = stdout.flush();
    // SAFETY: a null stream means all of them.
    unsafe { libc::fflush(std::ptr::null_mut()) };
    // SAFETY: 1; the child touches no lock that another thread may hold, apart from what the target
    // does, whose author chose this method.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    drop((stdout, stderr));
    if pid == 0 {
        drop(ours);
        become_child(order, target.take(), theirs)
    }
    drop(theirs);
    let pidfd = match pidfd::open(pid) {
        Ok(pidfd) if !is_gone(&ours) => pidfd,
        opened => {
            // Without a word from us the child ends by itself.
            drop(ours);
            collect(pid);
            return Err(opened.err().unwrap_or_else(|| std::io::ErrorKind::BrokenPipe.into()).into());
        }
    };
    // A child that was killed in the meantime has been started nevertheless.
    let _ = socket::send(&ours, b"G", &[]);
    // Until the child holds the ends and queues it was given, ours must count for it.
    let _ = socket::receive(&ours, &mut [0]);
    Ok(Started { pid, pidfd, report: None })
}

/// Whether the child has ended, so that a pidfd opened before the question might name a stranger.
fn is_gone(socket: &UnixStream) -> bool {
    let mut asked = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    poll(&mut asked, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

fn collect(pid: i32) {
    // SAFETY: a null status is allowed. Until it is collected, no other process has this pid.
    while unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) } < 0
        && nix::errno::Errno::last() == nix::errno::Errno::EINTR
    {}
}

fn become_child(order: Order, target: Option<Box<dyn Target>>, mut socket: UnixStream) -> ! {
    let null = std::fs::File::open("/dev/null");
    if let Ok(null) = &null {
        let _ = nix::unistd::dup2_stdin(null);
    }
    drop(null);
    // Ignoring SIGCHLD, as the creator may do, would lose the exit codes of this process's own
    // children. Rust's handler for the other two swallows the first signal that no fault has caused.
    for signal in [libc::SIGCHLD, libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: this disposition runs no code.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    if !child::is_wanted(&socket) {
        exit::leave(1, false)
    }
    let state = child::become_process(order, Ending::Copy);
    if let Some(target) = &target {
        // What panics in an argument's `Serialize` would not have run at all without this.
        let _ = catch_unwind(AssertUnwindSafe(|| target.inherit()));
    }
    let _ = socket.write_all(&[child::CONFIRMED]);
    drop(socket);
    state.bootstrapped();
    child::run(move || target.map_or(Ok(()), Target::run))
}

/// Forks a process that has one thread: 0 in the child.
pub(crate) fn fork_single_threaded() -> std::io::Result<i32> {
    // SAFETY: there is one thread, so the child is a full copy.
    let pid = unsafe { libc::fork() };
    if pid < 0 { Err(std::io::Error::last_os_error()) } else { Ok(pid) }
}

/// Closes every descriptor but the standard ones and `kept`, which is returned under its new number.
pub(crate) fn close_all_but(kept: OwnedFd) -> std::io::Result<OwnedFd> {
    use std::os::fd::{FromRawFd, IntoRawFd};
    const KEPT: i32 = super::exec::SOCKET;
    let old = kept.into_raw_fd();
    if old != KEPT {
        // SAFETY: replaces whatever was there; its owner in this process is never used again.
        if unsafe { libc::dup3(old, KEPT, libc::O_CLOEXEC) } < 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    // SAFETY: as above, for all the others.
    if unsafe { libc::syscall(libc::SYS_close_range, KEPT + 1, i32::MAX, 0) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: open, and ours alone since its former owners are never used again.
    Ok(unsafe { OwnedFd::from_raw_fd(KEPT) })
}
