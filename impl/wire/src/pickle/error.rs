//! Why a pickle was not read or not written.

use std::fmt;

use crate::limits::Dimension;

/// Why bytes were not read as a pickle. Offsets count from its first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// The protocol is none of 2 to 5; pickles of protocols 0 and 1 do not name theirs.
    BadProtocol {
        /// Of the opcode.
        offset: usize,
        /// The protocol, if it is named.
        found: Option<u8>,
    },
    /// An evaluated construction has arguments that Python would refuse.
    BadReduction {
        /// Of the opcode.
        offset: usize,
        /// What was to be constructed.
        what: &'static str,
        /// What its arguments had to be.
        expected: &'static str,
    },
    /// A text is not UTF-8, surrogates let through.
    BadText {
        /// Of the first wrong byte.
        offset: usize,
    },
    /// An opcode reaches over the end of its frame, or a frame begins within another.
    FrameCut {
        /// Of the opcode.
        offset: usize,
    },
    /// The pickle names a class or function that is not on the list.
    GlobalRefused {
        /// Of the opcode.
        offset: usize,
        /// The module.
        module: String,
        /// The name in it.
        name: String,
    },
    /// Values are left on the stack at the end.
    LeftOver {
        /// Of the end.
        offset: usize,
        /// How many, marks included.
        found: usize,
    },
    /// A bound of [`Limits`](crate::Limits) is exceeded.
    Limit {
        /// Where that was noticed.
        offset: usize,
        /// Which bound.
        dimension: Dimension,
        /// How much it allows.
        allowed: usize,
    },
    /// An entry of the memo is read that was never written.
    NoMemo {
        /// Of the opcode.
        offset: usize,
        /// The entry.
        index: u32,
    },
    /// A length is negative.
    NegativeLength {
        /// Of the opcode.
        offset: usize,
        /// The length.
        found: i32,
    },
    /// An opcode needs a mark below it and there is none.
    NoMark {
        /// Of the opcode.
        offset: usize,
        /// The opcode.
        opcode: u8,
    },
    /// Keys and values do not come in pairs.
    OddItems {
        /// Of the opcode.
        offset: usize,
        /// How many came.
        found: usize,
    },
    /// The opcode is one of CPython's that is not read here.
    Refused {
        /// Of the opcode.
        offset: usize,
        /// The opcode.
        opcode: u8,
        /// What it would do.
        what: &'static str,
    },
    /// Bytes follow the end.
    Trailing {
        /// Of the first of them.
        offset: usize,
        /// How many.
        found: usize,
    },
    /// The pickle ends too early.
    Truncated {
        /// Of the opcode that was to be read, or whose argument was.
        offset: usize,
        /// How many bytes were expected.
        expected: u64,
        /// How many there are.
        found: usize,
    },
    /// A key or an item of a set is of a type that Python cannot hash.
    Unhashable {
        /// Of the opcode.
        offset: usize,
        /// Its type.
        found: &'static str,
    },
    /// An opcode finds fewer values than it takes, or a mark among them.
    Underflow {
        /// Of the opcode.
        offset: usize,
        /// The opcode.
        opcode: u8,
        /// How many it takes.
        expected: usize,
        /// How many there are above the last mark.
        found: usize,
    },
    /// No opcode of CPython's.
    UnknownOpcode {
        /// Of the byte.
        offset: usize,
        /// The byte.
        opcode: u8,
    },
    /// An opcode finds a value of the wrong type.
    WrongType {
        /// Of the opcode.
        offset: usize,
        /// The opcode.
        opcode: u8,
        /// The type.
        found: &'static str,
        /// What it had to be.
        expected: &'static str,
    },
}

impl ReadError {
    /// Where in the pickle the error was noticed.
    pub fn offset(&self) -> usize {
        use ReadError::*;
        match self {
            BadProtocol { offset, .. }
            | BadReduction { offset, .. }
            | BadText { offset }
            | FrameCut { offset }
            | GlobalRefused { offset, .. }
            | LeftOver { offset, .. }
            | Limit { offset, .. }
            | NoMemo { offset, .. }
            | NegativeLength { offset, .. }
            | NoMark { offset, .. }
            | OddItems { offset, .. }
            | Refused { offset, .. }
            | Trailing { offset, .. }
            | Truncated { offset, .. }
            | Unhashable { offset, .. }
            | Underflow { offset, .. }
            | UnknownOpcode { offset, .. }
            | WrongType { offset, .. } => *offset,
        }
    }
}

/// An opcode as its mnemonic byte, where that is a character, and as a number.
struct Opcode(u8);

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_ascii_graphic() {
            true => write!(f, "opcode '{}'", char::from(self.0)),
            false => write!(f, "opcode {:#04x}", self.0),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ReadError::*;
        write!(f, "at byte {}: ", self.offset())?;
        match self {
            BadProtocol { found: Some(found), .. } => write!(f, "pickle protocol {found}, expected 2 to 5"),
            BadProtocol { found: None, .. } => f.write_str("no pickle protocol, expected 2 to 5"),
            BadReduction { what, expected, .. } => write!(f, "arguments of {what}: expected {expected}"),
            BadText { .. } => f.write_str("a text is not UTF-8"),
            FrameCut { .. } => f.write_str("an opcode or a frame reaches over the end of its frame"),
            GlobalRefused { module, name, .. } => {
                write!(f, "{module:?}.{name:?} is not on the list of allowed classes and functions")
            }
            LeftOver { found, .. } => {
                write!(f, "{found} values or marks on the stack at the end, expected one value")
            }
            Limit { dimension, allowed, .. } => write!(f, "more than the {allowed} {dimension} allowed"),
            NoMemo { index, .. } => write!(f, "memo entry {index} is read but was never written"),
            NegativeLength { found, .. } => write!(f, "a length of {found}, expected 0 or more"),
            NoMark { opcode, .. } => write!(f, "{} found no mark below it", Opcode(*opcode)),
            OddItems { found, .. } => write!(f, "{found} keys and values, expected an even number"),
            Refused { opcode, what, .. } => write!(f, "{} is {what}, which is not read", Opcode(*opcode)),
            Trailing { found, .. } => write!(f, "{found} bytes after the end"),
            Truncated { expected, found, .. } => {
                write!(f, "the pickle ends early: expected {expected} more bytes, found {found}")
            }
            Unhashable { found, .. } => write!(f, "a {found} as a key, expected a value that can be hashed"),
            Underflow { opcode, expected, found, .. } => {
                write!(f, "{} takes {expected} values, found {found}", Opcode(*opcode))
            }
            UnknownOpcode { opcode, .. } => write!(f, "unknown {}", Opcode(*opcode)),
            WrongType { opcode, found, expected, .. } => {
                write!(f, "{} found a {found}, expected {expected}", Opcode(*opcode))
            }
        }
    }
}

impl std::error::Error for ReadError {}

/// Why a value was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The name of a class or function cannot be written below protocol 4: it holds a line feed or a
    /// surrogate.
    BadName {
        /// The module and the name, with a dot between.
        found: String,
    },
    /// Objects made with keywords cannot be written below protocol 4.
    Keywords,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::BadName { found } => {
                write!(f, "{found:?} cannot be named below protocol 4: it holds a line feed or a surrogate")
            }
            WriteError::Keywords => f.write_str("an object made with keywords needs protocol 4 or 5"),
        }
    }
}

impl std::error::Error for WriteError {}
