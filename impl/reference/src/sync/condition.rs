//! A condition: who holds the user's lock gives it up and sleeps until he is notified.
//!
//! # State
//! Each waiter has a node: `FREE`, `WAITING` or `NOTIFIED`, with its owner and its ticket; tickets are
//! given out in the order of arrival. A waiter queues *before* it gives the user's lock up, and frees its
//! node only when it has that lock again: until then a notification that it was given is still there
//! to be handed on, should it die.
//!
//! # Invariants (of the protocol; no memory safety rests on them)
//! 1. Nodes change only under the inner lock, and each change is one store to `state`.
//! 2. A notification carries a limit: only waiters with a ticket below it were there when it was given.
//! 3. A notification of a dead waiter goes to the oldest live one below its limit, if there is any. That
//!    changes two nodes: `handing` is the commit, and whoever inherits the inner lock completes it.
//!
//! # Dying
//! A waiter that dies leaves its node behind: a notifier passes over it, and whoever needs a node takes
//! it. Notified ones are looked after by the others that wait, each time a slice is over; so is a dead
//! holder of the user's lock, since nobody else may ever come who would find him dead.
//!
//! # Source
//! Waiters are known one by one, since a shared count of sleepers or wake-ups can be stolen from (glibc
//! bug 25847) and is left wrong by the dead (CPython issue 75158).

use super::raw_lock::{Held, Peers, RawLock};
use super::user_lock::UserLock;
use super::{A32, A64, GATE_SLICE_NS, Ordering, Woken, futex_wait, futex_wake};
use crate::deadline::Deadline;

/// Nobody has the node.
const FREE: u32 = 0;
/// Its owner waits.
const WAITING: u32 = 1;
/// Its owner is notified, and has not left yet.
pub const NOTIFIED: u32 = 2;

/// One waiter; 0 in all its words at first.
#[derive(Debug)]
#[repr(C)]
pub struct Node {
    /// Whether it waits, on which it sleeps.
    pub state: A32,
    /// Its process.
    pub owner: A32,
    /// How many waited before it, ever.
    pub ticket: A64,
    /// If it is notified: the first ticket that was not given out then.
    pub limit: A64,
}

/// The shared words of a condition, besides its nodes.
#[derive(Debug)]
#[repr(C)]
pub struct Words {
    /// The inner lock.
    lock: RawLock,
    /// How many nodes were ever in use.
    pub used: A32,
    /// The next ticket.
    next: A64,
    /// `[63..32 one more than the dead node][31..0 its heir]`, or 0.
    handing: A64,
}

impl Words {
    /// Nobody has ever waited.
    pub fn new() -> Words {
        Words { lock: RawLock::new(), used: A32::new(0), next: A64::new(0), handing: A64::new(0) }
    }
}

/// What a condition needs of the world.
pub trait Nodes: Peers {
    /// Provides the memory of the first `count` nodes, so that touching them cannot fail; whether it could.
    fn provide(&self, count: usize) -> bool;
}

/// Why a call was refused; nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The caller does not own the user's lock.
    NotOwner,
    /// No memory is left for another waiter.
    OutOfMemory,
    /// All nodes are taken by waiters that live.
    TooManyWaiters,
}

/// How a wait ended. The caller has the user's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Whether it was notified.
    pub notified: bool,
    /// How it got the lock.
    pub held: Held,
}

/// A condition as one process sees it.
#[derive(Debug)]
pub struct Condition<'a, N> {
    /// The shared words.
    pub words: &'a Words,
    /// The shared nodes.
    pub nodes: &'a [Node],
    /// The world.
    pub surroundings: &'a N,
    /// The caller's owner word.
    pub me: u32,
}

