//! Shared records and arrays of records, whose fields a script names: places in shared bytes.

use std::any::Any;

use procession_contract::{Answer, Call, Field, LockChoice, Object, Objects, Outcome, Scalar};
use procession_reference::value::{Plain, ValueLock};
use procession_reference::{Array, RawArray, transfer};
use serde::{Deserialize, Serialize};

use super::element::Code;
use super::outcome;
use super::place::{AnyPlace, Place, index, place_of};
use super::value::{Guarded, Lockable, length, lock_call};

/// A handle to a record or an array of records, which travels to a new process as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RecordHandle {
    fields: Vec<Placed>,
    /// How far it is from one record to the next.
    size: usize,
    /// How many records there are; nothing for one that is no array.
    length: Option<usize>,
    memory: Memory,
    given: bool,
}

/// A field, and where it lies in its record.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Placed {
    name: String,
    code: Code,
    offset: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Memory {
    Locked(Array<u8>),
    Raw(RawArray<u8>),
}

impl RecordHandle {
    pub(super) fn create(
        fields: &[Field],
        len: Option<i64>,
        initial: &[Scalar],
        choice: &LockChoice,
        existing: &mut Objects,
    ) -> Result<RecordHandle, Answer> {
        let (fields, size) = layout(fields)?;
        let lock = Guarded::by(choice, existing)?;
        let count = match len {
            None => None,
            some => Some(length(some)?),
        };
        let bytes = size.checked_mul(count.unwrap_or(1)).ok_or_else(|| Answer::of(Outcome::Exhausted))?;
        let raw = RawArray::zeroed(bytes).map_err(outcome::os)?;
        let bare =
            RecordHandle { fields, size, length: count, memory: Memory::Raw(raw.clone()), given: false };
        bare.fill(initial)?;
        let memory = match &lock {
            Guarded::Raw => Memory::Raw(raw),
            Guarded::Own => Memory::Locked(Array::synchronise(raw)),
            Guarded::Given(lock) => Memory::Locked(raw.with(lock.clone())),
        };
        Ok(RecordHandle { memory, given: lock.is_given(), ..bare })
    }

    /// Writes the first values, field after field and record after record.
    fn fill(&self, initial: &[Scalar]) -> Result<(), Answer> {
        for (number, scalar) in initial.iter().enumerate() {
            let (record, field) = (number / self.fields.len().max(1), number % self.fields.len().max(1));
            let places = self.fields.get(field).filter(|_| record < self.length.unwrap_or(1));
            let too_many = || Answer::error(Outcome::BadValue, "more first values than fields");
            let field = places.ok_or_else(too_many)?;
            let call = Call::Store { at: None, field: None, to: scalar.clone() };
            self.place(record, field)?.answer(field.code, &call)?;
        }
        Ok(())
    }

    fn place(&self, record: usize, field: &Placed) -> Result<AnyPlace, Answer> {
        let offset = record * self.size + field.offset;
        place_of!(field.code, view(&self.memory, offset))
    }

    fn record(&self, at: Option<i64>) -> Result<usize, Answer> {
        match (at, self.length) {
            (None, None) => Ok(0),
            (Some(at), Some(length)) => index(at, length),
            _ => Err(Answer::of(Outcome::Unsupported)),
        }
    }

    /// The same call on the one field that it is about.
    fn access(&self, call: &Call) -> Result<Answer, Answer> {
        let (at, name, call) = match call {
            Call::Length => {
                let length = self.length.ok_or_else(|| Answer::of(Outcome::Unsupported))?;
                return Ok(Answer::number(length as i64));
            }
            Call::Load { at, field } => (at, field, Call::Load { at: None, field: None }),
            Call::Store { at, field, to } => {
                (at, field, Call::Store { at: None, field: None, to: to.clone() })
            }
            Call::Add { at, field, amount, times, locked } => {
                let (amount, times, locked) = (*amount, *times, *locked);
                (at, field, Call::Add { at: None, field: None, amount, times, locked })
            }
            _ => return Err(Answer::of(Outcome::Unsupported)),
        };
        let name = name.as_ref().ok_or_else(|| Answer::of(Outcome::Unsupported))?;
        let missing = || Answer::error(Outcome::BadValue, format!("there is no field `{name}`"));
        let field = self.fields.iter().find(|field| field.name == *name).ok_or_else(missing)?;
        self.place(self.record(*at)?, field)?.answer(field.code, &call)
    }

    fn with(&self, memory: Memory) -> RecordHandle {
        RecordHandle { memory, given: false, ..self.clone() }
    }
}

/// Where the fields lie, as in C: each at a multiple of its size, the whole a multiple of the largest.
fn layout(fields: &[Field]) -> Result<(Vec<Placed>, usize), Answer> {
    let mut placed = Vec::new();
    let (mut end, mut largest) = (0_usize, 1);
    for field in fields {
        let code = Code::of(&field.code)?;
        let offset = end.next_multiple_of(code.size());
        end = offset + code.size();
        largest = largest.max(code.size());
        placed.push(Placed { name: field.name.clone(), code, offset });
    }
    Ok((placed, end.next_multiple_of(largest)))
}

fn view<T: Plain>(memory: &Memory, offset: usize) -> Result<Place<T>, Answer> {
    let place = match memory {
        Memory::Locked(bytes) => bytes.view(offset).map(Place::Value),
        Memory::Raw(bytes) => bytes.view(offset).map(Place::RawValue),
    };
    place.ok_or_else(|| Answer::error(Outcome::Other, "a field lies outside of its record"))
}

impl Lockable for RecordHandle {
    fn lock(&self) -> Option<&ValueLock> {
        match &self.memory {
            Memory::Locked(bytes) => Some(bytes.get_lock()),
            Memory::Raw(_) => None,
        }
    }

    fn is_given(&self) -> bool {
        self.given
    }

    fn object(&self) -> Option<RecordHandle> {
        match &self.memory {
            Memory::Locked(bytes) => Some(self.with(Memory::Raw(bytes.get_obj().clone()))),
            Memory::Raw(_) => None,
        }
    }

    fn synchronised(&self) -> Option<RecordHandle> {
        match &self.memory {
            Memory::Locked(_) => None,
            Memory::Raw(bytes) => Some(self.with(Memory::Locked(Array::synchronise(bytes.clone())))),
        }
    }

    fn copied(&self) -> Result<RecordHandle, Answer> {
        let memory = match &self.memory {
            Memory::Raw(bytes) => Memory::Raw(bytes.copy().map_err(outcome::os)?),
            Memory::Locked(bytes) => match bytes.copy() {
                Ok(copy) => Memory::Locked(copy),
                Err(error) => {
                    let text = error.to_string();
                    let copy = error.done().ok_or_else(|| Answer::error(Outcome::Exhausted, text))?;
                    Memory::Locked(copy)
                }
            },
        };
        Ok(self.with(memory))
    }
}

impl Object for RecordHandle {
    fn call(&mut self, call: &Call) -> Answer {
        if let Some(answer) = lock_call(self.lock(), call) {
            return answer;
        }
        match call {
            Call::Serialise => match transfer::encode(self) {
                Ok(_) => Answer::ok(),
                Err(error) => outcome::encode(error),
            },
            call => self.access(call).unwrap_or_else(|answer| answer),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
