//! The reference's primitives as what is entered and left.

use std::time::Duration;

use procession_reference::{Barrier, Event, Lock, RLock, Semaphore, Value};

use crate::link::complaint;
use crate::primitive::Primitive;

macro_rules! acquired_and_released {
    ($($kind:ty),*) => {
        $(impl Primitive for $kind {
            #[inline]
            fn enter(&self) -> Result<(), String> {
                self.acquire().map(drop).map_err(complaint)
            }

            #[inline]
            fn leave(&self) -> Result<(), String> {
                self.release().map_err(complaint)
            }
        })*
    };
}

acquired_and_released!(Lock, RLock, Semaphore);

impl Primitive for Event {
    #[inline]
    fn enter(&self) -> Result<(), String> {
        self.set();
        Ok(())
    }

    #[inline]
    fn leave(&self) -> Result<(), String> {
        self.clear();
        Ok(())
    }
}

impl Primitive for Value<i64> {
    #[inline]
    fn enter(&self) -> Result<(), String> {
        self.update(|value| *value += 1).map_err(|error| format!("{error:?}"))
    }

    #[inline]
    fn leave(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Primitive for Barrier {
    #[inline]
    fn enter(&self) -> Result<(), String> {
        self.wait().map(drop).map_err(|error| format!("{error:?}"))
    }

    #[inline]
    fn leave(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Waits for a lock that another process holds, in vain.
pub fn wait_in_vain(lock: &Lock, time: Duration) -> Result<(), String> {
    match lock.acquire_timeout(time) {
        Err(procession_reference::AcquireError::TimedOut) => Ok(()),
        other => Err(format!("the lock was to stay held: {other:?}")),
    }
}
