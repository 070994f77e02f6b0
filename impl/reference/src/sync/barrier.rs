//! A barrier: a number of parties wait until all of them have arrived, round after round.
//!
//! # State
//! `turn` is `[63..32 generation][31 BROKEN][30..0 arrived]`. A round ends by one store to it: the next
//! generation, and nobody arrived. While all have arrived and the generation has not moved, the last of
//! them runs the action.
//!
//! Who waits has a node, `[63..32 generation][31 RESET][29..0 owner]`, which it frees when it leaves. Who
//! is slow to leave thus holds nobody up: the next round uses other nodes.
//!
//! # Invariants (of the protocol; no memory safety rests on them)
//! 1. `turn` changes only under the lock. Nodes are taken, and marked `RESET`, only under the lock, and
//!    marked only while their generation is the present one. Whoever has a node of an earlier generation
//!    frees it without the lock, of the present one under it.
//! 2. A node is taken before its party is counted.
//! 3. A reset marks the nodes of those who wait before it moves the generation: a party whose generation
//!    has passed was released, unless its node is marked.
//!
//! # Dying
//! A party that dies waiting, or running the action, leaves a node of the present generation: the last
//! to arrive looks for such, and at the end of each slice every waiter looks at the next node after its
//! own, so that somebody looks at each. One that dies arriving leaves such a node or the lock, and
//! whoever inherits the lock breaks the barrier.
//!
//! # Source
//! `threading.Barrier`, whose second phase, in which a round drains before the next begins, is not needed.

use super::gate::Gate;
use super::raw_lock::{Held, Peers, RawLock};
use super::{A32, A64, Ordering, Woken, pause};
use crate::deadline::Deadline;

const BROKEN: u64 = 1 << 31;
const RESET: u64 = 1 << 31;
const ARRIVED: u64 = BROKEN - 1;
const OWNER: u64 = (1 << 30) - 1;

/// How often an incomplete round is looked at before sleeping: about as long as a wake-up takes.
const SPINS: u32 = 200;

/// What wait nodes there are beyond two for each party, for those who are slow to leave.
pub const SPARE_NODES: usize = 1000;

/// The shared words of a barrier, besides its nodes.
#[derive(Debug)]
#[repr(C)]
pub struct Words {
    lock: RawLock,
    gate: Gate,
    turn: A64,
    /// How many nodes were ever in use.
    used: A32,
}

impl Words {
    /// Nobody has arrived.
    pub fn new() -> Words {
        Words { lock: RawLock::new(), gate: Gate::new(), turn: A64::new(0), used: A32::new(0) }
    }

    /// How many wait: 0 in a broken barrier.
    pub fn waiting(&self) -> u32 {
        let turn = Turn(self.turn.load(Ordering::Acquire));
        if turn.is_broken() { 0 } else { turn.arrived() }
    }

    /// Whether the barrier is broken.
    pub fn is_broken(&self) -> bool {
        Turn(self.turn.load(Ordering::Acquire)).is_broken()
    }
}

/// Why a party did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPassed<E> {
    /// The caller was the last to arrive and its action failed, which has broken the barrier.
    ActionFailed(E),
    /// The barrier is broken, or was broken or reset while the caller waited.
    Broken,
    /// The caller's time was over, which has broken the barrier.
    TimedOut,
    /// Too many parties of earlier rounds have not left yet. Nothing was done.
    TooManyWaiters,
}

/// A barrier as one process sees it.
#[derive(Debug)]
pub struct Barrier<'a, P> {
    /// The shared words.
    pub words: &'a Words,
    /// The shared nodes, 0 at first: at least two for each party.
    pub nodes: &'a [A64],
    /// How many parties a round needs, at least 1.
    pub parties: u32,
    /// Whether to look at a round again and again before sleeping.
    pub may_spin: bool,
    /// Tells the living from the dead.
    pub peers: &'a P,
    /// The caller's owner word.
    pub me: u32,
}

/// The value of `turn`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Turn(u64);

impl Turn {
    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn arrived(self) -> u32 {
        (self.0 & ARRIVED) as u32
    }

    fn is_broken(self) -> bool {
        self.0 & BROKEN != 0
    }

    /// Nobody has arrived yet.
    fn next(self) -> Turn {
        Turn(u64::from(self.generation().wrapping_add(1)) << 32)
    }

    /// Whether this is the round of that generation, and it may still be completed.
    fn is_round(self, generation: u32) -> bool {
        self.generation() == generation && !self.is_broken()
    }
}

