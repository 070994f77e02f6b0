//! Process-shared semaphores without a name.
//!
//! # Invariants
//! 1. A `Semaphore` exists only after `sem_init` has succeeded on its memory, and nothing destroys the
//!    object: every call of a function on it finds an initialised semaphore.
//! 2. Times and results that are passed are locals, initialised before and alive during the call.
#![expect(unsafe_code, reason = "calls the C library's functions on semaphores")]

use std::any::Any;
use std::sync::Arc;

use nix::Result;
use nix::errno::Errno;
use nix::time::ClockId;
use procession_contract::{Answer, Call, Object, Outcome, Scalar};

use super::clocks::sem_clock_wait;
use super::errors::{deadline, failed};
use super::shared::Shared;
use crate::patience::Patience;

/// A handle to a semaphore.
#[derive(Clone)]
pub(super) struct Semaphore {
    raw: Arc<Shared<libc::sem_t>>,
}

impl Semaphore {
    /// A semaphore with this value at first, 1 if none is given.
    pub(super) fn new(value: Option<&Scalar>) -> std::result::Result<Semaphore, Answer> {
        let value = match value {
            None => 1,
            Some(Scalar::Int(value)) => u32::try_from(*value).map_err(|_| {
                Answer::error(Outcome::BadValue, format!("{value} is no unsigned int, the value's type"))
            })?,
            Some(_) => return Err(Answer::error(Outcome::BadType, "the value is no integer")),
        };
        let raw = Shared::new().map_err(failed)?;
        // SAFETY: the memory is there and nobody else's, since the handle has not been given to anybody.
        said(unsafe { libc::sem_init(raw.address(), 1, value) }).map_err(failed)?;
        Ok(Semaphore { raw: Arc::new(raw) })
    }

    /// Takes a permit; whether it was got. The time is one of the monotonic clock, or of the wall clock
    /// where the C library knows no other here.
    fn wait(&self, patience: Patience) -> Result<bool> {
        let semaphore = self.raw.address();
        let clock_wait = sem_clock_wait();
        let clock = clock_wait.map_or(ClockId::CLOCK_REALTIME, |_| ClockId::CLOCK_MONOTONIC);
        let time = match patience {
            Patience::For(time) => Some(deadline(clock, time)?),
            Patience::None | Patience::Forever => None,
        };
        loop {
            // SAFETY: by 1 and 2.
            let returned = unsafe {
                match (patience, &time) {
                    (Patience::None, _) => libc::sem_trywait(semaphore),
                    (_, Some(time)) => match clock_wait {
                        Some(wait) => wait(semaphore, libc::CLOCK_MONOTONIC, time),
                        None => libc::sem_timedwait(semaphore, time),
                    },
                    (_, None) => libc::sem_wait(semaphore),
                }
            };
            return match said(returned) {
                Ok(()) => Ok(true),
                Err(Errno::EAGAIN | Errno::ETIMEDOUT) => Ok(false),
                // A signal was handled: the same deadline goes on.
                Err(Errno::EINTR) => continue,
                Err(error) => Err(error),
            };
        }
    }

    fn post(&self) -> Result<()> {
        // SAFETY: by 1.
        said(unsafe { libc::sem_post(self.raw.address()) })
    }

    fn value(&self) -> Result<i32> {
        let mut value = 0;
        // SAFETY: by 1 and 2.
        said(unsafe { libc::sem_getvalue(self.raw.address(), &mut value) })?;
        Ok(value)
    }
}

/// The result of a function that leaves its error in `errno`.
fn said(returned: i32) -> Result<()> {
    Errno::result(returned).map(drop)
}

impl Object for Semaphore {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Acquire { block, timeout_ms } => {
                self.wait(Patience::of(*block, *timeout_ms)).map_or_else(failed, Answer::truth)
            }
            Call::Release { n: None } => self.post().map_or_else(failed, |()| Answer::ok()),
            Call::Release { n: Some(_) } => Answer::error(Outcome::BadType, "a post gives one permit"),
            Call::Permits => self.value().map_or_else(failed, Answer::number),
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> std::result::Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
