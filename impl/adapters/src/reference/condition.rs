//! Conditions.

use std::any::Any;

use procession_contract::{Answer, Call, Object, Objects, Outcome, read_word};
use procession_reference::{Condition, ConditionLock, ConditionNotifyError, ConditionWaitError, transfer};
use serde::{Deserialize, Serialize};

use super::lock::{LockHandle, deadline};
use super::outcome;

/// A handle to a condition, which travels to a new process as it is.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ConditionHandle(Condition);

impl ConditionHandle {
    /// A condition over the lock with this name, or over one of its own.
    pub(super) fn create(lock: Option<&str>, existing: &mut Objects) -> Result<ConditionHandle, Answer> {
        let Some(name) = lock else {
            return Condition::new().map(ConditionHandle).map_err(outcome::os);
        };
        let lock = existing.get_mut(name).and_then(|object| object.as_any().downcast_ref::<LockHandle>());
        let created = match lock {
            Some(LockHandle::Plain(lock)) => Condition::with_lock(lock.clone()),
            Some(LockHandle::Recursive(lock)) => Condition::with_lock(lock.clone()),
            None => return Err(Answer::error(Outcome::BadType, format!("{name} is no lock"))),
        };
        created.map(ConditionHandle).map_err(outcome::os)
    }

    fn lock(&self) -> LockHandle {
        match self.0.user_lock() {
            ConditionLock::Plain(lock) => LockHandle::Plain(lock.clone()),
            ConditionLock::Recursive(lock) => LockHandle::Recursive(lock.clone()),
        }
    }
}

fn waited(waited: Result<bool, ConditionWaitError>) -> Answer {
    let error = match waited {
        Ok(answer) => return Answer::truth(answer),
        Err(error) => error,
    };
    match &error {
        ConditionWaitError::Exhausted(_) | ConditionWaitError::TooManyWaiters => {
            Answer::error(Outcome::Exhausted, error)
        }
        ConditionWaitError::NotOwner => Answer::error(Outcome::NotOwner, error),
        ConditionWaitError::OwnerDied { answer } => {
            Answer { value: i64::from(*answer), ..Answer::error(Outcome::OwnerDied, error) }
        }
        _ => Answer::error(Outcome::Other, error),
    }
}

fn notified(notified: Result<u32, ConditionNotifyError>) -> Answer {
    match notified {
        Ok(_) => Answer::ok(),
        Err(error @ ConditionNotifyError::Exhausted(_)) => Answer::error(Outcome::Exhausted, error),
        Err(error @ ConditionNotifyError::NotOwner) => Answer::error(Outcome::NotOwner, error),
        Err(error) => Answer::error(Outcome::Other, error),
    }
}

impl Object for ConditionHandle {
    fn call(&mut self, call: &Call) -> Answer {
        let ConditionHandle(condition) = &*self;
        match call {
            Call::Acquire { .. } | Call::Release { .. } | Call::Scope { .. } => self.lock().call(call),
            Call::Await { timeout_ms } => waited(condition.wait_until(deadline(true, *timeout_ms))),
            Call::AwaitWord { index, least, timeout_ms } => {
                let is_met = || read_word(*index) >= *least;
                waited(condition.wait_for_until(is_met, deadline(true, *timeout_ms)))
            }
            Call::Notify { n } => {
                // None at all, if fewer than one are asked for.
                let most = n.unwrap_or(1).clamp(0, u32::MAX.into()) as u32;
                notified(condition.notify(most))
            }
            Call::NotifyAll => notified(condition.notify_all()),
            Call::Repr => Answer::text(format!("{condition:?}")),
            Call::Serialise => match transfer::encode(condition) {
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
