//! Why a Rust type and a value did not meet, and where.

use std::fmt;

use crate::pickle;
use crate::value::Unhashable;

/// Why a Rust type was not turned into a value, or a value into a Rust type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// From the outermost value inwards: `.name` for a field, a variant or a text as key, `[2]` for an item or
    /// an integer as key, `[key 0]` and `[value 0]` otherwise; empty for the outermost.
    path: String,
    problem: Box<Problem>,
}

/// What is wrong at the place an [`Error`] names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A value of the wrong type or range, a missing or unknown field, or what a type says of itself.
    Mismatch(String),
    /// No Rust type stands for it: a class, a function, an object, a text with surrogates, an integer beyond
    /// 128 bits.
    NoType {
        /// What it is.
        found: &'static str,
    },
    /// The pickle was not read.
    Read(pickle::ReadError),
    /// Values nest deeper than [`DEEPEST`](super::DEEPEST), or contain themselves.
    TooDeep,
    /// Shared parts make the value unfold to more than this many values, each 16 bytes of a text counted as
    /// one.
    TooMany {
        /// How many are allowed.
        allowed: usize,
    },
    /// A key of a map that Python cannot hash.
    Unhashable(Unhashable),
    /// The pickle was not written.
    Write(pickle::WriteError),
}

impl Error {
    /// Where in the value; see [`Error`]. Empty for the outermost value.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The same error, seen from the sequence in which it has this index.
    #[cold]
    pub(super) fn within_item(self, index: usize) -> Self {
        self.within(format_args!("[{index}]"))
    }

    /// The same error, seen from one level further out.
    pub(super) fn within(mut self, step: impl fmt::Display) -> Self {
        self.path.insert_str(0, &step.to_string());
        self
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Error { path: String::new(), problem: Box::new(problem) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "at {}: ", self.path.trim_start_matches('.'))?;
        }
        fmt::Display::fmt(&self.problem, f)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Mismatch(message) => f.write_str(message),
            Problem::NoType { found } => write!(f, "found {found}, for which there is no Rust type"),
            Problem::Read(error) => fmt::Display::fmt(error, f),
            Problem::TooDeep => {
                write!(f, "more than {} levels, or a value that contains itself", super::DEEPEST)
            }
            Problem::TooMany { allowed } => {
                write!(f, "more than {allowed} values, shared ones counted each time")
            }
            Problem::Unhashable(error) => fmt::Display::fmt(error, f),
            Problem::Write(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for Error {}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Problem::Mismatch(message.to_string()).into()
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Problem::Mismatch(message.to_string()).into()
    }
}
