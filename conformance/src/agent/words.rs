//! The words that the workers of a run share, for their steps and for what an implementation asks in
//! the middle of a call.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procession_contract::{Answer, Outcome, SharedWords};

use super::mapping::Mapping;

/// The words of one run in this process.
pub(super) struct Words {
    mapping: Mapping,
    directory: PathBuf,
}

impl Words {
    /// Opens them and hands them to the implementations in this process.
    pub(super) fn open(directory: &Path) -> io::Result<Arc<Words>> {
        let mapping = Mapping::of(&directory.join("words"))?;
        let words = Arc::new(Words { mapping, directory: directory.into() });
        procession_contract::install(words.clone());
        Ok(words)
    }

    /// Answers with what an access to a word gave.
    pub(super) fn answer(&self, index: u32, access: impl Fn(&AtomicU64) -> u64) -> Answer {
        match self.mapping.word(index as usize) {
            Some(word) => Answer::number(u64::from_le(access(word)) as i64),
            None => Answer::error(
                Outcome::BadValue,
                format!("word {index}; there are {}, counted from 0", self.mapping.len()),
            ),
        }
    }
}

/// Adds to a word in one step and returns what was there.
pub(super) fn add(word: &AtomicU64, amount: i64) -> u64 {
    let more = |now: u64| Some((u64::from_le(now).wrapping_add(amount as u64)).to_le());
    word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).unwrap_or_else(|now| now)
}

impl SharedWords for Words {
    fn read(&self, index: u32) -> i64 {
        self.mapping.word(index as usize).map_or(0, |word| u64::from_le(word.load(Ordering::SeqCst)) as i64)
    }

    fn add(&self, index: u32, amount: i64) -> i64 {
        self.mapping.word(index as usize).map_or(0, |word| u64::from_le(add(word, amount)) as i64)
    }

    fn kill_this_process(&self) {
        let _ = kill(Pid::this(), Signal::SIGKILL);
    }

    fn directory(&self) -> &Path {
        &self.directory
    }
}
