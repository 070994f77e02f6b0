//! A number of permits, of which the dead keep none.
//!
//! # State
//! Under the lock: how many permits there are, how many have come back from the dead since somebody
//! was told, and in each process's slot an account of how many it has taken more than given back. The
//! first two are one word. A change of both words is committed by the store of this one: what the account
//! is to be is written down before, and whoever inherits the lock completes it. Which of the two the
//! owner died before is told by a bit that both carry, and that changes each time.
//!
//! # Restitution
//! A dead process's permits come back as far as the initial value has room for them beside those that
//! are there and those that others hold. So a semaphore that one process releases and another one
//! acquires gets no permits that nobody ever had: its initial value has no room for them. A release by
//! one who has taken none leaves the account of one who has, a dead one first.
//!
//! # Invariants (of the protocol; no memory safety rests on them)
//! 1. Words and accounts are written only by whoever holds the lock, and are consistent while it is
//!    free.
//! 2. Restitution never lifts the permits above the initial value.
//! 3. A waiter announces itself at the gate while it holds the lock, and has found no permit; whoever
//!    adds permits does so while it holds the lock, and looks at the gate afterwards.

use super::gate::Gate;
use super::owner_lock::OwnerLock;
use super::raw_lock::{Held, Peers, TimedOut};
use super::{A64, Ordering, Woken, pause};
use crate::deadline::Deadline;

/// The most permits there can be.
pub const MOST_PERMITS: u32 = i32::MAX as u32;

/// How long a call that may not wait for a permit waits for the lock: others hold it for the length of
/// a few stores, unless they are stopped there.
const GRACE_NS: u64 = 1_000_000_000;

/// How often to look for a permit before sleeping: an answer of another process takes a few cache misses.
const SPINS: u32 = 60;

/// Which of two changes running this is: of the state, and of what is written down.
const TURN: u64 = 1 << 63;

/// Who has taken how many permits.
pub trait Accounts: Peers {
    /// One more than the highest slot ever used.
    fn used(&self) -> usize;

    /// The slot of this owner.
    fn slot_of(&self, owner: u32) -> usize;

    /// The account in a slot.
    fn account(&self, slot: usize) -> &A64;
}

/// What never changes about a semaphore; each process keeps its own checked copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How many permits there were in the beginning, at most [`MOST_PERMITS`].
    pub initial: u32,
    /// Whether there are never to be more than that.
    pub is_bounded: bool,
    /// Whether permits come back from the dead.
    pub is_tracked: bool,
}

/// More permits would be there than there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// The shared words.
#[derive(Debug)]
#[repr(C)]
pub struct Permits {
    lock: OwnerLock,
    gate: Gate,
    state: A64,
    /// What an account is to be once the state is of the same turn: it names its slot by the owner.
    redo: A64,
}

impl Permits {
    /// So many permits, at most [`MOST_PERMITS`].
    pub fn new(initial: u32) -> Permits {
        Permits {
            lock: OwnerLock::new(),
            gate: Gate::new(),
            state: A64::new(State { permits: initial, restored: 0, turn: 0 }.word()),
            redo: A64::new(TURN),
        }
    }
}

/// How many permits there are, and how many of them have come back from the dead, unknown to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    permits: u32,
    restored: u32,
    turn: u64,
}

impl State {
    #[inline]
    fn of(word: u64) -> State {
        State {
            permits: word as u32 & MOST_PERMITS,
            restored: (word >> 32) as u32 & MOST_PERMITS,
            turn: word & TURN,
        }
    }

    #[inline]
    fn word(self) -> u64 {
        self.turn | u64::from(self.restored) << 32 | u64::from(self.permits)
    }
}

/// What the process `owner` has taken more than given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Account {
    owner: u32,
    taken: i32,
}

impl Account {
    #[inline]
    fn of(word: u64) -> Account {
        Account { owner: ((word & !TURN) >> 32) as u32, taken: word as u32 as i32 }
    }

