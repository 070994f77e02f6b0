//! The modelled platform: words, fences, futex, time and death, on loom. A loom thread stands for
//! a process.
//!
//! - A **futex** is a mutex over a queue of sleepers: comparing and sleeping are one step. (An RMW
//!   on the word instead would give false lost wake-ups: loom may let it read an older store.)
//! - **Death** comes before an operation: the thread unwinds to its root, and drops nothing that
//!   the algorithms rest on.
//! - **Exchanges** are what x86-64 makes of them where [`fence_after_exchange`] relies on it: if the
//!   caller's last access was one, it stands for a fence; if not, nothing does, as on the machine.
//! - A **plan** may end a wait at once, with a deadline or without a reason.
//! - **Time** is lazy otherwise: it passes only when every live process sleeps. Slices end only if somebody
//!   has died or cannot fence, so that plain runs prove the absence of lost wake-ups without help from the tick;
//!   deadlines end when two slices in a row have changed nothing. If no time can pass, it is a
//!   deadlock.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64 as StdU64, Ordering as StdOrdering};

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicU32, AtomicU64};

pub use loom::sync::atomic::Ordering;

use crate::deadline::Deadline;
use crate::plan::{Defect, plan};
use platform::{Access, Step};

#[path = "../../reference/src/sync/barrier.rs"]
pub mod barrier;
#[path = "../../reference/src/sync/bell.rs"]
pub mod bell;
#[path = "../../reference/src/sync/condition.rs"]
pub mod condition;
#[path = "../../reference/src/sync/done.rs"]
pub mod done;
#[path = "../../reference/src/sync/ends.rs"]
pub mod ends;
#[path = "../../reference/src/sync/event.rs"]
pub mod event;
#[path = "../../reference/src/sync/gate.rs"]
pub mod gate;
#[path = "../../reference/src/sync/mark.rs"]
pub mod mark;
#[path = "../../reference/src/sync/open_lock.rs"]
pub mod open_lock;
#[path = "../../reference/src/sync/owner.rs"]
pub mod owner;
#[path = "../../reference/src/sync/owner_lock.rs"]
pub mod owner_lock;
pub mod platform;
#[path = "../../reference/src/sync/pop.rs"]
pub mod pop;
#[path = "../../reference/src/sync/push.rs"]
pub mod push;
#[path = "../../reference/src/sync/raw_lock.rs"]
pub mod raw_lock;
#[path = "../../reference/src/sync/record.rs"]
pub mod record;
#[path = "../../reference/src/sync/resize.rs"]
pub mod resize;
#[path = "../../reference/src/sync/ring.rs"]
pub mod ring;
#[path = "../../reference/src/sync/rlock.rs"]
pub mod rlock;
#[path = "scenes/all.rs"]
pub mod scenes;
#[path = "../../reference/src/sync/semaphore.rs"]
pub mod semaphore;
#[path = "surroundings.rs"]
pub mod surroundings;
#[path = "../../reference/src/sync/user_lock.rs"]
pub mod user_lock;
#[path = "../../reference/src/sync/words.rs"]
pub mod words;

/// Slices have no length here.
pub const LOCK_SLICE_NS: u64 = 0;
/// Slices have no length here.
pub const GATE_SLICE_NS: u64 = 0;

/// A point at which the victim may die, before an access to shared memory.
pub fn hook() {
    access(Step::Other);
}

fn access(step: Step) {
    platform::point(step);
    platform::note_access(Access::Plain);
}

fn weakened(order: Ordering) -> Ordering {
    if plan().defect == Some(Defect::RelaxedStores) { Ordering::Relaxed } else { order }
}

macro_rules! shared_word {
    ($name:ident, $atomic:ident, $value:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub struct $name {
            value: $atomic,
            /// The value last written, for the books: whether anything has changed at all.
            mirror: StdU64,
            sleepers: Mutex<VecDeque<platform::Sleeper>>,
        }

        impl $name {
            /// A word with this value.
            pub fn new(value: $value) -> $name {
                $name {
                    value: $atomic::new(value),
                    mirror: StdU64::new(value.into()),
                    sleepers: Mutex::new(VecDeque::new()),
                }
            }

            /// Reads the word.
            pub fn load(&self, order: Ordering) -> $value {
                access(Step::Load);
                self.value.load(order)
            }

            /// Writes the word.
            pub fn store(&self, value: $value, order: Ordering) {
                access(Step::Change);
                self.note(value);
                self.value.store(value, weakened(order));
            }

            fn note(&self, value: $value) {
                let before = self.mirror.swap(value.into(), StdOrdering::Relaxed);
                platform::changed(&raw const self.mirror as u64, before, value.into());
            }
        }
    };
}

