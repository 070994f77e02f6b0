//! Races of a program's own: two lines that the program leaves unordered, of which one changes what the other
//! is expected to find. Whoever is judged by such a program is accused at random.
//!
//! Nothing is run. [`order`] has what the program itself says about the order of its lines, [`touch`] what
//! each call reads or changes, [`answer`] how much an expectation leaves open; the rules here put them
//! together. They know no numbers of permits or items: where they cannot tell, they are silent rather than
//! wrong.

mod answer;
mod awaited;
#[cfg(test)]
mod cases;
mod how;
mod lines;
mod names;
mod order;
mod touch;
mod waits;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use procession_contract::Call;

use answer::Kind;
use how::{How, Part, Patience};
use lines::{Lines, Use};
use order::{Place, begin};

use super::{Judge, Program};

/// Two lines whose order decides whether an expectation is met.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Race {
    /// What they meet at.
    pub cell: String,
    /// The line that expects something.
    pub one: String,
    /// The line that changes it.
    pub other: String,
}

impl std::fmt::Display for Race {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} and {} come in no order", self.cell, self.one, self.other)
    }
}

/// The races of a program.
pub fn races(program: &Program) -> Vec<Race> {
    let lines = Lines::of(program);
    let mut found = BTreeSet::new();
    for (cell, uses) in &lines.cells {
        let here = Here::new(&lines, cell, uses);
        // One for each pair of workers is enough to know.
        let mut seen = here.kept_apart();
        for one in uses.iter().filter(|one| !one.is_untroubled()) {
            for other in uses.iter().filter(|other| other.place.0 != one.place.0 && !other.only_looks()) {
                let pair = (one.place.0, other.place.0);
                if !seen.contains(&pair)
                    && one.touch.part.meets(&other.touch.part)
                    && here.same_block(one, other)
                    && here.is_race(one, other)
                {
                    seen.insert(pair);
                    found.insert(Race {
                        cell: cell.clone(),
                        one: lines.describe(one.place),
                        other: lines.describe(other.place),
                    });
                }
            }
        }
    }
    found.into_iter().collect()
}

impl Lines<'_> {
    /// A line in a few words.
    fn describe(&self, (worker, number): Place) -> String {
        let role = &self.program.roles[worker];
        let name = &role.worker.name;
        match role.lines.get(number) {
            Some(line) => {
                let mut call = format!("{:?}", line.step.call);
                if let Some((at, _)) = call.char_indices().nth(60) {
                    call.truncate(at);
                }
                format!("line {number} of `{name}` ({} {call})", line.step.on)
            }
            None => format!("the end of `{name}`"),
        }
    }
}

/// One piece of state with all that touches it.
struct Here<'a> {
    lines: &'a Lines<'a>,
    cell: &'a str,
    uses: &'a [Use],
    /// Of each line, the locks that its worker has meanwhile; with them, whether the worker leaves the piece of
    /// state as it found it.
    passages: HashMap<Place, Vec<(&'a str, bool)>>,
    /// The lines before which their worker has waited for a word to be what it is.
    having_waited: HashSet<Place>,
    /// The lines that find out what is there.
    asking: Vec<&'a Use>,
}

impl Use {
    /// Whether nothing that others do can matter to it.
    fn is_untroubled(&self) -> bool {
        self.answer.not_before.is_empty()
            && !self.answer.is_told
            && match self.touch.how {
                How::Passes => true,
                How::Writes(_) | How::Gives(_) | How::Adds => false,
                How::Takes(Patience::Unlimited) if self.answer.kind == Kind::Success => true,
                _ => self.answer.kind == Kind::Open,
            }
    }

    /// Whether it changes nothing.
    fn only_looks(&self) -> bool {
        matches!(
            self.touch.how,
            How::Sees | How::Needs | How::Awaits { .. } | How::AwaitsFlag(_) | How::AwaitsNotice
        )
    }
}

