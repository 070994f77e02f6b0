//! A position in a stream of records and the number of records before it, in one word, so that
//! both move by a single store.

const COUNT_BITS: u32 = 31;
const COUNT: u64 = (1 << COUNT_BITS) - 1;
const POSITION: u64 = (1 << (64 - COUNT_BITS)) - 1;

/// Positions are counted in units of this many bytes.
pub const UNIT: usize = 8;

/// The most records that can lie between two marks.
pub const MOST_ITEMS: u32 = COUNT as u32;

/// The largest ring, in units: half of what positions can tell apart (32 GiB).
pub const MOST_UNITS: u64 = POSITION.div_ceil(2);

/// `[63..31 position in units][30..0 records]`, both modulo their width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub u64);

impl Mark {
    /// The position, in units.
    #[inline]
    pub fn position(self) -> u64 {
        self.0 >> COUNT_BITS
    }

    /// The mark this many units and records later.
    #[inline]
    pub fn advanced(self, units: u64, items: u32) -> Mark {
        let position = (self.position() + units) & POSITION;
        let count = self.0.wrapping_add(u64::from(items)) & COUNT;
        Mark(position << COUNT_BITS | count)
    }

    /// How many units lie between an earlier mark and this one.
    #[inline]
    pub fn units_since(self, earlier: Mark) -> u64 {
        self.position().wrapping_sub(earlier.position()) & POSITION
    }

    /// How many records lie between an earlier mark and this one.
    #[inline]
    pub fn items_since(self, earlier: Mark) -> u32 {
        (self.0.wrapping_sub(earlier.0) & COUNT) as u32
    }

    /// The number of records so far, modulo 2^31.
    #[inline]
    pub fn count(self) -> u32 {
        (self.0 & COUNT) as u32
    }
}

/// How many records lie between two counts of records, modulo 2^31.
pub fn count_between(earlier: u32, later: u32) -> u32 {
    later.wrapping_sub(earlier) & COUNT as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers_wrap_around_without_touching_each_other() {
        let last = Mark(u64::MAX);
        let next = last.advanced(3, 2);
        assert_eq!((next.position(), next.count()), (2, 1));
        assert_eq!((next.units_since(last), next.items_since(last)), (3, 2));
        assert_eq!(count_between(last.count(), next.count()), 2);
    }
}
