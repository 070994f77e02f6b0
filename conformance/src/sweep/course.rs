//! The order in which the points of a row are tried.

use std::time::Instant;

/// At how many points behind the last kill a victim must have come through, until there are no further
/// ones: beside survivors it does not always do the same.
const SPARED: usize = 2;

/// The points of a row.
#[derive(Debug)]
pub struct Course {
    next: Next,
    until: Instant,
    left: u64,
    /// The last point of a kill so far, and those behind it at which the victim came through.
    last_kill: u64,
    spared: Vec<u64>,
    cut: bool,
}

#[derive(Debug)]
enum Next {
    /// One after the other from 1, up to an end that shows itself.
    Counted(u64),
    /// From coarse to fine: the multiples of `stride`, then the ones half way between, and so on, so
    /// that what is left out lies evenly between what was done. They are positions among the points.
    Halved { stride: usize, at: usize, points: Vec<u64> },
    /// Places in this many nanoseconds, from a seed.
    Drawn { seed: u64, span: u64 },
    /// One alone.
    Single(Option<u64>),
}

impl Course {
    /// By operations: from 1 up to an end that shows itself.
    pub fn counted(most: u64, until: Instant) -> Course {
        Course::new(Next::Counted(0), most, until)
    }

    /// By instructions: these points.
    pub fn through(points: Vec<u64>, most: u64, until: Instant) -> Course {
        let stride = points.len().next_power_of_two();
        Course::new(Next::Halved { stride, at: 0, points }, most, until)
    }

    /// By the clock, for a victim that needs this many nanoseconds.
    pub fn drawn(extent_ns: u64, seed: u64, most: u64, until: Instant) -> Course {
        // A little more than it needs, for what another run may need more.
        let span = extent_ns.saturating_add(extent_ns / 8).max(1);
        Course::new(Next::Drawn { seed, span }, most, until)
    }

    /// For one point alone.
    pub fn only(point: u64, until: Instant) -> Course {
        Course::new(Next::Single(Some(point)), 1, until)
    }

    fn new(next: Next, most: u64, until: Instant) -> Course {
        Course { next, until, left: most, last_kill: 0, spared: Vec::new(), cut: false }
    }

    /// The next point.
    pub fn next(&mut self) -> Option<u64> {
        if self.left == 0 || Instant::now() >= self.until {
            self.cut |= !self.is_through();
            return None;
        }
        let point = match &mut self.next {
            Next::Single(point) => point.take(),
            Next::Counted(n) if self.spared.len() < SPARED => {
                *n += 1;
                Some(*n)
            }
            Next::Counted(_) => None,
            Next::Halved { stride, at, points } => {
                halved(stride, at, points.len()).map(|index| points[index])
            }
            Next::Drawn { seed, span } => {
                *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
                Some(mixed(*seed) % *span)
            }
        };
        if point.is_some() {
            self.left -= 1;
        }
        point
    }

    /// Takes in whether the victim was killed at the point; in any order.
    pub fn learn(&mut self, point: u64, killed: bool) {
        if killed {
            self.last_kill = self.last_kill.max(point);
            self.spared.retain(|spared| *spared > point);
        } else if point > self.last_kill {
            self.spared.push(point);
        }
    }

    /// Whether points were left out for want of time.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    fn is_through(&self) -> bool {
        match self.next {
            Next::Single(point) => point.is_none(),
            Next::Counted(_) => self.spared.len() >= SPARED,
            Next::Halved { stride, .. } => stride == 0,
            // Chance has no end.
            Next::Drawn { .. } => true,
        }
    }
}

/// The next of `0..end`, from coarse to fine. Done when the stride is 0.
fn halved(stride: &mut usize, at: &mut usize, end: usize) -> Option<usize> {
    loop {
        if *stride == 0 {
            return None;
        }
        if *at < end {
            let index = *at;
            // After the first round only what lies half way between is new.
            let is_first = end <= *stride;
            *at += if is_first { *stride } else { 2 * *stride };
            return Some(index);
        }
        *stride /= 2;
        *at = *stride;
    }
}

/// A number that looks like chance (splitmix64).
fn mixed(seed: u64) -> u64 {
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(3_600)
    }

    #[test]
    fn every_instruction_comes_once_and_the_coarse_ones_come_first() {
        for extent in [0, 1, 2, 3, 7, 8, 9, 1_000] {
            let mut course = Course::through((0..=extent).collect(), u64::MAX, later());
            let mut points: Vec<u64> = std::iter::from_fn(|| course.next()).collect();
            assert!(!course.is_cut());
            points.sort_unstable();
            assert_eq!(points, (0..=extent).collect::<Vec<u64>>());
        }
        let mut course = Course::through((0..=800).collect(), 5, later());
        assert_eq!(std::iter::from_fn(|| course.next()).collect::<Vec<u64>>(), [0, 512, 256, 768, 128]);
        assert!(course.is_cut());
    }

    #[test]
    fn no_points_are_through_at_once() {
        let mut course = Course::through(Vec::new(), u64::MAX, later());
        assert_eq!(course.next(), None);
        assert!(!course.is_cut());
    }

    #[test]
    fn operations_end_when_the_victim_comes_through() {
        let mut course = Course::counted(u64::MAX, later());
        let mut points = Vec::new();
        while let Some(point) = course.next() {
            points.push(point);
            course.learn(point, point <= 3);
        }
        assert_eq!(points, [1, 2, 3, 4, 5]);
        assert!(!course.is_cut());
    }

    #[test]
    fn a_kill_that_is_told_late_is_no_reason_to_go_on() {
        let mut course = Course::counted(u64::MAX, later());
        assert_eq!([course.next(), course.next(), course.next()], [Some(1), Some(2), Some(3)]);
        course.learn(2, false);
        course.learn(3, false);
        course.learn(1, true);
        assert_eq!(course.next(), None);
        course.learn(3, true);
        assert_eq!(course.next(), Some(4));
    }

    #[test]
    fn chance_stays_within_its_span_and_comes_again_from_its_seed() {
        let draw = |seed| {
            let mut course = Course::drawn(800, seed, 50, later());
            std::iter::from_fn(|| course.next()).collect::<Vec<u64>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).len() == 50 && draw(1).iter().all(|point| *point < 900));
    }

    #[test]
    fn no_time_is_no_points() {
        let mut course = Course::through((0..=8).collect(), u64::MAX, Instant::now());
        assert_eq!(course.next(), None);
        assert!(course.is_cut());
    }
}
