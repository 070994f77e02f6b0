//! The processes of one run: forked, awaited within a deadline, killed and collected whatever happens.
//!
//! Peers and reference are treated alike: each role is a forked child of the bench, which has one
//! thread, so a fork copies no lock that somebody holds.
//!
//! # What is left behind
//! Nothing: a crew is a process group of its own, and while it exists the bench is the reaper of
//! orphans, so that grandchildren (of `Process`, of Python) are found by their group and collected.
//! A bench that is killed takes its roles along, by `PR_SET_PDEATHSIG`; Python's do the same.
//!
//! # Invariants
//! 1. The calling process has one thread when it forks.
//! 2. A forked child leaves only by `_exit`, so nothing of the parent's is dropped or flushed twice.
#![expect(unsafe_code, reason = "fork, _exit and pidfd_open are system calls")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe2, setpgid};

use crate::stage::Stage;

/// The roles of one run.
#[derive(Debug)]
pub struct Crew {
    group: Option<Pid>,
    members: Vec<(Pid, OwnedFd)>,
    /// Where roles write what went wrong.
    complaints: (File, File),
    was_reaper: bool,
}

impl Crew {
    /// A crew without members.
    pub fn new() -> io::Result<Crew> {
        let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        let was_reaper = nix::sys::prctl::get_child_subreaper()?;
        nix::sys::prctl::set_child_subreaper(true)?;
        let complaints = (File::from(read), File::from(write));
        Ok(Crew { group: None, members: Vec::new(), complaints, was_reaper })
    }

    /// Forks a role. It ends when `body` returns; an error or a panic fails the run.
    pub fn fork(&mut self, stage: &Stage, body: impl FnOnce() -> Result<(), String>) -> io::Result<()> {
        let parent = Pid::this();
        // SAFETY: by 1 no other thread exists that could hold a lock at this moment.
        match unsafe { fork() }? {
            ForkResult::Child => {
                let _ = setpgid(Pid::from_raw(0), self.group.unwrap_or(Pid::from_raw(0)));
                let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
                let outcome = if nix::unistd::getppid() == parent {
                    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err("a role panicked".into()))
                } else {
                    Err("the bench has ended".into())
                };
                if let Err(what) = &outcome {
                    let _ = self.complaints.1.write_all(format!("{what}\n").as_bytes());
                    stage.fail();
                }
                // SAFETY: by 2; ends this process, and nothing else.
                unsafe { libc::_exit(i32::from(outcome.is_err())) }
            }
            ForkResult::Parent { child } => self.adopt(child),
        }
    }

    /// Starts a program in the group; its standard output goes to the returned descriptor.
    pub fn spawn(&mut self, command: &mut Command) -> io::Result<std::process::ChildStdout> {
        let group = self.group.map_or(0, Pid::as_raw);
        command.process_group(group).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let follow = || Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?);
        // SAFETY: by 1 nothing is locked in the child, and it makes one system call.
        let mut child = unsafe { command.pre_exec(follow) }.spawn()?;
        let output = child.stdout.take().expect("standard output was asked for");
        self.adopt(Pid::from_raw(child.id() as i32))?;
        Ok(output)
    }

    fn adopt(&mut self, child: Pid) -> io::Result<()> {
        let group = *self.group.get_or_insert(child);
        // Both sides do it, since neither knows who runs first; one of them is too late to matter.
        let _ = setpgid(child, group);
        // SAFETY: the call takes two numbers; the child is not collected yet, so it is the right one.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, child.as_raw(), 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just given us this descriptor.
        self.members.push((child, unsafe { OwnedFd::from_raw_fd(fd as i32) }));
        Ok(())
    }

    /// Waits until every member has ended by itself; false if one has not by then.
    pub fn wait(&self, until: Instant) -> io::Result<bool> {
        self.wait_for_later(0, until)
    }

    /// The same for all but the first so many.
    pub fn wait_for_later(&self, than: usize, until: Instant) -> io::Result<bool> {
        for (_, pidfd) in self.members.iter().skip(than) {
            loop {
                let left = until.saturating_duration_since(Instant::now()).min(Duration::from_secs(60));
                let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
                let timeout = PollTimeout::from(left.as_millis() as u16);
                match poll(&mut fds, timeout) {
                    Ok(0) if Instant::now() >= until => return Ok(false),
                    Ok(0) | Err(Errno::EINTR) => {}
                    Ok(_) => break,
                    Err(errno) => return Err(errno.into()),
                }
            }
        }
        Ok(true)
    }

    /// Kills whoever is left, collects all, and returns what went wrong: complaints, or deaths.
    pub fn dismiss(mut self) -> Result<(), String> {
        let deaths = self.kill_and_collect();
        let mut text = String::new();
        let mut pending = Vec::new();
        // Not blocking: it ends with WouldBlock, since we hold the writing end ourselves.
        let _ = self.complaints.0.read_to_end(&mut pending);
        text.push_str(String::from_utf8_lossy(&pending).trim());
        if text.is_empty() {
            text = deaths;
        }
        if text.is_empty() { Ok(()) } else { Err(text.replace('\n', "; ")) }
    }

    /// Collects the members; what killed those that did not end by themselves.
    fn kill_and_collect(&mut self) -> String {
        let Some(group) = self.group.take() else { return String::new() };
        let mut deaths = Vec::new();
        // First those that have ended by themselves, to tell them from those that we kill.
        for (member, _) in self.members.drain(..) {
            match waitpid(member, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Signaled(_, signal, _)) => deaths.push(format!("a role died of {signal}")),
                Ok(WaitStatus::StillAlive) => deaths.push("a role did not come to an end".to_string()),
                _ => {}
            }
        }
        // Forks that raced with the kill show up as children of the group, so go on until none is left.
        loop {
            let _ = killpg(group, Signal::SIGKILL);
            match waitpid(Pid::from_raw(-group.as_raw()), None) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        deaths.dedup();
        deaths.join("; ")
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        let _ = self.kill_and_collect();
        let _ = nix::sys::prctl::set_child_subreaper(self.was_reaper);
    }
}

/// Forks a child that does this until it is killed, for the caller to collect. The caller is a role, so
/// it has one thread (1).
pub fn fork_child(body: impl FnOnce() -> std::convert::Infallible) -> io::Result<Pid> {
    let parent = Pid::this();
    // SAFETY: by 1.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
            if nix::unistd::getppid() == parent {
                let _ = catch_unwind(AssertUnwindSafe(|| match body() {}));
            }
            // SAFETY: by 2; ends this process, and nothing else.
            unsafe { libc::_exit(1) }
        }
        ForkResult::Parent { child } => Ok(child),
    }
}

/// Forks a child that ends at once, for the caller to collect: what a fork costs. The caller is a
/// role, so it has one thread (1).
pub fn fork_and_exit() -> io::Result<i32> {
    // SAFETY: by 1.
    match unsafe { fork() }? {
        // SAFETY: by 2.
        ForkResult::Child => unsafe { libc::_exit(0) },
        ForkResult::Parent { child } => Ok(child.as_raw()),
    }
}
