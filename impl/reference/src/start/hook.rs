//! Where a new process of this program turns aside, before `main` and before any test harness.
//!
//! The linker gathers the pointers of the section `.init_array`, and they are called before `main`.
//! Nothing has to be registered and no function to be called by the program.
//!
//! # Invariants
//! 1. At this point the process has one thread.
//! 2. The socket is known by number and inode, and nobody else in this process owns it.
#![expect(unsafe_code, reason = "a function pointer in .init_array; takes over the inherited socket")]

use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use super::exec::VARIABLE;
use super::{child, exec};
use crate::liveness;

#[used]
#[unsafe(link_section = ".init_array")]
static HOOK: extern "C" fn() = take_over;

/// Keeps the object file with the hook in every program that can start a process or use an object.
pub(crate) fn keep() {
    std::hint::black_box(&raw const HOOK);
}

/// Whether this process was started by another one and has not come to its body yet.
pub(crate) fn awaits_orders() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

extern "C" fn take_over() {
    liveness::set_up();
    let Some(value) = std::env::var_os(VARIABLE) else { return };
    let socket = value.to_str().and_then(named_socket);
    // SAFETY: 1.
    unsafe { std::env::remove_var(VARIABLE) };
    if let Some(socket) = socket {
        child::prepare_program();
        child::follow(UnixStream::from(socket), child::Origin::Executed)
    }
}

/// The socket that the variable speaks of; `None` if the variable has outlived it and came here
/// through a program that knows nothing of it.
fn named_socket(value: &str) -> Option<OwnedFd> {
    let (fd, inode) = value.split_once(':')?;
    let fd: i32 = fd.parse().ok()?;
    if fd != exec::SOCKET || !is_inode(fd, inode.parse().ok()?) {
        return None;
    }
    // SAFETY: 2.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    nix::fcntl::fcntl(&socket, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).ok()?;
    Some(socket)
}

fn is_inode(fd: i32, inode: u64) -> bool {
    // SAFETY: borrowed for the call; the kernel checks whether it is open.
    let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
    nix::sys::stat::fstat(fd).is_ok_and(|stat| stat.st_ino == inode)
}
