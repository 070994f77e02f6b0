//! How a call is answered: one outcome of a closed set, a number, a fingerprint and perhaps a text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Value;

/// What happened. An adapter maps every error of its implementation to one of these by what the
/// error *means* in that call; the wording goes into [`Answer::text`] and decides nothing.
///
/// The numbers are those of the history file and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Outcome {
    /// The call did what it was asked; `value` and `aux` hold its result.
    Ok = 1,
    /// There is no such value (`None` in Python): no exit code yet, no parent, undecided method.
    Absent = 2,
    /// A queue held no item and the caller chose not to wait, or not longer.
    Empty = 3,
    /// A bounded queue was full and the caller chose not to wait, or not longer.
    Full = 4,
    /// The time given to the call ran out (only where no more exact outcome exists).
    Timeout = 5,
    /// The other side is gone and every message that it sent has been received.
    Eof = 6,
    /// Nobody is left to receive what was being sent.
    BrokenPipe = 7,
    /// The object was closed by this process before the call.
    Closed = 8,
    /// The caller does not own what it tried to release, wait on, start or join.
    NotOwner = 9,
    /// More was released, or reported done, than was ever taken or put.
    OverRelease = 10,
    /// A barrier was broken while, or before, the caller waited.
    BrokenBarrier = 11,
    /// The holder of a lock died; the caller has it now and has been told.
    OwnerDied = 12,
    /// The peer could not prove that it has the key.
    AuthFailed = 13,
    /// A message is longer than the caller or the transport allows.
    TooLong = 14,
    /// The buffer is too short for the message; `value` is the message's length.
    BufferTooShort = 15,
    /// The call was made in the wrong order or state (`AssertionError` in Python).
    Misuse = 16,
    /// An argument is outside the range that the call accepts (`ValueError`).
    BadValue = 17,
    /// An argument is of a kind that the call does not accept (`TypeError`).
    BadType = 18,
    /// The item cannot be encoded; nothing was sent.
    EncodeFailed = 19,
    /// What was received cannot be decoded; it has been consumed.
    DecodeFailed = 20,
    /// The bytes received are no message: torn in the middle, or with an impossible length.
    Corrupt = 21,
    /// No memory, descriptors or processes are left for the call.
    Exhausted = 22,
    /// The direction is not open: receiving from a send-only end, or sending on a receive-only one.
    WrongDirection = 23,
    /// The process is still running, so it cannot be closed.
    StillRunning = 24,
    /// The state of the implementation does not allow the call now (`RuntimeError`).
    NotAllowed = 25,
    /// A descriptor or handle is not one of this kind, or not open at all.
    BadDescriptor = 26,
    /// A worker on whom the call depends has died, so what it waits for can never come.
    PeerDied = 27,
    /// The name is taken already (`FileExistsError`).
    NameTaken = 28,
    /// Nothing has this name (`FileNotFoundError`).
    NameMissing = 29,
    /// What the program itself gave raised an error of the program's own: a barrier's action, in the party
    /// that ran it; the method of a registered type.
    ActionFailed = 30,
    /// A signal's function raised an error in the middle of the call (`KeyboardInterrupt`).
    Interrupted = 31,
    /// There is nothing under this key (`KeyError`).
    KeyMissing = 32,
    /// There is no element at this index (`IndexError`).
    OutOfRange = 33,
    /// There is no attribute of this name (`AttributeError`).
    AttributeMissing = 34,
    /// There is nothing more to come (`StopIteration`).
    Finished = 35,
    /// The server could not do what it was asked, and said so in a text of its own (`RemoteError`).
    RemoteError = 36,
    /// Nobody listens at the address (`ConnectionRefusedError`).
    Refused = 37,
    /// The implementation does not offer this call; declared in its manifest.
    Unsupported = 254,
    /// An error that none of the others describes; `text` says which. Never what a clause promises.
    Other = 255,
}