impl<'a> Here<'a> {
    fn new(lines: &'a Lines<'a>, cell: &'a str, uses: &'a [Use]) -> Here<'a> {
        let asking = uses.iter().filter(|each| match each.touch.how {
            How::Sees => matches!(each.answer.kind, Kind::Fixed | Kind::Refusal),
            How::Takes(_) => !each.answer.items.is_empty(),
            _ => false,
        });
        let mut here = Here {
            lines,
            cell,
            uses,
            passages: HashMap::new(),
            having_waited: HashSet::new(),
            asking: asking.collect(),
        };
        if cell.starts_with("word") {
            here.having_waited = here.having_waited();
        }
        if uses.iter().any(|each| each.touch.how == How::Sees) {
            here.passages = uses.iter().map(|each| (each.place, here.passages_of(each.place))).collect();
        }
        here
    }

    /// The lines that are said to end the wait of a line.
    fn said<'u>(&'u self, one: &'u Use) -> impl Iterator<Item = Place> + 'u {
        one.answer.not_before.iter().filter_map(|(place, _)| self.lines.program.index_of(place))
    }

    fn is_over_before(&self, one: &Use, other: &Use) -> bool {
        let order = &self.lines.order;
        // What a process did to end another is done when that ends.
        order.is_over_before(one.place, other.place)
            || other.is_end(self.lines.program) && order.comes_before(begin(one.place), begin(other.place))
    }

    fn are_ordered(&self, one: &Use, other: &Use) -> bool {
        self.is_over_before(one, other) || self.is_over_before(other, one)
    }

    /// Whether the order of the two decides what the first one finds, or what is there after both.
    fn is_race(&self, one: &Use, other: &Use) -> bool {
        if let (How::Gives(_), How::Gives(_))
        | (How::Writes(_), How::Writes(_) | How::Adds)
        | (How::Adds, How::Adds) = (&one.touch.how, &other.touch.how)
        {
            return self.are_left_in_any_order(one, other);
        }
        // Who is told no leaves everything as it is.
        let has_no_effect = other.answer.kind == Kind::Refusal;
        if has_no_effect && !matches!(other.touch.how, How::Meets | How::Regains(_)) {
            return false;
        }
        match one.touch.how {
            How::Sees | How::Needs => self.is_seen(one, other),
            How::Takes(patience) => self.is_taken(one, patience, other),
            // It is to wait for whoever has the lock.
            How::Passes => {
                matches!(other.touch.how, How::Takes(_))
                    && self.is_holder(one, other)
                    && !self.is_over_before(other, one)
            }
            How::Awaits { patience, ready, alone } => self.is_awaited(one, patience, ready, alone, other),
            How::AwaitsFlag(patience) => self.is_flag_awaited(one, patience, other),
            How::AwaitsNotice => self.is_notice_awaited(one, other),
            How::Meets => self.is_met(one, other),
            How::Regains(timed) => timed && self.is_regained(one, other),
            How::Writes(_) | How::Adds | How::Gives(_) | How::Raises(_) | How::Notifies => false,
        }
    }

    fn is_seen(&self, one: &Use, other: &Use) -> bool {
        let cares = match one.touch.how {
            How::Needs => one.answer.kind != Kind::Open,
            _ => matches!(one.answer.kind, Kind::Fixed | Kind::Refusal),
        };
        if !cares
            || self.are_ordered(one, other)
            || self.having_waited.contains(&one.place)
            || self.is_within_another_passage(one, other)
        {
            return false;
        }
        let order = &self.lines.order;
        let server = self.cell.starts_with("server");
        match other.touch.how {
            // Who waits has arrived.
            How::Meets => self.cell.starts_with("parties") && !order.waits_before(other.place, one.place),
            // What it does comes before what it waits for.
            How::Raises(_) => !order.waits_before(other.place, one.place),
            // A server that sleeps serves; who waits for one that ends has asked.
            How::Writes(_) if server => {
                !(order.waits_before(other.place, one.place)
                    || one.answer.kind == Kind::Refusal && self.is_cut_off(one, other))
            }
            // Who waits in vain takes nothing.
            How::Takes(_) => !order.waits_before(other.place, one.place),
            // Whose connection was accepted had found the door open.
            How::Writes(_) if self.cell.starts_with("door") => {
                !order.is_called_before(one.place, other.place)
            }
            // More of what is there already is no less.
            How::Gives(_) => !(self.is_told_there_is_some(one) && self.is_there_before(one)),
            _ => true,
        }
    }

    /// Whether a line asks a server that has ended already, or waits, or an earlier line of its worker does, for
    /// one that is ended meanwhile.
    fn is_cut_off(&self, one: &Use, other: &Use) -> bool {
        let order = &self.lines.order;
        self.uses.iter().any(|each| match each.touch.how {
            How::Writes(_) => self.is_over_before(each, one),
            How::Needs => {
                each.place.0 == one.place.0
                    && each.place.1 <= one.place.1
                    && each.answer.kind == Kind::Refusal
                    && order.waits_before(each.place, other.place)
            }
            _ => false,
        })
    }

    /// Whether a line asks whether there is something, and is told so.
    fn is_told_there_is_some(&self, one: &Use) -> bool {
        let asks = self.lines.line(one.place).is_some_and(|line| line.step.call == Call::Empty);
        asks && one.answer.number() == Some(0)
    }

    /// The lines before which their worker has waited, under a lock that it still has, until the word is what it
    /// is now.
    fn having_waited(&self) -> HashSet<Place> {
        let awaits = self
            .uses
            .iter()
            .filter(|each| matches!(each.touch.how, How::Awaits { .. }) && each.answer.kind == Kind::Success);
        let held = awaits.flat_map(|each| {
            let passages = self.lines.passages[each.place.0].iter();
            let here = passages.filter(|(_, lines)| lines.contains(&each.place.1));
            here.flat_map(|(_, lines)| (each.place.1..lines.end).map(|line| (each.place.0, line)))
        });
        held.collect()
    }

    /// Whether a lock keeps the two apart, and whoever has it leaves everything as it was.
    fn is_within_another_passage(&self, one: &Use, other: &Use) -> bool {
        let (Some(mine), Some(theirs)) = (self.passages.get(&one.place), self.passages.get(&other.place))
        else {
            return false;
        };
        theirs.iter().any(|(lock, neutral)| *neutral && mine.iter().any(|(my_lock, _)| my_lock == lock))
    }

    /// Pairs of workers that a lock keeps apart, each of which leaves the piece of state as it found it.
    fn kept_apart(&self) -> BTreeSet<(usize, usize)> {
        let workers = 0..self.lines.program.roles.len();
        let kept = |worker: usize| {
            let mut kept: Option<BTreeSet<&str>> = None;
            for each in self.uses.iter().filter(|each| each.place.0 == worker) {
                let neutral = self.passages.get(&each.place).into_iter().flatten();
                let locks: BTreeSet<&str> =
                    neutral.filter(|(_, neutral)| *neutral).map(|(lock, _)| *lock).collect();
                kept = Some(kept.map_or(locks.clone(), |kept| &kept & &locks));
            }
            kept.unwrap_or_default()
        };
        let all: Vec<BTreeSet<&str>> = workers.clone().map(kept).collect();
        let pairs = workers.clone().flat_map(|one| workers.clone().map(move |other| (one, other)));
        pairs.filter(|(one, other)| !all[*one].is_disjoint(&all[*other])).collect()
    }

    /// The locks that a worker has at a line; with each, whether it leaves the piece of state as it found it.
    fn passages_of(&self, place: Place) -> Vec<(&'a str, bool)> {
        let locks = self.lines.passages[place.0].iter();
        let held = locks.filter(|(_, lines)| lines.contains(&place.1));
        held.map(|(lock, lines)| (lock.as_str(), self.is_restored(place.0, lines.clone()))).collect()
    }

    /// Whether a worker ends these lines with what it has to find at first.
    fn is_restored(&self, worker: usize, lines: Range<usize>) -> bool {
        let there =
            || self.uses.iter().filter(|each| each.place.0 == worker && lines.contains(&each.place.1));
        let first = there().find(|each| each.touch.how == How::Sees);
        let last = there().rfind(|each| matches!(each.touch.how, How::Writes(_)));
        match (first, last) {
            (Some(first), Some(last)) => matches!(
                &last.touch.how, How::Writes(Some(value)) if first.answer.value.as_ref() == Some(value)
            ),
            _ => false,
        }
    }

    /// Whether what that line gives was surely taken by somebody else, before a line begins.
    fn is_spent_before(&self, given: &Use, one: &Use) -> bool {
        let paired = |take: &Use| {
            let gives = self.uses.iter().filter(|each| matches!(each.touch.how, How::Gives(_)));
            let takes = self.uses.iter().filter(|each| matches!(each.touch.how, How::Takes(_)));
            gives.clone().all(|each| each.place.0 == given.place.0)
                && takes.clone().all(|each| each.place.0 == take.place.0)
                && gives.take_while(|each| each.place != given.place).count()
                    == takes.take_while(|each| each.place != take.place).count()
        };
        // A lock and the room in a queue are there from the beginning.
        let comes_empty = !self.cell.starts_with("lock") && !self.cell.starts_with("room");
        let spends = |take: &Use| {
            let same_item = match &given.touch.how {
                How::Gives(items) => items.iter().any(|item| take.answer.items.contains(item)),
                _ => false,
            };
            self.said(take).any(|said| said == given.place) || same_item || comes_empty && paired(take)
        };
        self.uses.iter().any(|take| {
            matches!(take.touch.how, How::Takes(_) | How::Passes | How::AwaitsNotice | How::AwaitsFlag(_))
                && take.answer.kind != Kind::Refusal
                && self.is_over_before(take, one)
                && spends(take)
        })
    }

    /// Whether somebody surely has the lock when a line begins, and until it is over.
    fn is_held_during(&self, one: &Use) -> bool {
        let order = &self.lines.order;
        self.lines.passages.iter().enumerate().any(|(worker, passages)| {
            let ends = self.lines.program.roles[worker].lines.len();
            worker != one.place.0
                && passages.iter().any(|(lock, lines)| {
                    lock == self.cell
                        && order.is_over_before((worker, lines.start), one.place)
                        && (lines.end == ends || order.is_over_before(one.place, (worker, lines.end)))
                })
        })
    }

    /// Whether a worker has the lock itself when it is refused, and that release is of another one's passage.
    fn is_among_passages(&self, one: &Use, other: &Use) -> bool {
        let has = |place: Place, line: usize| {
            self.lines.passages[place.0]
                .iter()
                .any(|(lock, lines)| lock == self.cell && lines.contains(&line))
        };
        has(one.place, one.place.1) && other.place.1 > 0 && has(other.place, other.place.1 - 1)
    }

    /// Whether a release leaves the worker with the lock, which it acquired more than once.
    fn keeps_the_lock(&self, given: &Use) -> bool {
        let (worker, line) = given.place;
        self.lines.passages[worker].iter().any(|(lock, lines)| lock == self.cell && lines.contains(&line))
    }

    /// Whether a wait with a time limit may be over before the other one has the lock by which it is to be
    /// delayed: unless that one waits for the lock already.
    fn is_regained(&self, one: &Use, other: &Use) -> bool {
        matches!(other.touch.how, How::Takes(_))
            && self.is_holder(one, other)
            && !self.lines.order.waits_before(other.place, one.place)
    }

    /// Whether somebody finds out in which of the two orders these came.
    fn are_left_in_any_order(&self, one: &Use, other: &Use) -> bool {
        let refused = |each: &Use| each.answer.kind == Kind::Refusal;
        let both_add = one.touch.how == How::Adds && other.touch.how == How::Adds;
        if both_add && self.asking.iter().all(|each| each.answer.value.is_some()) {
            return false;
        }
        if self.asking.is_empty() && self.cell != "standard output" {
            return false;
        }
        if refused(one) || refused(other) || self.are_ordered(one, other) {
            return false;
        }
        if self.cell == "standard output" {
            return self.lines.program.judges.iter().any(|judge| matches!(judge, Judge::Stdout(_)));
        }
        let mut later = self.asking.iter().filter(|each| {
            each.place != one.place
                && each.place != other.place
                && each.touch.part.meets(&one.touch.part)
                && each.touch.part.meets(&other.touch.part)
                && !self.is_over_before(each, one)
                && !self.is_over_before(each, other)
                && self.same_block(one, each)
        });
        match (&one.touch.how, &other.touch.how) {
            (How::Gives(mine), How::Gives(theirs)) => {
                let of =
                    |each: &Use, items: &[u32]| each.answer.items.iter().any(|item| items.contains(item));
                mine != theirs
                    && !self.is_spent_before(one, other)
                    && !self.is_spent_before(other, one)
                    && later.any(|each| of(each, mine) || of(each, theirs))
            }
            (How::Writes(mine), How::Writes(theirs)) if mine.is_some() && mine == theirs => false,
            _ if self.is_within_another_passage(one, other) && self.is_within_another_passage(other, one) => {
                false
            }
            // Of a sum, or of how many there are, the order makes no difference.
            (How::Adds, How::Adds) => later.any(|each| each.answer.value.is_none()),
            _ => later.any(|each| {
                !self.uses.iter().any(|write| {
                    matches!(write.touch.how, How::Writes(_))
                        && write.touch.part == Part::All
                        && self.is_over_before(one, write)
                        && self.is_over_before(other, write)
                        && self.is_over_before(write, each)
                })
            }),
        }
    }

    /// Whether two handles may be of the same block: one of several that have had its name.
    fn same_block(&self, one: &Use, other: &Use) -> bool {
        match (one.touch.opened, other.touch.opened) {
            (Some(first), Some(second)) => {
                let mine = self.creators((one.place.0, first));
                let theirs = self.creators((other.place.0, second));
                mine.iter().any(|creator| theirs.contains(creator))
            }
            _ => true,
        }
    }

    /// Who may have created the block that this line opened.
    fn creators(&self, opened: Place) -> Vec<Place> {
        let name = self.cell.strip_prefix("data of block ").unwrap_or_default();
        let Some(uses) = self.lines.cells.get(&format!("name {name}")) else { return vec![opened] };
        let creates = |each: &&Use| {
            matches!(each.touch.how, How::Writes(_))
                && each.answer.kind != Kind::Refusal
                && self.lines.line(each.place).is_some_and(|line| line.step.on.is_empty())
        };
        let all: Vec<Place> = uses.iter().filter(creates).map(|each| each.place).collect();
        if all.contains(&opened) {
            return vec![opened];
        }
        let order = &self.lines.order;
        let earlier: Vec<Place> =
            all.iter().copied().filter(|creator| !order.is_over_before(opened, *creator)).collect();
        let replaced = |creator: &Place| {
            let later = |other: &Place| {
                order.is_over_before(*creator, *other) && order.is_over_before(*other, opened)
            };
            earlier.iter().any(later)
        };
        earlier.iter().copied().filter(|creator| !replaced(creator)).collect()
    }
}
