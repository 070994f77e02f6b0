//! A lock that its owner, one thread of one process, may take again.
//!
//! # State
//! The owner's tag, its depth, and the lock below. The tag names process *and* thread, so that one load
//! answers whether it is mine: only I store mine, after taking the lock, and I take it away before
//! giving the lock back. What a dead owner leaves there is nobody's tag any more. Since nobody else can
//! give it back, the lock below is one whose release is a plain store.
//!
//! # Invariants
//! 1. While a tag of a live process is there, that thread holds the lock below.
//! 2. Tag and depth are written only by whoever holds the lock below.

use super::owner_lock::OwnerLock;
use super::raw_lock::{Held, Owner, Peers, TimedOut};
use super::{A32, A64, Ordering};
use crate::deadline::Deadline;

/// So many bits of a tag are the thread's number.
const THREAD_BITS: u32 = 34;

/// A thread of a process, as no other thread is named while that process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(u64);

impl Tag {
    /// The thread with this number, which the process `owner` (30 bits, not 0) gives to no other one.
    #[inline]
    pub const fn new(owner: u32, thread: u64) -> Tag {
        Tag((owner as u64) << THREAD_BITS | thread & ((1 << THREAD_BITS) - 1))
    }

    /// The process's owner word.
    #[inline]
    pub fn owner(self) -> u32 {
        (self.0 >> THREAD_BITS) as u32
    }

    /// The tag as a word, which is not 0.
    #[inline]
    pub fn word(self) -> u64 {
        self.0
    }
}

/// The caller does not own the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOwner;

/// Why the lock was not taken, or not once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Somebody else held it until the deadline.
    TimedOut,
    /// The caller owns it as often as can be counted.
    TooDeep,
}

/// The lock.
#[derive(Debug)]
#[repr(C)]
pub struct RecursiveLock {
    tag: A64,
    lock: OwnerLock,
    depth: A32,
}

impl RecursiveLock {
    /// A free lock.
    pub fn new() -> RecursiveLock {
        RecursiveLock { tag: A64::new(0), lock: OwnerLock::new(), depth: A32::new(0) }
    }

    /// Whether this thread owns the lock.
    #[inline]
    pub fn is_mine(&self, who: Tag) -> bool {
        self.tag.load(Ordering::Relaxed) == who.0
    }

    /// Takes the lock, or takes it once more.
    ///
    /// # Errors
    /// [`NotTaken`].
    #[inline]
    pub fn acquire(&self, who: Tag, peers: &impl Peers, deadline: Deadline) -> Result<Held, NotTaken> {
        if self.is_mine(who) {
            return self.deepen();
        }
        let held = match deadline {
            Deadline::Now => self.lock.lock_now(who.owner(), peers),
            _ => self.lock.lock(who.owner(), peers, deadline),
        };
        let held = held.map_err(|TimedOut| NotTaken::TimedOut)?;
        self.own(who, 1);
        Ok(held)
    }

    #[inline]
    fn deepen(&self) -> Result<Held, NotTaken> {
        let deeper = self.depth.load(Ordering::Relaxed).checked_add(1).ok_or(NotTaken::TooDeep)?;
        self.depth.store(deeper, Ordering::Release);
        Ok(Held::Clean)
    }

    /// The lock below has been taken: nothing of an earlier owner counts.
    #[inline]
    fn own(&self, who: Tag, depth: u32) {
        self.depth.store(depth, Ordering::Release);
        self.tag.store(who.0, Ordering::Release);
    }

    /// Gives the lock back once; others can take it when this was the last time.
    ///
    /// # Errors
    /// [`NotOwner`]: nothing has changed.
    #[inline]
    pub fn release(&self, who: Tag) -> Result<(), NotOwner> {
        if !self.is_mine(who) {
            return Err(NotOwner);
        }
        match self.depth.load(Ordering::Relaxed) {
            0 | 1 => self.disown(),
            depth => self.depth.store(depth - 1, Ordering::Release),
        }
        Ok(())
    }

    #[inline]
    fn disown(&self) {
        // First: once the lock is free, another thread of this process may take it, and must not be
        // taken for us.
        self.tag.store(0, Ordering::Release);
        self.lock.unlock();
    }

    /// Gives the lock back however often it is owned; how often that was.
    ///
    /// # Errors
    /// [`NotOwner`]: nothing has changed.
    pub fn release_all(&self, who: Tag) -> Result<u32, NotOwner> {
        if !self.is_mine(who) {
            return Err(NotOwner);
        }
        let depth = self.depth.load(Ordering::Relaxed);
        self.disown();
        Ok(depth)
    }

    /// Takes the lock as often as [`release_all`](Self::release_all) gave it back.
    ///
    /// # Errors
    /// [`TimedOut`] if somebody else held it until the deadline.
    pub fn reacquire(
        &self,
        who: Tag,
        depth: u32,
        peers: &impl Peers,
        deadline: Deadline,
    ) -> Result<Held, TimedOut> {
        let held = self.lock.lock(who.owner(), peers, deadline)?;
        self.own(who, depth);
        Ok(held)
    }

    /// Takes the lock to this depth if its owner has died, or was found dead and nobody has taken it
    /// since. Never waits: for those who wait for something else than the lock.
    pub fn take_from_dead(&self, who: Tag, depth: u32, peers: &impl Peers) -> bool {
        let taken = self.lock.take_from_dead(who.owner(), peers);
        if taken {
            self.own(who, depth);
        }
        taken
    }

    /// How often the owner owns the lock; 0 if nobody does.
    pub fn depth(&self) -> u32 {
        if self.tag.load(Ordering::Acquire) == 0 { 0 } else { self.depth.load(Ordering::Relaxed) }
    }

    /// Whose process holds the lock at this moment.
    pub fn owner(&self) -> Owner {
        self.lock.owner()
    }
}
