//! What a program itself says about the order of its lines.
//!
//! A line has three moments: it begins; it has looked, and waits if it has to; it is over, having returned
//! or never to return. After a worker's last line come the end of its body and of its process. Which moments
//! surely come before which is kept as a vector clock for each: of every worker, how many of its moments.

use std::collections::HashSet;

/// A moment: the worker's number and the moment's number there.
pub type Moment = (usize, usize);

/// A line: the worker's number and the line's number there. Behind the last line stands the worker's end.
pub type Place = (usize, usize);

/// The line begins.
pub fn begin((worker, line): Place) -> Moment {
    (worker, 3 * line)
}

/// The line has looked, and waits if it has to.
pub fn look((worker, line): Place) -> Moment {
    (worker, 3 * line + 1)
}

/// The line is over. Of a worker's end: its process is gone.
pub fn over((worker, line): Place) -> Moment {
    (worker, 3 * line + 2)
}

/// Moments all of which come before another one; or, if there are several lists, those of one of them.
type Alternatives = Vec<Vec<Moment>>;

/// The order of a program's lines.
#[derive(Clone, Debug)]
pub struct Order {
    before: Vec<Vec<Vec<Alternatives>>>,
    /// Workers whose process may end in the middle of their lines.
    cut_short: Vec<bool>,
    clocks: Vec<Vec<Vec<usize>>>,
    known: HashSet<(Alternatives, Moment)>,
}

impl Order {
    /// The order in which nothing is known but that each worker goes through its lines; `lines` says how many
    /// each has.
    pub fn new(lines: &[usize]) -> Order {
        let moments = |fill: usize| lines.iter().map(move |count| (3 * (count + 1), fill));
        Order {
            before: moments(0).map(|(count, _)| vec![Vec::new(); count]).collect(),
            cut_short: vec![false; lines.len()],
            clocks: moments(0).map(|(count, _)| vec![vec![0; lines.len()]; count]).collect(),
            known: HashSet::new(),
        }
    }

    /// The worker's process may end in the middle of its lines: its end tells nothing about what its later
    /// lines would have waited for.
    pub fn may_be_cut_short(&mut self, worker: usize) {
        self.cut_short[worker] = true;
    }

    /// One moment comes before another. Whether that is new.
    pub fn add(&mut self, earlier: Moment, later: Moment) -> bool {
        self.add_one_of(vec![vec![earlier]], later)
    }

    /// All moments of one of these lists come before that one, unless they come after it. Whether that is new.
    pub fn add_one_of(&mut self, earlier: Alternatives, later: Moment) -> bool {
        let new = !earlier.is_empty() && self.known.insert((earlier.clone(), later));
        if new {
            self.before[later.0][later.1].push(earlier);
        }
        new
    }

    /// Draws the conclusions from all that was added.
    pub fn conclude(&mut self) {
        let mut changed = true;
        while changed {
            changed = false;
            for worker in 0..self.clocks.len() {
                changed |= self.go_through(worker);
            }
        }
    }

    fn go_through(&mut self, worker: usize) -> bool {
        let mut mine = std::mem::take(&mut self.clocks[worker]);
        let end = mine.len() - 3;
        let mut changed = false;
        let mut clock = vec![0; self.clocks.len()];
        for moment in 0..mine.len() {
            clock.copy_from_slice(&mine[moment]);
            if moment > 0 && !(moment == end && self.cut_short[worker]) {
                join(&mut clock, &mine[moment - 1]);
            }
            for alternatives in &self.before[worker][moment] {
                let at = |(other, number): Moment| {
                    if other == worker { &mine[number] } else { &self.clocks[other][number] }
                };
                let mut common: Option<Vec<usize>> = None;
                for all in alternatives {
                    // What comes after this moment is no cause of it.
                    if all.iter().any(|earlier| at(*earlier)[worker] > moment) {
                        continue;
                    }
                    let mut one = vec![0; clock.len()];
                    for earlier in all {
                        join(&mut one, at(*earlier));
                        one[earlier.0] = one[earlier.0].max(earlier.1 + 1);
                    }
                    match &mut common {
                        None => common = Some(one),
                        Some(common) => {
                            common.iter_mut().zip(one).for_each(|(common, one)| *common = one.min(*common));
                        }
                    }
                }
                if let Some(common) = common {
                    join(&mut clock, &common);
                }
            }
            clock[worker] = moment + 1;
            if clock != mine[moment] {
                mine[moment].copy_from_slice(&clock);
                changed = true;
            }
        }
        self.clocks[worker] = mine;
        changed
    }

