//! Semaphores: a number of permits under a mutex.

use std::any::Any;
use std::sync::{Arc, Condvar, Mutex};

use procession_contract::{Answer, Call, Object, Outcome, Scalar};

use super::monitor::{lock, wait_until};
use crate::patience::Patience;

/// The most permits of an unbounded semaphore.
const MOST: i64 = i32::MAX as i64;

/// A handle to a semaphore.
#[derive(Clone)]
pub(super) struct Semaphore {
    shared: Arc<Shared>,
    most: i64,
}

struct Shared {
    permits: Mutex<i64>,
    released: Condvar,
}

impl Semaphore {
    /// A semaphore with this value at first, 1 if none is given; bounded, it is never released above it.
    ///
    /// # Errors
    /// `bad_type` for what is no integer; `bad_value` for one that no semaphore can have.
    pub(super) fn new(value: Option<&Scalar>, bounded: bool) -> Result<Semaphore, Answer> {
        let permits = match value {
            None => 1,
            Some(Scalar::Int(value)) if (0..=MOST).contains(value) => *value,
            Some(Scalar::Int(value)) => {
                let what = format!("the value is {value}, expected 0 to {MOST}");
                return Err(Answer::error(Outcome::BadValue, what));
            }
            Some(_) => return Err(Answer::error(Outcome::BadType, "the value is no integer")),
        };
        let shared = Arc::new(Shared { permits: Mutex::new(permits), released: Condvar::new() });
        Ok(Semaphore { shared, most: if bounded { permits } else { MOST } })
    }

    fn acquire(&self, patience: Patience) -> bool {
        let permits = lock(&self.shared.permits);
        let (mut permits, any) = wait_until(permits, &self.shared.released, patience, |left| *left > 0);
        *permits -= i64::from(any);
        any
    }

    fn release(&self, n: i64) -> Answer {
        if n < 1 {
            return Answer::error(Outcome::BadValue, format!("{n} permits released, expected at least 1"));
        }
        let mut permits = lock(&self.shared.permits);
        match permits.checked_add(n).filter(|sum| *sum <= self.most) {
            Some(sum) => *permits = sum,
            None => {
                let what = format!("{permits} and {n} permits are more than {}", self.most);
                return Answer::error(Outcome::OverRelease, what);
            }
        }
        // Each permit wakes one waiter, who may be too late for it and goes on waiting then.
        for _ in 0..n {
            self.shared.released.notify_one();
        }
        Answer::ok()
    }
}

impl Object for Semaphore {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Acquire { block, timeout_ms } => {
                Answer::truth(self.acquire(Patience::of(*block, *timeout_ms)))
            }
            Call::Release { n } => self.release(n.unwrap_or(1)),
            Call::Permits => Answer::number(*lock(&self.shared.permits)),
            Call::Scope { fail: _ } => {
                let got = self.acquire(Patience::Forever);
                let released = self.release(1);
                if released.outcome == Outcome::Ok { Answer::truth(got) } else { released }
            }
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
