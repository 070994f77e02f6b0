//! The lines of a program with all that they read and change, and the order in which they surely come.

use std::collections::HashMap;
use std::ops::Range;

use procession_contract::{Call, WorkerKind};

use super::answer::{Answer, Kind};
use super::how::{How, Part, Touch};
use super::names::{Names, Sent, Thing};
use super::order::{Moment, Order, Place, begin, look, over};
use super::touch::{process, touches};
use super::waits::{answers_yes_or_no, may_wait, tells_eof};
use crate::program::{Action, Condition, Expect, Line, Program};

/// Of more lines than this, one of which must have been, nothing is concluded.
const MOST_CAUSES: usize = 12;

/// One touch of one line.
#[derive(Clone, Debug)]
pub struct Use {
    /// The line; behind a worker's last one, its end.
    pub place: Place,
    /// What it does.
    pub touch: Touch,
    /// What is expected of the line.
    pub answer: Answer,
}

impl Use {
    /// Whether it is the end of a worker's process.
    pub fn is_end(&self, program: &Program) -> bool {
        program.roles[self.place.0].lines.len() == self.place.1
    }

    /// Whether it gets what it takes.
    fn has_got(&self) -> bool {
        matches!(self.touch.how, How::Takes(_)) && self.answer.kind == Kind::Success
    }

    fn gives(&self) -> bool {
        matches!(self.touch.how, How::Gives(_))
    }
}

/// A program's lines.
pub struct Lines<'a> {
    /// The program.
    pub program: &'a Program,
    /// What each line reads and changes, by the piece of state.
    pub cells: HashMap<String, Vec<Use>>,
    /// In which order the lines come.
    pub order: Order,
    /// For each worker the locks that it has, each from the line that acquires it to the one that releases it.
    pub passages: Vec<Vec<(String, Range<usize>)>>,
    /// What each worker's names stand for at first.
    names: Vec<Names<'a>>,
}

impl<'a> Lines<'a> {
    /// Works everything out.
    pub fn of(program: &'a Program) -> Lines<'a> {
        let counts: Vec<usize> = program.roles.iter().map(|role| role.lines.len()).collect();
        let mut lines = Lines {
            program,
            cells: HashMap::new(),
            order: Order::new(&counts),
            passages: Vec::new(),
            names: Vec::new(),
        };
        let mut sent = Sent::new();
        for role in &program.roles {
            let mut names = Names::new(program, &role.worker.name);
            for (number, line) in role.lines.iter().enumerate() {
                if let Some((way, thing)) = names.sent_by(line) {
                    sent.entry(way).or_default().push(thing);
                }
                names.learn(number, line, &Sent::new());
            }
        }
        for (worker, role) in program.roles.iter().enumerate() {
            let mut names = Names::new(program, &role.worker.name);
            lines.names.push(names.clone());
            for (number, line) in role.lines.iter().enumerate() {
                if matches!(line.step.call, Call::Create { .. }) {
                    names.learn(number, line, &sent);
                }
                for touch in touches(program, &names, line) {
                    if Answer::of(line).in_vain && !matches!(touch.how, How::Sees) {
                        continue;
                    }
                    let answer = match touch.how {
                        How::Takes(_)
                        | How::AwaitsFlag(_)
                        | How::AwaitsNotice
                        | How::Awaits { .. }
                        | How::Passes
                            if answers_yes_or_no(&line.step.call) =>
                        {
                            Answer::of(line).yes_or_no()
                        }
                        _ => Answer::of(line),
                    };
                    let uses = lines.cells.entry(touch.cell.clone()).or_default();
                    uses.push(Use { place: (worker, number), touch, answer });
                }
                if !matches!(line.step.call, Call::Create { .. }) {
                    names.learn(number, line, &sent);
                }
            }
            let cell = process(&role.worker.name);
            let end = Touch { cell: cell.clone(), part: Part::All, how: How::Writes(None), opened: None };
            let place = (worker, role.lines.len());
            if lines.comes_to_be(worker) {
                lines.cells.entry(cell).or_default().push(Use {
                    place,
                    touch: end,
                    answer: Answer::default(),
                });
            }
        }
        lines.passages = (0..counts.len()).map(|worker| lines.passages_of(worker)).collect();
        lines.say_order();
        lines
    }

    fn passages_of(&self, worker: usize) -> Vec<(String, Range<usize>)> {
        let mut found = Vec::new();
        for (lock, uses) in self.cells.iter().filter(|(cell, _)| cell.starts_with("lock")) {
            if self.has_several_permits(uses) {
                continue;
            }
            let (mut depth, mut first) = (0_usize, 0);
            for each in uses.iter().filter(|each| each.place.0 == worker) {
                if each.has_got() {
                    first = if depth == 0 { each.place.1 } else { first };
                    depth += 1;
                } else if matches!(each.touch.how, How::Regains(_)) && depth > 0 {
                    found.push((lock.clone(), first..each.place.1));
                    first = each.place.1;
                } else if each.gives() && each.answer.kind != Kind::Refusal && depth > 0 {
                    depth -= 1;
                    if depth == 0 {
                        found.push((lock.clone(), first..each.place.1));
                    }
                }
            }
            if depth > 0 {
                found.push((lock.clone(), first..self.end(worker).1));
            }
        }
        found
    }

    /// The line at a place; `None` for a worker's end.
    pub fn line(&self, (worker, number): Place) -> Option<&'a Line> {
        self.program.roles[worker].lines.get(number)
    }

