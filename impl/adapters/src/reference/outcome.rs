//! Which outcome an error of the reference is, by its meaning.

use std::io;

use procession_contract::{Answer, Outcome};
use procession_reference::connection::{FromFdError, PollError, RecvError, RecvIntoError, SendError};
use procession_reference::os_pipe::{ReadError, WriteError};
use procession_reference::process::{
    CloseError, JoinError, QueryError, SetDaemonError, SignalError, StartError,
};
use procession_reference::transfer::EncodeError;
use procession_reference::wait::WaitError;

/// An error of the operating system.
pub(super) fn os(error: io::Error) -> Answer {
    Answer::error(outcome_of(&error), error)
}

fn outcome_of(error: &io::Error) -> Outcome {
    match error.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::EAGAIN | libc::ENOBUFS) => Outcome::Exhausted,
        Some(libc::EBADF | libc::ENOTSOCK) => Outcome::BadDescriptor,
        _ if matches!(
            error.kind(),
            io::ErrorKind::OutOfMemory
                | io::ErrorKind::StorageFull
                | io::ErrorKind::FileTooLarge
                | io::ErrorKind::QuotaExceeded
        ) =>
        {
            Outcome::Exhausted
        }
        _ => Outcome::Other,
    }
}

pub(super) fn send(error: SendError) -> Answer {
    let outcome = match &error {
        SendError::BadValue(_) => Outcome::BadValue,
        SendError::BrokenPipe => Outcome::BrokenPipe,
        SendError::Closed => Outcome::Closed,
        SendError::Encode(_) => Outcome::EncodeFailed,
        SendError::Os(error) => outcome_of(error),
        SendError::TooLong(_) => Outcome::TooLong,
        SendError::WrongDirection => Outcome::WrongDirection,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

/// Of bytes that are written around a connection: to one whose peer is gone they fail as messages do.
pub(super) fn raw_write(error: io::Error) -> Answer {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => send(SendError::BrokenPipe),
        _ => os(error),
    }
}

pub(super) fn recv(error: RecvError) -> Answer {
    let outcome = match &error {
        RecvError::BadValue(_) => Outcome::BadValue,
        RecvError::Closed => Outcome::Closed,
        RecvError::Corrupt(_) => Outcome::Corrupt,
        RecvError::Decode(_) => Outcome::DecodeFailed,
        RecvError::Eof => Outcome::Eof,
        RecvError::Os(error) => outcome_of(error),
        RecvError::TooLong(_) => Outcome::TooLong,
        RecvError::WrongDirection => Outcome::WrongDirection,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn recv_into(error: RecvIntoError) -> Answer {
    let outcome = match &error {
        RecvIntoError::BadValue(_) => Outcome::BadValue,
        RecvIntoError::BufferTooShort(_) => Outcome::BufferTooShort,
        RecvIntoError::Closed => Outcome::Closed,
        RecvIntoError::Corrupt(_) => Outcome::Corrupt,
        RecvIntoError::Eof => Outcome::Eof,
        RecvIntoError::Os(error) => outcome_of(error),
        RecvIntoError::WrongDirection => Outcome::WrongDirection,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn poll(error: PollError) -> Answer {
    let outcome = match &error {
        PollError::Closed => Outcome::Closed,
        PollError::Os(error) => outcome_of(error),
        PollError::WrongDirection => Outcome::WrongDirection,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn from_fd(error: FromFdError) -> Answer {
    let outcome = match &error {
        FromFdError::BadDescriptor(_) => Outcome::BadDescriptor,
        FromFdError::Negative(_) | FromFdError::NoDirection => Outcome::BadValue,
        FromFdError::Os(error) => outcome_of(error),
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn wait(error: WaitError) -> Answer {
    let outcome = match &error {
        WaitError::BadDescriptor { .. } => Outcome::BadDescriptor,
        WaitError::Closed { .. } => Outcome::Closed,
        WaitError::Os(error) => outcome_of(error),
        WaitError::WrongDirection { .. } => Outcome::WrongDirection,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn read(error: ReadError) -> Answer {
    let outcome = match &error {
        ReadError::Closed => Outcome::Closed,
        ReadError::Eof => Outcome::Eof,
        ReadError::Os(error) => outcome_of(error),
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn write(error: WriteError) -> Answer {
    let (outcome, written) = match &error {
        WriteError::BrokenPipe { written } => (Outcome::BrokenPipe, *written),
        WriteError::Closed => (Outcome::Closed, 0),
        WriteError::Os(error) => (outcome_of(error), 0),
        _ => (Outcome::Other, 0),
    };
    Answer { value: written as i64, ..Answer::error(outcome, error) }
}

/// Why an object was not serialised outside the start of a process.
pub(super) fn encode(error: EncodeError) -> Answer {
    let outcome = match &error {
        EncodeError::Refused(_) => Outcome::NotAllowed,
        _ => Outcome::EncodeFailed,
    };
    Answer::error(outcome, error)
}

pub(super) fn start(error: StartError) -> Answer {
    let outcome = match &error {
        StartError::AlreadyStarted | StartError::DaemonsMayNotHaveChildren => Outcome::Misuse,
        StartError::NotCreator => Outcome::NotOwner,
        StartError::Bootstrapping | StartError::NotInProgram | StartError::ProgramDiffers => {
            Outcome::NotAllowed
        }
        StartError::Closed => Outcome::Closed,
        StartError::Encode(_) => Outcome::EncodeFailed,
        StartError::Os(error) => outcome_of(error),
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn join(error: JoinError) -> Answer {
    let outcome = match &error {
        JoinError::Closed => Outcome::Closed,
        JoinError::NotCreator => Outcome::NotOwner,
        JoinError::NotStarted => Outcome::Misuse,
        JoinError::Os(error) => outcome_of(error),
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn query(error: QueryError) -> Answer {
    let outcome = match &error {
        QueryError::Closed => Outcome::Closed,
        QueryError::NotCreator => Outcome::NotOwner,
        QueryError::NotStarted => Outcome::Misuse,
        QueryError::Os(error) => outcome_of(error),
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

/// Of a sentinel: one that does not exist yet is a value that is not there, not a wrong order.
pub(super) fn sentinel(error: QueryError) -> Answer {
    match error {
        QueryError::NotStarted => Answer::error(Outcome::BadValue, error),
        error => query(error),
    }
}

pub(super) fn signal(error: SignalError) -> Answer {
    let outcome = match &error {
        SignalError::Closed => Outcome::Closed,
        SignalError::NotCreator => Outcome::NotOwner,
        SignalError::NotStarted => Outcome::Misuse,
        SignalError::Os(error) => outcome_of(error),
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn close(error: CloseError) -> Answer {
    let outcome = match &error {
        CloseError::NotCreator => Outcome::NotOwner,
        CloseError::Os(error) => outcome_of(error),
        CloseError::StillRunning => Outcome::StillRunning,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn set_daemon(error: SetDaemonError) -> Answer {
    let outcome = match &error {
        SetDaemonError::AlreadyStarted => Outcome::Misuse,
        SetDaemonError::Closed => Outcome::Closed,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}
