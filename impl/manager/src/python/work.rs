//! How much a request may make the server compute.

use super::{Class, Raise};

/// What is left of the steps that a request may cost.
///
/// A value that shares its parts is small on the wire and huge when it is gone through: 545 bytes unfold to a tree
/// of 2^60 leaves. So comparing, hashing and printing are counted, step by step.
#[derive(Debug)]
pub struct Work {
    left: u64,
}

impl Work {
    /// So many steps: a step is a value looked at, or some bytes of one.
    pub fn of(steps: u64) -> Work {
        Work { left: steps }
    }

    /// Takes so many steps.
    ///
    /// # Errors
    /// A `MemoryError` when fewer are left; then none is.
    pub fn spend(&mut self, steps: usize) -> Result<(), Raise> {
        match self.left.checked_sub(steps as u64) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Raise::text(
                    Class::Memory,
                    "the value takes more steps to go through than the server allows",
                ))
            }
        }
    }
}
