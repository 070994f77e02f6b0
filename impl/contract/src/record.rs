//! The records of a history file: 32 bytes each, written before and after every call.
//!
//! A history file begins with [`HEADER_BYTES`] of header: [`MAGIC`], then zeros. Record `n` (from 0)
//! lies at `HEADER_BYTES + n * RECORD_BYTES`; all numbers are little endian:
//!
//! | bytes | field |
//! |---|---|
//! | 0..8 | `t_ns`, CLOCK_MONOTONIC, right before or right after the call |
//! | 8..16 | `value` |
//! | 16..24 | `aux` |
//! | 24..26 | `step`, the index of the worker's step |
//! | 26 | `phase`: 0 call, 1 return, 2 one of several results (before its return) |
//! | 27 | `outcome`; 0 in a call record |
//! | 28..32 | `seal`: `n + 1`, written last |
//!
//! The seal is stored after everything else, so a worker killed in the middle of a record leaves a
//! record without a seal, which ends the history: a record is whole or not there.

/// The first bytes of a history file.
pub const MAGIC: [u8; 8] = *b"PROCHIS1";

/// The length of the header.
pub const HEADER_BYTES: usize = 64;

/// The length of one record.
pub const RECORD_BYTES: usize = 32;

/// When a record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Right before the call: the invocation.
    Call,
    /// Right after it: the response.
    Return,
    /// One of several results of a call, before its response.
    Item,
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// CLOCK_MONOTONIC in nanoseconds.
    pub t_ns: u64,
    /// The answer's value; 0 in a call.
    pub value: i64,
    /// The answer's aux; 0 in a call.
    pub aux: u64,
    /// The index of the worker's step.
    pub step: u16,
    /// When it was written.
    pub phase: Phase,
    /// The answer's outcome as a number; 0 in a call.
    pub outcome: u8,
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// The seal is 0: nothing was written here, or its writer died writing it.
    NotWritten,
    /// The seal is not the record's number.
    WrongSeal {
        /// What the seal should be.
        expected: u32,
        /// What it is.
        found: u32,
    },
    /// The phase is none of 0, 1, 2.
    UnknownPhase(u8),
}

impl std::fmt::Display for RecordError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RecordError::NotWritten => write!(f, "no record was written here"),
            RecordError::WrongSeal { expected, found } => {
                write!(f, "the seal is {found}, expected {expected} (the record's number plus one)")
            }
            RecordError::UnknownPhase(phase) => write!(f, "the phase is {phase}, expected 0, 1 or 2"),
        }
    }
}

impl std::error::Error for RecordError {}

impl Record {
    /// The record's bytes without the seal, which must be stored last.
    pub fn body(&self) -> [u8; RECORD_BYTES - 4] {
        let mut body = [0; RECORD_BYTES - 4];
        body[0..8].copy_from_slice(&self.t_ns.to_le_bytes());
        body[8..16].copy_from_slice(&self.value.to_le_bytes());
        body[16..24].copy_from_slice(&self.aux.to_le_bytes());
        body[24..26].copy_from_slice(&self.step.to_le_bytes());
        body[26] = self.phase as u8;
        body[27] = self.outcome;
        body
    }

    /// Reads record `number` back.
    pub fn read(bytes: &[u8; RECORD_BYTES], number: u32) -> Result<Record, RecordError> {
        let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let seal = u32::from_le_bytes(bytes[28..32].try_into().expect("four bytes"));
        if seal == 0 {
            return Err(RecordError::NotWritten);
        }
        if seal != number + 1 {
            return Err(RecordError::WrongSeal { expected: number + 1, found: seal });
        }
        let phase = match bytes[26] {
            0 => Phase::Call,
            1 => Phase::Return,
            2 => Phase::Item,
            other => return Err(RecordError::UnknownPhase(other)),
        };
        Ok(Record {
            t_ns: u64_at(0),
            value: u64_at(8) as i64,
            aux: u64_at(16),
            step: u16::from_le_bytes([bytes[24], bytes[25]]),
            phase,
            outcome: bytes[27],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_only_at_its_place() {
        let record = Record { t_ns: 5, value: -1, aux: 7, step: 3, phase: Phase::Return, outcome: 1 };
        let mut bytes = [0; RECORD_BYTES];
        bytes[..28].copy_from_slice(&record.body());
        assert_eq!(Record::read(&bytes, 8), Err(RecordError::NotWritten));
        bytes[28..].copy_from_slice(&9u32.to_le_bytes());
        assert_eq!(Record::read(&bytes, 8), Ok(record));
        assert_eq!(Record::read(&bytes, 7), Err(RecordError::WrongSeal { expected: 8, found: 9 }));
    }
}
