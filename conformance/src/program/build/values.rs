//! The words about shared values, arrays, records, and blocks of shared memory.

use procession_contract::{Call, LockChoice, ObjectKind, Scalar};

use super::on;
use crate::program::{Line, Program};

impl Program {
    /// Adds a shared value of this type with its own lock.
    pub fn value(self, name: &str, code: &str, initial: impl Into<Scalar>) -> Program {
        self.value_with(name, code, initial, LockChoice::Unsaid)
    }

    /// Adds a shared value of this type with this lock.
    pub fn value_with(self, name: &str, code: &str, initial: impl Into<Scalar>, lock: LockChoice) -> Program {
        self.object(name, ObjectKind::Value { code: code.into(), initial: Some(initial.into()), lock })
    }

    /// Adds a shared array of these elements with its own lock.
    pub fn array(self, name: &str, code: &str, initial: &[Scalar]) -> Program {
        let (code, initial) = (code.into(), Some(initial.to_vec()));
        self.object(name, ObjectKind::Array { code, length: None, initial, lock: LockChoice::Unsaid })
    }

    /// Adds a shared array of so many zeros with its own lock.
    pub fn zeros(self, name: &str, code: &str, length: i64) -> Program {
        let (code, length) = (code.into(), Some(length));
        self.object(name, ObjectKind::Array { code, length, initial: None, lock: LockChoice::Unsaid })
    }
}

/// Reads a shared value.
pub fn load(object: &str) -> Line {
    on(object, Call::Load { at: None, field: None })
}

/// Reads an element.
pub fn load_at(object: &str, at: i64) -> Line {
    on(object, Call::Load { at: Some(at), field: None })
}

/// Writes a shared value.
pub fn store(object: &str, to: impl Into<Scalar>) -> Line {
    on(object, Call::Store { at: None, field: None, to: to.into() })
}

/// Writes an element.
pub fn store_at(object: &str, at: i64, to: impl Into<Scalar>) -> Line {
    on(object, Call::Store { at: Some(at), field: None, to: to.into() })
}

/// Adds to a shared number, so many times, within the value's lock or not.
pub fn add(object: &str, amount: i64, times: u32, locked: bool) -> Line {
    on(object, Call::Add { at: None, field: None, amount, times, locked })
}

/// Expectations about what a shared value holds.
impl Line {
    /// Expects success with this scalar, whole.
    pub fn reads(self, scalar: impl Into<Scalar>) -> Line {
        let (value, aux) = scalar.into().expected();
        self.expect(crate::program::Expect::Answer(procession_contract::Outcome::Ok, value, aux))
    }
}