impl Outcome {
    /// Every outcome, in the order of their numbers.
    pub const ALL: [Outcome; 39] = {
        use Outcome::*;
        [
            Ok,
            Absent,
            Empty,
            Full,
            Timeout,
            Eof,
            BrokenPipe,
            Closed,
            NotOwner,
            OverRelease,
            BrokenBarrier,
            OwnerDied,
            AuthFailed,
            TooLong,
            BufferTooShort,
            Misuse,
            BadValue,
            BadType,
            EncodeFailed,
            DecodeFailed,
            Corrupt,
            Exhausted,
            WrongDirection,
            StillRunning,
            NotAllowed,
            BadDescriptor,
            PeerDied,
            NameTaken,
            NameMissing,
            ActionFailed,
            Interrupted,
            KeyMissing,
            OutOfRange,
            AttributeMissing,
            Finished,
            RemoteError,
            Refused,
            Unsupported,
            Other,
        ]
    };

    /// The outcome with this number in a history file, if there is one.
    pub fn from_number(number: u8) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| *outcome as u8 == number)
    }
}

/// The answer to one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What happened.
    pub outcome: Outcome,
    /// The result as a number: an item's id, a size, a pid, a truth value, a set of bits.
    #[serde(default)]
    pub value: i64,
    /// The fingerprint of a received payload (see [`Value::fingerprint`]), otherwise 0 unless the
    /// call says what it holds.
    #[serde(default)]
    pub aux: u64,
    /// The result as text where the call returns one, or the wording of an error, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Further results of a call that returns several items: `(value, aux)` each, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<(i64, u64)>,
}

impl Answer {
    /// Success without a result.
    pub fn ok() -> Answer {
        Answer::of(Outcome::Ok)
    }

    /// An outcome without a result.
    pub fn of(outcome: Outcome) -> Answer {
        Answer { outcome, value: 0, aux: 0, text: None, items: Vec::new() }
    }

    /// Success with a number.
    pub fn number(value: impl Into<i64>) -> Answer {
        Answer { value: value.into(), ..Answer::ok() }
    }

    /// Success with a truth value, as 0 or 1.
    pub fn truth(value: bool) -> Answer {
        Answer::number(i64::from(value))
    }

    /// Success with a text.
    pub fn text(text: impl Into<String>) -> Answer {
        Answer { text: Some(text.into()), ..Answer::ok() }
    }

    /// Success with a received payload: its id and its fingerprint.
    pub fn received(value: &Value) -> Answer {
        Answer { value: value.id(), aux: value.fingerprint(), ..Answer::ok() }
    }

    /// Success with several received payloads; `value` is their number.
    pub fn received_many<'a>(values: impl IntoIterator<Item = &'a Value>) -> Answer {
        let items: Vec<_> = values.into_iter().map(|value| (value.id(), value.fingerprint())).collect();
        Answer { value: items.len() as i64, items, ..Answer::ok() }
    }

    /// Success with a value: as `value` an integer or a truth value itself, of a list, a tuple or a
    /// dictionary the number of its elements, 0 for everything else; as `aux` its fingerprint.
    pub fn result(value: &Value) -> Answer {
        let number = match value {
            Value::Int(number) => *number,
            Value::Flag(flag) => i64::from(*flag),
            Value::List(values) | Value::Tuple(values) => values.len() as i64,
            Value::Dict(entries) => entries.len() as i64,
            _ => 0,
        };
        Answer { value: number, aux: value.fingerprint(), ..Answer::ok() }
    }

    /// An error of the implementation, with its own wording for people.
    pub fn error(outcome: Outcome, wording: impl std::fmt::Display) -> Answer {
        Answer { text: Some(wording.to_string()), ..Answer::of(outcome) }
    }
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Answer {
        Answer::of(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_number_of_its_own() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_number(outcome as u8), Some(outcome));
        }
        assert_eq!(Outcome::from_number(0), None);
    }
}
