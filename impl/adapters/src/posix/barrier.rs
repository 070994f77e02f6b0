//! Process-shared barriers, which know no time limit, no action, and no end but that all have come.
//!
//! # Invariants
//! 1. A `Barrier` exists only after `pthread_barrier_init` has succeeded on its memory, and nothing destroys
//!    the object: every call of a function on it finds an initialised barrier.
//! 2. Attributes that are passed are locals, initialised before and alive during the call.
#![expect(unsafe_code, reason = "calls the C library's functions on barriers")]

use std::any::Any;
use std::mem::MaybeUninit;
use std::sync::Arc;

use procession_contract::{Answer, Call, Object, Outcome};

use super::errors::{check, failed};
use super::shared::Shared;

/// A handle to a barrier.
#[derive(Clone)]
pub(super) struct Barrier {
    raw: Arc<Shared<libc::pthread_barrier_t>>,
}

impl Barrier {
    /// A barrier for so many parties.
    pub(super) fn new(parties: i64) -> Result<Barrier, Answer> {
        let parties = u32::try_from(parties).map_err(|_| {
            Answer::error(Outcome::BadValue, format!("{parties} is no unsigned int, the count's type"))
        })?;
        let raw = Shared::new().map_err(failed)?;
        let mut attributes = MaybeUninit::<libc::pthread_barrierattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: by 2; the attributes are initialised by the first call and destroyed by the last one,
        // and the memory is there and nobody else's, since the handle has not been given to anybody.
        let initialised = unsafe {
            check(libc::pthread_barrierattr_init(attributes)).map_err(failed)?;
            let shared = libc::PTHREAD_PROCESS_SHARED;
            let initialised = check(libc::pthread_barrierattr_setpshared(attributes, shared))
                .and_then(|()| check(libc::pthread_barrier_init(raw.address(), attributes, parties)));
            libc::pthread_barrierattr_destroy(attributes);
            initialised
        };
        initialised.map_err(failed)?;
        Ok(Barrier { raw: Arc::new(raw) })
    }

    /// Waits for all. POSIX numbers nobody: it names one party, who has the index 0 here, and all others
    /// have the index 1.
    fn wait(&self) -> Answer {
        // SAFETY: by 1.
        match unsafe { libc::pthread_barrier_wait(self.raw.address()) } {
            libc::PTHREAD_BARRIER_SERIAL_THREAD => Answer::number(0),
            returned => check(returned).map_or_else(failed, |()| Answer::number(1)),
        }
    }
}

impl Object for Barrier {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Await { timeout_ms: None } => self.wait(),
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
