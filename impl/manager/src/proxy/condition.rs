//! Managed conditions, events and barriers.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::lock::acquired;
use super::typed::{failures, seconds, typed};
use super::{CallError, Remote};

typed! {
    /// A condition in a server, with the lock that its users hold: who acquires the condition acquires that.
    ConditionProxy
}

acquired! { ConditionProxy }

typed! {
    /// A flag in a server that can be waited for.
    EventProxy
}

typed! {
    /// A point in a server where a fixed number of parties wait for one another.
    BarrierProxy
}

failures! {
    /// Why a condition was not waited for, or nobody notified.
    ConditionError {
        /// This thread does not hold the condition's lock.
        NotHeld("RuntimeError" | "AssertionError") => "this thread does not hold the condition's lock",
    }

    /// Why the others were not waited for.
    BarrierError {
        /// The barrier is broken: somebody's time was over, or somebody has broken or reset it.
        Broken("threading.BrokenBarrierError") => "the barrier is broken",
    }
}

impl Remote {
    /// Creates a condition with a recursive lock of its own.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn condition(&self) -> Result<ConditionProxy, CallError> {
        self.create("Condition", (), ()).map(ConditionProxy::from)
    }

    /// Creates a condition on a lock of the same server, a [`LockProxy`](super::LockProxy) or an
    /// [`RLockProxy`](super::RLockProxy).
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn condition_on(&self, lock: &impl Serialize) -> Result<ConditionProxy, CallError> {
        self.create("Condition", (lock,), ()).map(ConditionProxy::from)
    }

    /// Creates an event, not set.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn event(&self) -> Result<EventProxy, CallError> {
        self.create("Event", (), ()).map(EventProxy::from)
    }

    /// Creates a barrier for so many parties, whose waits last for at most this time where they say nothing else.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn barrier(&self, parties: u64, time: Option<Duration>) -> Result<BarrierProxy, CallError> {
        self.create("Barrier", (parties, (), seconds(time)), ()).map(BarrierProxy::from)
    }
}

impl ConditionProxy {
    /// Lets go of the lock, waits to be notified, for at most this time where one is given, and acquires it
    /// again: whether it was notified.
    ///
    /// # Errors
    /// See [`ConditionError`].
    pub fn wait(&self, time: Option<Duration>) -> Result<bool, ConditionError> {
        Ok(self.proxy.get("wait", (seconds(time),))?)
    }

    /// Waits until `holds` does, for at most this time where one is given: what it said last. It is asked in
    /// this process, with the lock held.
    ///
    /// # Errors
    /// See [`ConditionError`].
    pub fn wait_for(
        &self,
        mut holds: impl FnMut() -> bool,
        time: Option<Duration>,
    ) -> Result<bool, ConditionError> {
        let end = time.and_then(|time| Instant::now().checked_add(time));
        loop {
            if holds() {
                return Ok(true);
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(false);
            }
            self.wait(left)?;
        }
    }

    /// Wakes as many of those who wait, if there are so many.
    ///
    /// # Errors
    /// See [`ConditionError`].
    pub fn notify(&self, count: u64) -> Result<(), ConditionError> {
        Ok(self.proxy.get("notify", (count,))?)
    }

    /// Wakes all who wait.
    ///
    /// # Errors
    /// See [`ConditionError`].
    pub fn notify_all(&self) -> Result<(), ConditionError> {
        Ok(self.proxy.get("notify_all", ())?)
    }
}

impl EventProxy {
    /// Whether it is set.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn is_set(&self) -> Result<bool, CallError> {
        self.proxy.get("is_set", ())
    }

    /// Sets it, and wakes all who wait.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn set(&self) -> Result<(), CallError> {
        self.proxy.get("set", ())
    }

    /// Makes it unset.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn clear(&self) -> Result<(), CallError> {
        self.proxy.get("clear", ())
    }

    /// Waits until it is set, for at most this time where one is given: whether it was.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn wait(&self, time: Option<Duration>) -> Result<bool, CallError> {
        self.proxy.get("wait", (seconds(time),))
    }
}

impl BarrierProxy {
    /// Waits until all parties do, for at most this time where one is given: a number for each of them, from 0
    /// on.
    ///
    /// # Errors
    /// See [`BarrierError`]. A wait whose time is over breaks the barrier.
    pub fn wait(&self, time: Option<Duration>) -> Result<u64, BarrierError> {
        let waited = match time {
            // What was said at its creation holds.
            None => self.proxy.get("wait", ()),
            Some(time) => self.proxy.get("wait", (time.as_secs_f64(),)),
        };
        Ok(waited?)
    }

    /// Breaks it: all who wait fail, and all who come.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn abort(&self) -> Result<(), CallError> {
        self.proxy.get("abort", ())
    }

    /// Makes it whole again: all who wait fail.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn reset(&self) -> Result<(), CallError> {
        self.proxy.get("reset", ())
    }

    /// How many parties there are.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn parties(&self) -> Result<u64, CallError> {
        self.proxy.get("__getattribute__", ("parties",))
    }

    /// How many of them wait.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn waiting(&self) -> Result<u64, CallError> {
        self.proxy.get("__getattribute__", ("n_waiting",))
    }

    /// Whether it is broken.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn is_broken(&self) -> Result<bool, CallError> {
        self.proxy.get("__getattribute__", ("broken",))
    }
}
