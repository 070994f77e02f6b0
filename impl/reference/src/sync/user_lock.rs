//! What a condition needs of the lock that its user holds: whether he does, and how to give up all of
//! it and have all of it back.

use super::raw_lock::Held;

/// A lock as one process, or one of its threads, sees it.
pub trait UserLock {
    /// Whether the caller owns the lock: of a lock without a memory for threads, whether its process does.
    fn is_mine(&self) -> bool;

    /// Gives the lock up, whatever the depth to which the caller owns it; that depth. Nothing, and
    /// nothing is done, if he does not own it.
    fn release_fully(&self) -> Option<u32>;

    /// Takes the lock again, to this depth, and waits for it as long as needed.
    fn reacquire(&self, depth: u32) -> Held;

    /// Takes the lock, to this depth, if its holder has died or if it was found so and nobody has taken
    /// it since. Never waits. Whoever takes it is the one who is told of that death.
    fn take_from_dead(&self, depth: u32) -> bool;
}
