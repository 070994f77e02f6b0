//! Shared values and arrays of any type: the calls on what the reference has for them.

use std::fmt::Debug;

use procession_contract::{Answer, Call, Outcome, Scalar};
use procession_reference::array::{ArrayError, RangeError, Slice};
use procession_reference::value::{Plain, ValueError, ValueLock};
use procession_reference::{AcquireError, Array, RawArray, RawValue, Value};
use serde::{Deserialize, Serialize};

use super::element::{Code, Element};
use super::{lock, outcome};

/// A value or an array, with a lock or without.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "", deserialize = "T: Plain"))]
pub(super) enum Place<T> {
    Value(Value<T>),
    RawValue(RawValue<T>),
    Array(Array<T>),
    RawArray(RawArray<T>),
}

/// The result of an access, and whether the lock's holder had died before it.
type Told<R> = Result<(R, bool), Answer>;

fn of_value<R>(result: Result<R, ValueError<R>>) -> Told<R> {
    of_array(result.map_err(ArrayError::from))
}

fn of_array<R>(result: Result<R, ArrayError<R>>) -> Told<R> {
    match result {
        Ok(result) => Ok((result, false)),
        Err(ArrayError::OwnerDied(result)) => Ok((result, true)),
        Err(ArrayError::Acquire(error)) => Err(not_acquired(error)),
        Err(ArrayError::Range(error)) => Err(range(error)),
        Err(_) => Err(Answer::of(Outcome::Other)),
    }
}

fn not_acquired(error: AcquireError) -> Answer {
    lock::answer(Err(error))
}

fn range(error: RangeError) -> Answer {
    Answer::error(Outcome::BadValue, error)
}

fn plain<R>(result: Result<R, RangeError>) -> Told<R> {
    result.map(|result| (result, false)).map_err(range)
}

/// The answer, with the news of a death if there is any.
fn told(answer: Answer, died: bool) -> Answer {
    if died { Answer { outcome: Outcome::OwnerDied, ..answer } } else { answer }
}

/// The index that one of a script means in a sequence of this length.
pub(super) fn index(at: i64, len: usize) -> Result<usize, Answer> {
    let place = if at < 0 { at.checked_add_unsigned(len as u64) } else { Some(at) };
    let place = place.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < len);
    place.ok_or_else(|| Answer::error(Outcome::BadValue, format!("there is no element {at} of {len}")))
}

fn slice(from: Option<i64>, to: Option<i64>, step: Option<i64>) -> Slice {
    Slice { from, to, step: step.unwrap_or(1) }
}

impl<T: Element + Debug> Place<T> {
    /// The lock, if there is one.
    pub(super) fn lock(&self) -> Option<&ValueLock> {
        match self {
            Place::Value(value) => Some(value.get_lock()),
            Place::Array(array) => Some(array.get_lock()),
            Place::RawValue(_) | Place::RawArray(_) => None,
        }
    }

    /// What is below the lock; nothing where there is none.
    pub(super) fn object(&self) -> Option<Place<T>> {
        match self {
            Place::Value(value) => Some(Place::RawValue(value.get_obj().clone())),
            Place::Array(array) => Some(Place::RawArray(array.get_obj().clone())),
            Place::RawValue(_) | Place::RawArray(_) => None,
        }
    }

    /// With a lock of its own; nothing where there is one already, which the reference's types rule out.
    pub(super) fn synchronised(&self) -> Option<Place<T>> {
        match self {
            Place::RawValue(value) => Some(Place::Value(Value::synchronise(value.clone()))),
            Place::RawArray(array) => Some(Place::Array(Array::synchronise(array.clone()))),
            Place::Value(_) | Place::Array(_) => None,
        }
    }

    pub(super) fn copy(&self) -> Result<Place<T>, Answer> {
        match self {
            Place::Value(value) => of_value(value.copy()).map(|(copy, _)| Place::Value(copy)),
            Place::Array(array) => of_array(array.copy()).map(|(copy, _)| Place::Array(copy)),
            Place::RawValue(value) => value.copy().map(Place::RawValue).map_err(outcome::os),
            Place::RawArray(array) => array.copy().map(Place::RawArray).map_err(outcome::os),
        }
    }

    fn load(&self, at: Option<i64>) -> Told<T> {
        match (self, at) {
            (Place::Value(value), None) => of_value(value.get()),
            (Place::RawValue(value), None) => Ok((value.get(), false)),
            (Place::Array(array), Some(at)) => of_array(array.get(index(at, array.len())?)),
            (Place::RawArray(array), Some(at)) => plain(array.get(index(at, array.len())?)),
            _ => Err(Answer::of(Outcome::Unsupported)),
        }
    }

