//! Process-shared condition variables on the monotonic clock.
//!
//! # Invariants
//! 1. A `Condition` exists only after `pthread_cond_init` has succeeded on its memory, and nothing destroys
//!    the object: every call of a function on it finds an initialised condition variable.
//! 2. All who wait on it use the one mutex that it was made with, whose type makes it an error to wait
//!    without having locked it.
//! 3. Attributes and times that are passed are locals, initialised before and alive during the call.
#![expect(unsafe_code, reason = "calls the C library's functions on condition variables")]

use std::any::Any;
use std::mem::MaybeUninit;
use std::sync::Arc;

use nix::Result;
use nix::errno::Errno;
use nix::time::ClockId;
use procession_contract::{Answer, Call, Object, Outcome, read_word};

use super::errors::{check, deadline, failed};
use super::mutex::Mutex;
use super::shared::Shared;
use crate::patience::Patience;

/// A handle to a condition variable with its mutex.
#[derive(Clone)]
pub(super) struct Condition {
    raw: Arc<Shared<libc::pthread_cond_t>>,
    mutex: Mutex,
}

/// How a wait ended; the caller has the mutex again.
struct Woken {
    /// By a notification or for no reason, which POSIX allows; otherwise the time ran out.
    notified: bool,
    /// A process died that had the mutex.
    owner_died: bool,
}

impl Condition {
    /// A condition variable over this mutex.
    pub(super) fn new(mutex: Mutex) -> Result<Condition> {
        let raw = Shared::new()?;
        let mut attributes = MaybeUninit::<libc::pthread_condattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: by 3; the attributes are initialised by the first call and destroyed by the last one,
        // and the memory is there and nobody else's, since the handle has not been given to anybody.
        unsafe {
            check(libc::pthread_condattr_init(attributes))?;
            let shared = libc::PTHREAD_PROCESS_SHARED;
            let initialised = check(libc::pthread_condattr_setpshared(attributes, shared))
                .and_then(|()| check(libc::pthread_condattr_setclock(attributes, libc::CLOCK_MONOTONIC)))
                .and_then(|()| check(libc::pthread_cond_init(raw.address(), attributes)));
            libc::pthread_condattr_destroy(attributes);
            initialised?;
        }
        Ok(Condition { raw: Arc::new(raw), mutex })
    }

    fn wait(&self, patience: Patience) -> Result<Woken> {
        let (condition, mutex) = (self.raw.address(), self.mutex.address());
        let time = match patience {
            Patience::Forever => None,
            Patience::For(time) => Some(deadline(ClockId::CLOCK_MONOTONIC, time)?),
            Patience::None => Some(deadline(ClockId::CLOCK_MONOTONIC, Default::default())?),
        };
        // SAFETY: by 1, 2 and 3.
        let returned = unsafe {
            match &time {
                None => libc::pthread_cond_wait(condition, mutex),
                Some(time) => libc::pthread_cond_timedwait(condition, mutex, time),
            }
        };
        match self.mutex.take_over(check(returned)) {
            Ok(owner_died) => Ok(Woken { notified: true, owner_died }),
            Err(Errno::ETIMEDOUT) => Ok(Woken { notified: false, owner_died: false }),
            Err(error) => Err(error),
        }
    }

    /// Waits until a shared word is at least so much, as everybody must who uses a condition variable.
    fn wait_for(&self, index: u32, least: i64, patience: Patience) -> Result<Woken> {
        let left = patience.begin();
        let mut owner_died = false;
        loop {
            let holds = read_word(index) >= least;
            let over = matches!(left(), Patience::For(time) if time.is_zero());
            if holds || over {
                return Ok(Woken { notified: holds, owner_died });
            }
            owner_died |= self.wait(left())?.owner_died;
        }
    }

    fn notify(&self, n: i64) -> Result<()> {
        // More than anybody waits for costs no more than a look each.
        for _ in 0..n.min(1 << 16) {
            // SAFETY: by 1.
            check(unsafe { libc::pthread_cond_signal(self.raw.address()) })?;
        }
        Ok(())
    }

    fn notify_all(&self) -> Result<()> {
        // SAFETY: by 1.
        check(unsafe { libc::pthread_cond_broadcast(self.raw.address()) })
    }
}

impl Woken {
    fn answer(self) -> Answer {
        let outcome = if self.owner_died { Outcome::OwnerDied } else { Outcome::Ok };
        Answer { value: self.notified.into(), ..Answer::of(outcome) }
    }
}

impl Object for Condition {
    fn call(&mut self, call: &Call) -> Answer {
        let woken = |result: Result<Woken>| result.map_or_else(failed, Woken::answer);
        let done = |result: Result<()>| result.map_or_else(failed, |()| Answer::ok());
        match call {
            Call::Await { timeout_ms } => woken(self.wait(Patience::of(true, *timeout_ms))),
            Call::AwaitWord { index, least, timeout_ms } => {
                woken(self.wait_for(*index, *least, Patience::of(true, *timeout_ms)))
            }
            Call::Notify { n } => done(self.notify(n.unwrap_or(1))),
            Call::NotifyAll => done(self.notify_all()),
            _ => self.mutex.answer(call).unwrap_or_else(|| Outcome::Unsupported.into()),
        }
    }

    fn share(&self) -> std::result::Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
