//! Both kinds of lock as their owner sees them, for those who wait with a lock for something else.

use super::open_lock::OpenLock;
use super::raw_lock::{Held, Owner, Peers};
use super::rlock::{RecursiveLock, Tag};
use super::user_lock::UserLock;
use crate::deadline::Deadline;

/// A lock as a process sees it.
#[derive(Debug)]
pub struct OwnedLock<'a, P> {
    /// The lock.
    pub lock: &'a OpenLock,
    /// Who is alive.
    pub peers: &'a P,
    /// The thread, any of its process.
    pub who: Tag,
}

impl<P: Peers> UserLock for OwnedLock<'_, P> {
    fn is_mine(&self) -> bool {
        self.lock.owner(self.peers) == Owner::Process(self.who.owner())
    }

    fn release_fully(&self) -> Option<u32> {
        self.lock.release_if_mine(self.who, self.peers).then_some(1)
    }

    fn reacquire(&self, _depth: u32) -> Held {
        loop {
            // It comes to an end only by success.
            if let Ok(held) = self.lock.lock(self.who, self.peers, Deadline::Never) {
                return held;
            }
        }
    }

    fn take_from_dead(&self, _depth: u32) -> bool {
        self.lock.take_from_dead(self.who, self.peers)
    }
}

/// A re-entrant lock as a thread sees it.
#[derive(Debug)]
pub struct OwnedRLock<'a, P> {
    /// The lock.
    pub lock: &'a RecursiveLock,
    /// Who is alive.
    pub peers: &'a P,
    /// The thread.
    pub who: Tag,
}

impl<P: Peers> UserLock for OwnedRLock<'_, P> {
    fn is_mine(&self) -> bool {
        self.lock.is_mine(self.who)
    }

    fn release_fully(&self) -> Option<u32> {
        self.lock.release_all(self.who).ok()
    }

    fn reacquire(&self, depth: u32) -> Held {
        loop {
            // It comes to an end only by success.
            if let Ok(held) = self.lock.reacquire(self.who, depth, self.peers, Deadline::Never) {
                return held;
            }
        }
    }

    fn take_from_dead(&self, depth: u32) -> bool {
        self.lock.take_from_dead(self.who, depth, self.peers)
    }
}
