//! A pipe of the operating system: bytes in one direction, without messages.

use std::fmt;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::closable::{Closable, InUse};
use crate::connection::{Kind, PollError, wait_readable, write_all, write_some};
use crate::wait::{Until, Waitable, Watch};

/// The end of a pipe that is read. Dropping it closes it.
#[derive(Debug)]
pub struct PipeReader(Closable<OwnedFd>);

/// The end of a pipe that is written. Dropping it closes it.
#[derive(Debug)]
pub struct PipeWriter(Closable<OwnedFd>);

/// Why nothing was read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// This end was closed before.
    Closed,
    /// Every writing end is closed and everything written has been read.
    Eof,
    /// The operating system refused.
    Os(io::Error),
}

/// Why not everything was written.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// Every reading end is closed. The process is told by this error alone, not by SIGPIPE.
    BrokenPipe {
        /// How many bytes had gone into the pipe before; nobody will read them.
        written: usize,
    },
    /// This end was closed before.
    Closed,
    /// The operating system refused.
    Os(io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Closed => f.write_str("the pipe's reading end is closed"),
            ReadError::Eof => f.write_str("every writing end is closed (end of file)"),
            ReadError::Os(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::BrokenPipe { written } => {
                write!(f, "every reading end is closed (broken pipe), {written} bytes were written")
            }
            WriteError::Closed => f.write_str("the pipe's writing end is closed"),
            WriteError::Os(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {}
impl std::error::Error for WriteError {}

/// A new pipe. Programs started by `exec` do not inherit its ends unless told to.
///
/// # Errors
/// When no descriptors are left.
pub fn os_pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    Ok((PipeReader::from(reader), PipeWriter::from(writer)))
}

impl PipeReader {
    /// Reads what is there, at most the length of `buffer`, waiting for the first byte: how many
    /// bytes, at least one unless the buffer is empty.
    ///
    /// # Errors
    /// [`ReadError::Eof`], at every call, after the last byte.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let fd = self.0.open().ok_or(ReadError::Closed)?;
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match nix::unistd::read(&*fd, buffer) {
                Ok(0) => return Err(ReadError::Eof),
                Ok(count) => return Ok(count),
                Err(Errno::EINTR) => {}
                // Someone made the shared file description non-blocking: waiting is ours to do.
                Err(Errno::EAGAIN) => {
                    wait_readable(fd.as_fd(), Until::NEVER).map_err(ReadError::Os)?;
                }
                Err(error) => return Err(ReadError::Os(error.into())),
            }
        }
    }

    /// Reads until `buffer` is full or the stream ends: how many bytes.
    ///
    /// # Errors
    /// [`ReadError::Eof`] when the stream had ended before the first byte.
    pub fn read_until_full(&self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read(&mut buffer[filled..]) {
                Ok(count) => filled += count,
                Err(ReadError::Eof) if filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Closes this end: writers see a broken pipe once no other reader is left. May be repeated.
    pub fn close(&self) {
        self.0.close();
    }
}

impl PipeWriter {
    /// Writes everything, waiting while the pipe is full. Up to `PIPE_BUF` (4096) bytes stay
    /// together whoever else writes.
    ///
    /// # Errors
    /// [`WriteError::BrokenPipe`] when no reader is left.
    pub fn write(&self, bytes: &[u8]) -> Result<(), WriteError> {
        let fd = self.0.open().ok_or(WriteError::Closed)?;
        write_all(&fd, Kind::Pipe, bytes, &[]).map_err(|failure| match failure.error {
            Errno::EPIPE => WriteError::BrokenPipe { written: failure.written },
            error => WriteError::Os(error.into()),
        })
    }

    /// Closes this end: readers see the end of the stream once no other writer is left. May be
    /// repeated.
    pub fn close(&self) {
        self.0.close();
    }
}

/// What both ends have: a descriptor, until it is closed.
macro_rules! end_of_a_pipe {
    ($end:ident) => {
        impl $end {
            /// Whether this end was closed.
            pub fn is_closed(&self) -> bool {
                self.0.is_closed()
            }

            /// The descriptor's number.
            ///
            /// # Errors
            /// [`PollError::Closed`].
            pub fn fileno(&self) -> Result<RawFd, PollError> {
                self.0.open().map(|fd| fd.as_raw_fd()).ok_or(PollError::Closed)
            }

            /// The descriptor itself; `None` when it was closed.
            pub fn into_fd(self) -> Option<OwnedFd> {
                self.0.into_inner()
            }
        }

        impl From<OwnedFd> for $end {
            fn from(fd: OwnedFd) -> Self {
                $end(Closable::new(fd))
            }
        }
    };
}

end_of_a_pipe!(PipeReader);
end_of_a_pipe!(PipeWriter);

/// As [`PipeReader::read`], with zero for the end of the stream, as `std` has it.
impl io::Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match PipeReader::read(self, buffer) {
            Err(ReadError::Eof) => Ok(0),
            Err(ReadError::Closed) => Err(Errno::EBADF.into()),
            Err(ReadError::Os(error)) => Err(error),
            Ok(count) => Ok(count),
        }
    }
}

/// One write each, which may be of a part.
impl io::Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fd = self.0.open().ok_or(Errno::EBADF)?;
        Ok(write_some(&fd, Kind::Pipe, &[IoSlice::new(bytes)])?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct WatchedReader<'a>(InUse<'a, OwnedFd>);

impl Watch for WatchedReader<'_> {
    fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Waitable for PipeReader {
    fn watch(&self) -> Result<Box<dyn Watch + '_>, PollError> {
        self.0.open().map(|fd| Box::new(WatchedReader(fd)) as Box<dyn Watch>).ok_or(PollError::Closed)
    }
}
