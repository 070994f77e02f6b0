//! Descriptors by their bare numbers, as scripts name them.
//!
//! # Invariants
//! 1. Every system call here takes numbers and no addresses, so the worst that a wrong number gives is
//!    an error, or a descriptor of another owner closed or replaced: which is what scripts ask for.
#![expect(unsafe_code, reason = "fcntl, fstat and dup3 on numbers that no owned descriptor stands behind")]

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;

/// The inode behind a descriptor, if it is open.
pub(super) fn inode(descriptor: i32) -> Option<u64> {
    fs::metadata(format!("/proc/self/fd/{descriptor}"))
        .ok()
        .map(|metadata| std::os::unix::fs::MetadataExt::ino(&metadata))
}

/// How many descriptors are open.
pub(super) fn count() -> io::Result<usize> {
    // The listing itself holds one.
    Ok(fs::read_dir("/proc/self/fd")?.count() - 1)
}

/// Whether a descriptor is open.
pub(super) fn is_open(descriptor: i32) -> bool {
    // SAFETY: by 1.
    unsafe { libc::fcntl(descriptor, libc::F_GETFD) != -1 }
}

/// Opens the null device as this descriptor, in place of what was there.
pub(super) fn open_null(descriptor: i32, inheritable: bool) -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    if null.as_raw_fd() == descriptor {
        let flags = if inheritable { 0 } else { libc::FD_CLOEXEC };
        // It stays open beyond its owner: from here on only its number is known.
        let descriptor = std::os::fd::IntoRawFd::into_raw_fd(null);
        // SAFETY: by 1.
        return answered(unsafe { libc::fcntl(descriptor, libc::F_SETFD, flags) });
    }
    let flags = if inheritable { 0 } else { libc::O_CLOEXEC };
    // SAFETY: by 1.
    answered(unsafe { libc::dup3(null.as_raw_fd(), descriptor, flags) })
}

fn answered(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
