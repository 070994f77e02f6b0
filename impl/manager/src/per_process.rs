//! What is done once in each process, and again in one that was forked from a process that has done it.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Remembers in which process something was done.
#[derive(Debug)]
pub(crate) struct OncePerProcess(AtomicU32);

impl OncePerProcess {
    /// Not done.
    pub(crate) const fn new() -> OncePerProcess {
        OncePerProcess(AtomicU32::new(0))
    }

    /// Whether this is the first time here: of all who ask, one is told so.
    pub(crate) fn is_first(&self) -> bool {
        let here = process::id();
        self.0.swap(here, Ordering::SeqCst) != here
    }
}
