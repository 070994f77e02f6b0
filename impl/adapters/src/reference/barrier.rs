//! Barriers.

use std::any::Any;
use std::time::Duration;

use procession_contract::{Answer, BarrierAction, Call, Object, Outcome};
use procession_reference::{Barrier, BarrierCreateError, BarrierWaitError, transfer};
use serde::{Deserialize, Serialize};

use super::lock::deadline;
use super::outcome;

/// A handle to a barrier with the action that each party brings, which travels to a new process as it is.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct BarrierHandle {
    barrier: Barrier,
    action: Option<BarrierAction>,
}

impl BarrierHandle {
    pub(super) fn create(
        parties: i64,
        timeout_ms: Option<i64>,
        action: Option<BarrierAction>,
    ) -> Result<BarrierHandle, Answer> {
        let Ok(count) = u32::try_from(parties) else {
            let text = format!("{parties} is no number of parties");
            return Err(Answer::error(Outcome::BadValue, text));
        };
        let created = match timeout_ms {
            None => Barrier::new(count),
            Some(ms) => Barrier::with_timeout(count, Duration::from_millis(ms.max(0) as u64)),
        };
        created.map(|barrier| BarrierHandle { barrier, action }).map_err(|error| match error {
            BarrierCreateError::Os(error) => outcome::os(error),
            error => Answer::error(Outcome::BadValue, error),
        })
    }

    fn wait(&self, timeout_ms: Option<i64>) -> Answer {
        let barrier = &self.barrier;
        match (self.action, timeout_ms) {
            (None, None) => passed(barrier.wait()),
            (None, ms) => passed(barrier.wait_until(deadline(true, ms))),
            (Some(action), None) => passed(barrier.wait_with(|| action.perform())),
            (Some(action), ms) => passed(barrier.wait_with_until(|| action.perform(), deadline(true, ms))),
        }
    }
}

fn passed<E: std::fmt::Display>(passed: Result<u32, BarrierWaitError<E>>) -> Answer {
    let error = match passed {
        Ok(index) => return Answer::number(index),
        Err(error) => error,
    };
    let outcome = match &error {
        BarrierWaitError::ActionFailed(_) => Outcome::ActionFailed,
        BarrierWaitError::Broken | BarrierWaitError::TimedOut => Outcome::BrokenBarrier,
        BarrierWaitError::Exhausted(_) | BarrierWaitError::TooManyWaiters => Outcome::Exhausted,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

impl Object for BarrierHandle {
    fn call(&mut self, call: &Call) -> Answer {
        let barrier = &self.barrier;
        match call {
            Call::Await { timeout_ms } => self.wait(*timeout_ms),
            Call::Abort => barrier.abort().map_or_else(outcome::os, |()| Answer::ok()),
            Call::Reset => barrier.reset().map_or_else(outcome::os, |()| Answer::ok()),
            Call::Parties => Answer::number(barrier.parties()),
            Call::Waiting => Answer::number(barrier.waiting()),
            Call::Broken => Answer::truth(barrier.is_broken()),
            Call::Repr => Answer::text(format!("{barrier:?}")),
            Call::Serialise => match transfer::encode(barrier) {
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
