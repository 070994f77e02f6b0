//! What stands in an object's text where Python has its address, which is nobody's business.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::python::{Class, Raise};

/// A number that no other object of this process has, shown as `0x2a`.
#[derive(Clone, Copy, Debug)]
pub struct Serial(u64);

impl Serial {
    /// The next number.
    pub fn next() -> Serial {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Serial(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// The text, if it is not longer than so many bytes.
///
/// # Errors
/// A `MemoryError` for one that is.
pub fn within(text: String, most: usize) -> Result<String, Raise> {
    match text.len() <= most {
        true => Ok(text),
        false => Err(Raise::text(Class::Memory, format!("the text is longer than {most} bytes"))),
    }
}
