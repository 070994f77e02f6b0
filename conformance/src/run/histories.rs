//! A worker's history file: made by the suite, written by the worker, read while it is written.
//!
//! The file is read with `pread`, not through a mapping: both see the same pages, but a worker that
//! truncates its file cannot kill the suite (SIGBUS), and no record changes once it has been loaded.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use procession_contract::{
    Answer, HEADER_BYTES, MAGIC, Outcome, Phase, RECORD_BYTES, Record, RecordError, Step,
};

use super::Misbehaviour;
use super::limits::most_items;
use crate::history::{CallHistory, Returned};

/// How many records are read at once.
const BATCH: usize = 64;

/// A history file and what has been read of it.
#[derive(Debug)]
pub(super) struct LiveHistory {
    /// Open only while there may be something to read: a program may have more workers than a process may
    /// have files.
    file: Option<File>,
    path: PathBuf,
    /// Whose it is, for errors.
    place: String,
    steps: usize,
    capacity: u32,
    /// How many records have been read.
    read: u32,
    calls: Vec<CallHistory>,
    /// Results of the pending call that have come already.
    items: Vec<(i64, u64)>,
}

impl LiveHistory {
    /// Makes the file of a worker, of full size.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn create(directory: &Path, worker: &str, steps: &[Step]) -> std::io::Result<LiveHistory> {
        let path = directory.join(format!("{worker}.history"));
        let file = File::options().write(true).create_new(true).open(&path)?;
        let records: u64 = 16 + steps.iter().map(|step| 2 + most_items(&step.call)).sum::<u64>();
        let capacity = u32::try_from(records).map_err(|_| std::io::Error::from(ErrorKind::FileTooLarge))?;
        file.set_len(HEADER_BYTES as u64 + u64::from(capacity) * RECORD_BYTES as u64)?;
        file.write_all_at(&MAGIC, 0)?;
        let (place, calls, items) = (format!("history of `{worker}`"), Vec::new(), Vec::new());
        Ok(LiveHistory { file: None, path, place, steps: steps.len(), capacity, read: 0, calls, items })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The calls read so far, in the worker's order; all but the last have returned.
    pub(super) fn calls(&self) -> &[CallHistory] {
        &self.calls
    }

    /// How many records have been read.
    pub(super) fn records(&self) -> u32 {
        self.read
    }

    /// The call that has not returned, as far as is known.
    pub(super) fn pending(&self) -> Option<&CallHistory> {
        self.calls.last().filter(|call| call.returned.is_none())
    }

    /// Closes the file: nothing more is written to it.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Reads what has been written since the last time; says whether there was something.
    ///
    /// # Errors
    /// The first record that no sound worker writes.
    pub(super) fn refresh(&mut self) -> Result<bool, Misbehaviour> {
        let before = self.read;
        loop {
            // The seals are seen first and the records are read after them: a record whose seal was
            // there is whole in a read that began later, whatever order that read copies bytes in.
            let batch = self.batch()?;
            let sealed = self.sealed(&batch)?;
            if sealed == 0 {
                return Ok(self.read > before);
            }
            let batch = self.batch()?;
            for bytes in batch.as_chunks::<RECORD_BYTES>().0.iter().take(sealed) {
                let record = Record::read(bytes, self.read).map_err(|error| self.wrong(error))?;
                self.append(record)?;
                self.read += 1;
            }
        }
    }

    fn batch(&mut self) -> Result<Vec<u8>, Misbehaviour> {
        let count = BATCH.min((self.capacity - self.read) as usize);
        let mut bytes = vec![0; count * RECORD_BYTES];
        let offset = HEADER_BYTES as u64 + u64::from(self.read) * RECORD_BYTES as u64;
        let file = self.file.take().map_or_else(|| File::open(&self.path), Ok);
        let read = file.and_then(|file| file.read_exact_at(&mut bytes, offset).map(|()| file));
        match read {
            Ok(file) => self.file = Some(file),
            Err(error) => return Err(self.wrong(format!("the file cannot be read: {error}"))),
        }
        Ok(bytes)
    }

    fn sealed(&self, batch: &[u8]) -> Result<usize, Misbehaviour> {
        for (index, bytes) in batch.as_chunks::<RECORD_BYTES>().0.iter().enumerate() {
            let number = self.read + index as u32;
            match Record::read(bytes, number) {
                Err(RecordError::NotWritten) => return Ok(index),
                // Other bytes may not be there yet; only the seal means something at this time.
                Ok(_) | Err(RecordError::UnknownPhase(_)) => {}
                Err(error) => return Err(self.wrong_at(number, error)),
            }
        }
        Ok(batch.len() / RECORD_BYTES)
    }

