//! The suite's side of the warden: starts it, asks it, and ends it.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::clock::{MS, now_ns, ns};
use super::proc::{Process, ProcessId};
use super::warden::{Reply, Request, WARDEN};
use super::{AdapterCommand, SessionError};

/// How long the warden may take to answer; it promises to give up a sweep much earlier.
const PATIENCE: Duration = Duration::from_secs(30);

/// A warden.
#[derive(Debug)]
pub(super) struct Guard {
    socket: UnixStream,
    input: Vec<u8>,
    child: Child,
    adapter_status: Option<i32>,
    gone: bool,
    own_shared_memory: bool,
}

impl Guard {
    /// Starts a warden.
    ///
    /// # Errors
    /// [`SessionError::Suite`], also when the program that was started did not become a warden.
    pub(super) fn start(program: Option<&Path>, log: &Path) -> Result<Guard, SessionError> {
        if std::env::var_os(WARDEN).is_some() {
            return Err(suite(
                "this process was started as a warden; call `run::warden_main()` first in `main`",
            ));
        }
        let (own, theirs) = UnixStream::pair().map_err(suite)?;
        own.set_read_timeout(Some(PATIENCE)).map_err(suite)?;
        own.set_write_timeout(Some(PATIENCE)).map_err(suite)?;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).map_err(suite)?;
        // The link still leads to the running program when its file has been replaced.
        let program = program.unwrap_or(Path::new("/proc/self/exe"));
        let mut command = Command::new(program);
        command.arg("procession-warden").env(WARDEN, "1");
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().map_err(|error| suite(format!("{}: {error}", program.display())))?;
        // The command holds the warden's end of the pair; while it is open here no end is ever read.
        drop(command);
        let mut guard = Guard {
            socket: own,
            input: Vec::new(),
            child,
            adapter_status: None,
            gone: false,
            own_shared_memory: false,
        };
        match guard.reply() {
            Ok(Reply::Ready { own_shared_memory }) => {
                guard.own_shared_memory = own_shared_memory;
                Ok(guard)
            }
            Ok(other) => Err(suite(format!("the warden said {other:?}, expected that it is ready"))),
            Err(error) => Err(suite(format!(
                "{} did not become a warden ({error}); it must call `run::warden_main()` first in `main`",
                program.display()
            ))),
        }
    }

    /// The warden's pid.
    pub(super) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Where the shared memory of what is below the warden is seen, if it is theirs alone.
    pub(super) fn own_shared_memory(&self) -> Option<PathBuf> {
        let seen = format!("/proc/{}/root{}", self.pid(), super::leftovers::SHARED_MEMORY);
        self.own_shared_memory.then(|| seen.into())
    }

    /// Starts the adapter and returns its pid.
    ///
    /// # Errors
    /// [`SessionError::NotStarted`] if the command cannot be executed.
    pub(super) fn start_adapter(
        &mut self,
        command: &AdapterCommand,
        further_env: Vec<(std::ffi::OsString, std::ffi::OsString)>,
        log: &Path,
        directory: &Path,
    ) -> Result<i32, SessionError> {
        let env = command.env.iter().cloned().chain(further_env).collect();
        let (log, directory) = (log.into(), directory.into());
        self.ask(&Request::Start { argv: command.argv.clone(), env, log, directory }).map_err(suite)?;
        match self.reply().map_err(suite)? {
            Reply::Started { pid } => Ok(pid),
            Reply::NotStarted { reason } => Err(SessionError::NotStarted(reason)),
            other => Err(suite(format!("the warden said {other:?}, expected that the adapter was started"))),
        }
    }

    /// Kills and reaps everything below the warden except `spare`; returns what was found alive.
    ///
    /// # Errors
    /// In words: the warden is gone, or something could not be killed.
    pub(super) fn sweep(&mut self, spare: &[ProcessId]) -> Result<Vec<Process>, String> {
        self.ask(&Request::Sweep { spare: spare.to_vec() })
            .map_err(|error| format!("the warden: {error}"))?;
        loop {
            match self.reply().map_err(|error| format!("the warden: {error}"))? {
                Reply::AdapterEnded { status } => self.adapter_status = Some(status),
                Reply::Swept { killed, left } if left.is_empty() => return Ok(killed),
                Reply::Swept { left, .. } => return Err(format!("SIGKILL did not end {left:?}")),
                other => return Err(format!("the warden said {other:?}, expected the result of a sweep")),
            }
        }
    }

    /// Whether the warden has said something that was not yet taken. Two things that it says may come in
    /// one piece, and then its socket has nothing more to show.
    pub(super) fn has_news(&self) -> bool {
        let mut ready = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        self.input.contains(&b'\n') || poll(&mut ready, PollTimeout::ZERO).is_ok_and(|count| count > 0)
    }

    /// Takes news from the warden: that the adapter has ended, or that it has itself. Waits at most
    /// `patience` for them.
    pub(super) fn listen(&mut self, patience: Duration) {
        let until = now_ns() + ns(patience);
        while self.adapter_status.is_none() && !self.gone {
            let left = Duration::from_nanos(until.saturating_sub(now_ns()).max(MS));
            let _ = self.socket.set_read_timeout(Some(left));
            let reply = self.reply();
            let _ = self.socket.set_read_timeout(Some(PATIENCE));
            match reply {
                Ok(Reply::AdapterEnded { status }) => self.adapter_status = Some(status),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return,
                Err(_) => self.gone = true,
            }
        }
    }

    /// The adapter's exit status (negative for a signal), if it is known that it has ended.
    pub(super) fn adapter_status(&self) -> Option<i32> {
        self.adapter_status
    }

    /// Whether the warden itself is known to be gone.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    fn ask(&mut self, request: &Request) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.socket.write_all(&line)
    }

    fn reply(&mut self) -> std::io::Result<Reply> {
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                return Ok(serde_json::from_slice(&line)?);
            }
            let mut chunk = [0; 4096];
            match self.socket.read(&mut chunk) {
                Ok(0) => return Err(std::io::Error::new(ErrorKind::UnexpectedEof, "it has ended")),
                Ok(count) => self.input.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for Guard {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        // It gives up after some seconds by itself, so this does not wait for ever.
        let _ = self.child.wait();
    }
}

fn suite(reason: impl ToString) -> SessionError {
    SessionError::Suite(reason.to_string())
}
