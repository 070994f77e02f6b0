//! The warden: a small process between the suite and an adapter, below which everything stays that
//! the adapter starts, and which lets nothing outlive the suite.
//!
//! It is a subreaper, so whatever loses its parent becomes its child; it is a session of its own, so
//! a Ctrl-C at the terminal reaches the suite alone, which then ends things in order. Its standard
//! input is its connection to the suite: requests come as lines of JSON, replies go back the same
//! way. When the connection ends it kills everything below it, removes the session's directory and
//! ends.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, setsid};
use serde::{Deserialize, Serialize};

use super::clock::{MS, now_ns};
use super::pidfd::PidFd;
use super::proc::{Process, ProcessId, descendants, process};

/// The environment variable that makes a program that calls [`warden_main`] a warden.
pub const WARDEN: &str = "PROCESSION_WARDEN";

/// How long the warden goes on killing what will not die (a process that the kernel does not let
/// go), in nanoseconds.
const PERSISTENCE_NS: u64 = 5_000 * MS;

/// What the suite asks.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Starts the adapter.
    Start {
        argv: Vec<OsString>,
        env: Vec<(OsString, OsString)>,
        /// Where its standard output and error go.
        log: PathBuf,
        /// What to remove at the end.
        directory: PathBuf,
    },
    /// Kills and reaps everything except these.
    Sweep { spare: Vec<ProcessId> },
}

/// What the warden says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// First of all: it is a warden, and whether what is below it has shared memory of its own.
    Ready { own_shared_memory: bool },
    /// The adapter was started.
    Started { pid: i32 },
    /// It could not be.
    NotStarted { reason: String },
    /// The adapter has ended; said once, at any time.
    AdapterEnded { status: i32 },
    /// What a sweep killed, and what it could not.
    Swept { killed: Vec<Process>, left: Vec<Process> },
}

/// Becomes the warden if that is what this process was started for, and then never returns;
/// otherwise returns at once.
///
/// Every program that opens sessions calls this before anything else in `main`, in a test binary
/// with `harness = false` too.
pub fn warden_main() {
    if std::env::var_os(WARDEN).is_none() {
        return;
    }
    // A failure here is the end of the suite's connection, so there is nobody to tell but the log.
    if let Err(error) = Warden::new().and_then(|mut warden| warden.serve()) {
        eprintln!("warden: {error}");
    }
    std::process::exit(0);
}

struct Warden {
    suite: UnixStream,
    input: Vec<u8>,
    adapter: Option<(Child, Option<PidFd>)>,
    directory: Option<PathBuf>,
}

impl Warden {
    fn new() -> std::io::Result<Warden> {
        // The warden's own copy is closed on exec, so the adapter does not hold the connection open.
        let suite = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
        // It may already lead a session, if its starter saw to that.
        let _ = setsid();
        nix::sys::prctl::set_child_subreaper(true)?;
        Ok(Warden { suite, input: Vec::new(), adapter: None, directory: None })
    }

    fn serve(&mut self) -> std::io::Result<()> {
        let ready = Reply::Ready { own_shared_memory: separate_shared_memory().is_ok() };
        let served = self.say(&ready).and_then(|()| self.answer_until_the_end());
        let left = self.sweep(&[]).1;
        if let Some(directory) = &self.directory {
            let _ = std::fs::remove_dir_all(directory);
        }
        for process in left {
            eprintln!("warden: process {} ({}) could not be killed", process.id.pid, process.name);
        }
        served
    }

