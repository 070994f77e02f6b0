//! The words that all workers of a run share, for what an implementation must do in the middle of
//! a call: run a barrier's action, or ask a predicate.
//!
//! They are the suite's own memory (`directory/words`), not an object of the implementation. Whoever
//! links an implementation with the agent installs them, once in each worker's process. With them an
//! implementation learns the run's directory, where it notes and finds the addresses of managers and listeners.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Access to the words of the run.
pub trait SharedWords: Send + Sync {
    /// Reads a word; 0 if there is none with this number.
    fn read(&self, index: u32) -> i64;

    /// Adds to a word, wrapping around, and returns what was there.
    fn add(&self, index: u32, amount: i64) -> i64;

    /// Kills this process (SIGKILL).
    fn kill_this_process(&self);

    /// The run's directory.
    fn directory(&self) -> &Path;
}

static WORDS: RwLock<Option<Arc<dyn SharedWords>>> = RwLock::new(None);

/// From now on the words of this process are these.
pub fn install(words: Arc<dyn SharedWords>) {
    *WORDS.write().unwrap_or_else(PoisonError::into_inner) = Some(words);
}

fn words() -> Option<Arc<dyn SharedWords>> {
    WORDS.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Reads a word: what the predicate of an `await_word` call asks. 0 if there is none.
pub fn read_word(index: u32) -> i64 {
    words().map_or(0, |words| words.read(index))
}

/// The directory of the run that this process belongs to; `None` in a process that belongs to none.
pub fn run_directory() -> Option<PathBuf> {
    words().map(|words| words.directory().to_owned())
}

/// What a barrier does once per round, in one of its parties, before any of them is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BarrierAction {
    /// It adds one to this word.
    pub word: u32,
    /// And ends like this.
    #[serde(default)]
    pub then: ActionEnd,
}

/// How a barrier's action ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionEnd {
    /// It returns.
    #[default]
    Returns,
    /// It raises an error, with the text `the action failed`.
    Raises,
    /// It kills its own process.
    Dies,
}

/// A barrier's action has raised an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionFailed;

impl std::fmt::Display for ActionFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the action failed")
    }
}

impl std::error::Error for ActionFailed {}

impl BarrierAction {
    /// Does it, in the calling thread.
    ///
    /// # Errors
    /// [`ActionFailed`] if it is to raise an error.
    pub fn perform(self) -> Result<(), ActionFailed> {
        let words = words();
        if let Some(words) = &words {
            words.add(self.word, 1);
        }
        match (self.then, words) {
            (ActionEnd::Returns, _) => Ok(()),
            (ActionEnd::Dies, Some(words)) => {
                words.kill_this_process();
                Err(ActionFailed)
            }
            (ActionEnd::Raises, _) | (ActionEnd::Dies, None) => Err(ActionFailed),
        }
    }
}
