//! The words about locks, semaphores, conditions, events and barriers.

use procession_contract::{BarrierAction, Call, ObjectKind, ObjectSpec, Outcome};

use super::{ended, on, own};
use crate::program::{Expect, Line, Program};

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

/// Acquires only if that can be done at once.
pub fn try_acquire(object: &str) -> Line {
    acquire(object).nonblocking()
}

/// Releases so many permits at once.
pub fn release_n(semaphore: &str, n: i64) -> Line {
    on(semaphore, Call::Release { n: Some(n) })
}

/// Asks how many permits a semaphore has.
pub fn permits(semaphore: &str) -> Line {
    on(semaphore, Call::Permits)
}

/// Acquires, and releases on leaving.
pub fn scope(object: &str) -> Line {
    on(object, Call::Scope { fail: false })
}

/// Acquires, and releases on leaving by an error.
pub fn scope_left_by_error(object: &str) -> Line {
    on(object, Call::Scope { fail: true })
}

/// Breaks a barrier.
pub fn abort(barrier: &str) -> Line {
    on(barrier, Call::Abort)
}

/// Brings a barrier back to its first state.
pub fn reset(barrier: &str) -> Line {
    on(barrier, Call::Reset)
}

/// Asks how many parties a barrier has.
pub fn parties(barrier: &str) -> Line {
    on(barrier, Call::Parties)
}

/// Asks how many parties wait at a barrier.
pub fn waiting(barrier: &str) -> Line {
    on(barrier, Call::Waiting)
}

/// Asks whether a barrier is broken.
pub fn broken(barrier: &str) -> Line {
    on(barrier, Call::Broken)
}

/// Asks for an object's textual form.
pub fn repr(object: &str) -> Line {
    on(object, Call::Repr)
}

/// Creates an object in the worker that does the line.
pub fn create(name: &str, kind: ObjectKind) -> Line {
    own(Call::Create { object: Box::new(ObjectSpec { name: name.into(), kind, method: None }) })
}

/// Writes a word that all workers share, and gives what was there.
pub fn word_swap(index: u32, value: i64) -> Line {
    own(Call::WordSwap { index, value })
}

/// Adds to a word that all workers share, and gives what was there.
pub fn word_add(index: u32, amount: i64) -> Line {
    own(Call::WordAdd { index, amount })
}

/// Reads a word that all workers share.
pub fn word_read(index: u32) -> Line {
    own(Call::WordRead { index })
}

/// Stays where it is until the main worker has finished, holding what it has.
pub fn stay_until_the_end() -> Line {
    own(Call::Getpid).after(ended("main"))
}

/// What an acquire or a wait says.
impl Line {
    /// Expects that it was got, and that no holder had died.
    pub fn acquired(self) -> Line {
        self.truth(true)
    }

    /// Expects that it was not got.
    pub fn refused(self) -> Line {
        self.truth(false)
    }

    /// Expects that it was got from a holder that died.
    pub fn told(self) -> Line {
        self.is(Outcome::OwnerDied)
    }

    /// Expects that it was got, from whomever.
    pub fn acquired_or_told(self) -> Line {
        self.expect(Expect::Any(vec![Expect::Value(1), Expect::Outcome(Outcome::OwnerDied)]))
    }
}

/// A critical section: nobody else is in it, or the word shows it. `acquired` says what is expected
/// of the acquire.
pub fn passage(object: &str, word: u32, acquired: fn(Line) -> Line) -> [Line; 4] {
    [
        acquired(acquire(object)),
        word_swap(word, 1).value(0),
        word_swap(word, 0).value(1),
        release(object).ok(),
    ]
}
