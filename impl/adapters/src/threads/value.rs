//! Shared values and arrays: elements of one machine type under a mutex, and a recursive lock around them.

use std::any::Any;
use std::sync::{Arc, Mutex};

use procession_contract::{Answer, Call, LockChoice, Object, Objects, Outcome, Scalar};

use super::element::Element;
use super::lock::Lock;
use super::monitor::lock;

/// A handle to a value or an array.
#[derive(Clone)]
pub(super) struct Shared {
    elements: Arc<Mutex<Vec<Scalar>>>,
    element: Element,
    /// Whether it is one value, not an array.
    single: bool,
    lock: Option<Guard>,
}

#[derive(Clone)]
struct Guard {
    lock: Lock,
    /// Whether it was given at the creation.
    given: bool,
}

impl Shared {
    /// One value.
    ///
    /// # Errors
    /// `bad_type` for a type that there is not, a first value of another kind, or what is no lock.
    pub(super) fn value(
        code: &str,
        initial: Option<&Scalar>,
        choice: &LockChoice,
        existing: &mut Objects,
    ) -> Result<Shared, Answer> {
        let element = Element::of(code)?;
        let first = initial.map_or(Ok(element.zero()), |initial| element.accept(initial))?;
        Shared::new(element, vec![first], true, choice, existing)
    }

    /// An array of so many zeros, or of these elements.
    ///
    /// # Errors
    /// As for a value; `bad_value` for a negative length.
    pub(super) fn array(
        code: &str,
        length: Option<i64>,
        initial: Option<&[Scalar]>,
        choice: &LockChoice,
        existing: &mut Objects,
    ) -> Result<Shared, Answer> {
        let element = Element::of(code)?;
        let elements = match (initial, length.unwrap_or(0)) {
            (Some(initial), _) => {
                initial.iter().map(|one| element.accept(one)).collect::<Result<Vec<_>, _>>()?
            }
            (None, length) => zeros(element, length)?,
        };
        Shared::new(element, elements, false, choice, existing)
    }

    fn new(
        element: Element,
        elements: Vec<Scalar>,
        single: bool,
        choice: &LockChoice,
        existing: &mut Objects,
    ) -> Result<Shared, Answer> {
        let lock = match choice {
            LockChoice::Raw => None,
            LockChoice::Unsaid | LockChoice::Own | LockChoice::Absent => {
                Some(Guard { lock: Lock::recursive(), given: false })
            }
            LockChoice::Given(name) => Some(Guard { lock: Lock::among(existing, name)?, given: true }),
            LockChoice::Nonsense => return Err(Answer::error(Outcome::BadType, "this is no lock")),
        };
        Ok(Shared { elements: Arc::new(Mutex::new(elements)), element, single, lock })
    }

    /// The handle to the lock, and whether it was given at the creation.
    pub(super) fn get_lock(&self) -> Option<(Lock, bool)> {
        self.lock.as_ref().map(|guard| (guard.lock.clone(), guard.given))
    }

    /// One access, with the lock held if there is one.
    fn access<T>(&self, body: impl FnOnce(&mut [Scalar]) -> T) -> T {
        let body = || body(&mut lock(&self.elements));
        match &self.lock {
            Some(guard) => guard.lock.held(body),
            None => body(),
        }
    }

    fn load(&self, at: Option<i64>) -> Result<Scalar, Answer> {
        self.access(|elements| Ok(elements[self.index(at, elements.len())?].clone()))
    }

    fn store(&self, at: Option<i64>, to: &Scalar) -> Result<(), Answer> {
        self.access(|elements| {
            let index = self.index(at, elements.len())?;
            elements[index] = self.element.accept(to)?;
            Ok(())
        })
    }