    /// Whether a worker is started at all.
    fn comes_to_be(&self, worker: usize) -> bool {
        let role = &self.program.roles[worker].worker;
        let starts = |line: &Line| {
            line.step.on == role.name
                && line.step.call == Call::Start
                && Answer::of(line).kind != Kind::Refusal
        };
        !role.explicit || self.program.lines().any(|(_, line)| starts(line))
    }

    /// The number of the worker of this name.
    fn worker(&self, name: &str) -> Option<usize> {
        self.program.roles.iter().position(|role| role.worker.name == name)
    }

    /// A worker's end.
    fn end(&self, worker: usize) -> Place {
        (worker, self.program.roles[worker].lines.len())
    }

    fn places(&self) -> impl Iterator<Item = (Place, &'a Line)> {
        let roles = self.program.roles.iter().enumerate();
        roles.flat_map(|(worker, role)| {
            role.lines.iter().enumerate().map(move |(number, line)| ((worker, number), line))
        })
    }

    /// The moments that a condition waits for.
    fn awaited(&self, condition: &Condition) -> Option<Moment> {
        let at = |place| self.program.index_of(place);
        Some(match condition {
            Condition::Called(place) => begin(at(place)?),
            Condition::Returned(place) => over(at(place)?),
            Condition::Blocked(place) => look(at(place)?),
            Condition::Ended(worker) => begin(self.end(self.worker(worker)?)),
            Condition::Gone(worker) => over(self.end(self.worker(worker)?)),
            Condition::Quiescence => return None,
        })
    }

    fn say_order(&mut self) {
        self.conditions();
        self.starts_and_ends();
        self.barriers();
        self.givers();
        self.order.conclude();
        // What follows from the order so far says more about it; three rounds are enough for all programs.
        for _ in 0..3 {
            let new = self.quiescence() | self.holders();
            if !new {
                break;
            }
            self.order.conclude();
        }
    }

    fn conditions(&mut self) {
        for (place, line) in self.places().collect::<Vec<_>>() {
            for condition in &line.after {
                if let Some(moment) = self.awaited(condition) {
                    self.order.add(moment, begin(place));
                }
            }
            for (other, returned) in Answer::of(line).not_before {
                if let Some(other) = self.program.index_of(&other) {
                    self.order.add(if returned { over(other) } else { begin(other) }, over(place));
                }
            }
        }
    }

