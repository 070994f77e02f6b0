//! Why a block could not be created, attached, used or removed.

use std::fmt;
use std::io;

use super::name::BadName;
use crate::process::StartError;

/// Why a block was not created. No name was left behind.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateBlockError {
    /// The name is impossible.
    BadName(BadName),
    /// The size is 0, or beyond what a file can have.
    BadSize(usize),
    /// There is not so much shared memory, address space or room for files left.
    Exhausted(io::Error),
    /// A block of this name exists.
    NameTaken(String),
    /// The system refused.
    Os(io::Error),
    /// The tracker, which removes the block when the program ends, could not be started.
    Tracker(StartError),
}

/// Why a block was not attached. Nothing happened to it.
#[derive(Debug)]
#[non_exhaustive]
pub enum AttachBlockError {
    /// The name is impossible.
    BadName(BadName),
    /// There is not so much shared memory or address space left.
    Exhausted(io::Error),
    /// No block has this name.
    NameMissing(String),
    /// What has this name is no file that can be mapped.
    NotABlock(String),
    /// The system refused.
    Os(io::Error),
    /// The block has no size yet: whoever creates it has not finished, or died in the middle.
    Unfinished(String),
}

/// Why bytes of a block were not read or written. None were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessError {
    /// The handle was closed before.
    Closed,
    /// Not all of them lie in the block.
    OutOfBounds {
        /// The first byte.
        at: usize,
        /// How many bytes.
        len: usize,
        /// How many there are.
        size: usize,
    },
}

/// Why the name of a block was not removed.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnlinkError {
    /// The name is impossible.
    BadName(BadName),
    /// No block has this name any more, or another one has it now.
    NameMissing(String),
    /// The system refused.
    Os(io::Error),
}

impl fmt::Display for CreateBlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CreateBlockError::BadName(error) => error.fmt(f),
            CreateBlockError::BadSize(0) => f.write_str("a block must have at least one byte"),
            CreateBlockError::BadSize(size) => write!(f, "no block can have {size} bytes"),
            CreateBlockError::Exhausted(error) => write!(f, "not enough memory is left: {error}"),
            CreateBlockError::NameTaken(name) => write!(f, "a block named `{name}` exists"),
            CreateBlockError::Os(error) => write!(f, "the system refused: {error}"),
            CreateBlockError::Tracker(error) => {
                write!(f, "the tracker of shared memory could not be started: {error}")
            }
        }
    }
}

impl fmt::Display for AttachBlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttachBlockError::BadName(error) => error.fmt(f),
            AttachBlockError::Exhausted(error) => write!(f, "not enough memory is left: {error}"),
            AttachBlockError::NameMissing(name) => write!(f, "no block is named `{name}`"),
            AttachBlockError::NotABlock(name) => write!(f, "`{name}` is no block of shared memory"),
            AttachBlockError::Os(error) => write!(f, "the system refused: {error}"),
            AttachBlockError::Unfinished(name) => {
                write!(f, "the block `{name}` has no size yet: its creation was not finished")
            }
        }
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccessError::Closed => f.write_str("the block is closed"),
            AccessError::OutOfBounds { at, len, size } => {
                write!(f, "{len} bytes at {at} do not lie in {size} bytes")
            }
        }
    }
}

impl fmt::Display for UnlinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnlinkError::BadName(error) => error.fmt(f),
            UnlinkError::NameMissing(name) => write!(f, "the block `{name}` has been removed before"),
            UnlinkError::Os(error) => write!(f, "the system refused: {error}"),
        }
    }
}

impl std::error::Error for CreateBlockError {}
impl std::error::Error for AttachBlockError {}
impl std::error::Error for AccessError {}
impl std::error::Error for UnlinkError {}