impl<P: Peers> Barrier<'_, P> {
    /// Arrives, and waits until all parties have arrived; the caller's place in the order of arrival.
    ///
    /// The last to arrive first runs its `action`, if it has one. Once all have arrived no deadline counts
    /// any more: the call returns when the action has ended.
    pub fn wait<E>(
        &self,
        deadline: Deadline,
        action: Option<impl FnOnce() -> Result<(), E>>,
    ) -> Result<u32, NotPassed<E>> {
        let turn = self.enter_round()?;
        let index = turn.arrived();
        let is_last = index + 1 == self.parties;
        if is_last && self.used().iter().any(|node| self.is_dead_party(node, turn.generation())) {
            self.break_and_leave_lock(turn);
            return Err(NotPassed::Broken);
        }
        let action = match action {
            None if is_last => {
                self.set_turn(turn.next());
                self.words.lock.unlock();
                self.words.gate.open();
                return Ok(index);
            }
            action => action.filter(|_| is_last),
        };
        let Some(node) = self.take_node(turn) else {
            self.words.lock.unlock();
            return Err(NotPassed::TooManyWaiters);
        };
        self.set_turn(Turn(turn.0 + 1));
        self.words.lock.unlock();
        match action {
            None => self.await_release(turn.generation(), node, index, deadline),
            Some(action) => self.act(turn.generation(), node, index, action),
        }
    }

    /// Breaks the barrier: those who wait are told, and so is who comes later.
    pub fn abort(&self) {
        self.enter();
        self.break_and_leave_lock(self.turn());
    }

    /// Brings the barrier back to its first state; those who wait are told that it was broken.
    pub fn reset(&self) {
        self.enter();
        let turn = self.turn();
        if turn.arrived() == 0 && !turn.is_broken() {
            return self.words.lock.unlock();
        }
        for node in self.used() {
            let value = node.load(Ordering::Relaxed);
            if value != 0 && (value >> 32) as u32 == turn.generation() {
                node.store(value | RESET, Ordering::Release);
            }
        }
        self.set_turn(turn.next());
        self.words.lock.unlock();
        self.words.gate.open();
    }

    // -- Arriving --

    /// Takes the lock in a round that can be arrived at.
    fn enter_round<E>(&self) -> Result<Turn, NotPassed<E>> {
        loop {
            self.enter();
            let turn = self.turn();
            if turn.is_broken() {
                self.words.lock.unlock();
                return Err(NotPassed::Broken);
            }
            if turn.arrived() < self.parties {
                return Ok(turn);
            }
            // All have arrived, and the action is running: this caller is a party of the next round.
            self.words.lock.unlock();
            self.wait_while(|now| now == turn, None, Deadline::Never);
        }
    }

    /// Takes a node for the caller, who is to be counted next.
    fn take_node(&self, turn: Turn) -> Option<usize> {
        // Two rounds that follow each other begin at different places: what is slow to leave is not met.
        let half = self.nodes.len() / 2;
        let start = turn.arrived() as usize + if turn.generation() & 1 == 0 { 0 } else { half };
        let is_free = |index: &usize| {
            let node = self.nodes[*index].load(Ordering::Relaxed);
            let has_passed = (node >> 32) as u32 != turn.generation();
            node == 0 || has_passed && self.is_dead(node)
        };
        let len = self.nodes.len();
        let index = (start..start + len).map(|index| index % len).find(is_free)?;
        let used = self.words.used.load(Ordering::Relaxed);
        if used as usize <= index {
            self.words.used.store(index as u32 + 1, Ordering::Release);
        }
        let node = u64::from(turn.generation()) << 32 | u64::from(self.me);
        self.nodes[index].store(node, Ordering::Release);
        Some(index)
    }

    // -- Waiting --

    fn await_release<E>(
        &self,
        generation: u32,
        node: usize,
        index: u32,
        mut deadline: Deadline,
    ) -> Result<u32, NotPassed<E>> {
        loop {
            let Some(turn) = self.wait_while(|turn| turn.is_round(generation), Some(node), deadline) else {
                self.enter();
                let turn = self.turn();
                if turn.is_round(generation) && turn.arrived() < self.parties {
                    self.nodes[node].store(0, Ordering::Release);
                    self.break_and_leave_lock(turn);
                    return Err(NotPassed::TimedOut);
                }
                // All have arrived: the round is over, or will be when the action has ended.
                self.words.lock.unlock();
                deadline = Deadline::Never;
                continue;
            };
            if turn.generation() != generation {
                let is_reset = self.nodes[node].load(Ordering::Relaxed) & RESET != 0;
                self.nodes[node].store(0, Ordering::Release);
                return if is_reset { Err(NotPassed::Broken) } else { Ok(index) };
            }
            // A reset may be about to mark the node.
            self.enter();
            self.nodes[node].store(0, Ordering::Release);
            self.words.lock.unlock();
            return Err(NotPassed::Broken);
        }
    }

    fn act<E>(
        &self,
        generation: u32,
        node: usize,
        index: u32,
        action: impl FnOnce() -> Result<(), E>,
    ) -> Result<u32, NotPassed<E>> {
        let outcome = action();
        self.enter();
        self.nodes[node].store(0, Ordering::Release);
        let turn = self.turn();
        let is_round = turn.is_round(generation);
        match outcome {
            Ok(()) if is_round => {
                self.set_turn(turn.next());
                self.words.lock.unlock();
                self.words.gate.open();
                Ok(index)
            }
            Err(error) if is_round => {
                self.break_and_leave_lock(turn);
                Err(NotPassed::ActionFailed(error))
            }
            outcome => {
                self.words.lock.unlock();
                outcome.map_err(NotPassed::ActionFailed)?;
                Err(NotPassed::Broken)
            }
        }
    }

    /// Waits while something is true of the turn; the turn of which it was not. Nothing if the deadline
    /// came before.
    fn wait_while(
        &self,
        stays: impl Fn(Turn) -> bool,
        own: Option<usize>,
        deadline: Deadline,
    ) -> Option<Turn> {
        let gate = &self.words.gate;
        let may_spin = self.may_spin && deadline != Deadline::Now;
        let mut spins = if may_spin { self.peers.spins(SPINS) } else { 0 };
        loop {
            let turn = self.turn();
            if !stays(turn) {
                return Some(turn);
            }
            if spins > 0 {
                spins -= 1;
                pause();
                continue;
            }
            if deadline.passed() {
                return None;
            }
            let ticket = gate.announce();
            if stays(self.turn()) && gate.wait(ticket, deadline) == Woken::Tick {
                self.look_after_the_dead(own);
            }
        }
    }

    // -- Under the lock --

    fn enter(&self) {
        // Nobody holds it for long, and the dead are found: without a deadline it is always got.
        if self.words.lock.lock(self.me, self.peers, Deadline::Never) == Ok(Held::Inherited) {
            let turn = self.turn();
            if !turn.is_broken() {
                self.set_turn(Turn(turn.0 | BROKEN));
                self.words.gate.open();
            }
        }
    }

    fn turn(&self) -> Turn {
        Turn(self.words.turn.load(Ordering::Acquire))
    }

    fn set_turn(&self, turn: Turn) {
        self.words.turn.store(turn.0, Ordering::Release);
    }

    fn break_and_leave_lock(&self, turn: Turn) {
        self.set_turn(Turn(turn.0 | BROKEN));
        self.words.lock.unlock();
        self.words.gate.open();
    }

    /// The nodes that were ever in use.
    fn used(&self) -> &[A64] {
        let used = self.words.used.load(Ordering::Acquire) as usize;
        &self.nodes[..used.min(self.nodes.len())]
    }

    // -- Deaths --

    /// At the end of a slice: breaks the barrier if a party of this round has died. Whoever waits looks
    /// at the next node after its own only; who has none looks at all.
    fn look_after_the_dead(&self, own: Option<usize>) {
        self.enter();
        let turn = self.turn();
        let nodes = self.used();
        let is_of_round = |node: &&A64| {
            let node = node.load(Ordering::Relaxed);
            node != 0 && (node >> 32) as u32 == turn.generation()
        };
        let (before, after) = nodes.split_at(own.map_or(0, |own| own + 1).min(nodes.len()));
        let mut others = after.iter().chain(before).filter(is_of_round);
        let has_died = |node: &A64| self.is_dead_party(node, turn.generation());
        let died = match own {
            Some(_) => others.next().is_some_and(has_died),
            None => others.any(has_died),
        };
        if died && !turn.is_broken() {
            self.break_and_leave_lock(turn);
        } else {
            self.words.lock.unlock();
        }
    }

    fn is_dead_party(&self, node: &A64, generation: u32) -> bool {
        let node = node.load(Ordering::Relaxed);
        node != 0 && (node >> 32) as u32 == generation && self.is_dead(node)
    }

    fn is_dead(&self, node: u64) -> bool {
        let owner = (node & OWNER) as u32;
        owner != self.me && self.peers.is_dead(owner)
    }
}
