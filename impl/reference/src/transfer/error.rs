//! Why a value could not be encoded or decoded.

use std::fmt;
use std::io;

use super::Purpose;

/// Why a value that holds descriptors, or is shared by inheritance only, did not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The system refused a duplicate of its descriptor.
    Duplicate {
        /// The type.
        what: &'static str,
        /// The system's error number.
        errno: i32,
    },
    /// The bytes name a descriptor that did not come with them.
    NotSupplied {
        /// The type that asked.
        what: &'static str,
        /// The index that it asked for.
        index: u32,
    },
    /// The value is shared by inheritance only: no process is being started, and no connection
    /// passes descriptors.
    NotTravelling {
        /// The type.
        what: &'static str,
    },
    /// The value does not travel for this purpose.
    Purpose {
        /// The type.
        what: &'static str,
        /// The purpose.
        purpose: Purpose,
    },
}

/// Why a value was not encoded.
#[derive(Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// The target is a closure, which exists only in the memory of its process.
    Closure,
    /// A `Serialize` inside the value disturbed the encoding around it.
    Nested,
    /// A part of the value must not travel this way.
    Refused(Refused),
    /// A `Serialize` of the value failed.
    Value {
        /// The value's type.
        type_name: &'static str,
        /// What postcard says.
        source: postcard::Error,
    },
}

/// Why bytes were not decoded.
#[derive(Debug)]
#[non_exhaustive]
pub enum DecodeError {
    /// A part of the value asked for a descriptor that is not there.
    Refused(Refused),
    /// More bytes than the value has.
    Trailing {
        /// The type that was expected.
        type_name: &'static str,
        /// How many bytes were left.
        bytes: usize,
    },
    /// The bytes are no value of this type, or its `Deserialize` failed.
    Value {
        /// The type that was expected.
        type_name: &'static str,
        /// What postcard says.
        source: postcard::Error,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Duplicate { what, errno } => {
                write!(
                    f,
                    "cannot duplicate the descriptor of a {what}: {}",
                    io::Error::from_raw_os_error(*errno)
                )
            }
            Refused::NotSupplied { what, index } => {
                write!(f, "descriptor {index} of a {what} did not come with the bytes, or was taken already")
            }
            Refused::NotTravelling { what } => {
                write!(f, "a {what} is shared by inheritance only, as an argument of a process being started")
            }
            Refused::Purpose { what, purpose: Purpose::Connection } => {
                write!(f, "a {what} cannot be sent through a connection, only be an argument of a process")
            }
            Refused::Purpose { what, purpose: Purpose::Starting } => {
                write!(f, "a {what} cannot be an argument of a process")
            }
        }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::Closure => {
                write!(f, "a closure cannot leave its process: pass a function, or start by fork")
            }
            EncodeError::Nested => write!(f, "a Serialize inside the value disturbed the encoding around it"),
            EncodeError::Refused(refused) => refused.fmt(f),
            EncodeError::Value { type_name, source } => {
                write!(f, "{type_name} cannot be serialised: {source}")
            }
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Refused(refused) => refused.fmt(f),
            DecodeError::Trailing { type_name, bytes } => {
                write!(f, "{bytes} bytes are left behind a {type_name}")
            }
            DecodeError::Value { type_name, source } => {
                write!(f, "the bytes are no {type_name}: {source}")
            }
        }
    }
}

impl std::error::Error for Refused {}
impl std::error::Error for EncodeError {}
impl std::error::Error for DecodeError {}
