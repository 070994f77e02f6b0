//! CPython's multiprocessing, and faster-fifo where it is installed, measured by a script of their own.

use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;

use crate::crew::Crew;
use crate::run::{Run, Trouble};

const SCRIPT: &str = include_str!("python_peer.py");

/// One figure of the script: messages per second, or nanoseconds.
pub fn measure(run: &Run, interpreter: &Path, words: &[&str]) -> Result<f64, Trouble> {
    let mut crew = Crew::new()?;
    let mut command = Command::new(interpreter);
    command.args(["-c", SCRIPT]).args(words).arg(run.python_length().as_secs_f64().to_string());
    let mut output = match crew.spawn(&mut command) {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Trouble::NotFound(format!("no {}", interpreter.display())));
        }
        Err(error) => return Err(error.into()),
    };
    let until = Instant::now() + run.python_length() + 2 * run.patience;
    let mut text = Vec::new();
    let mut block = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now()).as_millis().min(60_000) as u16;
        let mut fds = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::from(left)) {
            Err(nix::errno::Errno::EINTR) => continue,
            Err(errno) => return Err(errno.into()),
            Ok(0) => return Err(Trouble::Failed("the script did not come to an end".into())),
            Ok(_) => {}
        }
        match output.read(&mut block)? {
            0 => break,
            len => text.extend_from_slice(&block[..len]),
        }
    }
    crew.wait(until)?;
    // How it ended matters only where it has given no answer.
    let ended = crew.dismiss();
    let text = String::from_utf8_lossy(&text);
    match text.trim().split_once(' ') {
        Some(("value", value)) => {
            value.parse().map_err(|error| Trouble::Failed(format!("{value:?} is no figure: {error}")))
        }
        Some(("missing", what)) => Err(Trouble::NotFound(what.to_string())),
        Some(("failed", what)) => Err(Trouble::Failed(what.to_string())),
        _ => {
            let why = ended.err().unwrap_or_else(|| format!("the script said {text:?}"));
            Err(Trouble::Failed(why))
        }
    }
}
