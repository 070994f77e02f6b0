//! Writes a worker's history file, so that a kill at any instruction leaves whole records only.
//!
//! A record is four words; the last one holds the seal in its upper half and is stored last, with
//! `Release`: whoever sees the seal sees the other three. In the file the kernel keeps what was stored
//! before a kill, so the suite reads the same after the writer's death.

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use procession_contract::{Answer, HEADER_BYTES, MAGIC, Outcome, Phase, RECORD_BYTES, Record};

use super::mapping::Mapping;

const HEADER_WORDS: usize = HEADER_BYTES / 8;
const RECORD_WORDS: usize = RECORD_BYTES / 8;

/// The writer of one worker's history.
pub(super) struct HistoryWriter {
    file: Mapping,
    records: usize,
}

impl HistoryWriter {
    /// Opens the file that the suite has made.
    pub(super) fn open(path: &Path) -> io::Result<HistoryWriter> {
        let file = Mapping::of(path)?;
        let magic = file.word(0).map(|word| u64::from_le(word.load(Ordering::Relaxed)).to_le_bytes());
        if magic != Some(MAGIC) {
            let what = format!("{} is no history file: it does not begin with PROCHIS1", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(HistoryWriter { file, records: 0 })
    }

    /// How many records still fit.
    pub(super) fn room(&self) -> usize {
        self.file.len().saturating_sub(HEADER_WORDS) / RECORD_WORDS - self.records
    }

    /// Writes that a step's call is about to be made.
    pub(super) fn call(&mut self, step: u16, t_ns: u64) {
        self.write(Record { t_ns, value: 0, aux: 0, step, phase: Phase::Call, outcome: 0 });
    }

    /// Writes what a step's call returned.
    pub(super) fn returned(&mut self, step: u16, t_ns: u64, answer: &Answer) {
        for (value, aux) in answer.items.iter().copied() {
            let outcome = Outcome::Ok as u8;
            self.write(Record { t_ns, value, aux, step, phase: Phase::Item, outcome });
        }
        let (value, aux, outcome) = (answer.value, answer.aux, answer.outcome as u8);
        self.write(Record { t_ns, value, aux, step, phase: Phase::Return, outcome });
    }

    /// Writes one record; where none fits any more, nothing, as the caller has seen from `room`.
    fn write(&mut self, record: Record) {
        let first = HEADER_WORDS + self.records * RECORD_WORDS;
        let (body, seal) = (record.body(), self.records as u64 + 1);
        let mut words = [0; RECORD_WORDS];
        for (index, byte) in body.into_iter().enumerate() {
            words[index / 8] |= u64::from(byte) << (8 * (index % 8));
        }
        words[RECORD_WORDS - 1] |= seal << 32;
        for (index, word) in words.into_iter().enumerate() {
            let order = if index == RECORD_WORDS - 1 { Ordering::Release } else { Ordering::Relaxed };
            let Some(place) = self.file.word(first + index) else { return };
            place.store(word.to_le(), order);
        }
        self.records += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("w.history");
        let mut bytes = MAGIC.to_vec();
        bytes.resize(HEADER_BYTES + 3 * RECORD_BYTES, 0);
        std::fs::write(&path, bytes).unwrap();

        let mut writer = HistoryWriter::open(&path).unwrap();
        assert_eq!(writer.room(), 3);
        writer.call(7, 100);
        let answer = Answer { value: 1, items: vec![(-5, 6)], ..Answer::ok() };
        writer.returned(7, 200, &answer);
        assert_eq!(writer.room(), 0);
        writer.call(8, 300);

        let bytes = std::fs::read(&path).unwrap();
        let record = |number: u32| {
            let at = HEADER_BYTES + number as usize * RECORD_BYTES;
            Record::read(bytes[at..at + RECORD_BYTES].try_into().unwrap(), number).unwrap()
        };
        assert_eq!(
            [record(0), record(1), record(2)],
            [
                Record { t_ns: 100, value: 0, aux: 0, step: 7, phase: Phase::Call, outcome: 0 },
                Record { t_ns: 200, value: -5, aux: 6, step: 7, phase: Phase::Item, outcome: 1 },
                Record { t_ns: 200, value: 1, aux: 0, step: 7, phase: Phase::Return, outcome: 1 },
            ]
        );
    }

    #[test]
    fn another_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("w.history");
        std::fs::write(&path, [0; 200]).unwrap();
        assert_eq!(
            HistoryWriter::open(&path).err().map(|error| error.kind()),
            Some(io::ErrorKind::InvalidData)
        );
    }
}
