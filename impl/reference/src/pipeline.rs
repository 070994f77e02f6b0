//! Programs in a row, each one's standard output connected to the next one's standard input, as a
//! shell runs `cat FILE | grep x | wc -l`.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, IoSlice, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::connection::{Kind, write_some};

/// Programs to be run in a row.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    stages: Vec<Vec<OsString>>,
    input: Option<Vec<u8>>,
}

/// What a pipeline did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineOutput {
    /// What the last stage wrote to its standard output.
    pub output: Vec<u8>,
    /// How each stage ended, in order: its exit code, or the negated number of the signal that
    /// ended it. A stage whose reader was gone before it had written everything usually ends by
    /// SIGPIPE, -13.
    pub exit_codes: Vec<i32>,
}

/// Why a pipeline did not run to its end. No stage of it is running any more.
#[derive(Debug)]
#[non_exhaustive]
pub enum PipelineError {
    /// There is no stage.
    Empty,
    /// The stage at this index, counted from 0, names no program.
    EmptyStage(usize),
    /// A connection between stages, or the waiting for them, failed.
    Os(io::Error),
    /// A stage could not be started.
    Start {
        /// Which stage, counted from 0.
        index: usize,
        /// The program that it names.
        program: OsString,
        /// Why, such as [`io::ErrorKind::NotFound`].
        source: io::Error,
    },
}

impl fmt::Display for PipelineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PipelineError::Empty => f.write_str("a pipeline needs at least one stage"),
            PipelineError::EmptyStage(index) => write!(f, "stage {index} names no program"),
            PipelineError::Os(error) => error.fmt(f),
            PipelineError::Start { index, program, source } => {
                write!(f, "stage {index} ({}) could not be started: {source}", program.display())
            }
        }
    }
}

impl std::error::Error for PipelineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PipelineError::Os(source) | PipelineError::Start { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<io::Error> for PipelineError {
    fn from(error: io::Error) -> Self {
        PipelineError::Os(error)
    }
}

impl Pipeline {
    /// A pipeline without stages.
    pub fn new() -> Pipeline {
        Pipeline::default()
    }

    /// Adds a program with its arguments at the end.
    #[must_use]
    pub fn stage<S: Into<OsString>>(
        mut self,
        program_and_arguments: impl IntoIterator<Item = S>,
    ) -> Pipeline {
        self.stages.push(program_and_arguments.into_iter().map(Into::into).collect());
        self
    }

    /// What the first stage reads from its standard input; without this, nothing.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Pipeline {
        self.input = Some(bytes.into());
        self
    }

    /// Runs all stages at once and waits for every one.
    ///
    /// Standard error is that of this process. We hold no end that lies between two stages, so a
    /// stage that ends early is seen by its neighbours at once: the one before by SIGPIPE when it
    /// writes on, the one after by the end of its input.
    ///
    /// # Errors
    /// [`PipelineError::Start`] names the first stage that could not be started; the others have
    /// been ended then.
    pub fn run(&self) -> Result<PipelineOutput, PipelineError> {
        if self.stages.is_empty() {
            return Err(PipelineError::Empty);
        }
        if let Some(index) = self.stages.iter().position(Vec::is_empty) {
            return Err(PipelineError::EmptyStage(index));
        }
        let mut running = Running::default();
        let (mut upstream, feed) = match &self.input {
            None => (Stdio::null(), None),
            Some(bytes) => {
                let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(io::Error::from)?;
                fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(io::Error::from)?;
                (Stdio::from(reader), Some((writer, &bytes[..])))
            }
        };
        let mut output = None;
        for (index, stage) in self.stages.iter().enumerate() {
            let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(io::Error::from)?;
            let mut command = Command::new(&stage[0]);
            command.args(&stage[1..]).stdin(upstream).stdout(writer);
            let child = command.spawn().map_err(|source| PipelineError::Start {
                index,
                program: stage[0].clone(),
                source,
            })?;
            running.0.push(child);
            // Our copies of the stage's ends go with `command` here, before anybody waits for them.
            drop(command);
            if index + 1 < self.stages.len() {
                upstream = Stdio::from(reader);
            } else {
                upstream = Stdio::null();
                output = Some(reader);
            }
        }
        let output = match output {
            Some(reader) => feed_and_collect(feed, reader)?,
            None => Vec::new(),
        };
        Ok(PipelineOutput { output, exit_codes: running.wait()? })
    }
}

/// Writes the input and reads the output as each becomes possible, so neither waits for the other.
fn feed_and_collect(mut feed: Option<(OwnedFd, &[u8])>, reader: OwnedFd) -> io::Result<Vec<u8>> {
    let mut output = Vec::new();
    while let Some((writer, rest)) = &mut feed {
        let mut entries =
            [PollFd::new(reader.as_fd(), PollFlags::POLLIN), PollFd::new(writer.as_fd(), PollFlags::POLLOUT)];
        match poll(&mut entries, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let happened = |entry: &PollFd<'_>| entry.revents().is_some_and(|found| !found.is_empty());
        let [readable, writable] = [happened(&entries[0]), happened(&entries[1])];
        if readable {
            let mut piece = [0; 65536];
            match nix::unistd::read(&reader, &mut piece) {
                // The last stage has ended; what is left of the input is for nobody.
                Ok(0) => return Ok(output),
                Ok(count) => output.extend_from_slice(&piece[..count]),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if writable {
            match write_some(writer, Kind::Pipe, &[IoSlice::new(rest)]) {
                Ok(count) => *rest = &rest[count..],
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                // The first stage wants no more, as it may.
                Err(Errno::EPIPE) => *rest = &[],
                Err(error) => return Err(error.into()),
            }
            if rest.is_empty() {
                feed = None;
            }
        }
    }
    std::fs::File::from(reader).read_to_end(&mut output)?;
    Ok(output)
}

/// Stages that have been started; whoever is still running when this is dropped is ended.
#[derive(Default)]
struct Running(Vec<Child>);

impl Running {
    fn wait(&mut self) -> io::Result<Vec<i32>> {
        self.0.iter_mut().map(|child| child.wait().map(exit_code)).collect()
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| -status.signal().unwrap_or(0))
}

impl Drop for Running {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // A child that has been waited for remembers it: neither call reaches the system then.
            if let Ok(None) = child.try_wait() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}
