//! System calls that the suite makes in a worker's name, so that no adapter needs to know of them: its
//! process gets into circumstances in which no implementation put it.

use nix::errno::Errno;

use super::step::Traced;
use crate::program::Action;

/// A program that waits for its input, and an argument list of nothing but its name.
const PROGRAM: u64 = u64::from_le_bytes(*b"/bin/sh\0");

/// Brings a process into the circumstance that an action names; nothing for the other actions.
///
/// # Errors
/// ESRCH if it is gone; otherwise what this machine does not allow or has not got.
pub(super) fn bring_about(action: Action, pid: i32) -> nix::Result<()> {
    if !matches!(action, Action::Exec | Action::Fill(_) | Action::NewPidNamespace) {
        return Ok(());
    }
    let mut traced = Traced::attach(pid)?;
    let done = match action {
        Action::Exec => replace_program(&mut traced),
        Action::Fill(bytes) => fill(&mut traced, bytes),
        _ => traced.call(libc::SYS_unshare, [libc::CLONE_NEWPID as u64, 0, 0, 0, 0, 0]).map(|_| ()),
    };
    traced.release();
    done
}

/// The shell reads its commands from a pipe whose other end it holds itself, so it waits for ever.
fn replace_program(traced: &mut Traced) -> nix::Result<()> {
    let path = traced.room()?;
    let [list, end, ends] = [1, 2, 3].map(|words| path + words * size_of::<u64>() as u64);
    traced.store(path, &[PROGRAM, path, 0, 0])?;
    traced.call(libc::SYS_pipe2, [ends, 0, 0, 0, 0, 0])?;
    let reading = traced.load(ends)? & u64::from(u32::MAX);
    traced.call(libc::SYS_dup3, [reading, 0, 0, 0, 0, 0])?;
    match traced.call(libc::SYS_execve, [path, list, end, 0, 0, 0])? {
        None => Ok(()),
        Some(_) => Err(Errno::ENOEXEC),
    }
}

fn fill(traced: &mut Traced, bytes: u64) -> nix::Result<()> {
    let rights = (libc::PROT_READ | libc::PROT_WRITE) as u64;
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE) as u64;
    traced.call(libc::SYS_mmap, [0, bytes, rights, flags, u64::MAX, 0]).map(|_| ())
}