    fn starts_and_ends(&mut self) {
        for (worker, role) in self.program.roles.iter().enumerate() {
            let name = &role.worker.name;
            let parent = role.worker.parent.as_deref().and_then(|parent| self.worker(parent));
            if let Some(parent) = parent {
                let start = self.program.roles[parent]
                    .lines
                    .iter()
                    .position(|line| line.step.on == *name && line.step.call == Call::Start);
                let causes = match start {
                    Some(start) => vec![vec![begin((parent, start))]],
                    // It comes with its parent.
                    None => self.started_by(parent),
                };
                self.order.add_one_of(causes, begin((worker, 0)));
                if role.worker.kind != WorkerKind::Process {
                    self.order.add(over(self.end(worker)), over(self.end(parent)));
                }
            }
            let killers = self.killers(worker);
            if !killers.is_empty() {
                self.order.may_be_cut_short(worker);
                self.order.add_one_of(killers, begin(self.end(worker)));
            }
        }
        for (place, line) in self.places().collect::<Vec<_>>() {
            let joined = match &line.step.call {
                Call::Join { timeout_ms } => {
                    let sure = match timeout_ms {
                        None => Answer::of(line).kind != Kind::Refusal,
                        Some(_) => Answer::of(line).kind == Kind::Success,
                    };
                    let parent = || self.program.roles[place.0].worker.parent.as_deref();
                    let on = line.step.on.as_str();
                    sure.then_some(on).and_then(|on| if on == "parent" { parent() } else { Some(on) })
                }
                Call::Wait { objects, timeout_ms: None } if objects.len() == 1 => {
                    objects[0].strip_suffix(".sentinel")
                }
                _ => None,
            };
            if let Some(joined) = joined.and_then(|name| self.worker(name)) {
                self.order.add(over(self.end(joined)), over(place));
            }
        }
    }

    /// How a worker that is not started by a line comes into being.
    fn started_by(&self, worker: usize) -> Vec<Vec<Moment>> {
        let role = &self.program.roles[worker];
        let starts = |line: &Line| line.step.on == role.worker.name && line.step.call == Call::Start;
        let start = self.places().find(|(_, line)| starts(line));
        start.map(|(place, _)| vec![begin(place)]).into_iter().collect()
    }

    /// Whether the worker's process ends only when it has gone through its lines.
    pub fn ends_by_itself(&self, worker: usize) -> bool {
        self.killers(worker).is_empty()
            && !self.program.roles[worker]
                .lines
                .iter()
                .any(|line| matches!(line.step.call, Call::Exit { .. } | Call::Raise))
    }

    /// By what the worker's process may end in the middle of its lines; nothing if it goes through them.
    fn killers(&self, worker: usize) -> Vec<Vec<Moment>> {
        let name = &self.program.roles[worker].worker.name;
        let faults = self.program.faults.iter().filter(|fault| fault.worker == *name);
        let mut killers: Vec<Vec<Moment>> = faults
            .filter(|fault| {
                fault.action.is_deadly() && (fault.action == Action::Kill || !self.survives(worker))
            })
            .map(|fault| fault.after.iter().filter_map(|condition| self.awaited(condition)).collect())
            .collect();
        let survives = self.survives(worker);
        let calls = self.places().filter(|(_, line)| {
            line.step.on == *name
                && (line.step.call == Call::Kill || line.step.call == Call::Terminate && !survives)
                && Answer::of(line).kind != Kind::Refusal
        });
        let can_end = self.program.roles[worker].lines.iter().all(|line| self.can_go_on(line));
        if !can_end {
            killers.extend(calls.map(|(place, _)| vec![begin(place)]));
        }
        killers
    }

    /// Whether the worker catches signals.
    fn survives(&self, worker: usize) -> bool {
        self.program.roles[worker].lines.iter().any(|line| matches!(line.step.call, Call::OnSignal { .. }))
    }

    /// Whether a worker ever comes past this line unless something ends it.
    fn can_go_on(&self, line: &Line) -> bool {
        let for_ever = line.after.iter().any(
            |condition| matches!(condition, Condition::Ended(name) | Condition::Gone(name) if name == "main"),
        );
        let waits = matches!(
            line.step.call,
            Call::Get { timeout_ms: None, block: true }
                | Call::Recv
                | Call::RecvBytes { .. }
                | Call::Join { timeout_ms: None }
                | Call::Sleep { .. }
        ) && line.expect.is_none();
        !for_ever && !waits && line.expect != Some(Expect::Blocked)
    }

    /// The parties of a barrier at which all workers wait equally often.
    fn barriers(&mut self) {
        let barriers: Vec<Vec<Place>> = self
            .cells
            .values()
            .map(|uses| uses.iter().filter(|each| each.touch.how == How::Meets))
            .map(|uses| {
                uses.filter(|each| each.answer.kind != Kind::Refusal).map(|each| each.place).collect()
            })
            .filter(|places: &Vec<Place>| places.len() > 1)
            .collect();
        for places in barriers {
            let of = |worker: usize| places.iter().filter(move |place| place.0 == worker);
            let workers: std::collections::BTreeSet<usize> = places.iter().map(|place| place.0).collect();
            let rounds = of(places[0].0).count();
            let parties = workers.len() as i64;
            let on = self.line(places[0]).map(|line| line.step.on.clone()).unwrap_or_default();
            let full = matches!(
                self.names[0].kind(&on),
                Some(procession_contract::ObjectKind::Barrier { parties: of_all, .. }) if *of_all == parties
            );
            if !full || workers.iter().any(|worker| of(*worker).count() != rounds) {
                continue;
            }
            for one in &workers {
                for other in workers.iter().filter(|other| *other != one) {
                    for (mine, theirs) in of(*one).zip(of(*other)) {
                        self.order.add(begin(*theirs), over(*mine));
                    }
                }
            }
        }
    }