    #[inline]
    fn word(self) -> u64 {
        u64::from(self.owner) << 32 | u64::from(self.taken as u32)
    }
}

/// The view of one process.
#[derive(Debug)]
pub struct Semaphore<'a, A> {
    /// The shared words.
    pub words: &'a Permits,
    /// The terms.
    pub terms: Terms,
    /// The accounts, and who is alive.
    pub accounts: &'a A,
    /// Our owner word.
    pub me: u32,
}

impl<A: Accounts> Semaphore<'_, A> {
    /// Takes a permit; how many have come back from the dead since somebody was told.
    ///
    /// # Errors
    /// [`TimedOut`] if there was none until the deadline.
    #[inline]
    pub fn acquire(&self, deadline: Deadline) -> Result<u32, TimedOut> {
        self.enter(deadline)?;
        let account = self.own_account();
        let state = self.state();
        if state.permits > 0 { Ok(self.take(account, state)) } else { self.acquire_slowly(account, deadline) }
    }

    /// With the lock held, and no permit there.
    #[cold]
    fn acquire_slowly(&self, account: Account, deadline: Deadline) -> Result<u32, TimedOut> {
        let mut account = account;
        let mut spins = if deadline == Deadline::Now { 0 } else { self.accounts.spins(SPINS) };
        let mut look_for_the_dead = true;
        loop {
            if look_for_the_dead {
                self.restore_what_the_dead_took();
            }
            let state = self.state();
            if state.permits > 0 {
                return Ok(self.take(account, state));
            }
            if deadline.passed() {
                self.words.lock.unlock();
                return Err(TimedOut);
            }
            if spins > 0 {
                self.words.lock.unlock();
                while spins > 0 && self.state().permits == 0 {
                    spins -= 1;
                    pause();
                }
                look_for_the_dead = false;
            } else {
                let ticket = self.words.gate.announce();
                self.words.lock.unlock();
                look_for_the_dead = self.words.gate.wait(ticket, deadline) == Woken::Tick;
            }
            self.enter(deadline)?;
            // Other threads of this process have the same account.
            account = self.own_account();
        }
    }

    /// Gives `count` permits back, all or none.
    ///
    /// # Errors
    /// [`TooMany`]: nothing has changed.
    #[inline]
    pub fn release(&self, count: u32) -> Result<(), TooMany> {
        while self.enter(Deadline::Never).is_err() {}
        let account = self.own_account();
        let state = self.state();
        let most = if self.terms.is_bounded { self.terms.initial } else { MOST_PERMITS };
        let after = state.permits.checked_add(count).filter(|after| *after <= most);
        let Some(permits) = after else {
            self.words.lock.unlock();
            return Err(TooMany);
        };
        let given = i32::try_from(count).unwrap_or(i32::MAX);
        let account = if account.taken >= given { account } else { self.account_to_release(account, given) };
        self.commit(
            Account { taken: account.taken.saturating_sub(given), ..account },
            State { permits, ..state },
        );
        self.words.lock.unlock();
        self.words.gate.open_fenced();
        Ok(())
    }

    /// How many permits there are at this moment.
    #[inline]
    pub fn permits(&self) -> u32 {
        self.state().permits
    }

    #[inline]
    fn state(&self) -> State {
        State::of(self.words.state.load(Ordering::Acquire))
    }

    /// With the lock held: takes one of the permits and gives the lock back.
    #[inline]
    fn take(&self, account: Account, state: State) -> u32 {
        let taken = account.taken.saturating_add(1);
        self.commit(Account { taken, ..account }, State { permits: state.permits - 1, restored: 0, ..state });
        self.words.lock.unlock();
        if state.restored > 0 {
            // Those that came back beside it are for others, whom nobody has woken.
            self.words.gate.open();
        }
        state.restored
    }

    /// With the lock held: our account. Closes that of an earlier process in our slot, who is dead.
    #[inline]
    fn own_account(&self) -> Account {
        if !self.terms.is_tracked {
            return Account { owner: self.me, taken: 0 };
        }
        let slot = self.accounts.slot_of(self.me);
        let account = Account::of(self.accounts.account(slot).load(Ordering::Relaxed));
        if account.owner == self.me { account } else { self.open_account(slot, account) }
    }

    #[cold]
    fn open_account(&self, slot: usize, earlier: Account) -> Account {
        if earlier.taken > 0 {
            self.restore(slot, earlier);
        }
        Account { owner: self.me, taken: 0 }
    }

    /// With the lock held: whose account so many permits leave that are not ours. A release for the dead
    /// must not be made up for once more.
    #[cold]
    fn account_to_release(&self, own: Account, given: i32) -> Account {
        if !self.terms.is_tracked {
            return own;
        }
        let accounts = (0..self.accounts.used())
            .map(|slot| Account::of(self.accounts.account(slot).load(Ordering::Relaxed)));
        let holders =
            || accounts.clone().filter(|account| account.taken >= given && account.owner != self.me);
        let dead = holders().find(|account| self.accounts.is_dead(account.owner));
        dead.or_else(|| holders().next()).unwrap_or(own)
    }

    /// Takes the lock, and completes what a dead owner has committed.
    #[inline]
    fn enter(&self, deadline: Deadline) -> Result<(), TimedOut> {
        if self.words.lock.try_lock(self.me) {
            return Ok(());
        }
        self.enter_slowly(deadline.or_ns_from_now(GRACE_NS))
    }

    #[cold]
    fn enter_slowly(&self, deadline: Deadline) -> Result<(), TimedOut> {
        if self.words.lock.lock(self.me, self.accounts, deadline)? == Held::Inherited {
            let redo = self.words.redo.load(Ordering::Acquire);
            if redo & TURN == self.state().turn {
                // Perhaps once more: it is what that account was changed to last.
                self.settle(Account::of(redo));
            }
            // The dead may have added permits, and woken nobody.
            self.words.gate.open();
        }
        Ok(())
    }

    /// With the lock held: changes an account and the state, which is of the present turn, both or none.
    #[inline]
    fn commit(&self, account: Account, state: State) {
        if self.terms.is_tracked {
            let turn = state.turn ^ TURN;
            self.words.redo.store(turn | account.word(), Ordering::Release);
            self.words.state.store(State { turn, ..state }.word(), Ordering::Release);
            self.settle(account);
        } else {
            self.words.state.store(state.word(), Ordering::Release);
        }
    }

    #[inline]
    fn settle(&self, account: Account) {
        let slot = self.accounts.slot_of(account.owner);
        self.accounts.account(slot).store(account.word(), Ordering::Release);
    }

    /// With the lock held: closes the accounts of the dead.
    fn restore_what_the_dead_took(&self) {
        if !self.terms.is_tracked {
            return;
        }
        for slot in 0..self.accounts.used() {
            let account = Account::of(self.accounts.account(slot).load(Ordering::Relaxed));
            if account.taken > 0 && account.owner != self.me && self.accounts.is_dead(account.owner) {
                self.restore(slot, account);
            }
        }
    }

    #[cold]
    fn restore(&self, slot: usize, account: Account) {
        let others = (0..self.accounts.used()).filter(|other| *other != slot);
        let held =
            others.map(|other| Account::of(self.accounts.account(other).load(Ordering::Relaxed)).taken);
        let held: u64 = held.map(|taken| taken.max(0) as u64).sum();
        let state = self.state();
        let room = u64::from(self.terms.initial).saturating_sub(u64::from(state.permits) + held);
        let back = (account.taken as u64).min(room) as u32;
        let restored = state.restored.saturating_add(back).min(MOST_PERMITS);
        self.commit(
            Account { taken: 0, ..account },
            State { permits: state.permits + back, restored, ..state },
        );
    }
}
