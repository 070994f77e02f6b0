//! Conditions: a list of waiters, each with a flag of its own, so that whoever is notified was meant.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

use procession_contract::{Answer, Call, Object, Outcome, read_word};

use super::lock::Lock;
use super::monitor::{lock, wait_until};
use crate::patience::Patience;

/// A handle to a condition.
#[derive(Clone)]
pub(super) struct Condition {
    lock: Lock,
    waiters: Arc<Mutex<VecDeque<Arc<Waiter>>>>,
}

#[derive(Default)]
struct Waiter {
    notified: Mutex<bool>,
    told: Condvar,
}

impl Condition {
    /// A condition over this lock.
    pub(super) fn new(lock: Lock) -> Condition {
        Condition { lock, waiters: Arc::default() }
    }

    /// Waits with the lock given up; whether it was notified. It has the lock again in either case.
    fn wait(&self, patience: Patience) -> Result<bool, Answer> {
        self.must_be_mine()?;
        let me = Arc::<Waiter>::default();
        // Before the lock is given up: a notifier, who needs the lock, finds it.
        lock(&self.waiters).push_back(me.clone());
        let times = self.lock.release_all();
        let (notified, _) = wait_until(lock(&me.notified), &me.told, patience, |notified| *notified);
        drop(notified);
        // Who has run out of patience may be notified at this moment: whoever takes it off the list
        // first decides.
        let mut waiters = lock(&self.waiters);
        let before = waiters.len();
        waiters.retain(|waiter| !Arc::ptr_eq(waiter, &me));
        let notified = waiters.len() == before;
        drop(waiters);
        self.lock.acquire_again(times);
        Ok(notified)
    }

    /// Waits until a shared word is at least so much; whether it is in the end.
    fn wait_for(&self, index: u32, least: i64, patience: Patience) -> Result<bool, Answer> {
        let left = patience.begin();
        loop {
            if read_word(index) >= least {
                return Ok(true);
            }
            match left() {
                Patience::For(time) if time.is_zero() => {
                    // As a program that asks before it waits: one that may not wait is not refused.
                    return Ok(false);
                }
                patience => self.wait(patience)?,
            };
        }
    }

    fn notify(&self, n: i64) -> Result<(), Answer> {
        self.must_be_mine()?;
        let mut waiters = lock(&self.waiters);
        let n = usize::try_from(n).unwrap_or(0).min(waiters.len());
        for waiter in waiters.drain(..n) {
            *lock(&waiter.notified) = true;
            waiter.told.notify_one();
        }
        Ok(())
    }

    fn must_be_mine(&self) -> Result<(), Answer> {
        if self.lock.is_mine() {
            return Ok(());
        }
        Err(Answer::error(Outcome::NotOwner, "the calling thread does not hold the condition's lock"))
    }
}

impl Object for Condition {
    fn call(&mut self, call: &Call) -> Answer {
        let truth = |result: Result<bool, Answer>| result.map_or_else(|error| error, Answer::truth);
        let done = |result: Result<(), Answer>| result.map_or_else(|error| error, |()| Answer::ok());
        match call {
            Call::Await { timeout_ms } => truth(self.wait(Patience::of(true, *timeout_ms))),
            Call::AwaitWord { index, least, timeout_ms } => {
                truth(self.wait_for(*index, *least, Patience::of(true, *timeout_ms)))
            }
            Call::Notify { n } => done(self.notify(n.unwrap_or(1))),
            Call::NotifyAll => done(self.notify(i64::MAX)),
            _ => self.lock.answer(call).unwrap_or_else(|| Outcome::Unsupported.into()),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
