//! Shared values and arrays.

use std::any::Any;
use std::fmt::Debug;
use std::io;

use procession_contract::{Answer, Call, LockChoice, Object, Objects, Outcome, Scalar};
use procession_reference::value::ValueLock;
use procession_reference::{Deadline, RawArray, RawValue, transfer};
use serde::{Deserialize, Serialize};

use super::element::{Code, Element};
use super::lock::{LockHandle, answer, deadline, scope};
use super::outcome;
use super::place::{AnyPlace, Place, place_of};

/// A handle to a value or an array, which travels to a new process as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ValueHandle {
    code: Code,
    place: AnyPlace,
    /// Whether its lock was given to it.
    given: bool,
}

impl ValueHandle {
    pub(super) fn value(
        code: &str,
        initial: Option<&Scalar>,
        choice: &LockChoice,
        existing: &mut Objects,
    ) -> Result<ValueHandle, Answer> {
        let code = Code::of(code)?;
        let lock = Guarded::by(choice, existing)?;
        let place = place_of!(code, new_value(code, initial, &lock))?;
        Ok(ValueHandle { code, place, given: lock.is_given() })
    }

    pub(super) fn array(
        code: &str,
        length: Option<i64>,
        initial: Option<&[Scalar]>,
        choice: &LockChoice,
        existing: &mut Objects,
    ) -> Result<ValueHandle, Answer> {
        let code = Code::of(code)?;
        let lock = Guarded::by(choice, existing)?;
        let place = place_of!(code, new_array(code, length, initial, &lock))?;
        Ok(ValueHandle { code, place, given: lock.is_given() })
    }

    fn with(&self, place: AnyPlace, given: bool) -> ValueHandle {
        ValueHandle { code: self.code, place, given }
    }

    fn access(&self, call: &Call) -> Result<Answer, Answer> {
        let is_whole = match call {
            Call::Load { at: None, field } | Call::Store { at: None, field, .. } => {
                field.is_some() || matches!(&self.place, AnyPlace::U8(Place::Array(_) | Place::RawArray(_)))
            }
            _ => false,
        };
        match &self.place {
            AnyPlace::U8(place) if is_whole && self.code.is_byte_character() => place.characters(call),
            place => place.answer(self.code, call),
        }
    }
}

/// Which lock a shared value gets.
pub(super) enum Guarded {
    Own,
    Given(ValueLock),
    Raw,
}

impl Guarded {
    pub(super) fn by(choice: &LockChoice, existing: &mut Objects) -> Result<Guarded, Answer> {
        let nonsense = || Answer::error(Outcome::BadType, "this is no lock");
        match choice {
            LockChoice::Unsaid | LockChoice::Own | LockChoice::Absent => Ok(Guarded::Own),
            LockChoice::Raw => Ok(Guarded::Raw),
            LockChoice::Nonsense => Err(nonsense()),
            LockChoice::Given(name) => {
                let object = existing.get_mut(name).ok_or_else(nonsense)?;
                match object.as_any().downcast_ref::<LockHandle>() {
                    Some(LockHandle::Plain(lock)) => Ok(Guarded::Given(lock.into())),
                    Some(LockHandle::Recursive(lock)) => Ok(Guarded::Given(lock.into())),
                    None => Err(nonsense()),
                }
            }
        }
    }

    pub(super) fn is_given(&self) -> bool {
        matches!(self, Guarded::Given(_))
    }
}

/// The length of a script, if it can be one.
pub(super) fn length(length: Option<i64>) -> Result<usize, Answer> {
    let length = length.unwrap_or(0);
    let wrong =
        |_| Answer::error(Outcome::BadValue, format!("the length is {length}, at least 0 is expected"));
    usize::try_from(length).map_err(wrong)
}

fn new_value<T: Element + Debug>(
    code: Code,
    initial: Option<&Scalar>,
    lock: &Guarded,
) -> Result<Place<T>, Answer> {
    let made: io::Result<RawValue<T>> = match initial {
        None => RawValue::zeroed(),
        Some(initial) => RawValue::new(code.value_of(initial)?),
    };
    let raw = Place::RawValue(made.map_err(outcome::os)?);
    Ok(guarded(raw, lock))
}

fn new_array<T: Element + Debug>(
    code: Code,
    len: Option<i64>,
    initial: Option<&[Scalar]>,
    lock: &Guarded,
) -> Result<Place<T>, Answer> {
    let made: io::Result<RawArray<T>> = match initial {
        None => RawArray::zeroed(length(len)?),
        Some(initial) => {
            let elements: Result<Vec<T>, Answer> = initial.iter().map(|one| code.value_of(one)).collect();
            RawArray::new(&elements?)
        }
    };
    let raw = Place::RawArray(made.map_err(outcome::os)?);
    Ok(guarded(raw, lock))
}