    /// Whether one moment surely comes before another, if both come.
    pub fn comes_before(&self, earlier: Moment, later: Moment) -> bool {
        earlier != later && self.clocks[later.0][later.1][earlier.0] > earlier.1
    }

    /// Whether one line is over before the other begins.
    pub fn is_over_before(&self, one: Place, other: Place) -> bool {
        self.comes_before(over(one), begin(other))
    }

    /// Whether one line waits, or is over, before the other begins.
    pub fn waits_before(&self, one: Place, other: Place) -> bool {
        self.comes_before(look(one), begin(other))
    }

    /// Whether one line is called before the other begins.
    pub fn is_called_before(&self, one: Place, other: Place) -> bool {
        one == other || self.comes_before(begin(one), begin(other))
    }
}

fn join(clock: &mut [usize], other: &[usize]) {
    clock.iter_mut().zip(other).for_each(|(mine, other)| *mine = (*mine).max(*other));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_goes_through_its_lines_one_after_another() {
        let mut order = Order::new(&[2, 2]);
        order.conclude();
        assert!(order.is_over_before((0, 0), (0, 1)));
        assert!(!order.is_over_before((0, 1), (0, 0)));
        assert!(!order.is_over_before((0, 0), (1, 1)) && !order.is_over_before((1, 1), (0, 0)));
    }

    #[test]
    fn order_goes_through_other_workers() {
        let mut order = Order::new(&[1, 2, 1]);
        order.add(over((0, 0)), begin((1, 0)));
        order.add(over((1, 1)), begin((2, 0)));
        order.conclude();
        assert!(order.is_over_before((0, 0), (2, 0)));
    }

    #[test]
    fn a_line_that_waits_is_not_over() {
        let mut order = Order::new(&[1, 1]);
        order.add(look((0, 0)), begin((1, 0)));
        order.conclude();
        assert!(order.waits_before((0, 0), (1, 0)) && order.is_called_before((0, 0), (1, 0)));
        assert!(!order.is_over_before((0, 0), (1, 0)));
    }

    #[test]
    fn of_several_causes_only_what_they_have_in_common_is_sure() {
        let mut order = Order::new(&[1, 2, 2, 1]);
        order.add(over((0, 0)), begin((1, 1)));
        order.add(over((0, 0)), begin((2, 1)));
        order.add_one_of(vec![vec![begin((1, 1))], vec![begin((2, 1))]], over((3, 0)));
        order.conclude();
        let over_3 = over((3, 0));
        assert!(order.comes_before(over((0, 0)), over_3));
        assert!(!order.comes_before(over((1, 0)), over_3) && !order.comes_before(over((2, 0)), over_3));
    }

    #[test]
    fn what_comes_later_is_no_cause() {
        let mut order = Order::new(&[1, 1, 1]);
        order.add(over((0, 0)), begin((2, 0)));
        order.add_one_of(vec![vec![begin((1, 0))], vec![begin((2, 0))]], over((0, 0)));
        order.conclude();
        assert!(order.comes_before(begin((1, 0)), over((0, 0))));
    }

    #[test]
    fn the_end_of_a_killed_worker_tells_nothing_about_its_later_lines() {
        for cut_short in [false, true] {
            let mut order = Order::new(&[1, 1, 1]);
            order.add(over((0, 0)), begin((1, 0)));
            order.add(over((1, 1)), begin((2, 0)));
            if cut_short {
                order.may_be_cut_short(1);
            }
            order.conclude();
            assert!(order.is_over_before((1, 0), (2, 0)), "none of its lines goes on");
            assert_eq!(order.is_over_before((0, 0), (2, 0)), !cut_short);
        }
    }
}
