//! Records: what one is in the ring, what becomes of it, and why it may not be passed on.

use std::io;

use super::mark::UNIT;

/// Why a record was not appended. Nothing was written.
#[derive(Debug)]
#[non_exhaustive]
pub enum PushError {
    /// No live process holds the receiving end.
    BrokenPipe,
    /// The segment's words contradict each other: some other program has written to it.
    Corrupt(&'static str),
    /// The system has no memory, no descriptor, or no slot left for it.
    Exhausted(io::Error),
    /// There was no room before the deadline.
    Full,
    /// The record could never fit.
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The longest one that fits, in bytes.
        limit: u64,
    },
}

/// Why no record was taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum PopError {
    /// The segment's words contradict each other: some other program has written to it.
    Corrupt(&'static str),
    /// There was no record before the deadline.
    Empty,
    /// There is no record and no live process holds the sending end.
    Eof,
    /// The system has no memory, no descriptor, or no slot left for it. The record stays.
    Exhausted(io::Error),
}

/// Whether it is worth receiving, and whether anything will ever come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Nothing is there, but something may come.
    Nothing,
    /// A record is there.
    Record,
    /// Nothing is there and no live process holds the sending end.
    Eof,
}

/// What was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The record's length in bytes.
    pub len: usize,
    /// What its sender marked it with.
    pub tag: u8,
}

/// Several records in one buffer.
#[derive(Debug, Default)]
pub struct Batch {
    /// The bytes of all of them.
    pub bytes: Vec<u8>,
    /// Where each of them ends.
    pub ends: Vec<usize>,
}

impl Batch {
    /// The records, in order.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

/// Where the tag stands in the word before a record; below it is the length.
pub(super) const TAG_SHIFT: u32 = 56;
/// What is the length in that word.
pub(super) const LENGTH: u64 = (1 << TAG_SHIFT) - 1;

/// The word before a record.
#[inline]
pub(super) fn word_of(len: usize, tag: u8) -> u64 {
    len as u64 | u64::from(tag) << TAG_SHIFT
}

/// The length of the record that these parts make.
#[inline]
pub(super) fn total(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// How many units a record of this many bytes takes.
#[inline]
pub fn units_of(len: usize) -> u64 {
    1 + (len as u64).div_ceil(UNIT as u64)
}

/// There is no memory for a record, which stays.
#[cold]
pub(super) fn out_of_memory() -> PopError {
    PopError::Exhausted(io::Error::from(io::ErrorKind::OutOfMemory))
}