shared_word!(A32, AtomicU32, u32, "A word of 32 bits; a futex may wait on it.");
shared_word!(A64, AtomicU64, u64, "A word of 64 bits.");

impl A64 {
    /// Nobody waits on a long word.
    pub fn has_sleepers(&self) -> bool {
        self.sleepers.lock().is_ok_and(|sleepers| !sleepers.is_empty())
    }

    /// Writes `new` if the word is `current`; otherwise returns what it is.
    pub fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        access(Step::Change);
        platform::note_access(Access::Exchange);
        let result = self.value.compare_exchange(current, new, success, failure);
        if result.is_ok() {
            self.note(new);
        }
        result
    }
}

impl A32 {
    /// Writes the word and returns what was there.
    pub fn swap(&self, value: u32, order: Ordering) -> u32 {
        access(Step::Change);
        platform::note_access(Access::Exchange);
        self.note(value);
        self.value.swap(value, order)
    }

    /// Writes `new` if the word is `current`; otherwise returns what it is.
    pub fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        access(Step::Change);
        platform::note_access(Access::Exchange);
        if plan().defect == Some(Defect::BlindExchange) {
            self.note(new);
            return Ok(self.value.swap(new, success));
        }
        let result = self.value.compare_exchange(current, new, success, failure);
        if result.is_ok() {
            self.note(new);
        }
        result
    }

    /// Sets bits and returns what was there.
    pub fn fetch_or(&self, bits: u32, order: Ordering) -> u32 {
        access(Step::Change);
        platform::note_access(Access::Exchange);
        let before = self.value.fetch_or(bits, order);
        self.note(before | bits);
        before
    }

    /// Adds, wrapping around, and returns what was there.
    pub fn fetch_add(&self, amount: u32, order: Ordering) -> u32 {
        access(Step::Change);
        platform::note_access(Access::Exchange);
        let before = self.value.fetch_add(amount, order);
        self.note(before.wrapping_add(amount));
        before
    }
}

/// Orders every earlier access before every later one, for all that fence too.
pub fn fence() {
    if plan().defect != Some(Defect::NoFences) {
        loom::sync::atomic::fence(Ordering::SeqCst);
    }
}

/// As [`fence`], if the caller's last access was an exchange; otherwise it orders nothing.
pub fn fence_after_exchange() {
    if platform::last_access() == Access::Exchange {
        fence();
    }
}

/// As [`fence`]: a fence that one side puts into the other, at some moment, is one on both sides. Those who
/// are outlaws put none.
pub fn fence_everywhere() -> bool {
    fence();
    !platform::is_outlaw()
}

/// Whether others put fences into the caller.
pub fn is_fenced_by_others() -> bool {
    !platform::is_outlaw()
}

/// As [`fence`]; nothing where somebody is an outlaw, since only he may be on the other side.
pub fn fence_by_others() {
    if !platform::has_outlaws() {
        fence();
    }
}

/// As [`fence`].
pub fn fence_if_alone() {
    fence();
}

/// Nobody spins here; a loop that does must let others go on.
pub fn pause() {
    loom::thread::yield_now();
}

/// Why a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The word had changed, or somebody woke us.
    Perhaps,
    /// The slice or the deadline is over.
    Tick,
}

/// Sleeps while `word` is `expected`, until woken, until a slice ends or the deadline has come.
pub fn futex_wait(word: &A32, expected: u32, deadline: Deadline, _slice_ns: u64) -> Woken {
    access(Step::Change);
    if platform::me() == 0 {
        // The observer looks when all is over: nobody would wake it.
        return Woken::Tick;
    }
    if let Some(woken) = platform::wait_planned(deadline) {
        return woken;
    }
    let mut sleepers = word.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
    if word.value.load(Ordering::Relaxed) != expected {
        return Woken::Perhaps;
    }
    sleepers.push_back(platform::lie_down(deadline));
    drop(sleepers);
    let woken = platform::sleep();
    if woken == Woken::Tick {
        let me = platform::me();
        word.sleepers.lock().unwrap_or_else(PoisonError::into_inner).retain(|sleeper| sleeper.process != me);
    }
    woken
}

/// Wakes at most `count` of those that sleep on `word`.
pub fn futex_wake(word: &A32, count: u32) {
    // No access: it reads nothing but the address.
    platform::point(Step::Change);
    let swallowed = if count == 1 { Defect::NoWakeOne } else { Defect::NoWakeAll };
    if plan().defect == Some(swallowed) {
        return;
    }
    let mut sleepers = word.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..count {
        let Some(sleeper) = sleepers.pop_front() else { break };
        platform::wake(sleeper);
    }
}
