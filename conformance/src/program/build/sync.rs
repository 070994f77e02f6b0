//! The words about locks, semaphores, conditions, events and barriers.

use procession_contract::{BarrierAction, Call, ObjectKind};

use super::on;
use crate::program::{Line, Program};

impl Program {
    /// Adds a lock.
    pub fn lock(self, name: &str) -> Program {
        self.object(name, ObjectKind::Lock)
    }

    /// Adds a recursive lock.
    pub fn rlock(self, name: &str) -> Program {
        self.object(name, ObjectKind::Rlock)
    }

    /// Adds a semaphore with this value at first.
    pub fn semaphore(self, name: &str, value: i64) -> Program {
        self.object(name, ObjectKind::Semaphore { value: Some(value.into()) })
    }

    /// Adds a bounded semaphore with this value at first.
    pub fn bounded_semaphore(self, name: &str, value: i64) -> Program {
        self.object(name, ObjectKind::BoundedSemaphore { value: Some(value.into()) })
    }

    /// Adds a condition with a lock of its own.
    pub fn condition(self, name: &str) -> Program {
        self.object(name, ObjectKind::Condition { lock: None })
    }

    /// Adds a condition over a lock that the program has already.
    pub fn condition_over(self, name: &str, lock: &str) -> Program {
        self.object(name, ObjectKind::Condition { lock: Some(lock.into()) })
    }

    /// Adds an event.
    pub fn event(self, name: &str) -> Program {
        self.object(name, ObjectKind::Event)
    }

    /// Adds a barrier for so many parties.
    pub fn barrier(self, name: &str, parties: i64) -> Program {
        self.object(name, ObjectKind::Barrier { parties, timeout_ms: None, action: None })
    }

    /// Adds a barrier with an action.
    pub fn barrier_with(self, name: &str, parties: i64, action: BarrierAction) -> Program {
        self.object(name, ObjectKind::Barrier { parties, timeout_ms: None, action: Some(action) })
    }
}

/// Acquires, waiting without limit.
pub fn acquire(object: &str) -> Line {
    on(object, Call::Acquire { block: true, timeout_ms: None })
}

/// Releases.
pub fn release(object: &str) -> Line {
    on(object, Call::Release { n: None })
}

/// Waits on a condition, an event or a barrier, without limit.
pub fn await_on(object: &str) -> Line {
    on(object, Call::Await { timeout_ms: None })
}

/// Waits on a condition until a shared word is at least so much.
pub fn await_word(condition: &str, index: u32, least: i64) -> Line {
    on(condition, Call::AwaitWord { index, least, timeout_ms: None })
}

/// Wakes one waiter.
pub fn notify(condition: &str) -> Line {
    on(condition, Call::Notify { n: None })
}

/// Wakes at most so many waiters.
pub fn notify_n(condition: &str, n: i64) -> Line {
    on(condition, Call::Notify { n: Some(n) })
}

/// Wakes every waiter.
pub fn notify_all(condition: &str) -> Line {
    on(condition, Call::NotifyAll)
}

/// Sets an event.
pub fn set(event: &str) -> Line {
    on(event, Call::Set)
}

/// Clears an event.
pub fn clear(event: &str) -> Line {
    on(event, Call::Clear)
}

/// Asks whether an event is set.
pub fn is_set(event: &str) -> Line {
    on(event, Call::IsSet)
}
