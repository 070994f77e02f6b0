//! Locks, recursive or not: who has it and how often, under a mutex.

use std::any::Any;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};

use procession_contract::{Answer, Call, Object, Objects, Outcome};

use super::monitor::{lock, wait_until};
use crate::patience::Patience;

/// A handle to a lock.
#[derive(Clone)]
pub(super) struct Lock {
    shared: Arc<Shared>,
    recursive: bool,
}

#[derive(Default)]
struct Shared {
    holder: Mutex<Option<Holder>>,
    freed: Condvar,
}

struct Holder {
    thread: ThreadId,
    times: u32,
}

impl Lock {
    /// A lock that is not recursive; anybody may release it.
    pub(super) fn new() -> Lock {
        Lock { shared: Arc::default(), recursive: false }
    }

    /// A recursive lock, which belongs to the thread that holds it.
    pub(super) fn recursive() -> Lock {
        Lock { shared: Arc::default(), recursive: true }
    }

    /// The lock of this name.
    ///
    /// # Errors
    /// `bad_type` if what has the name is no lock, or nothing has it.
    pub(super) fn among(existing: &mut Objects, name: &str) -> Result<Lock, Answer> {
        let found = existing.get_mut(name).and_then(|object| object.as_any().downcast_mut::<Lock>());
        found.cloned().ok_or_else(|| Answer::error(Outcome::BadType, format!("`{name}` is no lock")))
    }

    /// Whether the calling thread holds it.
    pub(super) fn is_mine(&self) -> bool {
        lock(&self.shared.holder).as_ref().is_some_and(Holder::is_me)
    }

    /// Acquires it once; whether it was got.
    pub(super) fn acquire(&self, patience: Patience) -> bool {
        self.acquire_times(patience, 1)
    }

    fn acquire_times(&self, patience: Patience, times: u32) -> bool {
        let mut holder = lock(&self.shared.holder);
        if let Some(mine) = holder.as_mut().filter(|holder| self.recursive && holder.is_me()) {
            mine.times += times;
            return true;
        }
        let (mut holder, free) = wait_until(holder, &self.shared.freed, patience, Option::is_none);
        if free {
            *holder = Some(Holder { thread: thread::current().id(), times });
        }
        free
    }

    /// Releases it once.
    ///
    /// # Errors
    /// `over_release` if nobody holds it; `not_owner` if it is recursive and the caller does not.
    pub(super) fn release(&self) -> Result<(), Answer> {
        let mut holder = lock(&self.shared.holder);
        match holder.as_mut() {
            Some(held) if self.recursive && !held.is_me() => {
                Err(Answer::error(Outcome::NotOwner, "another thread holds the lock"))
            }
            None if self.recursive => Err(Answer::error(Outcome::NotOwner, "nobody holds the lock")),
            None => Err(Answer::error(Outcome::OverRelease, "nobody holds the lock")),
            Some(held) if held.times > 1 => {
                held.times -= 1;
                Ok(())
            }
            Some(_) => {
                *holder = None;
                self.shared.freed.notify_one();
                Ok(())
            }
        }
    }

    /// Releases it as often as the calling thread holds it, and says how often that was.
    pub(super) fn release_all(&self) -> u32 {
        let mut holder = lock(&self.shared.holder);
        let times = holder.take().map_or(0, |held| held.times);
        self.shared.freed.notify_one();
        times
    }

    /// Acquires it again as often, without limit.
    pub(super) fn acquire_again(&self, times: u32) {
        self.acquire_times(Patience::Forever, times);
    }

    /// Does something while holding it.
    pub(super) fn held<T>(&self, body: impl FnOnce() -> T) -> T {
        self.acquire(Patience::Forever);
        let done = body();
        // The caller has it, so nothing speaks against the release, unless somebody else has released
        // it meanwhile: a lock that is not recursive allows that, and then there is nothing to do.
        let _ = self.release();
        done
    }

    /// Answers the calls that everything with a lock has; `None` for others.
    pub(super) fn answer(&self, call: &Call) -> Option<Answer> {
        Some(match call {
            Call::Acquire { block, timeout_ms } => {
                Answer::truth(self.acquire(Patience::of(*block, *timeout_ms)))
            }
            Call::Release { n: None } => match self.release() {
                Ok(()) => Answer::ok(),
                Err(answer) => answer,
            },
            Call::Release { n: Some(_) } => Answer::error(Outcome::BadType, "a lock is released once"),
            // An error inside leaves the scope as anything else does.
            Call::Scope { fail: _ } => self.held(|| Answer::truth(true)),
            _ => return None,
        })
    }
}

impl Holder {
    fn is_me(&self) -> bool {
        self.thread == thread::current().id()
    }
}

impl Object for Lock {
    fn call(&mut self, call: &Call) -> Answer {
        self.answer(call).unwrap_or_else(|| Outcome::Unsupported.into())
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