    /// As `x.store(x.load() + amount)`: two accesses.
    fn add(&self, at: Option<i64>, amount: i64, times: u32, locked: bool) -> Result<Answer, Answer> {
        let once = || -> Result<Scalar, Answer> {
            let sum = match self.load(at)? {
                Scalar::Int(number) => Scalar::Int(number.wrapping_add(amount)),
                Scalar::Real(number) => Scalar::real(number.0 + amount as f64),
                _ => return Err(Answer::error(Outcome::BadType, "this is no number")),
            };
            self.store(at, &sum)?;
            Ok(sum)
        };
        let guard = match (&self.lock, locked) {
            (None, true) => return Err(Outcome::Unsupported.into()),
            (guard, locked) => guard.as_ref().filter(|_| locked),
        };
        let mut written = Answer::ok();
        for _ in 0..times {
            let sum = match guard {
                Some(guard) => guard.lock.held(once)?,
                None => once()?,
            };
            written = match sum {
                Scalar::Int(number) => Answer::number(number),
                _ => Answer::ok(),
            };
        }
        Ok(written)
    }

    fn load_slice(&self, slice: Slice) -> Result<Answer, Answer> {
        self.access(|elements| {
            let read: Vec<_> = slice.indices(elements.len())?.map(|index| elements[index].clone()).collect();
            Ok(Scalar::answer_many(&read))
        })
    }

    fn store_slice(&self, slice: Slice, values: &[Scalar]) -> Result<Answer, Answer> {
        self.access(|elements| {
            let indices: Vec<_> = slice.indices(elements.len())?.collect();
            if indices.len() != values.len() {
                let what = format!("{} values for a slice of {}", values.len(), indices.len());
                return Err(Answer::error(Outcome::BadValue, what));
            }
            let values: Result<Vec<_>, _> = values.iter().map(|one| self.element.accept(one)).collect();
            for (index, value) in indices.into_iter().zip(values?) {
                elements[index] = value;
            }
            Ok(Answer::ok())
        })
    }

    /// The bytes of an array of characters: all of them, or those before the first zero.
    fn load_bytes(&self, field: &str) -> Result<Answer, Answer> {
        let mut bytes = self.access(|elements| self.bytes(elements))?;
        match field {
            "raw" => {}
            "value" => bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len())),
            _ => return Err(no_field(field)),
        }
        Ok(Scalar::bytes(&bytes).answer())
    }

    /// Writes them from the first one on; behind a `value` that is shorter than the array goes a zero.
    fn store_bytes(&self, field: &str, to: &Scalar) -> Result<Answer, Answer> {
        let end: &[u8] = match field {
            "raw" => &[],
            "value" => &[0],
            _ => return Err(no_field(field)),
        };
        self.access(|elements| {
            self.bytes(elements)?;
            let Some(bytes) = to.as_bytes() else {
                return Err(Answer::error(Outcome::BadType, format!("{to:?} are no bytes")));
            };
            if bytes.len() > elements.len() {
                let what = format!("{} bytes for an array of {}", bytes.len(), elements.len());
                return Err(Answer::error(Outcome::BadValue, what));
            }
            for (element, byte) in elements.iter_mut().zip(bytes.iter().chain(end)) {
                *element = Scalar::bytes(&[*byte]);
            }
            Ok(Answer::ok())
        })
    }

    fn bytes(&self, elements: &[Scalar]) -> Result<Vec<u8>, Answer> {
        if self.single || self.element != Element::Byte {
            return Err(Answer::error(Outcome::BadType, "this is no array of characters"));
        }
        Ok(elements.iter().filter_map(Scalar::as_bytes).flatten().collect())
    }

    fn index(&self, at: Option<i64>, length: usize) -> Result<usize, Answer> {
        let at = match (at, self.single) {
            (None, true) => return Ok(0),
            (Some(at), false) => at,
            _ => return Err(Outcome::Unsupported.into()),
        };
        let counted = if at < 0 { at.checked_add_unsigned(length as u64) } else { Some(at) };
        let index = counted.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < length);
        index.ok_or_else(|| Answer::error(Outcome::BadValue, format!("index {at} of an array of {length}")))
    }

    fn answer(&self, call: &Call) -> Result<Answer, Answer> {
        match call {
            Call::Load { at, field: None } => Ok(self.load(*at)?.answer()),
            Call::Load { at: None, field: Some(field) } => self.load_bytes(field),
            Call::Store { at: None, field: Some(field), to } => self.store_bytes(field, to),
            Call::Store { at, field: None, to } => self.store(*at, to).map(|()| Answer::ok()),
            Call::Add { at, field: None, amount, times, locked } => self.add(*at, *amount, *times, *locked),
            _ if self.single => Err(Outcome::Unsupported.into()),
            Call::LoadSlice { from, to, step } => {
                self.load_slice(Slice { from: *from, to: *to, step: *step })
            }
            Call::StoreSlice { from, to, step, values } => {
                self.store_slice(Slice { from: *from, to: *to, step: *step }, values)
            }
            Call::Length => Ok(Answer::number(lock(&self.elements).len() as i64)),
            _ => Err(Outcome::Unsupported.into()),
        }
    }
}