fn guarded<T: Element + Debug>(raw: Place<T>, lock: &Guarded) -> Place<T> {
    match (raw, lock) {
        (Place::RawValue(value), Guarded::Given(lock)) => Place::Value(value.with(lock.clone())),
        (Place::RawArray(array), Guarded::Given(lock)) => Place::Array(array.with(lock.clone())),
        (raw, Guarded::Own) => raw.synchronised().unwrap_or(raw),
        (raw, _) => raw,
    }
}

/// Answers a call on the lock of a value; nothing if the call is no such.
pub(super) fn lock_call(lock: Option<&ValueLock>, call: &Call) -> Option<Answer> {
    if !matches!(call, Call::Acquire { .. } | Call::Release { .. } | Call::Scope { .. }) {
        return None;
    }
    let Some(lock) = lock else { return Some(Answer::of(Outcome::Unsupported)) };
    Some(match call {
        Call::Acquire { block, timeout_ms } => acquire(lock, deadline(*block, *timeout_ms)),
        Call::Release { n: None } => release(lock),
        Call::Scope { fail } => match lock {
            ValueLock::Lock(lock) => scope(|| lock.lock(), |guard| guard.owner_died(), *fail),
            ValueLock::RLock(lock) => scope(|| lock.lock(), |guard| guard.owner_died(), *fail),
        },
        _ => Answer::error(Outcome::BadType, "a lock is released once"),
    })
}

fn acquire(lock: &ValueLock, deadline: Deadline) -> Answer {
    answer(lock.acquire_until(deadline).map(|acquired| acquired.owner_died()))
}

fn release(lock: &ValueLock) -> Answer {
    use procession_reference::value::ReleaseError;
    match lock.release() {
        Ok(()) => Answer::ok(),
        Err(error @ ReleaseError::NotHeld) => Answer::error(Outcome::OverRelease, error),
        Err(error) => Answer::error(Outcome::NotOwner, error),
    }
}

/// Something shared that has a lock, or none.
pub(super) trait Lockable: Object + Sized + 'static {
    fn lock(&self) -> Option<&ValueLock>;
    fn is_given(&self) -> bool;
    /// What is below the lock.
    fn object(&self) -> Option<Self>;
    /// With a lock of its own around what has none.
    fn synchronised(&self) -> Option<Self>;
    fn copied(&self) -> Result<Self, Answer>;
}

impl Lockable for ValueHandle {
    fn lock(&self) -> Option<&ValueLock> {
        self.place.lock()
    }

    fn is_given(&self) -> bool {
        self.given
    }

    fn object(&self) -> Option<ValueHandle> {
        self.place.object().map(|place| self.with(place, false))
    }

    fn synchronised(&self) -> Option<ValueHandle> {
        self.place.synchronised().map(|place| self.with(place, false))
    }

    fn copied(&self) -> Result<ValueHandle, Answer> {
        self.place.copy().map(|place| self.with(place, false))
    }
}

/// Answers a call whose result is known under a name from then on; what it is, if there is any.
pub(super) fn derive<L: Lockable>(shared: &L, call: &Call) -> Result<(Box<dyn Object>, Answer), Answer> {
    let bare = || Answer::error(Outcome::BadType, "what has no lock has nothing below it");
    match call {
        Call::GetLock { .. } => {
            let lock = match shared.lock().ok_or_else(bare)? {
                ValueLock::Lock(lock) => LockHandle::Plain(lock.clone()),
                ValueLock::RLock(lock) => LockHandle::Recursive(lock.clone()),
            };
            Ok((Box::new(lock), Answer::truth(shared.is_given())))
        }
        Call::GetObject { .. } => Ok((Box::new(shared.object().ok_or_else(bare)?), Answer::ok())),
        Call::Copy { .. } => Ok((Box::new(shared.copied()?), Answer::ok())),
        Call::Synchronise { .. } => {
            // In Rust, the compiler says so.
            let twice = || Answer::error(Outcome::Misuse, "what has a lock gets no second one");
            Ok((Box::new(shared.synchronised().ok_or_else(twice)?), Answer::ok()))
        }
        _ => Err(Answer::of(Outcome::Unsupported)),
    }
}

impl Object for ValueHandle {
    fn call(&mut self, call: &Call) -> Answer {
        if let Some(answer) = lock_call(self.place.lock(), call) {
            return answer;
        }
        match call {
            Call::Serialise => match transfer::encode(self) {
                Ok(_) => Answer::ok(),
                Err(error) => outcome::encode(error),
            },
            Call::Repr => Answer::text(format!("{:?}", self.place)),
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