    fn store(&self, at: Option<i64>, to: T) -> Told<()> {
        match (self, at) {
            (Place::Value(value), None) => of_value(value.set(to)),
            (Place::RawValue(value), None) => {
                value.set(to);
                Ok(((), false))
            }
            (Place::Array(array), Some(at)) => of_array(array.set(index(at, array.len())?, to)),
            (Place::RawArray(array), Some(at)) => plain(array.set(index(at, array.len())?, to)),
            _ => Err(Answer::of(Outcome::Unsupported)),
        }
    }

    /// Adds once: within the lock, or by a read and a write.
    fn add(&self, at: Option<i64>, amount: i64, locked: bool) -> Told<T> {
        if !locked {
            let (before, died) = self.load(at)?;
            let after = before.plus(amount);
            let ((), died_again) = self.store(at, after)?;
            return Ok((after, died || died_again));
        }
        let change = |value: &mut T| {
            *value = value.plus(amount);
            *value
        };
        match (self, at) {
            (Place::Value(value), None) => of_value(value.update(change)),
            (Place::Array(array), Some(at)) => {
                let element = array.element(index(at, array.len())?).map_err(range)?;
                of_value(element.update(change))
            }
            _ => Err(Answer::of(Outcome::Unsupported)),
        }
    }

    fn add_all(&self, code: Code, at: Option<i64>, amount: i64, times: u32, locked: bool) -> Told<Answer> {
        if matches!(code.letter(), 'c' | 'u') {
            return Err(Answer::error(Outcome::BadType, "a character is no number"));
        }
        let mut written = Answer::ok();
        let mut any_died = false;
        for _ in 0..times {
            let (sum, died) = self.add(at, amount, locked)?;
            any_died |= died;
            written = match code.scalar_of(sum) {
                Scalar::Int(number) => Answer::number(number),
                _ => Answer::ok(),
            };
        }
        Ok((written, any_died))
    }

    fn load_slice(&self, slice: Slice) -> Told<Vec<T>> {
        match self {
            Place::Array(array) => of_array(array.load(slice)),
            Place::RawArray(array) => plain(array.load(slice)),
            _ => Err(Answer::of(Outcome::Unsupported)),
        }
    }

    fn store_slice(&self, slice: Slice, values: &[T]) -> Told<()> {
        match self {
            Place::Array(array) => of_array(array.store(slice, values)),
            Place::RawArray(array) => plain(array.store(slice, values)),
            _ => Err(Answer::of(Outcome::Unsupported)),
        }
    }

    /// Answers a call that reads or writes.
    pub(super) fn answer(&self, code: Code, call: &Call) -> Result<Answer, Answer> {
        let (answer, died) = match call {
            Call::Load { at, field: None } => {
                let (value, died) = self.load(*at)?;
                (code.scalar_of(value).answer(), died)
            }
            Call::Store { at, field: None, to } => {
                let ((), died) = self.store(*at, code.value_of(to)?)?;
                (Answer::ok(), died)
            }
            Call::Add { at, field: None, amount, times, locked } => {
                self.add_all(code, *at, *amount, *times, *locked)?
            }
            Call::LoadSlice { from, to, step } => {
                let (values, died) = self.load_slice(slice(*from, *to, *step))?;
                let scalars: Vec<_> = values.into_iter().map(|value| code.scalar_of(value)).collect();
                (Scalar::answer_many(&scalars), died)
            }
            Call::StoreSlice { from, to, step, values } => {
                let values: Result<Vec<T>, Answer> = values.iter().map(|one| code.value_of(one)).collect();
                let ((), died) = self.store_slice(slice(*from, *to, *step), &values?)?;
                (Answer::ok(), died)
            }
            Call::Length => match self {
                Place::Array(array) => (Answer::number(array.len() as i64), false),
                Place::RawArray(array) => (Answer::number(array.len() as i64), false),
                _ => return Err(Answer::of(Outcome::Unsupported)),
            },
            _ => return Err(Answer::of(Outcome::Unsupported)),
        };
        Ok(told(answer, died))
    }
}

