//! Turns of loops on a thread's way: which of them go the same way, instruction by instruction, as the
//! ones before and behind them.
//!
//! A loop that copies a block, or looks a thousand times before it sleeps, makes most of a way. To kill in
//! its turn 517 rather than 516 shows nothing new, so of a row of turns alike only those numbered 1, 2, 4,
//! 8 … are worth a visit, and the last one, behind which something else comes.

use std::collections::HashMap;
use std::ops::Range;

/// The instructions of a way, by their numbers, that may be left out: in order, and apart from each other.
pub fn alike(addresses: &[u64]) -> Vec<Range<usize>> {
    let mut left_out: Vec<Range<usize>> = Vec::new();
    let mut last: HashMap<u64, usize> = HashMap::new();
    // Up to where the way is known to repeat itself after so many instructions, and no longer.
    let mut known = (0, 0);
    let mut at = 0;
    while at < addresses.len() {
        let Some(before) = last.insert(addresses[at], at) else {
            at += 1;
            continue;
        };
        let turn = at - before;
        if known.0 == turn && at < known.1 {
            at += 1;
            continue;
        }
        let same =
            (at..addresses.len()).take_while(|next| addresses[*next] == addresses[next - turn]).count();
        known = (turn, at + same);
        if same < 2 * turn {
            at += 1;
            continue;
        }
        last.extend((at..at + same).map(|next| (addresses[next], next)));
        leave_out(&mut left_out, before, turn, at + same);
        at += same;
    }
    left_out
}

/// Adds what may be left out of a loop that begins here, has turns of this length, and ends there, perhaps
/// in the middle of a turn. What was found in its first turn comes again in every one that is kept, unless
/// the way leaves the turn first.
fn leave_out(left_out: &mut Vec<Range<usize>>, begin: usize, turn: usize, end: usize) {
    let within: Vec<_> = left_out.iter().filter(|range| range.start >= begin).cloned().collect();
    let last = (end - begin) / turn;
    for number in 2..=last + 1 {
        let shift = (number - 1) * turn;
        if number.is_power_of_two() || number >= last {
            for range in within.iter().filter(|range| range.end + shift < end) {
                add(left_out, range.start + shift..range.end + shift);
            }
        } else {
            add(left_out, begin + shift..begin + shift + turn);
        }
    }
}

/// Adds a range behind all others.
fn add(ranges: &mut Vec<Range<usize>>, range: Range<usize>) {
    match ranges.last_mut() {
        _ if range.is_empty() => {}
        Some(before) if before.end == range.start => before.end = range.end,
        _ => ranges.push(range),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turns(body: &[u64], times: usize) -> Vec<u64> {
        body.iter().copied().cycle().take(times * body.len()).collect()
    }

    #[test]
    fn turns_1_2_4_8_and_the_last_are_kept() {
        let way = [vec![7], turns(&[1, 2, 3], 12), vec![8, 9]].concat();
        // From 1 on, three instructions a turn: the third, the fifth to seventh, the ninth to eleventh.
        assert_eq!(alike(&way), [7..10, 13..22, 25..34]);
    }

    #[test]
    fn three_turns_are_all_kept_and_two_visits_are_no_loop() {
        assert_eq!(alike(&turns(&[1, 2, 3], 3)), []);
        assert_eq!(alike(&[1, 2, 3, 4, 1, 2, 3, 5]), []);
        assert_eq!(alike(&[]), []);
    }

    #[test]
    fn a_loop_within_a_loop_is_left_out_with_its_turn() {
        let body = [vec![1], turns(&[2, 3], 6), vec![4]].concat();
        let way = [vec![7], turns(&body, 5), vec![8]].concat();
        let found = alike(&way);
        // The inner loop's third and fifth turn, and of five turns of the outer one the third.
        assert_eq!(found, [6..8, 10..12, 20..22, 24..26, 29..43, 48..50, 52..54, 62..64, 66..68]);
    }

    proptest! {
        /// What is left out has a twin, one turn before, as far as one turn behind.
        #[test]
        fn what_is_left_out_repeats_what_was_before(way in proptest::collection::vec(0u64..4, 0..200)) {
            let found = alike(&way);
            for pair in found.windows(2) {
                prop_assert!(pair[0].end < pair[1].start, "{:?}", found);
            }
            for number in found.iter().cloned().flatten() {
                let has_twin = (1..=number).any(|turn| {
                    let next = number + 1;
                    way[number - turn] == way[number] && next < way.len() && way[next - turn] == way[next]
                });
                prop_assert!(has_twin, "{} of {:?}", number, way);
            }
        }

        #[test]
        fn a_loop_of_any_length_is_seen(length in 1u64..40, times in 5usize..300) {
            let body: Vec<u64> = (0..length).collect();
            let way = [vec![100], turns(&body, times), vec![101]].concat();
            let left = way.len() - alike(&way).iter().map(ExactSizeIterator::len).sum::<usize>();
            let kept = times.ilog2() as usize + 2;
            prop_assert!(left <= 2 + kept * length as usize, "{left} of {}", way.len());
        }
    }
}
