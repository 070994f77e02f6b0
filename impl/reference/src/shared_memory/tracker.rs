//! Who removes the blocks that a program leaves behind: a process of its own, one for each family.
//!
//! A family is a program and all the processes that it starts. They have the writing end of a pipe in
//! common, and through it the tracker learns which blocks they have created. When the last of them has
//! ended, in whatever way, the kernel closes the pipe: then the tracker removes what is left, and ends.
//! It is started by the first creation of a block, ignores the signals that are meant for the program,
//! and is nobody's child. If it is killed, the next creation starts another one, which is told of
//! all that the creating process has created so far.
//!
//! Only created blocks are told to it, never attached ones, with the number of their file: a block that
//! somebody else has created under the same name since is not removed.
#![expect(unsafe_code, reason = "signal dispositions of the tracker")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, fstat};

use super::file::{Identity, unlink_if_same};
use crate::context::Method;
use crate::exit;
use crate::liveness::ForkGuard;
use crate::process::target::{Function, Target};
use crate::process::{StartError, pidfd, state};
use crate::start::{self, Order, image};
use crate::transfer::Descriptor;

/// The family's pipe in this process. Looked at under the [`ForkGuard`], lest a forked child finds it
/// locked for ever.
static FAMILY: Mutex<Option<Pipe>> = Mutex::new(None);

/// What this process has created, for a tracker that takes the place of another one: the pid, since a
/// forked child has created nothing, and the blocks. Looked at as [`FAMILY`] is.
static CREATED: Mutex<(u32, BTreeMap<String, Identity>)> = Mutex::new((0, BTreeMap::new()));

fn with_created<R>(act: impl FnOnce(&mut BTreeMap<String, Identity>) -> R) -> R {
    let _no_fork = ForkGuard::take();
    let mut created = CREATED.lock().unwrap_or_else(PoisonError::into_inner);
    if created.0 != std::process::id() {
        *created = (std::process::id(), BTreeMap::new());
    }
    act(&mut created.1)
}

/// The writing end, and what it is known by: a program may close descriptors that are not its own, and
/// then the number may be another file's.
struct Pipe {
    writer: OwnedFd,
    inode: u64,
}

