//! The files of blocks: in `/dev/shm`, where `shm_open` has them, so that any program finds them.
//!
//! A block gets its name when it is finished: it is made as a file without a name, sized, provided with
//! memory and mapped, and then linked, which fails if the name is taken. So nobody meets a half-made
//! block of ours, and a creator that dies in the middle leaves nothing.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::thread::sleep;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FallocateFlags, OFlag, fallocate, open};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat};
use nix::unistd::{ftruncate, linkat, unlink};
use serde::{Deserialize, Serialize};

use super::memory::Memory;
use crate::memory_left::refuse_more_than_there_is;

const DIRECTORY: &str = "/dev/shm";

/// What tells a block from all others, also from one that has its name later: the device and the number
/// of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl From<FileStat> for Identity {
    fn from(status: FileStat) -> Identity {
        Identity { device: status.st_dev, inode: status.st_ino }
    }
}

/// A block without a name yet.
pub(super) struct Unnamed {
    file: OwnedFd,
    pub(super) identity: Identity,
    pub(super) memory: Memory,
}

impl Unnamed {
    /// A block of this many bytes, all of them 0, only for its owner to read and write.
    pub(super) fn create(size: usize) -> io::Result<Unnamed> {
        let len = i64::try_from(size).map_err(|_| Errno::EFBIG)?;
        // Beyond this limit the system would end the process by SIGXFSZ.
        if getrlimit(Resource::RLIMIT_FSIZE)?.0 < size as u64 {
            return Err(Errno::EFBIG.into());
        }
        let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
        let file = open(DIRECTORY, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
        // Whatever the process's mask takes away.
        fchmod(&file, Mode::S_IRUSR | Mode::S_IWUSR)?;
        ftruncate(&file, len)?;
        provide(file.as_fd(), len)?;
        let memory = Memory::map(&file, size)?;
        let identity = fstat(&file)?.into();
        Ok(Unnamed { file, identity, memory })
    }

    /// Gives it a name, which must be free.
    pub(super) fn link(&self, name: &str) -> nix::Result<()> {
        let from = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        linkat(AT_FDCWD, from.as_str(), AT_FDCWD, path(name).as_str(), AtFlags::AT_SYMLINK_FOLLOW)
    }
}

/// Why a name does not lead to a block.
pub(super) enum NotFound {
    NotABlock,
    Os(io::Error),
    Unfinished,
}

impl From<Errno> for NotFound {
    fn from(errno: Errno) -> NotFound {
        NotFound::Os(errno.into())
    }
}

/// How often, and with which pauses, a block that has no size yet is looked at: other libraries give it
/// one right after its name, and nothing tells when they have.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(2);

/// Maps the block that has this name, all of it.
pub(super) fn attach(name: &str) -> Result<(Identity, Memory), NotFound> {
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match open(path(name).as_str(), flags, Mode::empty()) {
        Err(Errno::ELOOP | Errno::EISDIR | Errno::ENXIO) => return Err(NotFound::NotABlock),
        file => file?,
    };
    let mut status = fstat(&file)?;
    if SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
        return Err(NotFound::NotABlock);
    }
    for _ in 0..LOOKS {
        if status.st_size > 0 {
            break;
        }
        sleep(PAUSE);
        status = fstat(&file)?;
    }
    if status.st_size <= 0 {
        return Err(NotFound::Unfinished);
    }
    // Blocks of other libraries get their memory when it is touched, which ends the process if none is
    // left by then. One that has its memory already is not changed by this.
    provide(file.as_fd(), status.st_size).map_err(NotFound::Os)?;
    let len = usize::try_from(status.st_size).map_err(|_| NotFound::NotABlock)?;
    let memory = Memory::map(&file, len).map_err(NotFound::Os)?;
    Ok((status.into(), memory))
}

/// Takes a name away from the block that it leads to, if it is this one.
pub(super) fn unlink_if_same(name: &str, identity: Identity) -> nix::Result<()> {
    let path = path(name);
    let file = open(path.as_str(), OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
    if Identity::from(fstat(&file)?) != identity {
        return Err(Errno::ENOENT);
    }
    // Linux has no call that compares and removes. Who replaces the block between these two lines loses
    // the new one's name; both would have to be removing the same block at the same instant.
    unlink(path.as_str())
}

/// Takes a name away from whatever block it leads to; which one that was.
pub(super) fn unlink_name(name: &str) -> nix::Result<Identity> {
    let path = path(name);
    let file = open(path.as_str(), OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
    let identity = fstat(&file)?.into();
    unlink(path.as_str())?;
    Ok(identity)
}

/// Whether an error says that there is too little of something.
pub(super) fn is_exhausted(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(
        errno,
        Some(Errno::ENOMEM | Errno::ENOSPC | Errno::EDQUOT | Errno::EMFILE | Errno::ENFILE | Errno::EFBIG)
    )
}

fn path(name: &str) -> String {
    format!("{DIRECTORY}/{name}")
}

/// Provides the first `len` bytes with memory, so that touching them cannot fail.
fn provide(file: BorrowedFd<'_>, len: i64) -> io::Result<()> {
    let provided = fstat(file)?.st_blocks.saturating_mul(512);
    refuse_more_than_there_is(len.saturating_sub(provided).max(0) as u64)?;
    loop {
        match fallocate(file, FallocateFlags::empty(), 0, len) {
            Err(Errno::EINTR) => {}
            // A file system that cannot: memory comes when it is touched, as without us.
            Err(Errno::EOPNOTSUPP) => return Ok(()),
            provided => return Ok(provided?),
        }
    }
}
