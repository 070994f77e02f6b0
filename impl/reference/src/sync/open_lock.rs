//! A lock that anybody may release, which its holder gives back by a plain store until another one has.
//!
//! # State
//! The word: `[63..62 mode][61..32 owner][31..0 number]`. Beside it the number that was given back last by
//! a store, the thread that took the lock last, and the gate at which those stand who wait.
//!
//! At first holds are numbered, and the lock is free while the number given back is that of the word: so
//! the thread that took it gives it back by a store of this number, which means nothing any more when it
//! comes too late. The first release by anybody else ends that for good: from then on the owner in the
//! word is exchanged for 0 by whoever releases, and the number is that of the last hold of the first kind.
//!
//! # Why one hold is never released twice
//! The holder stores the number and *then* looks at the mode; whoever else releases makes the mode
//! `UNSETTLED` and *then* looks at the number, behind a [`fence_everywhere`]. One of them must see the
//! other. If the holder sees no change, everybody sees its store. If it sees one, it and all others settle
//! by one exchange of the word whether its store was in time, and the word says so ever after
//! (`GIVEN`, `KEPT`): also to a holder that was stopped in between. Nobody waits for anybody.
//!
//! # Why nobody sleeps beside a free lock
//! As with an [`OwnerLock`](super::owner_lock::OwnerLock).
//!
//! # Invariants (of the protocol; no memory safety rests on them)
//! 1. At most one live process is the owner, and one heir is told of each death.
//! 2. While holds are given back by stores, only the thread that took the lock stores its number, once; it
//!    is a thread of a process into which others put their fences.
//! 3. The mode goes from `BY_STORE` to `UNSETTLED` and on, or at once past it; never back.
//!
//! # Limits
//! One who is stopped between his look and his exchange for exactly 2^32 holds is taken for one who was
//! not. A process that is forbidden `membarrier`, which the holder's is not, settles nothing while that
//! lives: its release waits until somebody else does.
//!
//! # Source
//! The asymmetric fence of liburcu and folly; ended as a biased lock is (Kawachiya, Koseki and Onodera,
//! "Lock reservation", 2002), but without stopping the holder.

use super::gate::Gate;
use super::raw_lock::{Held, Owner, Peers, TimedOut};
use super::rlock::Tag;
use super::{A32, A64, Ordering};
use super::{fence_after_exchange, fence_by_others, fence_everywhere, is_fenced_by_others, pause};
use crate::deadline::Deadline;

/// Holds are given back by a store of their number.
const BY_STORE: u32 = 0;
/// No longer, but whether the present one was is not known yet.
const UNSETTLED: u32 = 1;
/// Holds are given back by an exchange; the last one before was given back by a store.
const GIVEN: u32 = 2;
/// Holds are given back by an exchange; the last one before was not given back by a store in time.
const KEPT: u32 = 3;

/// How often a taken lock is looked at before sleeping.
const SPINS: u32 = 60;

/// Nobody holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHeld;

/// The word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    mode: u32,
    owner: u32,
    number: u32,
}

impl State {
    #[inline]
    fn of(word: u64) -> State {
        let (upper, number) = ((word >> 32) as u32, word as u32);
        State { mode: upper >> 30, owner: upper & ((1 << 30) - 1), number }
    }

    #[inline]
    fn word(self) -> u64 {
        u64::from(self.mode << 30 | self.owner) << 32 | u64::from(self.number)
    }
}

/// The lock.
#[derive(Debug)]
#[repr(C)]
pub struct OpenLock {
    word: A64,
    /// The thread that holds the lock and may give it back by a store; 0 if none does.
    thread: A64,
    /// The number of the hold that was given back last by a store.
    given_back: A32,
    gate: Gate,
}

impl OpenLock {
    /// A free lock.
    pub fn new() -> OpenLock {
        OpenLock { word: A64::new(0), thread: A64::new(0), given_back: A32::new(0), gate: Gate::new() }
    }

    // -- Taking --

    /// Takes the lock for a thread.
    ///
    /// # Errors
    /// [`TimedOut`] if it was held until the deadline by a live process.
    #[inline]
    pub fn lock(&self, who: Tag, peers: &impl Peers, deadline: Deadline) -> Result<Held, TimedOut> {
        if self.try_lock(who) { Ok(Held::Clean) } else { self.lock_slowly(who, peers, deadline) }
    }

