//! Integers one behind the other, which is most of what a large value is: each run is written and read at once.

use super::opcode as op;
use super::output::Output;
use crate::value::Record;

/// At most so many are written at once.
const MOST: usize = 512;

/// The longest opcode of one.
const LONGEST: usize = 5;

/// Writes those of these records, from the first on, that are integers of 32 bits and find room in one frame; how
/// many they are.
pub(super) fn write(out: &mut Output<'_>, records: impl Iterator<Item = Record> + Clone) -> usize {
    if !matches!(records.clone().next(), Some(Record::Int(_))) {
        return 0;
    }
    out.boundary();
    let room = out.room();
    let (mut bytes, mut at, mut count) = ([0; MOST * LONGEST + 8], 0, 0);
    for record in records.take(MOST) {
        let Record::Int(number) = record else { break };
        let Ok(number) = i32::try_from(number) else { break };
        if at >= room {
            break;
        }
        let (opcode, len) = match number {
            0..=0xff => (op::BININT1, 2),
            0x100..=0xffff => (op::BININT2, 3),
            _ => (op::BININT, LONGEST),
        };
        // What is too much of it, the next one overwrites.
        let word = u64::from(opcode) | u64::from(number as u32) << 8;
        bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
        at += len;
        count += 1;
    }
    out.write(&bytes[..at]);
    count
}

/// Reads the integers with which these bytes begin, until there are so many records; how long they are.
pub(super) fn read(bytes: &[u8], records: &mut Vec<Record>, most: usize) -> usize {
    let mut rest = bytes;
    while records.len() < most {
        let (number, after) = match *rest {
            [op::BININT1, a, ref after @ ..] => (i64::from(a), after),
            [op::BININT2, a, b, ref after @ ..] => (i64::from(u16::from_le_bytes([a, b])), after),
            [op::BININT, a, b, c, d, ref after @ ..] => (i64::from(i32::from_le_bytes([a, b, c, d])), after),
            _ => break,
        };
        records.push(Record::Int(number));
        rest = after;
    }
    bytes.len() - rest.len()
}