/// A duplicate of this family's writing end, for a process that joins the family or for a message. The
/// first call makes the pipe.
pub(crate) fn family() -> io::Result<OwnedFd> {
    let _no_fork = ForkGuard::take();
    let mut family = FAMILY.lock().unwrap_or_else(PoisonError::into_inner);
    let known =
        family.as_ref().is_some_and(|pipe| fstat(&pipe.writer).is_ok_and(|it| it.st_ino == pipe.inode));
    if !known {
        let (_reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
        put(&mut family, writer)?;
    }
    match &*family {
        Some(pipe) => pipe.writer.try_clone(),
        None => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Makes this process one of the family with this pipe.
pub(crate) fn join_family(writer: OwnedFd) -> io::Result<()> {
    let _no_fork = ForkGuard::take();
    put(&mut FAMILY.lock().unwrap_or_else(PoisonError::into_inner), writer)
}

fn put(family: &mut Option<Pipe>, writer: OwnedFd) -> io::Result<()> {
    let inode = fstat(&writer)?.st_ino;
    if let Some(old) = family.replace(Pipe { writer, inode })
        && !fstat(&old.writer).is_ok_and(|it| it.st_ino == old.inode)
    {
        // The number is not ours any more.
        std::mem::forget(old);
    }
    Ok(())
}

/// Has a block removed when the family has ended. To be called before the block has its name.
pub(super) fn track(name: &str, identity: Identity) -> Result<(), StartError> {
    let writer = family()?;
    if !has_tracker(&writer)? {
        launch(&writer)?;
        for (name, identity) in with_created(|created| created.clone()) {
            send(&writer, Word::Track, &name, identity)?;
        }
    }
    send(&writer, Word::Track, name, identity)?;
    with_created(|created| created.insert(name.to_owned(), identity));
    Ok(())
}

/// Leaves a block to others: it has been removed, or is to stay.
pub(super) fn forget(name: &str, identity: Identity) {
    with_created(|created| {
        if created.get(name) == Some(&identity) {
            created.remove(name);
        }
    });
    let Ok(writer) = family() else { return };
    // Where there is no tracker, there is nobody to be told.
    if has_tracker(&writer).unwrap_or(false) {
        let _ = send(&writer, Word::Forget, name, identity);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Word {
    Track = b'+',
    Forget = b'-',
}

/// The word, the length of the name, device and inode; the name follows.
const HEADER: usize = 18;

/// A message is written in one piece, which the kernel keeps together.
fn send(writer: &OwnedFd, word: Word, name: &str, identity: Identity) -> io::Result<()> {
    let mut message = Vec::with_capacity(HEADER + name.len());
    message.extend([word as u8, name.len() as u8]);
    message.extend(identity.device.to_le_bytes());
    message.extend(identity.inode.to_le_bytes());
    message.extend(name.as_bytes());
    loop {
        match nix::unistd::write(writer, &message) {
            Err(Errno::EINTR) => {}
            written => return Ok(written.map(|_| ())?),
        }
    }
}

/// The first message in `bytes`, and how many bytes it has; nothing if they end before it does.
fn parse(bytes: &[u8]) -> Option<(u8, String, Identity, usize)> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let name = rest.get(..header[1] as usize)?;
    let number = |at: usize| header[at..at + 8].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let identity = Identity { device: number(2), inode: number(10) };
    Some((header[0], String::from_utf8_lossy(name).into_owned(), identity, HEADER + name.len()))
}

/// Whether somebody reads the pipe.
fn has_tracker(writer: &OwnedFd) -> io::Result<bool> {
    let mut asked = [PollFd::new(writer.as_fd(), PollFlags::POLLOUT)];
    poll(&mut asked, PollTimeout::ZERO)?;
    Ok(!asked[0].revents().is_some_and(|it| it.contains(PollFlags::POLLERR)))
}

/// Starts a tracker, which reads the pipe when this returns. If another process has just started one,
/// that one stays alone.
fn launch(writer: &OwnedFd) -> Result<(), StartError> {
    // The other end of the same pipe.
    let path = format!("/proc/self/fd/{}", writer.as_raw_fd());
    let reader = nix::fcntl::open(path.as_str(), OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(io::Error::from)?;
    let target = Function { function: serve, args: Descriptor::from(reader) };
    let (call, args) = target.encode()?;
    let state = state::state();
    let order = Order {
        fingerprint: image::fingerprint(),
        call: Some(call),
        name: "SharedMemoryTracker".to_string(),
        identity: Vec::new(),
        daemon: false,
        authkey: state.current.authkey(),
        method: Method::Spawn,
        parent_pid: state.pid,
        parent_name: state.current.name(),
        parent: Descriptor::from(state.own_pidfd()?.try_clone()?),
        family: None,
    };
    let started = start::execute(state, &order, &args)?;
    // What we have started makes the tracker and ends.
    pidfd::reap(started.pidfd.as_fd(), true)?;
    Ok(())
}

/// The body of the process that makes the tracker.
fn serve(reader: Descriptor) -> Result<(), String> {
    let reader = File::from(reader.into_inner());
    // Held by whoever has this open pipe, the tracker too: of two, the second goes away.
    // SAFETY: takes no pointers.
    if unsafe { libc::flock(reader.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
        return Ok(());
    }
    // Before the fork: whoever waits for this process finds a tracker that is out of harm's way.
    prepare();
    match start::fork_single_threaded() {
        Ok(0) => {
            follow(reader);
            exit::leave(0, false)
        }
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the tracker of shared memory cannot be forked: {error}")),
    }
}

/// Makes this process, and what it forks, independent of the program's terminal, directory and signals.
fn prepare() {
    let _ = nix::unistd::setsid();
    let _ = nix::unistd::chdir("/");
    let _ = nix::sys::prctl::set_name(c"shm-tracker");
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        // SAFETY: this disposition runs no code.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // Whoever waits for the end of the program's output must not wait for us. Warnings go to standard
    // error.
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdout(&null);
    }
}

/// Listens until the family has ended, then removes what is left of it.
fn follow(mut pipe: File) {
    let mut blocks = BTreeMap::new();
    let mut unread = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => unread.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
        while let Some((word, name, identity, len)) = parse(&unread) {
            unread.drain(..len);
            if word == Word::Track as u8 {
                blocks.insert(name, identity);
            } else if blocks.get(&name) == Some(&identity) {
                blocks.remove(&name);
            }
        }
    }
    let left = blocks.into_iter().filter(|(name, identity)| unlink_if_same(name, *identity).is_ok());
    let left: Vec<_> = left.map(|(name, _)| name).collect();
    if !left.is_empty() {
        let text = left.join(", ");
        let _ = writeln!(
            io::stderr(),
            "shared memory left behind by a program that has ended was removed: {text}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written() {
        let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC).expect("a pipe");
        let identity = Identity { device: 7, inode: u64::MAX - 1 };
        send(&writer, Word::Track, "one", identity).expect("sent");
        send(&writer, Word::Forget, &"n".repeat(254), identity).expect("sent");
        drop(writer);
        let mut bytes = Vec::new();
        File::from(reader).read_to_end(&mut bytes).expect("read");
        let (word, name, found, len) = parse(&bytes).expect("a message");
        assert_eq!((word, name.as_str(), found), (b'+', "one", identity));
        let (word, name, found, rest) = parse(&bytes[len..]).expect("another");
        assert_eq!((word, name.len(), found, len + rest), (b'-', 254, identity, bytes.len()));
        assert!(parse(&bytes[len + rest..]).is_none());
        assert!(parse(&bytes[..len - 1]).is_none(), "a message that is not whole");
    }

    #[test]
    fn a_pipe_that_nobody_reads_has_no_tracker() {
        let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC).expect("a pipe");
        assert!(has_tracker(&writer).expect("asked"));
        drop(reader);
        assert!(!has_tracker(&writer).expect("asked"));
    }
}