impl<N: Nodes> Condition<'_, N> {
    /// Gives the lock up, sleeps until notified or until the deadline, and has the lock back.
    ///
    /// Also returns, without having been notified, when the lock's holder has died and nobody else
    /// takes it.
    pub fn wait(&self, lock: &impl UserLock, deadline: Deadline) -> Result<Waited, Refused> {
        if !lock.is_mine() {
            return Err(Refused::NotOwner);
        }
        if deadline.passed() {
            // Others get their chance all the same: a loop of such calls must let somebody change something.
            let depth = lock.release_fully().ok_or(Refused::NotOwner)?;
            return Ok(Waited { held: lock.reacquire(depth), notified: false });
        }
        let node = self.enqueue()?;
        let Some(depth) = lock.release_fully() else {
            // Another thread of this process has given it up meanwhile.
            self.leave(node);
            return Err(Refused::NotOwner);
        };
        let held = match self.sleep(node, lock, depth, deadline) {
            Slept::HasLock => Held::Inherited,
            Slept::Enough => lock.reacquire(depth),
        };
        Ok(Waited { notified: self.leave(node), held })
    }

    /// Wakes at most `most` of those that wait, the oldest first. Returns how many.
    pub fn notify(&self, lock: &impl UserLock, most: u32) -> Result<u32, Refused> {
        if !lock.is_mine() {
            return Err(Refused::NotOwner);
        }
        // Without the inner lock: whoever queued before did so under the lock that we hold now.
        if most == 0 || self.used().iter().all(|node| node.state.load(Ordering::Acquire) == FREE) {
            return Ok(0);
        }
        self.enter();
        self.hand_on_all();
        let limit = self.words.next.load(Ordering::Relaxed);
        let mut notified = 0;
        while notified < most
            && let Some(node) = self.oldest_alive(limit)
        {
            self.tell(node, limit);
            futex_wake(&self.nodes[node].state, 1);
            notified += 1;
        }
        self.words.lock.unlock();
        Ok(notified)
    }

    // -- Waiting --

    fn enqueue(&self) -> Result<usize, Refused> {
        self.enter();
        let found = self.find_free();
        if let Ok(node) = found {
            let ticket = self.words.next.load(Ordering::Relaxed);
            self.words.next.store(ticket.wrapping_add(1), Ordering::Release);
            let node = &self.nodes[node];
            node.owner.store(self.me, Ordering::Release);
            node.ticket.store(ticket, Ordering::Release);
            // The commit: before it the node is nobody's.
            node.state.store(WAITING, Ordering::Release);
        }
        self.words.lock.unlock();
        found
    }

    fn sleep(&self, node: usize, lock: &impl UserLock, depth: u32, deadline: Deadline) -> Slept {
        let state = &self.nodes[node].state;
        while state.load(Ordering::Acquire) == WAITING && !deadline.passed() {
            if futex_wait(state, WAITING, deadline, GATE_SLICE_NS) == Woken::Tick {
                self.look_after_the_dead();
                if lock.take_from_dead(depth) {
                    return Slept::HasLock;
                }
            }
        }
        Slept::Enough
    }

    /// Frees the caller's node; whether it was notified. Only with the user's lock in hand.
    fn leave(&self, node: usize) -> bool {
        self.enter();
        let state = &self.nodes[node].state;
        let notified = state.load(Ordering::Relaxed) == NOTIFIED;
        state.store(FREE, Ordering::Release);
        self.words.lock.unlock();
        notified
    }

    // -- Under the inner lock --

    fn enter(&self) {
        // Nobody holds it for long, and the dead are found: without a deadline it is always got.
        if self.words.lock.lock(self.me, self.surroundings, Deadline::Never) == Ok(Held::Inherited) {
            let handing = self.words.handing.load(Ordering::Relaxed);
            if handing != 0 {
                self.complete(handing);
            }
        }
    }

    /// The nodes that were ever in use.
    fn used(&self) -> &[Node] {
        let used = self.words.used.load(Ordering::Acquire) as usize;
        &self.nodes[..used.min(self.nodes.len())]
    }

    fn find_free(&self) -> Result<usize, Refused> {
        let is_free = |node: &Node| node.state.load(Ordering::Relaxed) == FREE;
        let used = self.used().len();
        if let Some(node) = self.used().iter().position(is_free) {
            return Ok(node);
        }
        if used < self.nodes.len() {
            if !self.surroundings.provide(used + 1) {
                return Err(Refused::OutOfMemory);
            }
            self.words.used.store(used as u32 + 1, Ordering::Release);
            return Ok(used);
        }
        self.hand_on_all();
        self.used().iter().filter(|node| self.is_left(node, WAITING)).for_each(Node::free);
        self.used().iter().position(is_free).ok_or(Refused::TooManyWaiters)
    }

    /// Whether the node is in this state and its owner is dead.
    fn is_left(&self, node: &Node, state: u32) -> bool {
        if node.state.load(Ordering::Relaxed) != state {
            return false;
        }
        let owner = node.owner.load(Ordering::Relaxed);
        owner != self.me && self.surroundings.is_dead(owner)
    }

    /// The live waiter with the least ticket below `limit`. Dead ones on the way are freed.
    fn oldest_alive(&self, limit: u64) -> Option<usize> {
        loop {
            let waiting = |(index, node): (usize, &Node)| {
                let ticket = node.ticket.load(Ordering::Relaxed);
                let waits = node.state.load(Ordering::Relaxed) == WAITING && ticket < limit;
                waits.then_some((ticket, index))
            };
            let (_, oldest) = self.used().iter().enumerate().filter_map(waiting).min()?;
            if !self.is_left(&self.nodes[oldest], WAITING) {
                return Some(oldest);
            }
            self.nodes[oldest].free();
        }
    }

    fn tell(&self, node: usize, limit: u64) {
        let node = &self.nodes[node];
        node.limit.store(limit, Ordering::Release);
        node.state.store(NOTIFIED, Ordering::Release);
    }

    // -- Notifications of the dead --

    /// Hands on the notifications of those who have died, as each waiter does at the end of a slice.
    pub fn look_after_the_dead(&self) {
        // Without the lock at first: nearly always there is nothing to do.
        if self.used().iter().any(|node| self.is_left(node, NOTIFIED)) {
            self.enter();
            self.hand_on_all();
            self.words.lock.unlock();
        }
    }

    fn hand_on_all(&self) {
        for dead in 0..self.used().len() {
            if self.is_left(&self.nodes[dead], NOTIFIED) {
                match self.oldest_alive(self.nodes[dead].limit.load(Ordering::Relaxed)) {
                    None => self.nodes[dead].free(),
                    Some(heir) => {
                        let handing = (dead as u64 + 1) << 32 | heir as u64;
                        self.words.handing.store(handing, Ordering::Release);
                        self.complete(handing);
                    }
                }
            }
        }
    }

    /// Does what `handing` says; also once more, for one who died doing it.
    fn complete(&self, handing: u64) {
        let (dead, heir) = (((handing >> 32) as usize).wrapping_sub(1), handing as u32 as usize);
        // What a peer wrote may be anything.
        if let (Some(dead), true) = (self.nodes.get(dead), heir < self.nodes.len()) {
            self.tell(heir, dead.limit.load(Ordering::Relaxed));
            dead.free();
            futex_wake(&self.nodes[heir].state, 1);
        }
        self.words.handing.store(0, Ordering::Release);
    }
}

impl Node {
    fn free(&self) {
        self.state.store(FREE, Ordering::Release);
    }
}

/// How a sleep ended.
enum Slept {
    /// The node is notified, or the time is over.
    Enough,
    /// The caller has taken the user's lock from its dead holder.
    HasLock,
}
