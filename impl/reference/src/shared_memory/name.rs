//! Names of blocks: which are possible, and new ones.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest name of a block, in bytes: what `shm_open` takes in every version of the C library.
pub const LONGEST_NAME: usize = 254;

/// Why a text is no name of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadName {
    /// It is empty.
    Empty,
    /// It holds a zero byte, where the system would cut it off.
    Nul,
    /// It is `.` or `..`, which are directories.
    Reserved,
    /// It holds a slash; names are given without the one that the system puts in front.
    Slash,
    /// It is longer than [`LONGEST_NAME`].
    TooLong {
        /// How many bytes it has.
        len: usize,
    },
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadName::Empty => f.write_str("the name is empty"),
            BadName::Nul => f.write_str("the name holds a zero byte"),
            BadName::Reserved => f.write_str("the name is that of a directory (`.` or `..`)"),
            BadName::Slash => f.write_str("the name holds a slash"),
            BadName::TooLong { len } => {
                write!(f, "the name has {len} bytes, the most are {LONGEST_NAME}")
            }
        }
    }
}

impl std::error::Error for BadName {}

/// Checks a name.
pub(super) fn check(name: &str) -> Result<(), BadName> {
    match name {
        "" => Err(BadName::Empty),
        "." | ".." => Err(BadName::Reserved),
        _ if name.contains('\0') => Err(BadName::Nul),
        _ if name.contains('/') => Err(BadName::Slash),
        _ if name.len() > LONGEST_NAME => Err(BadName::TooLong { len: name.len() }),
        _ => Ok(()),
    }
}

/// New names, one after the other. They are random, so that two programs hardly ever meet; that they
/// are free is for the creation to find out.
pub(super) fn fresh() -> impl Iterator<Item = String> {
    // The seed differs between programs; the pid and the count between what a fork has made equal.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let random = RandomState::new();
    std::iter::from_fn(move || {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let number = random.hash_one((std::process::id(), crate::sync::monotonic_ns(), count));
        Some(format!("procession_{number:016x}"))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", BadName::Empty)]
    #[case(".", BadName::Reserved)]
    #[case("..", BadName::Reserved)]
    #[case("a\0b", BadName::Nul)]
    #[case("/a", BadName::Slash)]
    #[case("a/../b", BadName::Slash)]
    #[case(&"é".repeat(128), BadName::TooLong { len: 256 })]
    fn an_impossible_name_is_refused_with_its_reason(#[case] name: &str, #[case] expected: BadName) {
        assert_eq!(check(name), Err(expected));
    }

    #[test]
    fn ordinary_and_fresh_names_are_possible() {
        assert_eq!(check("psm_12ab"), Ok(()));
        assert_eq!(check("Übung 1"), Ok(()));
        assert_eq!(check(&"a".repeat(LONGEST_NAME)), Ok(()));
        let names: std::collections::BTreeSet<_> = fresh().take(1000).collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|name| check(name).is_ok()));
    }
}
