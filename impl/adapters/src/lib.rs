//! Implementations in Rust, one file each, and the list of them.

mod patience;
pub mod posix;
pub mod reference;
pub mod threads;

use procession_contract::{Body, Implementation};

/// An implementation as the command names it.
pub struct Entry {
    /// The name that users type.
    pub name: &'static str,
    /// The implementation.
    pub implementation: fn() -> &'static dyn Implementation,
    /// Which clauses it is expected not to keep, and why: the text of its `expect.toml`.
    pub expect: &'static str,
}

/// The implementations of this crate, whose workers run `B`.
pub fn list<B: Body>() -> Vec<Entry> {
    vec![
        Entry {
            name: "reference",
            implementation: reference::implementation::<B>,
            expect: include_str!("reference/expect.toml"),
        },
        Entry {
            name: "threads",
            implementation: threads::implementation::<B>,
            expect: include_str!("threads/expect.toml"),
        },
        Entry {
            name: "posix",
            implementation: posix::implementation,
            expect: include_str!("posix/expect.toml"),
        },
        Entry {
            name: "posix_robust",
            implementation: posix::robust,
            expect: include_str!("posix/expect_robust.toml"),
        },
    ]
}

/// The implementation of this name.
pub fn find<B: Body>(name: &str) -> Option<Entry> {
    list::<B>().into_iter().find(|entry| entry.name == name)
}