    /// A call that takes something returns only after it came.
    fn givers(&mut self) {
        let mut found: Vec<(Vec<Vec<Moment>>, Moment)> = Vec::new();
        for (cell, uses) in &self.cells {
            if cell.starts_with("lock") || cell.starts_with("room") || cell.starts_with("process") {
                continue;
            }
            let gives: Vec<(&Use, Option<&[u32]>)> = uses
                .iter()
                .filter_map(|each| match &each.touch.how {
                    How::Gives(items) => Some((each, Some(items.as_slice()))),
                    How::Raises(true) | How::Notifies => Some((each, None)),
                    _ => None,
                })
                .filter(|(each, _)| each.answer.kind != Kind::Refusal)
                .collect();
            let takes: Vec<&Use> = uses
                .iter()
                .filter(|each| match &each.touch.how {
                    How::Takes(_) | How::AwaitsFlag(_) | How::AwaitsNotice => {
                        matches!(each.answer.kind, Kind::Success | Kind::Fixed)
                    }
                    How::Awaits { ready, .. } => *ready == Some(true),
                    _ => false,
                })
                .collect();
            if gives.is_empty() {
                continue;
            }
            let one = |uses: &mut dyn Iterator<Item = Place>| {
                let workers: std::collections::BTreeSet<usize> = uses.map(|place| place.0).collect();
                workers.len() == 1
            };
            let paired = takes.iter().all(|each| matches!(each.touch.how, How::Takes(_)))
                && one(&mut takes.iter().map(|each| each.place))
                && one(&mut gives.iter().map(|(each, _)| each.place))
                && gives.iter().all(|(_, items)| items.is_some_and(|items| items.len() <= 1))
                && takes.iter().all(|each| each.answer.items.len() <= 1)
                && !cell.starts_with("tasks");
            // Many have little in common.
            let any: Vec<Vec<Moment>> = if gives.len() > MOST_CAUSES {
                Vec::new()
            } else {
                gives.iter().map(|(each, _)| vec![begin(each.place)]).collect()
            };
            for (number, take) in takes.iter().enumerate() {
                let of_item: Vec<Vec<Moment>> = gives
                    .iter()
                    .filter(|(_, items)| {
                        items.is_some_and(|items| take.answer.items.iter().any(|item| items.contains(item)))
                    })
                    .map(|(each, _)| vec![begin(each.place)])
                    .collect();
                let causes = if !of_item.is_empty() {
                    of_item
                } else if paired && let Some((give, _)) = gives.get(number) {
                    vec![vec![begin(give.place)]]
                } else {
                    any.clone()
                };
                found.push((causes, over(take.place)));
            }
        }
        // The end of a stream comes when all others who have the other end have closed it, or ended.
        for (place, line) in self.places() {
            let eof = line.expect.as_ref().is_some_and(tells_eof);
            if eof && let Some(Thing::End { of, end }) = self.names[place.0].thing(&line.step.on) {
                for holder in (0..self.program.roles.len()).filter(|holder| *holder != place.0) {
                    if let Some(closed) = self.closes(holder, of, 1 - end) {
                        found.push((vec![vec![closed]], over(place)));
                    }
                }
            }
        }
        for (causes, moment) in found {
            self.order.add_one_of(causes, moment);
        }
    }