    /// Takes the lock for a thread if nobody holds it, or its owner is dead. Never waits.
    ///
    /// # Errors
    /// [`TimedOut`] if a live process holds it.
    #[inline]
    pub fn lock_now(&self, who: Tag, peers: &impl Peers) -> Result<Held, TimedOut> {
        if self.try_lock(who) { Ok(Held::Clean) } else { self.lock_now_slowly(who, peers) }
    }

    /// Takes the lock if it is free and holds are given back by stores.
    #[inline]
    fn try_lock(&self, who: Tag) -> bool {
        let state = State::of(self.word.load(Ordering::Relaxed));
        state.mode == BY_STORE
            && self.given_back.load(Ordering::Acquire) == state.number
            && is_fenced_by_others()
            && self.take_by_number(state, who)
    }

    #[inline]
    fn take_by_number(&self, state: State, who: Tag) -> bool {
        let taken = State { mode: BY_STORE, owner: who.owner(), number: state.number.wrapping_add(1) };
        let taken =
            self.word.compare_exchange(state.word(), taken.word(), Ordering::Acquire, Ordering::Relaxed);
        if taken.is_ok() {
            self.thread.store(who.word(), Ordering::Release);
        }
        taken.is_ok()
    }

    #[cold]
    fn lock_slowly(&self, who: Tag, peers: &impl Peers, deadline: Deadline) -> Result<Held, TimedOut> {
        let mut spins = peers.spins(SPINS);
        let mut has_slept = false;
        loop {
            let (state, is_free) = self.look(peers);
            if is_free {
                if !self.take(state, is_free, who) {
                    continue;
                }
                if has_slept {
                    self.gate.leave_word();
                }
                return Ok(Held::Clean);
            }
            if spins > 0 {
                spins -= 1;
                pause();
                continue;
            }
            let held = || match self.look(peers) {
                (state, false) => Some(state),
                (_, true) => None,
            };
            if let Some(state) = self.gate.sleep_beside(held, &mut has_slept, deadline)?
                && self.inherit(state, who, peers)
            {
                self.gate.leave_word();
                return Ok(Held::Inherited);
            }
        }
    }

    #[cold]
    fn lock_now_slowly(&self, who: Tag, peers: &impl Peers) -> Result<Held, TimedOut> {
        loop {
            let (state, is_free) = self.look(peers);
            if is_free {
                if self.take(state, is_free, who) {
                    return Ok(Held::Clean);
                }
            } else if !peers.is_dead(state.owner) {
                return Err(TimedOut);
            } else if self.inherit(state, who, peers) {
                return Ok(Held::Inherited);
            }
        }
    }

    /// Takes the lock for a thread if its owner has died. Never waits: for those who wait for something
    /// else than the lock.
    pub fn take_from_dead(&self, who: Tag, peers: &impl Peers) -> bool {
        let (state, is_free) = self.look(peers);
        !is_free && self.inherit(state, who, peers)
    }

    /// Takes the lock if its owner is dead and holds it still.
    fn inherit(&self, state: State, who: Tag, peers: &impl Peers) -> bool {
        if !peers.is_dead(state.owner) {
            return false;
        }
        // Once more: it may have given the lock back before it died, and stores nothing any more.
        let (now, is_free) = self.look(peers);
        now == state && !is_free && self.take(state, is_free, who)
    }