    fn answer_until_the_end(&mut self) -> std::io::Result<()> {
        loop {
            self.reap()?;
            let mut ready = vec![PollFd::new(self.suite.as_fd(), PollFlags::POLLIN)];
            if let Some((_, Some(pidfd))) = &self.adapter {
                ready.push(PollFd::new(pidfd.as_fd(), PollFlags::POLLIN));
            }
            // Adopted processes that end are reaped at the next round. They are zombies until then,
            // and for the suite a zombie is gone.
            match poll(&mut ready, PollTimeout::from(250u8)) {
                Ok(_) | Err(nix::Error::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            if ready[0].any().unwrap_or(true) {
                let mut chunk = [0; 4096];
                match self.suite.read(&mut chunk) {
                    Ok(0) => return Ok(()),
                    Ok(count) => self.input.extend_from_slice(&chunk[..count]),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            while let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                self.answer(serde_json::from_slice(&line)?)?;
            }
        }
    }

    fn answer(&mut self, request: Request) -> std::io::Result<()> {
        match request {
            Request::Start { argv, env, log, directory } => {
                self.directory = Some(directory);
                let reply = match self.start(&argv, env, &log) {
                    Ok(pid) => Reply::Started { pid },
                    Err(reason) => Reply::NotStarted { reason },
                };
                self.say(&reply)
            }
            Request::Sweep { spare } => {
                let (killed, left) = self.sweep(&spare);
                self.say(&Reply::Swept { killed, left })
            }
        }
    }

    fn start(
        &mut self,
        argv: &[OsString],
        env: Vec<(OsString, OsString)>,
        log: &PathBuf,
    ) -> Result<i32, String> {
        let [program, arguments @ ..] = argv else { return Err("its command line is empty".into()) };
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
        let file = file.map_err(|error| format!("{}: {error}", log.display()))?;
        let copy = file.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(arguments).envs(env).env_remove(WARDEN);
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        let child = command.spawn().map_err(|error| format!("{}: {error}", program.to_string_lossy()))?;
        let pid = child.id() as i32;
        // Without a pidfd (old kernels) its end is noticed a little later.
        self.adapter = Some((child, PidFd::open(pid).ok()));
        Ok(pid)
    }

    /// Reaps what has ended, and reports the adapter's end.
    fn reap(&mut self) -> std::io::Result<()> {
        let mut adapter_status = None;
        loop {
            let (pid, status) = match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, status)) => (pid, status),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, -(signal as i32)),
                Ok(WaitStatus::StillAlive) | Err(nix::Error::ECHILD) => break,
                Ok(_) | Err(nix::Error::EINTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if self.adapter.as_ref().is_some_and(|(child, _)| child.id() as i32 == pid.as_raw()) {
                self.adapter = None;
                adapter_status = Some(status);
            }
        }
        match adapter_status {
            Some(status) => self.say(&Reply::AdapterEnded { status }),
            None => Ok(()),
        }
    }

    /// Kills everything below except `spare` until nothing is left to kill; returns what was found
    /// alive, and what would not die.
    fn sweep(&mut self, spare: &[ProcessId]) -> (Vec<Process>, Vec<Process>) {
        let own = std::process::id() as i32;
        let mut killed: Vec<Process> = Vec::new();
        let until = now_ns() + PERSISTENCE_NS;
        loop {
            // The suite may be gone, which is no reason to stop.
            let _ = self.reap();
            let mut found = descendants(own);
            found.retain(|process| process.lives() && !spare.contains(&process.id));
            if found.is_empty() || now_ns() > until {
                return (killed, found);
            }
            let mut dying = Vec::new();
            for found in &found {
                // The pid may have been used again since the walk: only when the descriptor is open
                // can it be told for good whose it is.
                let Ok(pidfd) = PidFd::open(found.id.pid) else { continue };
                if process(found.id.pid).is_none_or(|now| now.id != found.id) {
                    continue;
                }
                let _ = pidfd.signal(libc::SIGKILL);
                dying.push(pidfd);
                if killed.iter().all(|other| other.id != found.id) {
                    killed.push(found.clone());
                }
            }
            for pidfd in &dying {
                let mut ready = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
                let _ = poll(&mut ready, PollTimeout::from(100u8));
            }
        }
    }

    fn say(&mut self, reply: &Reply) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(reply)?;
        line.push(b'\n');
        self.suite.write_all(&line)
    }
}

/// Gives this process and what it starts a `/dev/shm` of their own, so that what is left there can be
/// laid at their door and vanishes with them. Takes a privilege that tests often do not have.
fn separate_shared_memory() -> nix::Result<()> {
    use nix::mount::{MsFlags, mount};
    const NOTHING: Option<&str> = None;
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNS)?;
    // Otherwise the new mount would appear in the name space that this one was copied from.
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), super::leftovers::SHARED_MEMORY, Some("tmpfs"), flags, Some("mode=1777"))
}
