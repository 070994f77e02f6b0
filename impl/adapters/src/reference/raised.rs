//! Which outcome an error of Python is: by its class, and where one class stands for several situations by
//! its wording.

use procession_contract::{Answer, Outcome, Value};
use procession_manager::python::Raise;

/// What the wordings of CPython's errors mean, of which several have one class.
const BY_WORDING: &[(&str, Outcome)] = &[
    ("task_done() called too many times", Outcome::OverRelease),
    ("release unlocked lock", Outcome::OverRelease),
    ("released too many times", Outcome::OverRelease),
    ("un-acquired lock", Outcome::NotOwner),
    ("has no method 'acquire'", Outcome::BadType),
];

/// An error that a call raised.
pub(super) struct Raised<'a> {
    /// Its class's name, without the module.
    pub(super) class: &'a str,
    /// What it says.
    pub(super) said: String,
    /// Its arguments as a tuple, if they are plain.
    pub(super) arguments: Option<Value>,
}

impl Raised<'_> {
    /// What it means. A missing key or index is told apart of what holds elements, and of calls by name.
    pub(super) fn outcome(&self, of_container: bool) -> Outcome {
        if let Some((_, outcome)) = BY_WORDING.iter().find(|(wording, _)| self.said.contains(wording)) {
            return *outcome;
        }
        match self.class {
            "KeyError" if of_container => Outcome::KeyMissing,
            "IndexError" if of_container => Outcome::OutOfRange,
            "StopIteration" if of_container => Outcome::Finished,
            "Empty" => Outcome::Empty,
            "Full" => Outcome::Full,
            "ShutDown" => Outcome::Closed,
            "BrokenBarrierError" => Outcome::BrokenBarrier,
            "AskedFor" | "AskedForStrictly" => Outcome::ActionFailed,
            "EOFError" => Outcome::Eof,
            "MemoryError" => Outcome::Exhausted,
            "AssertionError" => Outcome::Misuse,
            "ValueError" | "OverflowError" | "KeyError" | "IndexError" | "UnicodeDecodeError" => {
                Outcome::BadValue
            }
            "TypeError" => Outcome::BadType,
            "RuntimeError" | "BufferError" => Outcome::NotAllowed,
            "AttributeError" => Outcome::AttributeMissing,
            _ => Outcome::Other,
        }
    }

    /// The answer to a call by name: its `aux` is the fingerprint of the error's arguments.
    pub(super) fn answer(&self, of_container: bool) -> Answer {
        let aux = self.arguments.as_ref().map_or(0, Value::fingerprint);
        let wording = format!("{}: {}", self.class, self.said);
        Answer { aux, ..Answer::error(self.outcome(of_container), wording) }
    }
}

/// The answer to a call on a plain value.
pub(super) fn of_plain(raise: Raise) -> Answer {
    Raised { class: raise.class.name(), said: raise.to_string(), arguments: None }.answer(true)
}
