//! Why a call gave nothing.

use std::fmt;
use std::io;

use procession_wire::message::{Exception, MessageError, Reply};
use procession_wire::{Kind, Value, bridge};

use crate::client::ConnectError;
use crate::handshake::Unproved;
use crate::python::{Work, repr};

/// Why a call of a server gave nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// An argument cannot be encoded; nothing was sent.
    Argument(bridge::Error),
    /// The keys differ.
    KeyRefused(Unproved),
    /// What is there does not speak as a manager's server does.
    Nonsense(String),
    /// The operating system refused: no descriptors are left, say.
    Os(io::Error),
    /// The method raised an error.
    Raised(Box<Raised>),
    /// The server could not call the method: there is no such object or method. In the server's words, the last
    /// line of which names the error.
    Remote(String),
    /// The result is not of the type that was asked for.
    Result(bridge::Error),
    /// Nobody serves there, or the server ended before it had answered: whether the method was called is not
    /// known.
    ServerGone,
    /// The server did not take up the connection, or did not prove its key, in time.
    TimedOut,
    /// The result cannot be sent, in the server's words.
    Unserializable(String),
}

/// An error that a method raised, by the name of its class and its arguments.
#[derive(Clone, Debug)]
pub struct Raised {
    /// The module of its class: `builtins` for Python's own.
    pub module: String,
    /// The name of its class.
    pub name: String,
    /// The tuple of its arguments.
    pub args: Value<'static>,
}

impl Raised {
    pub(super) fn of(exception: &Exception<'_>) -> Raised {
        let mut builder = procession_wire::Builder::new();
        let args: Vec<_> = exception.args.iter().map(|argument| builder.copy(argument)).collect();
        let args = builder.tuple(&args);
        Raised {
            module: exception.class.module.to_str_lossy().into_owned(),
            name: exception.class.name.to_str_lossy().into_owned(),
            args: builder.finish(args),
        }
    }

    /// Whether it is of this class, named as Python does: `KeyError`, `queue.Empty`.
    pub fn is(&self, class: &str) -> bool {
        let (module, name) = class.rsplit_once('.').unwrap_or(("builtins", class));
        // One class goes by two names.
        let found = if self.module == "_queue" { "queue" } else { &self.module };
        self.name == name && found == module
    }

    /// Its first argument, if that is a text: mostly what it says.
    pub fn text(&self) -> Option<String> {
        let first = self.args.root().tuple()?.get(0)?;
        first.text().map(|text| text.to_str_lossy().into_owned())
    }
}

impl fmt::Display for Raised {
    /// As the last line of Python's traceback has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.module != "builtins" {
            write!(f, "{}.", self.module)?;
        }
        f.write_str(&self.name)?;
        let root = self.args.root();
        let shown = match root.tuple().and_then(|args| args.array()) {
            Some([one]) => match one.kind() {
                Kind::Str(text) if self.name != "KeyError" => return write!(f, ": {text}"),
                _ => one,
            },
            None if root.tuple().is_some_and(|args| args.is_empty()) => return Ok(()),
            None => root,
        };
        match repr(shown, 10_000, &mut Work::of(10_000)) {
            Ok(text) => write!(f, ": {text}"),
            Err(_) => f.write_str(": ..."),
        }
    }
}

impl std::error::Error for Raised {}

impl CallError {
    /// The error that a method raised, if one did.
    pub fn raised(&self) -> Option<&Raised> {
        match self {
            CallError::Raised(raised) => Some(&**raised),
            _ => None,
        }
    }

    /// Whether the method raised an error of this class, named as Python does.
    pub fn is(&self, class: &str) -> bool {
        self.raised().is_some_and(|raised| raised.is(class))
    }

    /// What a reply says that is not a result.
    pub(super) fn of_reply(reply: &Reply<'_>) -> CallError {
        match reply {
            Reply::Error(exception) => CallError::Raised(Box::new(Raised::of(exception))),
            Reply::Traceback(text) => CallError::Remote(text.to_str_lossy().into_owned()),
            Reply::Unserializable(text) => CallError::Unserializable(text.to_str_lossy().into_owned()),
            other => CallError::Nonsense(format!("a reply that was not asked for: {other:?}")),
        }
    }
}

impl From<bridge::Error> for CallError {
    fn from(error: bridge::Error) -> CallError {
        CallError::Result(error)
    }
}

impl From<MessageError> for CallError {
    fn from(error: MessageError) -> CallError {
        CallError::Nonsense(error.to_string())
    }
}

impl From<ConnectError> for CallError {
    fn from(error: ConnectError) -> CallError {
        match error {
            ConnectError::AuthenticationFailed(Unproved::Left) => CallError::ServerGone,
            ConnectError::AuthenticationFailed(why) => CallError::KeyRefused(why),
            ConnectError::NotFound(_) | ConnectError::Refused(_) => CallError::ServerGone,
            ConnectError::Silent(_) | ConnectError::TimedOut(_) => CallError::TimedOut,
            ConnectError::BadAddress(what) => CallError::Nonsense(what),
            ConnectError::Os(error) => match error.kind() {
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => CallError::ServerGone,
                _ => CallError::Os(error),
            },
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Argument(error) => write!(f, "an argument cannot be sent: {error}"),
            CallError::KeyRefused(why) => write!(f, "the server refuses: {why}"),
            CallError::Nonsense(what) => write!(f, "what is there is no manager's server: {what}"),
            CallError::Os(error) => error.fmt(f),
            CallError::Raised(raised) => raised.fmt(f),
            CallError::Remote(text) => write!(f, "the server could not call the method:\n{text}"),
            CallError::Result(error) => write!(f, "the result is of another type: {error}"),
            CallError::ServerGone => f.write_str("the manager's server is gone"),
            CallError::TimedOut => f.write_str("the manager's server did not answer in time"),
            CallError::Unserializable(text) => write!(f, "the result cannot be sent: {text}"),
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CallError::Argument(error) | CallError::Result(error) => Some(error),
            CallError::KeyRefused(why) => Some(why),
            CallError::Os(error) => Some(error),
            CallError::Raised(raised) => Some(&**raised),
            _ => None,
        }
    }
}
