//! Semaphores, bounded and not.

use std::any::Any;

use procession_contract::{Answer, Call, Object, Outcome, Scalar};
use procession_reference::{
    BoundedSemaphore, PermitAcquired, PermitReleaseError, Semaphore, SemaphoreCreateError, transfer,
};
use serde::{Deserialize, Serialize};

use super::lock::{answer, deadline, scope};
use super::outcome;

/// A handle to a semaphore of either kind, which travels to a new process as it is.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum SemaphoreHandle {
    Plain(Semaphore),
    Bounded(BoundedSemaphore),
}

use SemaphoreHandle::{Bounded, Plain};

/// What both kinds have in common, by the same names.
macro_rules! either {
    ($handle:expr, $semaphore:ident => $result:expr) => {
        match $handle {
            Plain($semaphore) => $result,
            Bounded($semaphore) => $result,
        }
    };
}

impl SemaphoreHandle {
    pub(super) fn plain(value: Option<&Scalar>) -> Result<SemaphoreHandle, Answer> {
        Semaphore::new(initial(value)?).map(Plain).map_err(create_error)
    }

    pub(super) fn bounded(value: Option<&Scalar>) -> Result<SemaphoreHandle, Answer> {
        BoundedSemaphore::new(initial(value)?).map(Bounded).map_err(create_error)
    }

    fn release(&self, n: Option<i64>) -> Answer {
        let released = match n {
            None => either!(self, semaphore => semaphore.release()),
            Some(n) => match u32::try_from(n) {
                Ok(count) => either!(self, semaphore => semaphore.release_many(count)),
                Err(error) => return Answer::error(Outcome::BadValue, error),
            },
        };
        match released {
            Ok(()) => Answer::ok(),
            Err(error @ PermitReleaseError::OverRelease) => Answer::error(Outcome::OverRelease, error),
            Err(error @ PermitReleaseError::Exhausted(_)) => Answer::error(Outcome::Exhausted, error),
            Err(error) => Answer::error(Outcome::Other, error),
        }
    }
}

/// The value at first. What is no number at all a program in Rust learns from the compiler.
fn initial(value: Option<&Scalar>) -> Result<u32, Answer> {
    match value {
        None => Ok(1),
        Some(Scalar::Int(value)) => {
            u32::try_from(*value).map_err(|error| Answer::error(Outcome::BadValue, error))
        }
        Some(other) => Err(Answer::error(Outcome::BadType, format!("{other:?} is no number of permits"))),
    }
}

fn create_error(error: SemaphoreCreateError) -> Answer {
    match error {
        SemaphoreCreateError::Os(error) => outcome::os(error),
        error => Answer::error(Outcome::BadValue, error),
    }
}

impl Object for SemaphoreHandle {
    fn call(&mut self, call: &Call) -> Answer {
        let this = &*self;
        match call {
            Call::Acquire { block, timeout_ms } => {
                let deadline = deadline(*block, *timeout_ms);
                let acquired = either!(this, semaphore => semaphore.acquire_until(deadline));
                answer(acquired.map(PermitAcquired::owner_died))
            }
            Call::Release { n } => this.release(*n),
            Call::Permits => either!(this, semaphore => Answer::number(semaphore.permits())),
            Call::Scope { fail } => either!(this, semaphore => {
                scope(|| semaphore.permit(), |permit| permit.acquired().owner_died(), *fail)
            }),
            Call::Repr => Answer::text(either!(this, semaphore => format!("{semaphore:?}"))),
            Call::Serialise => match transfer::encode(this) {
                Ok(_) => Answer::ok(),
                Err(error) => outcome::encode(error),
            },
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
