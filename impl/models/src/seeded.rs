//! The reference's algorithms a second time, with the seeds in their text, and the same scenes.

#![allow(missing_docs, reason = "documented where it comes from")]

pub use crate::sync::{
    A32, A64, GATE_SLICE_NS, LOCK_SLICE_NS, Ordering, Woken, fence, fence_after_exchange, fence_by_others,
    fence_everywhere, fence_if_alone, futex_wait, futex_wake, hook, is_fenced_by_others, pause, platform,
};

macro_rules! seeded {
    ($($file:ident),*) => {
        $(
            #[allow(clippy::all, reason = "the source with changes made by a program")]
            pub mod $file {
                include!(concat!(env!("OUT_DIR"), "/", stringify!($file), ".rs"));
            }
        )*
    };
}

seeded!(
    barrier, bell, condition, done, ends, event, gate, mark, open_lock, owner, owner_lock, pop, push,
    raw_lock, record, resize, ring, rlock, semaphore, user_lock, words
);

#[path = "scenes/all.rs"]
pub mod scenes;
#[path = "surroundings.rs"]
pub mod surroundings;

/// The seeds whose place in the source is gone.
pub const MISSING: &[&str] = include!(concat!(env!("OUT_DIR"), "/missing.rs"));
