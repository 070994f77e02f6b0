//! This program, executed again in a new process that shares nothing with the caller.
//!
//! The new process is made like `posix_spawn` makes it, by `clone` with `CLONE_VM | CLONE_VFORK`: the
//! cost does not grow with the caller's memory, and the pidfd comes from the same call, so it can
//! never be that of a stranger.
//!
//! # Invariants
//! 1. Between `clone` and `execve` the child shares the memory of the caller, whose thread stands
//!    still: the child reads what `Plan` points to, writes only `Plan::error` and its own stack, and
//!    calls nothing but system calls.
//! 2. All signals are blocked in the child until the new program unblocks them, so that no handler
//!    of the caller runs in it.
#![expect(unsafe_code, reason = "clone, and what the child does before execve")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

/// A new process.
pub(crate) struct Launched {
    pub(crate) pid: i32,
    pub(crate) pidfd: OwnedFd,
}

/// The descriptor at which the new program finds its socket.
pub(crate) const SOCKET: RawFd = 3;

/// The variable that tells the new program so: the descriptor, a colon and the socket's inode.
pub(crate) const VARIABLE: &str = "PROCESSION_START";

/// Executes `program` with the caller's arguments and environment, the null device as standard input
/// and `socket` as the only descriptor beside standard output and standard error.
pub(crate) fn launch(program: &Path, socket: &OwnedFd) -> io::Result<Launched> {
    let program = CString::new(program.as_os_str().to_owned().into_vec())?;
    let inode = nix::sys::stat::fstat(socket)?.st_ino;
    let mut arguments: Vec<CString> = Vec::new();
    for argument in std::env::args_os() {
        arguments.push(CString::new(argument.into_vec())?);
    }
    let mut environment = vec![CString::new(format!("{VARIABLE}={SOCKET}:{inode}"))?];
    for (name, value) in std::env::vars_os() {
        if name == VARIABLE {
            continue;
        }
        let mut entry = name.into_vec();
        entry.push(b'=');
        entry.extend(value.into_vec());
        environment.push(CString::new(entry)?);
    }
    let arguments = pointers(&arguments);
    let environment = pointers(&environment);
    let mut plan = Plan {
        program: program.as_ptr(),
        arguments: arguments.as_ptr(),
        environment: environment.as_ptr(),
        socket: socket.as_raw_fd(),
        error: 0,
    };

    let mut stack = vec![0u8; 64 * 1024];
    let top = stack.as_mut_ptr_range().end.map_addr(|end| end & !15);
    let mut pidfd: RawFd = -1;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let mut mask = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut mask))?;
    // SAFETY: 1 and 2; the stack is ours and outlives the child's use of it, since CLONE_VFORK holds
    // this thread until the child has executed the program or ended; `pidfd` receives the descriptor.
    let pid =
        unsafe { libc::clone(become_program, top.cast(), flags, (&raw mut plan).cast(), &raw mut pidfd) };
    let failed = io::Error::last_os_error();
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None)?;
    if pid < 0 {
        return Err(failed);
    }
    // SAFETY: the kernel has just made this descriptor for us.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    // SAFETY: a plain read; volatile because the child wrote it, unseen by the compiler.
    let error = unsafe { (&raw const plan.error).read_volatile() };
    if error != 0 {
        crate::process::pidfd::reap(std::os::fd::AsFd::as_fd(&pidfd), true)?;
        return Err(io::Error::from_raw_os_error(error));
    }
    Ok(Launched { pid, pidfd })
}

struct Plan {
    program: *const c_char,
    arguments: *const *const c_char,
    environment: *const *const c_char,
    socket: RawFd,
    error: c_int,
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
}

/// The child: arranges its descriptors and executes the program, or leaves the error behind.
extern "C" fn become_program(plan: *mut c_void) -> c_int {
    let plan = plan.cast::<Plan>();
    // SAFETY: 1; the caller passes a valid plan.
    unsafe {
        // `dup2` onto itself would leave the descriptor to be closed by execve.
        let kept = match (*plan).socket {
            SOCKET => libc::fcntl(SOCKET, libc::F_SETFD, 0),
            socket => libc::dup2(socket, SOCKET),
        };
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
        if kept >= 0
            && null >= 0
            && (null == 0 || libc::dup2(null, 0) == 0)
            && libc::syscall(libc::SYS_close_range, SOCKET + 1, c_int::MAX, 0) == 0
        {
            libc::execve((*plan).program, (*plan).arguments, (*plan).environment);
        }
        (*plan).error = *libc::__errno_location();
        libc::_exit(127)
    }
}