    /// When a worker that has this end of a connection by birth lets go of it.
    fn closes(&self, worker: usize, of: &str, end: u8) -> Option<Moment> {
        let role = &self.program.roles[worker];
        if role.worker.bodiless || role.worker.kind != WorkerKind::Process {
            return None;
        }
        let wanted = Thing::End { of: of.into(), end };
        let is_it = |name: &str| self.names[worker].thing(name) == Some(&wanted);
        let given = self.is_given(worker, &is_it);
        let closed = role.lines.iter().position(|line| {
            matches!(line.step.call, Call::Close | Call::Forget | Call::Scope { .. }) && is_it(&line.step.on)
        });
        match closed {
            _ if !given => None,
            Some(number) => Some(begin((worker, number))),
            None => Some(begin(self.end(worker))),
        }
    }

    fn is_given(&self, worker: usize, is_it: &dyn Fn(&str) -> bool) -> bool {
        let mut next = Some(worker);
        while let Some(worker) = next {
            let role = &self.program.roles[worker].worker;
            if role.gets.as_ref().is_some_and(|gets| !gets.iter().any(|name| is_it(name))) {
                return false;
            }
            next = role.parent.as_deref().and_then(|parent| self.worker(parent));
        }
        true
    }

    /// What waits for quiescence begins when everything that does not depend on it has come as far as it can.
    fn quiescence(&mut self) -> bool {
        let mut found = Vec::new();
        let waits = |line: &Line| line.after.contains(&Condition::Quiescence);
        for (place, _) in self.places().filter(|(_, line)| waits(line)) {
            for (worker, role) in self.program.roles.iter().enumerate().filter(|(w, _)| *w != place.0) {
                for (number, line) in role.lines.iter().enumerate() {
                    let depends = self.order.comes_before(begin(place), begin((worker, number)));
                    if depends || waits(line) {
                        break;
                    }
                    found.push((look((worker, number)), begin(place)));
                    let passed =
                        self.order.is_over_before((worker, number), place) || !may_wait(&line.step.call);
                    if !passed {
                        break;
                    }
                    if number + 1 == role.lines.len() {
                        found.push((begin((worker, number + 1)), begin(place)));
                    }
                }
            }
        }
        found.into_iter().fold(false, |new, (earlier, later)| self.order.add(earlier, later) | new)
    }

    /// Who acquires what another one has surely acquired before gets it only when that one gives it back.
    fn holders(&mut self) -> bool {
        let mut found = Vec::new();
        for uses in self.cells.iter().filter(|(cell, _)| cell.starts_with("lock")).map(|(_, uses)| uses) {
            if self.has_several_permits(uses) {
                continue;
            }
            let of = |worker: usize, how: fn(&Use) -> bool| -> Vec<Place> {
                let uses = uses.iter().filter(|each| each.place.0 == worker && how(each));
                uses.map(|each| each.place).collect()
            };
            let workers = 0..self.program.roles.len();
            let got: Vec<Vec<Place>> = workers.clone().map(|worker| of(worker, Use::has_got)).collect();
            let given: Vec<Vec<Place>> = workers.map(|worker| of(worker, Use::gives)).collect();
            // Who gives back what another one has makes everything possible.
            if given.iter().zip(&got).any(|(given, got)| got.is_empty() && !given.is_empty()) {
                continue;
            }
            let waits = |each: &&Use| {
                each.has_got() || each.touch.how == How::Passes && each.answer.kind != Kind::Refusal
            };
            for take in uses.iter().filter(waits) {
                for worker in (0..got.len()).filter(|worker| *worker != take.place.0) {
                    let held = got[worker].iter().rfind(|held| self.order.is_over_before(**held, take.place));
                    let next = held.and_then(|held| given[worker].iter().find(|next| next.1 > held.1));
                    if let Some(next) = next
                        && !self.order.is_over_before(*next, take.place)
                    {
                        let causes = vec![vec![begin(*next)], vec![begin(self.end(worker))]];
                        found.push((causes, over(take.place)));
                    }
                }
            }
        }
        found.into_iter().fold(false, |new, (earlier, later)| self.order.add_one_of(earlier, later) | new)
    }

    /// Whether a lock is a semaphore that more than one may have at a time.
    pub fn has_several_permits(&self, uses: &[Use]) -> bool {
        use procession_contract::ObjectKind::{BoundedSemaphore, Semaphore};
        let mut kinds = uses.iter().filter_map(|each| {
            let line = self.line(each.place)?;
            self.names[each.place.0].kind(&line.step.on)
        });
        kinds.any(|kind| match kind {
            Semaphore { value } | BoundedSemaphore { value } => {
                *value != Some(procession_contract::Scalar::Int(1))
            }
            _ => false,
        })
    }
}
