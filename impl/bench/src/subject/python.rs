//! CPython's multiprocessing, and faster-fifo where it is installed, measured by a script of their own.

use std::io::Read;
use std::path::Path;
use std::process::{ChildStdout, Command};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;

use crate::crew::Crew;
use crate::run::{Run, Trouble};

const SCRIPT: &str = include_str!("python_peer.py");

/// One figure of the script: messages per second, or nanoseconds.
pub fn measure(run: &Run, interpreter: &Path, words: &[&str]) -> Result<f64, Trouble> {
    measure_by(SCRIPT, run, interpreter, words)
}

/// One figure of a script.
pub fn measure_by(script: &str, run: &Run, interpreter: &Path, words: &[&str]) -> Result<f64, Trouble> {
    let mut crew = Crew::new()?;
    let mut command = Command::new(interpreter);
    command.args(["-c", script]).args(words).arg(run.python_length().as_secs_f64().to_string());
    let mut output = crew.spawn(&mut command).map_err(|error| not_started(interpreter, error))?;
    let until = Instant::now() + run.python_length() + 2 * run.patience;
    let text = read_to_end(&mut output, until)?;
    crew.wait(until)?;
    // How it ended matters only where it has given no answer.
    let ended = crew.dismiss();
    figure(&text, || ended.err().unwrap_or_else(|| format!("the script said {text:?}")))
}

/// Why an interpreter is not there.
pub fn not_started(interpreter: &Path, error: std::io::Error) -> Trouble {
    match error.kind() {
        std::io::ErrorKind::NotFound => Trouble::NotFound(format!("no {}", interpreter.display())),
        _ => error.into(),
    }
}

/// What a script writes until it closes its output.
pub fn read_to_end(output: &mut ChildStdout, until: Instant) -> Result<String, Trouble> {
    let mut text = Vec::new();
    while read_some(output, &mut text, until)? {}
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// What a script writes next; false at the end.
pub fn read_some(output: &mut ChildStdout, text: &mut Vec<u8>, until: Instant) -> Result<bool, Trouble> {
    loop {
        let left = until.saturating_duration_since(Instant::now()).as_millis().min(60_000) as u16;
        let mut fds = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::from(left)) {
            Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
            Ok(0) => return Err(Trouble::Failed("the script did not come to an end".into())),
            Ok(_) => break,
        }
    }
    let mut block = [0; 4096];
    let len = output.read(&mut block)?;
    text.extend_from_slice(&block[..len]);
    Ok(len > 0)
}

/// The figure in what a script has written; `otherwise` says why there is none.
pub fn figure(text: &str, otherwise: impl FnOnce() -> String) -> Result<f64, Trouble> {
    match text.trim().split_once(' ') {
        Some(("value", value)) => {
            value.parse().map_err(|error| Trouble::Failed(format!("{value:?} is no figure: {error}")))
        }
        Some(("missing", what)) => Err(Trouble::NotFound(what.to_string())),
        Some(("failed", what)) => Err(Trouble::Failed(what.to_string())),
        _ => Err(Trouble::Failed(otherwise())),
    }
}