    fn append(&mut self, record: Record) -> Result<(), Misbehaviour> {
        let step = usize::from(record.step);
        if step >= self.steps {
            return Err(self.wrong(format!("step {step}, expected less than {}", self.steps)));
        }
        let expected = self.calls.len();
        match (record.phase, self.calls.last_mut()) {
            (Phase::Call, last) if last.as_ref().is_none_or(|call| call.returned.is_some()) => {
                if step != expected {
                    return Err(
                        self.wrong(format!("the call of step {step}, expected that of step {expected}"))
                    );
                }
                self.calls.push(CallHistory { line: step, called_ns: record.t_ns, returned: None });
            }
            (Phase::Item, Some(call)) if call.line == step && call.returned.is_none() => {
                self.items.push((record.value, record.aux));
            }
            (Phase::Return, Some(call)) if call.line == step && call.returned.is_none() => {
                let Some(outcome) = Outcome::from_number(record.outcome) else {
                    return Err(self.wrong(format!("the outcome is {}, which is none", record.outcome)));
                };
                if record.t_ns < call.called_ns {
                    let early = call.called_ns - record.t_ns;
                    return Err(
                        self.wrong(format!("the return of step {step} is {early} ns before its call"))
                    );
                }
                let items = std::mem::take(&mut self.items);
                let answer = Answer { outcome, value: record.value, aux: record.aux, text: None, items };
                call.returned = Some(Returned { at_ns: record.t_ns, answer });
            }
            (phase, last) => {
                let pending = last.filter(|call| call.returned.is_none()).map(|call| call.line);
                let expected = match pending {
                    Some(line) => format!("an item or the return of step {line}"),
                    None => format!("the call of step {expected}"),
                };
                return Err(self.wrong(format!("a {phase:?} record of step {step}, expected {expected}")));
            }
        }
        Ok(())
    }

    fn wrong(&self, problem: impl std::fmt::Display) -> Misbehaviour {
        self.wrong_at(self.read, problem)
    }

    fn wrong_at(&self, number: u32, problem: impl std::fmt::Display) -> Misbehaviour {
        Misbehaviour::silent(&self.place, format!("record {number}: {problem}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procession_contract::Call;

    fn live(directory: &Path, calls: &[Call]) -> LiveHistory {
        let step = |call: &Call| Step { on: "".into(), call: call.clone(), gate: false };
        let steps: Vec<Step> = calls.iter().map(step).collect();
        LiveHistory::create(directory, "w", &steps).expect("the directory is new")
    }

    fn written(history: &LiveHistory) -> File {
        File::options().write(true).open(history.path()).expect("the file is ours")
    }

    fn write(history: &LiveHistory, number: u32, record: Record) {
        let offset = (HEADER_BYTES + number as usize * RECORD_BYTES) as u64;
        let file = written(history);
        file.write_all_at(&record.body(), offset).expect("the file is ours");
        file.write_all_at(&(number + 1).to_le_bytes(), offset + 28).expect("the file is ours");
    }

    fn record(step: u16, phase: Phase, t_ns: u64) -> Record {
        let outcome = if phase == Phase::Return { 1 } else { 0 };
        Record { t_ns, value: 7, aux: 0, step, phase, outcome }
    }

    #[test]
    fn records_become_calls_as_they_come() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut history = live(directory.path(), &[Call::GetMany { max: 3, timeout_ms: None }, Call::Recv]);
        assert_eq!(history.refresh(), Ok(false));
        write(&history, 0, record(0, Phase::Call, 10));
        assert_eq!(history.refresh(), Ok(true));
        assert_eq!(history.pending().map(|call| call.line), Some(0));
        write(&history, 1, record(0, Phase::Item, 11));
        write(&history, 2, record(0, Phase::Item, 12));
        write(&history, 3, record(0, Phase::Return, 13));
        write(&history, 4, record(1, Phase::Call, 14));
        assert_eq!(history.refresh(), Ok(true));
        let answer = &history.calls()[0].returned.as_ref().expect("it has returned").answer;
        assert_eq!(answer.items, [(7, 0), (7, 0)]);
        assert_eq!(history.pending().map(|call| call.line), Some(1));
        assert_eq!(history.refresh(), Ok(false));
    }

    #[test]
    fn the_first_wrong_record_is_named() {
        let wrong = |records: &[Record]| {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let mut history = live(directory.path(), &[Call::Recv, Call::Recv]);
            for (number, record) in records.iter().enumerate() {
                write(&history, number as u32, *record);
            }
            history.refresh().expect_err("no sound worker writes this").problem
        };
        let call = record(0, Phase::Call, 10);
        assert_eq!(wrong(&[record(2, Phase::Call, 1)]), "record 0: step 2, expected less than 2");
        assert_eq!(
            wrong(&[record(1, Phase::Call, 1)]),
            "record 0: the call of step 1, expected that of step 0"
        );
        assert_eq!(
            wrong(&[record(0, Phase::Return, 1)]),
            "record 0: a Return record of step 0, expected the call of step 0"
        );
        assert_eq!(
            wrong(&[call, call]),
            "record 1: a Call record of step 0, expected an item or the return of step 0"
        );
        assert_eq!(
            wrong(&[call, record(0, Phase::Return, 9)]),
            "record 1: the return of step 0 is 1 ns before its call"
        );
        let no_outcome = Record { outcome: 99, ..record(0, Phase::Return, 11) };
        assert_eq!(wrong(&[call, no_outcome]), "record 1: the outcome is 99, which is none");
    }

    #[test]
    fn a_truncated_file_is_an_error_and_no_crash() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut history = live(directory.path(), &[Call::Recv]);
        written(&history).set_len(70).expect("the file is ours");
        assert!(history.refresh().is_err_and(|error| error.problem.contains("cannot be read")));
    }
}