impl Object for Shared {
    fn call(&mut self, call: &Call) -> Answer {
        let of_lock = self.lock.as_ref().and_then(|guard| guard.lock.answer(call));
        of_lock.unwrap_or_else(|| self.answer(call).unwrap_or_else(|error| error))
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// So many zeros.
fn zeros(element: Element, length: i64) -> Result<Vec<Scalar>, Answer> {
    let length = usize::try_from(length).map_err(|_| {
        Answer::error(Outcome::BadValue, format!("the length is {length}, expected at least 0"))
    })?;
    let mut elements = Vec::new();
    elements.try_reserve_exact(length).map_err(|error| Answer::error(Outcome::Exhausted, error))?;
    elements.resize(length, element.zero());
    Ok(elements)
}

fn no_field(field: &str) -> Answer {
    Answer::error(Outcome::BadType, format!("there is no field `{field}`, but `value` and `raw`"))
}

/// A slice as Python writes it.
#[derive(Clone, Copy)]
struct Slice {
    from: Option<i64>,
    to: Option<i64>,
    step: Option<i64>,
}

impl Slice {
    /// The indices that it stands for in an array of this length.
    fn indices(self, length: usize) -> Result<impl Iterator<Item = usize>, Answer> {
        let step = self.step.unwrap_or(1);
        if step == 0 {
            return Err(Answer::error(Outcome::BadValue, "the step of a slice is 0"));
        }
        let length = length as i64;
        // Counted from the end if negative, and no further than one beyond either end.
        let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let bound = |at: Option<i64>, else_at: i64| match at {
            None => else_at,
            Some(at) if at < 0 => at.saturating_add(length).clamp(lowest, highest),
            Some(at) => at.clamp(lowest, highest),
        };
        let (first, end) = if step > 0 { (lowest, highest) } else { (highest, lowest) };
        let (first, end) = (bound(self.from, first), bound(self.to, end));
        let inside = move |at: &i64| if step > 0 { *at < end } else { *at > end };
        let indices = std::iter::successors(Some(first), move |at| at.checked_add(step));
        Ok(indices.take_while(inside).map(|at| at as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_those_of_python() {
        let indices = |from, to, step| -> Vec<usize> {
            Slice { from, to, step }.indices(5).unwrap_or_else(|_| panic!("a step of 0")).collect()
        };
        assert_eq!(indices(None, None, None), [0, 1, 2, 3, 4]);
        assert_eq!(indices(Some(1), Some(3), None), [1, 2]);
        assert_eq!(indices(None, None, Some(-1)), [4, 3, 2, 1, 0]);
        assert_eq!(indices(Some(-2), None, None), [3, 4]);
        assert_eq!(indices(Some(9), Some(-9), Some(-2)), [4, 2, 0]);
        assert!(indices(Some(3), Some(1), None).is_empty());
        assert_eq!(indices(Some(-9), Some(9), Some(3)), [0, 3]);
        assert!(Slice { from: None, to: None, step: Some(0) }.indices(5).is_err());
    }
}
