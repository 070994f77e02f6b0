//! What can go wrong with a process object, one enum per operation.

use std::fmt;
use std::io;

use crate::transfer::EncodeError;

/// Why a process was not started. The object is as it was, and no process exists.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// It was started before.
    AlreadyStarted,
    /// This process has not yet begun the body it was started for: a process started now would come
    /// to the same place, and so on without end.
    Bootstrapping,
    /// The object is closed.
    Closed,
    /// The caller is daemonic.
    DaemonsMayNotHaveChildren,
    /// The arguments cannot leave this process.
    Encode(EncodeError),
    /// Another process created the object.
    NotCreator,
    /// The function is not part of the program itself but of a library loaded into it, so that a new
    /// process of this program cannot find it.
    NotInProgram,
    /// The operating system refused.
    Os(io::Error),
    /// The program set by [`set_executable`](crate::context::set_executable) is not the same build.
    ProgramDiffers,
}

/// Why nothing was waited for.
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// The object is closed.
    Closed,
    /// Another process created the object; this holds for a process's own object too.
    NotCreator,
    /// The process was not started.
    NotStarted,
    /// The operating system refused.
    Os(io::Error),
}

/// Why a question about a process has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum QueryError {
    /// The object is closed.
    Closed,
    /// The process has ended, but its exit code went to somebody else.
    ExitUnknown,
    /// Another process created the object.
    NotCreator,
    /// The process was not started.
    NotStarted,
    /// The operating system refused.
    Os(io::Error),
}

/// Why no signal was sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignalError {
    /// The object is closed.
    Closed,
    /// Another process created the object.
    NotCreator,
    /// The process was not started.
    NotStarted,
    /// The operating system refused.
    Os(io::Error),
}

/// Why an object was not closed.
#[derive(Debug)]
#[non_exhaustive]
pub enum CloseError {
    /// Another process created the object.
    NotCreator,
    /// The operating system refused to say whether it runs.
    Os(io::Error),
    /// The process still runs; end and join it first.
    StillRunning,
}

/// Why the daemon flag was not changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SetDaemonError {
    /// The process was started.
    AlreadyStarted,
    /// The object is closed.
    Closed,
}

const CLOSED: &str = "process object is closed";
const NOT_CREATOR: &str = "only the process that created the object may do this";
const NOT_STARTED: &str = "process is not started";

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::AlreadyStarted => f.write_str("a process can be started only once"),
            StartError::Bootstrapping => {
                f.write_str("this process has not begun its own body yet, so it may not start another")
            }
            StartError::Closed => f.write_str(CLOSED),
            StartError::DaemonsMayNotHaveChildren => {
                f.write_str("daemonic processes are not allowed to have children")
            }
            StartError::Encode(error) => error.fmt(f),
            StartError::NotCreator => f.write_str(NOT_CREATOR),
            StartError::NotInProgram => {
                f.write_str("the function belongs to a loaded library, expected one of the program itself")
            }
            StartError::Os(error) => error.fmt(f),
            StartError::ProgramDiffers => {
                f.write_str("the program set for new processes is not the same build as this one")
            }
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Closed => f.write_str(CLOSED),
            JoinError::NotCreator => f.write_str("can only join a child process"),
            JoinError::NotStarted => f.write_str(NOT_STARTED),
            JoinError::Os(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueryError::Closed => f.write_str(CLOSED),
            QueryError::ExitUnknown => f.write_str("the process ended, but somebody else took its exit code"),
            QueryError::NotCreator => f.write_str(NOT_CREATOR),
            QueryError::NotStarted => f.write_str(NOT_STARTED),
            QueryError::Os(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for SignalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignalError::Closed => f.write_str(CLOSED),
            SignalError::NotCreator => f.write_str(NOT_CREATOR),
            SignalError::NotStarted => f.write_str(NOT_STARTED),
            SignalError::Os(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloseError::NotCreator => f.write_str(NOT_CREATOR),
            CloseError::Os(error) => error.fmt(f),
            CloseError::StillRunning => f.write_str("cannot close a process while it is still running"),
        }
    }
}

impl fmt::Display for SetDaemonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetDaemonError::AlreadyStarted => f.write_str("process has already started"),
            SetDaemonError::Closed => f.write_str(CLOSED),
        }
    }
}

impl std::error::Error for StartError {}
impl std::error::Error for JoinError {}
impl std::error::Error for QueryError {}
impl std::error::Error for SignalError {}
impl std::error::Error for CloseError {}
impl std::error::Error for SetDaemonError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> StartError {
        StartError::Os(error)
    }
}

impl From<nix::errno::Errno> for StartError {
    fn from(errno: nix::errno::Errno) -> StartError {
        StartError::Os(errno.into())
    }
}

impl From<EncodeError> for StartError {
    fn from(error: EncodeError) -> StartError {
        StartError::Encode(error)
    }
}
