//! Which elements of an array a slice means.

use std::ops::{Bound, RangeBounds};

/// Some elements of an array at equal distances, as a slice means them in Python: negative positions
/// count from the end, positions beyond an end mean that end, and a negative step goes backwards.
///
/// ```
/// use procession_reference::array::Slice;
///
/// let backwards = Slice { step: -1, ..Slice::from(..) };
/// assert_eq!(Slice::from(1..3).positions(5).unwrap().collect::<Vec<_>>(), [1, 2]);
/// assert_eq!(backwards.positions(3).unwrap().collect::<Vec<_>>(), [2, 1, 0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The first; `None` for the end from which the step leads away.
    pub from: Option<i64>,
    /// The one behind the last; `None` for beyond the end to which the step leads.
    pub to: Option<i64>,
    /// How far it is from one to the next; not 0.
    pub step: i64,
}

impl<R: RangeBounds<usize>> From<R> for Slice {
    fn from(range: R) -> Slice {
        let position = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
        let from = match range.start_bound() {
            Bound::Included(at) => Some(position(*at)),
            Bound::Excluded(at) => Some(position(*at).saturating_add(1)),
            Bound::Unbounded => None,
        };
        let to = match range.end_bound() {
            Bound::Included(at) => Some(position(*at).saturating_add(1)),
            Bound::Excluded(at) => Some(position(*at)),
            Bound::Unbounded => None,
        };
        Slice { from, to, step: 1 }
    }
}

/// The positions that a slice means.
#[derive(Clone, Debug)]
pub struct Positions {
    next: usize,
    step: i64,
    left: usize,
}

impl Slice {
    /// The positions that it means in an array of this length, all of them below it; `None` if the step
    /// is 0.
    pub fn positions(self, len: usize) -> Option<Positions> {
        let len = len as i128;
        let step = i128::from(self.step);
        // Where a walk can begin and where it can end: forwards 0 and `len`, backwards the last and -1.
        let (lowest, highest) = if step > 0 { (0, len) } else { (-1, len - 1) };
        let place = |at: i64| {
            let at = i128::from(at);
            (if at < 0 { at + len } else { at }).clamp(lowest, highest)
        };
        let (first, end) = match self.step {
            0 => return None,
            1.. => (self.from.map_or(lowest, place), self.to.map_or(highest, place)),
            _ => (self.from.map_or(highest, place), self.to.map_or(lowest, place)),
        };
        let distance = if step > 0 { end - first } else { first - end };
        let left = if distance <= 0 { 0 } else { (distance - 1) / step.abs() + 1 };
        // Where nothing is left `first` may be -1, and is not used.
        Some(Positions { next: first.max(0) as usize, step: self.step, left: left as usize })
    }
}

impl Positions {
    /// Where they begin, if they follow each other without gaps, forwards.
    pub(crate) fn run(&self) -> Option<usize> {
        (self.step == 1 || self.left <= 1).then_some(self.next)
    }
}

impl Iterator for Positions {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let at = self.next;
        // Behind the last one it may be anything.
        self.next = at.wrapping_add_signed(self.step as isize);
        Some(at)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Positions {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the language's reference says, step by step.
    fn by_definition(slice: Slice, len: i64) -> Vec<usize> {
        let place = |at: i64, low: i64, high: i64| (if at < 0 { at + len } else { at }).clamp(low, high);
        let mut found = Vec::new();
        if slice.step > 0 {
            let mut at = slice.from.map_or(0, |at| place(at, 0, len));
            while at < slice.to.map_or(len, |at| place(at, 0, len)) {
                found.push(at as usize);
                at += slice.step;
            }
        } else {
            let mut at = slice.from.map_or(len - 1, |at| place(at, -1, len - 1));
            while at > slice.to.map_or(-1, |at| place(at, -1, len - 1)) {
                found.push(at as usize);
                at += slice.step;
            }
        }
        found
    }

    proptest! {
        #[test]
        fn positions_are_those_of_python(
            from in proptest::option::of(-8_i64..8),
            to in proptest::option::of(-8_i64..8),
            step in prop_oneof![-4_i64..0, 1_i64..5],
            len in 0_i64..6,
        ) {
            let slice = Slice { from, to, step };
            let positions = slice.positions(len as usize).expect("a step");
            prop_assert_eq!(positions.len(), by_definition(slice, len).len());
            prop_assert_eq!(positions.collect::<Vec<_>>(), by_definition(slice, len));
        }
    }

    #[test]
    fn extreme_positions_and_steps_do_no_harm() {
        let positions =
            |from, to, step| Slice { from, to, step }.positions(3).map(|it| it.collect::<Vec<_>>());
        assert_eq!(positions(Some(i64::MIN), Some(i64::MAX), i64::MAX), Some(vec![0]));
        assert_eq!(positions(Some(i64::MAX), Some(i64::MIN), i64::MIN), Some(vec![2]));
        assert_eq!(positions(None, None, 0), None);
        assert_eq!(Slice::from(..=usize::MAX).positions(2).expect("a step").count(), 2);
        assert_eq!(Slice::from(5..).positions(0).expect("a step").count(), 0);
    }
}