impl Place<u8> {
    /// Answers a call on all characters of an array: up to the first zero byte, or `raw`.
    pub(super) fn characters(&self, call: &Call) -> Result<Answer, Answer> {
        let bytes =
            |result: Told<Vec<u8>>| result.map(|(bytes, died)| told(Scalar::bytes(&bytes).answer(), died));
        match call {
            Call::Load { field, .. } => bytes(match (self, field.as_deref()) {
                (Place::Array(array), Some("raw")) => of_array(array.to_vec()),
                (Place::RawArray(array), Some("raw")) => Ok((array.to_vec(), false)),
                (Place::Array(array), None | Some("value")) => of_array(array.value()),
                (Place::RawArray(array), None | Some("value")) => Ok((array.value(), false)),
                _ => Err(Answer::of(Outcome::Unsupported)),
            }),
            Call::Store { field, to, .. } => {
                let wrong = || Answer::error(Outcome::BadType, format!("{to:?} is no bytes"));
                let to = to.as_bytes().ok_or_else(wrong)?;
                let ((), died) = match (self, field.as_deref()) {
                    (Place::Array(array), Some("raw")) => of_array(array.set_raw(&to)),
                    (Place::RawArray(array), Some("raw")) => plain(array.set_raw(&to)),
                    (Place::Array(array), None | Some("value")) => of_array(array.set_value(&to)),
                    (Place::RawArray(array), None | Some("value")) => plain(array.set_value(&to)),
                    _ => Err(Answer::of(Outcome::Unsupported)),
                }?;
                Ok(told(Answer::ok(), died))
            }
            _ => Err(Answer::of(Outcome::Unsupported)),
        }
    }
}

/// A place of any of the types.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum AnyPlace {
    I8(Place<i8>),
    U8(Place<u8>),
    I16(Place<i16>),
    U16(Place<u16>),
    I32(Place<i32>),
    U32(Place<u32>),
    I64(Place<i64>),
    U64(Place<u64>),
    F32(Place<f32>),
    F64(Place<f64>),
}

/// Does the same with a place of whatever type.
macro_rules! with_place {
    ($any:expr, $place:ident => $result:expr) => {
        match $any {
            AnyPlace::I8($place) => $result,
            AnyPlace::U8($place) => $result,
            AnyPlace::I16($place) => $result,
            AnyPlace::U16($place) => $result,
            AnyPlace::I32($place) => $result,
            AnyPlace::U32($place) => $result,
            AnyPlace::I64($place) => $result,
            AnyPlace::U64($place) => $result,
            AnyPlace::F32($place) => $result,
            AnyPlace::F64($place) => $result,
        }
    };
}

/// Makes a place by a function that is generic over the type that a letter means.
macro_rules! place_of {
    ($code:expr, $make:ident($($argument:expr),*)) => {{
        match $code.letter() {
            'c' | 'B' => $make::<u8>($($argument),*).map(AnyPlace::U8),
            'b' => $make::<i8>($($argument),*).map(AnyPlace::I8),
            'h' => $make::<i16>($($argument),*).map(AnyPlace::I16),
            'H' => $make::<u16>($($argument),*).map(AnyPlace::U16),
            'i' => $make::<i32>($($argument),*).map(AnyPlace::I32),
            'u' | 'I' => $make::<u32>($($argument),*).map(AnyPlace::U32),
            'l' | 'q' => $make::<i64>($($argument),*).map(AnyPlace::I64),
            'f' => $make::<f32>($($argument),*).map(AnyPlace::F32),
            'd' => $make::<f64>($($argument),*).map(AnyPlace::F64),
            _ => $make::<u64>($($argument),*).map(AnyPlace::U64),
        }
    }};
}

pub(super) use place_of;

macro_rules! same_type {
    ($any:expr, $place:ident => $result:expr) => {
        match $any {
            AnyPlace::I8($place) => $result.map(AnyPlace::I8),
            AnyPlace::U8($place) => $result.map(AnyPlace::U8),
            AnyPlace::I16($place) => $result.map(AnyPlace::I16),
            AnyPlace::U16($place) => $result.map(AnyPlace::U16),
            AnyPlace::I32($place) => $result.map(AnyPlace::I32),
            AnyPlace::U32($place) => $result.map(AnyPlace::U32),
            AnyPlace::I64($place) => $result.map(AnyPlace::I64),
            AnyPlace::U64($place) => $result.map(AnyPlace::U64),
            AnyPlace::F32($place) => $result.map(AnyPlace::F32),
            AnyPlace::F64($place) => $result.map(AnyPlace::F64),
        }
    };
}

impl AnyPlace {
    pub(super) fn lock(&self) -> Option<&ValueLock> {
        with_place!(self, place => place.lock())
    }

    pub(super) fn object(&self) -> Option<AnyPlace> {
        same_type!(self, place => place.object())
    }

    pub(super) fn synchronised(&self) -> Option<AnyPlace> {
        same_type!(self, place => place.synchronised())
    }

    pub(super) fn copy(&self) -> Result<AnyPlace, Answer> {
        same_type!(self, place => place.copy())
    }

    pub(super) fn answer(&self, code: Code, call: &Call) -> Result<Answer, Answer> {
        with_place!(self, place => place.answer(code, call))
    }
}