    /// Takes the lock if it is in this state still.
    fn take(&self, state: State, is_free: bool, who: Tag) -> bool {
        if state.mode == BY_STORE && is_fenced_by_others() {
            return self.take_by_number(state, who);
        }
        let mode = match state.mode {
            // Who cannot give the lock back by a store ends that. Whether the last hold was is known.
            BY_STORE if is_free => GIVEN,
            BY_STORE => KEPT,
            mode => mode,
        };
        let taken = State { mode, owner: who.owner(), ..state };
        self.word.compare_exchange(state.word(), taken.word(), Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    // -- Releasing --

    /// Releases the lock for a thread, if this process has ever used it, whoever holds it: whoever releases
    /// for the dead answers for what they left.
    ///
    /// # Errors
    /// [`NotHeld`]: it was free at a moment of the call.
    #[inline]
    pub fn release(&self, who: Option<Tag>, peers: &impl Peers) -> Result<(), NotHeld> {
        match who.and_then(|who| self.release_by_store(who)) {
            Some(released) => released,
            None => self.release_by_exchange(None, peers),
        }
    }

    /// Releases the lock for a thread if its process holds it; whether it did.
    #[inline]
    pub fn release_if_mine(&self, who: Tag, peers: &impl Peers) -> bool {
        match self.release_by_store(who) {
            Some(released) => released.is_ok(),
            None => self.release_by_exchange(Some(who.owner()), peers).is_ok(),
        }
    }

    /// Releases what this thread has taken and may give back by a store; nothing if there is no such hold.
    #[inline]
    fn release_by_store(&self, who: Tag) -> Option<Result<(), NotHeld>> {
        let state = State::of(self.word.load(Ordering::Relaxed));
        if state.mode != BY_STORE || self.thread.load(Ordering::Relaxed) != who.word() {
            return None;
        }
        // First: once the lock is free, another thread may take it, and must not be taken for us.
        self.thread.store(0, Ordering::Release);
        self.given_back.store(state.number, Ordering::Release);
        fence_by_others();
        if State::of(self.word.load(Ordering::Relaxed)).mode != BY_STORE {
            return Some(self.release_late(state.number, who.owner()));
        }
        self.gate.open_for_one_fenced();
        Some(Ok(()))
    }

    /// Our number is stored, but the mode has changed: were we in time?
    #[cold]
    fn release_late(&self, number: u32, me: u32) -> Result<(), NotHeld> {
        loop {
            let state = State::of(self.word.load(Ordering::Acquire));
            let after = match state.mode {
                UNSETTLED if state.number == number => State { mode: GIVEN, owner: 0, ..state },
                // Another one has released ours, at a moment of this call, and others may hold it now.
                KEPT if state.number == number && state.owner != me => return Err(NotHeld),
                KEPT if state.number == number => State { owner: 0, ..state },
                // It was given back by the store, and perhaps taken again since.
                _ => break,
            };
            if self.exchange(state, after) {
                break;
            }
        }
        self.gate.open();
        Ok(())
    }

    #[cold]
    fn release_by_exchange(&self, only: Option<u32>, peers: &impl Peers) -> Result<(), NotHeld> {
        loop {
            let (state, is_free) = self.look(peers);
            if is_free || only.is_some_and(|only| state.owner != only) {
                return Err(NotHeld);
            }
            match state.mode {
                BY_STORE => {
                    self.exchange(state, State { mode: UNSETTLED, ..state });
                }
                UNSETTLED => {
                    let ticket = self.gate.announce();
                    if State::of(self.word.load(Ordering::Relaxed)) == state {
                        let _ = self.gate.wait(ticket, Deadline::Never);
                    }
                }
                _ if self.exchange(state, State { owner: 0, ..state }) => {
                    fence_after_exchange();
                    self.gate.open_for_one_fenced();
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    #[inline]
    fn exchange(&self, before: State, after: State) -> bool {
        let exchanged =
            self.word.compare_exchange(before.word(), after.word(), Ordering::AcqRel, Ordering::Relaxed);
        exchanged.is_ok()
    }

    // -- Looking --

    /// Who holds the lock at this moment.
    pub fn owner(&self, peers: &impl Peers) -> Owner {
        match self.look(peers) {
            (_, true) => Owner::Nobody,
            (state, false) => Owner::Process(state.owner),
        }
    }

    /// The word, settled if that is possible, and whether the lock is free.
    ///
    /// An unsettled one is held: neither its holder's release nor the other one has returned.
    fn look(&self, peers: &impl Peers) -> (State, bool) {
        loop {
            let state = State::of(self.word.load(Ordering::Acquire));
            match state.mode {
                BY_STORE => return (state, self.given_back.load(Ordering::Acquire) == state.number),
                UNSETTLED if self.settle(state, peers) => {}
                UNSETTLED => return (state, false),
                _ => return (state, state.owner == 0),
            }
        }
    }

    /// Settles whether the holder has given the lock back by its store; whether this process is able to.
    #[cold]
    fn settle(&self, state: State, peers: &impl Peers) -> bool {
        let is_given = || self.given_back.load(Ordering::Acquire) == state.number;
        // What is seen was stored; what is not may still be on its way, unless it is the dead's.
        if !is_given() && !fence_everywhere() && !peers.is_dead(state.owner) {
            return false;
        }
        let is_given = is_given();
        let settled = match is_given {
            true => State { mode: GIVEN, owner: 0, ..state },
            false => State { mode: KEPT, ..state },
        };
        if self.exchange(state, settled) && is_given {
            // Its holder may have been stopped before it could.
            self.gate.open();
        }
        true
    }
}
