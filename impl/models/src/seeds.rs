//! Seeds: defects put into the text of the algorithms, each behind a switch of its own.
//!
//! The build script writes a second copy of the reference's source with all of them in it; `SEED`
//! stands for the question whether this one is on. The first copy is the source itself.

#[path = "seeds/channel.rs"]
mod channel;
#[path = "seeds/locks.rs"]
mod locks;
#[path = "seeds/slots.rs"]
mod slots;
#[path = "seeds/waits.rs"]
mod waits;

/// One defect, as a change of text.
pub struct Seed {
    /// What is wrong.
    pub name: &'static str,
    /// The file, below `sync`.
    pub file: &'static str,
    /// What is there, exactly once.
    pub find: &'static str,
    /// What stands there instead.
    pub replace: &'static str,
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Seed> {
    [locks::SEEDS, waits::SEEDS, slots::SEEDS, channel::SEEDS].into_iter().flatten()
}
