//! Why a list could not be made, attached, read or written.

use std::fmt;

use crate::shared_memory::{AccessError, AttachBlockError, CreateBlockError};

/// Why a list was not created. No name was left behind.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateListError {
    /// Its block could not be created.
    Block(CreateBlockError),
    /// An element of the list that was to be copied could not be read.
    Copy(ListGetError),
    /// A text or bytes are longer than a slot can be.
    TooLong {
        /// Which element.
        index: usize,
        /// How many bytes it has.
        len: usize,
    },
}

/// Why a list was not attached. Nothing happened to the block.
#[derive(Debug)]
#[non_exhaustive]
pub enum AttachListError {
    /// The block could not be attached.
    Block(AttachBlockError),
    /// The block holds no list; the text says why not.
    NotAList(&'static str),
}

/// Why an element was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListGetError {
    /// The list was closed before.
    Closed,
    /// What is in the slot is no element: something else has written there, or somebody is writing.
    Corrupt {
        /// Which slot.
        index: usize,
    },
    /// There is no element with this index.
    Index {
        /// The index.
        index: i64,
        /// How many elements there are.
        len: usize,
    },
    /// The bytes of a text are none: two have written at once, or a program of another encoding.
    NotText {
        /// Which slot.
        index: usize,
    },
}

/// Why an element was not written. The old one is there, and nothing else has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListSetError {
    /// The list was closed before.
    Closed,
    /// There is no element with this index.
    Index {
        /// The index.
        index: i64,
        /// How many elements there are.
        len: usize,
    },
    /// It is longer than its slot.
    TooLong {
        /// Which slot.
        index: usize,
        /// How many bytes it has room for.
        capacity: usize,
        /// How many were given.
        len: usize,
    },
    /// It ends in a zero byte, and the list was made by CPython, where that would be lost.
    TrailingZeros {
        /// Which slot.
        index: usize,
    },
}

impl From<AccessError> for ListGetError {
    fn from(error: AccessError) -> ListGetError {
        match error {
            AccessError::Closed => ListGetError::Closed,
            // Slots lie in the block, as was checked when it was attached.
            AccessError::OutOfBounds { at, .. } => ListGetError::Corrupt { index: at },
        }
    }
}

impl fmt::Display for CreateListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CreateListError::Block(error) => error.fmt(f),
            CreateListError::Copy(error) => write!(f, "the list cannot be copied: {error}"),
            CreateListError::TooLong { index, len } => {
                write!(f, "element {index} has {len} bytes, more than a slot can have")
            }
        }
    }
}

impl fmt::Display for AttachListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttachListError::Block(error) => error.fmt(f),
            AttachListError::NotAList(why) => write!(f, "the block holds no list: {why}"),
        }
    }
}

impl fmt::Display for ListGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListGetError::Closed => f.write_str("the list is closed"),
            ListGetError::Corrupt { index } => write!(f, "what is in slot {index} is no element"),
            ListGetError::Index { index, len } => no_element(f, *index, *len),
            ListGetError::NotText { index } => write!(f, "the text in slot {index} is no UTF-8"),
        }
    }
}

impl fmt::Display for ListSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListSetError::Closed => f.write_str("the list is closed"),
            ListSetError::Index { index, len } => no_element(f, *index, *len),
            ListSetError::TooLong { index, capacity, len } => {
                write!(f, "{len} bytes do not fit into slot {index}, which has {capacity}")
            }
            ListSetError::TrailingZeros { index } => {
                write!(f, "slot {index} is CPython's, which would lose the zero bytes at the end")
            }
        }
    }
}

fn no_element(f: &mut fmt::Formatter<'_>, index: i64, len: usize) -> fmt::Result {
    write!(f, "there is no element {index}: the list has {len}")
}

impl std::error::Error for CreateListError {}
impl std::error::Error for AttachListError {}
impl std::error::Error for ListGetError {}
impl std::error::Error for ListSetError {}
