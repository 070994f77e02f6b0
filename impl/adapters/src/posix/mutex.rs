//! Process-shared mutexes, error-checking or recursive, robust or not.
//!
//! # Invariants
//! 1. A `Mutex` exists only after `pthread_mutex_init` has succeeded on its memory, and nothing destroys the
//!    object: every call of a function on it finds an initialised mutex.
//! 2. The type is one of those for which POSIX defines every misuse as an error: to lock it twice, and to
//!    unlock what the caller has not locked.
//! 3. Attributes and times that are passed are locals, initialised before and alive during the call.
#![expect(unsafe_code, reason = "calls the C library's functions on mutexes")]

use std::any::Any;
use std::mem::MaybeUninit;
use std::sync::Arc;

use nix::Result;
use nix::errno::Errno;
use nix::time::ClockId;
use procession_contract::{Answer, Call, Object, Objects, Outcome};

use super::clocks::mutex_clock_lock;
use super::errors::{check, deadline, failed};
use super::shared::Shared;
use crate::patience::Patience;

/// A handle to a mutex.
#[derive(Clone)]
pub(super) struct Mutex {
    raw: Arc<Shared<libc::pthread_mutex_t>>,
}

/// What came of an attempt to lock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Locked {
    /// The caller has it.
    Yes,
    /// The caller has it, from a holder that died.
    OwnerDied,
    /// The caller does not have it in the time that it gave.
    No,
}

impl Mutex {
    /// A mutex that nobody has.
    pub(super) fn new(recursive: bool, robust: bool) -> Result<Mutex> {
        let raw = Shared::new()?;
        let kind = if recursive { libc::PTHREAD_MUTEX_RECURSIVE } else { libc::PTHREAD_MUTEX_ERRORCHECK };
        let robust = if robust { libc::PTHREAD_MUTEX_ROBUST } else { libc::PTHREAD_MUTEX_STALLED };
        let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: by 3; the attributes are initialised by the first call and destroyed by the last one,
        // and the memory is there and nobody else's, since the handle has not been given to anybody.
        unsafe {
            check(libc::pthread_mutexattr_init(attributes))?;
            let initialised = check(libc::pthread_mutexattr_settype(attributes, kind))
                .and_then(|()| {
                    let shared = libc::PTHREAD_PROCESS_SHARED;
                    check(libc::pthread_mutexattr_setpshared(attributes, shared))
                })
                .and_then(|()| check(libc::pthread_mutexattr_setrobust(attributes, robust)))
                .and_then(|()| check(libc::pthread_mutex_init(raw.address(), attributes)));
            libc::pthread_mutexattr_destroy(attributes);
            initialised?;
        }
        Ok(Mutex { raw: Arc::new(raw) })
    }

    /// The mutex of this name.
    pub(super) fn among(existing: &mut Objects, name: &str) -> std::result::Result<Mutex, Answer> {
        let found = existing.get_mut(name).and_then(|object| object.as_any().downcast_mut::<Mutex>());
        found.cloned().ok_or_else(|| Answer::error(Outcome::BadType, format!("`{name}` is no mutex")))
    }

    /// The address, for the functions on condition variables.
    pub(super) fn address(&self) -> *mut libc::pthread_mutex_t {
        self.raw.address()
    }

    /// Locks it. The time is one of the monotonic clock, or of the wall clock where the C library knows no
    /// other here.
    pub(super) fn lock(&self, patience: Patience) -> Result<Locked> {
        let mutex = self.address();
        // SAFETY: by 1, 2 and 3.
        let returned = unsafe {
            match patience {
                Patience::None => libc::pthread_mutex_trylock(mutex),
                Patience::For(time) => match mutex_clock_lock() {
                    Some(lock) => {
                        lock(mutex, libc::CLOCK_MONOTONIC, &deadline(ClockId::CLOCK_MONOTONIC, time)?)
                    }
                    None => libc::pthread_mutex_timedlock(mutex, &deadline(ClockId::CLOCK_REALTIME, time)?),
                },
                Patience::Forever => libc::pthread_mutex_lock(mutex),
            }
        };
        match self.take_over(check(returned)) {
            Ok(true) => Ok(Locked::OwnerDied),
            Ok(false) => Ok(Locked::Yes),
            Err(Errno::EBUSY | Errno::ETIMEDOUT) => Ok(Locked::No),
            Err(error) => Err(error),
        }
    }

    /// What a function said that locks it: whether its holder died, in which case it is made fit for use
    /// again, since what it guards is nothing that could be half done.
    pub(super) fn take_over(&self, said: Result<()>) -> Result<bool> {
        match said {
            Err(Errno::EOWNERDEAD) => {
                // SAFETY: by 1; the error says that the caller has it.
                check(unsafe { libc::pthread_mutex_consistent(self.address()) })?;
                Ok(true)
            }
            other => other.map(|()| false),
        }
    }

    /// Unlocks it.
    pub(super) fn unlock(&self) -> Result<()> {
        // SAFETY: by 1 and 2.
        check(unsafe { libc::pthread_mutex_unlock(self.address()) })
    }

    /// Answers the calls that everything with a lock has; `None` for others.
    pub(super) fn answer(&self, call: &Call) -> Option<Answer> {
        Some(match call {
            Call::Acquire { block, timeout_ms } => match self.lock(Patience::of(*block, *timeout_ms)) {
                Ok(Locked::Yes) => Answer::truth(true),
                Ok(Locked::No) => Answer::truth(false),
                Ok(Locked::OwnerDied) => Answer { value: 1, ..Answer::of(Outcome::OwnerDied) },
                Err(error) => failed(error),
            },
            Call::Release { n: None } => self.unlock().map_or_else(failed, |()| Answer::ok()),
            Call::Release { n: Some(_) } => Answer::error(Outcome::BadType, "a mutex is unlocked once"),
            _ => return None,
        })
    }
}

impl Object for Mutex {
    fn call(&mut self, call: &Call) -> Answer {
        self.answer(call).unwrap_or_else(|| Outcome::Unsupported.into())
    }

    fn share(&self) -> std::result::Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
