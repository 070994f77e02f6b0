//! A queue's part of a run: what was put, taken and refused, and the judges that weigh it.
//!
//! `qsize`, `empty` and `full` are hints and take no part in the order; a line that expects an exact
//! answer of them says so itself. A call that was refused for a reason of its own (`closed`,
//! `bad_value`, `encode_failed`, …) did nothing. A call that its worker did not live to see return may
//! have taken effect or not: a put at most once, a get by consuming one item that nobody else sees.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use procession_contract::{Answer, Call, Item, ItemKind, ObjectKind, Outcome, QueueLevel};

use super::{Progress, Run, conservation, fail, fifo, order, search, words};
use crate::history::WorkerEnd;
use crate::verdict::{Failure, FailureKind, Verdict};

/// The time of what has not happened.
pub const NEVER: u64 = u64::MAX;

/// A call, or one of the several puts or takes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The worker's index.
    pub worker: usize,
    /// The line's index.
    pub line: usize,
    /// The invocation.
    pub called: u64,
    /// The response, or [`NEVER`].
    pub returned: u64,
}

/// Whether a put took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It did.
    Certain,
    /// It may have: its worker did not see it return, or it returned an error that does not say.
    Possible,
    /// It waited for room when nothing could move any more.
    Waiting,
    /// It did not: it returned this.
    None(Outcome),
}

/// A put of one item.
#[derive(Clone, Copy, Debug)]
pub struct Put {
    /// What.
    pub item: Item,
    /// By whom and when.
    pub span: Span,
    /// Whether it took effect.
    pub effect: Effect,
    /// Its worker, or its worker's buffer, may have gone before the item was where others find it.
    pub at_risk: bool,
    /// The get that took the item.
    pub taken: Option<usize>,
}

/// A queue's part of a run. Puts and gets stand in the order of workers, then of their calls, then
/// of the items within a call.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// The puts.
    pub puts: Vec<Put>,
    /// The gets that returned an item, with the index of its put.
    pub gets: Vec<(usize, Span)>,
    /// Gets that were refused because the queue was empty.
    pub empties: Vec<Span>,
    /// Puts that were refused because it was full; each with whether it was called after other
    /// puts of the same call.
    pub fulls: Vec<Span>,
    /// Gets that may have taken an item which nobody saw.
    pub unseen: Vec<Span>,
    /// Gets that waited for an item when nothing could move any more.
    pub waiting: Vec<Span>,
    /// Whether one call put or took several items.
    pub several: bool,
}

/// What keeps a queue from being weighed: a promise broken already, or a text.
pub type Broken = Result<Failure, String>;

/// Holds a queue against a level. `maxsize` is its bound where the judge knows it, 0 for none.
pub fn judge(run: &Run, name: &str, level: QueueLevel, maxsize: Option<u32>) -> Verdict {
    let queue = match Queue::of(run, name) {
        Ok(queue) => queue,
        Err(Ok(failure)) => return Verdict::Fail(failure),
        Err(Err(why)) => return Verdict::Unresolved(why),
    };
    let maxsize = maxsize.unwrap_or_else(|| declared_maxsize(run, name));
    let kept = weigh(run, &queue, QueueLevel::Conservation, maxsize);
    match level {
        QueueLevel::Conservation => kept,
        stronger if kept == Verdict::Pass => weigh(run, &queue, stronger, maxsize),
        _ => kept,
    }
}

/// What a level demands besides the weaker ones.
fn weigh(run: &Run, queue: &Queue, level: QueueLevel, maxsize: u32) -> Verdict {
    match level {
        QueueLevel::Conservation => conservation::check(run, queue, maxsize),
        QueueLevel::ProducerFifo => order::check(run, queue),
        QueueLevel::LinearizableFifo => linearizable(run, queue, maxsize),
    }
}

const LEVELS: [QueueLevel; 3] =
    [QueueLevel::Conservation, QueueLevel::ProducerFifo, QueueLevel::LinearizableFifo];

/// Holds a queue against the level that the implementation claims: what breaks the weakest level is
/// what it is, what only breaks a stronger one is weaker than claimed.
pub fn judge_claim(run: &Run, name: &str, claimed: QueueLevel, maxsize: u32) -> Verdict {
    let queue = match Queue::of(run, name) {
        Ok(queue) => queue,
        Err(Ok(failure)) => return Verdict::Fail(failure),
        Err(Err(why)) => return Verdict::Unresolved(why),
    };
    for level in LEVELS.into_iter().filter(|level| *level <= claimed) {
        match weigh(run, &queue, level, maxsize) {
            Verdict::Pass => {}
            Verdict::Fail(mut failure)
                if level > QueueLevel::Conservation && failure.kind != FailureKind::Hang =>
            {
                failure.kind = FailureKind::WeakerThanClaimed;
                failure.expected = format!("{}, as claimed: {}", level_words(claimed), failure.expected);
                return Verdict::Fail(failure);
            }
            verdict => return verdict,
        }
    }
    Verdict::Pass
}

/// The strongest level that a queue kept.
pub fn measure(run: &Run, name: &str, maxsize: u32) -> Result<Option<QueueLevel>, String> {
    let queue = match Queue::of(run, name) {
        Ok(queue) => queue,
        Err(Ok(_)) => return Ok(None),
        Err(Err(why)) => return Err(why),
    };
    let mut kept = None;
    for level in LEVELS {
        match weigh(run, &queue, level, maxsize) {
            Verdict::Pass => kept = Some(level),
            Verdict::Fail(_) => break,
            Verdict::Unresolved(why) | Verdict::Unsupported(why) | Verdict::Untested(why) => return Err(why),
        }
    }
    Ok(kept)
}

fn level_words(level: QueueLevel) -> &'static str {
    match level {
        QueueLevel::Conservation => "every item once",
        QueueLevel::ProducerFifo => "each producer's order kept",
        QueueLevel::LinearizableFifo => "linearizable first in, first out",
    }
}

fn declared_maxsize(run: &Run, name: &str) -> u32 {
    let kind = run.program.objects.iter().find(|object| object.name == name).map(|object| &object.kind);
    match kind {
        Some(ObjectKind::Queue { maxsize } | ObjectKind::JoinableQueue { maxsize }) => {
            u32::try_from((*maxsize).max(0)).unwrap_or(0)
        }
        _ => 0,
    }
}

/// The sorted checker where it is complete, and the search where it is not.
fn linearizable(run: &Run, queue: &Queue, maxsize: u32) -> Verdict {
    let pattern = fifo::find(queue);
    let complete = !queue.several && queue.unseen.is_empty();
    let left = queue.puts.iter().find(|put| put.effect == Effect::Certain && put.taken.is_none());
    if let (Some(get), Some(put), true) = (queue.waiting.first(), left, queue.unseen.is_empty()) {
        return fail(
            FailureKind::Hang,
            format!(
                "{} returns, since {} is in the queue",
                run.called(get.worker, get.line),
                words::item(&put.item)
            ),
            "it was still pending when nothing could move any more",
            cite(run, &[*get, put.span]),
        );
    }
    match pattern {
        None if complete && maxsize == 0 => return Verdict::Pass,
        // A bound and refusals only add demands; takes that nobody saw, and the order within a call,
        // are not known to the patterns, so there the search decides.
        Some(pattern) if complete => return pattern.verdict(run, queue),
        _ => {}
    }
    searched(run, queue, maxsize)
}

/// The search alone: complete for every queue, as far as its budget goes.
pub fn searched(run: &Run, queue: &Queue, maxsize: u32) -> Verdict {
    match search::search(queue, maxsize, search::BUDGET) {
        search::Found::Linearizable => Verdict::Pass,
        search::Found::Exhausted => Verdict::Unresolved(format!(
            "the search for an order of {} calls was given up after {} steps",
            queue.size(),
            search::BUDGET.steps
        )),
        search::Found::Impossible { stuck, but_for_waiting: true } => fail(
            FailureKind::Hang,
            "a call waits only while the queue is empty, or full",
            format!(
                "{} was still pending when nothing could move any more, in every order of the calls that explains the answers",
                stuck.first().map_or("a call".into(), |span| run.called(span.worker, span.line))
            ),
            cite(run, &stuck),
        ),
        search::Found::Impossible { stuck, .. } => fail(
            FailureKind::NotLinearizable,
            "one order of the calls, each between its call and its return, explains every answer",
            match stuck.first() {
                Some(span) => {
                    format!("no order explains {} together with what was before it", answered(run, *span))
                }
                None => "no order does".into(),
            },
            cite(run, &stuck),
        ),
    }
}

/// The calls of these spans as a failure cites them, each once.
pub fn cite(run: &Run, spans: &[Span]) -> Vec<(String, usize)> {
    let mut cited = Vec::new();
    for span in spans {
        let call = run.cited(span.worker, span.line);
        if !cited.contains(&call) {
            cited.push(call);
        }
    }
    cited
}

/// A call with what it returned, in words.
pub fn answered(run: &Run, span: Span) -> String {
    let called = run.called(span.worker, span.line);
    match run.progress(span.worker, span.line) {
        Progress::Returned(_, returned) => format!("{called} -> {}", words::answer(&returned.answer)),
        _ => format!("{called}, pending"),
    }
}

impl Queue {
    /// Reads a queue's part of a run.
    pub fn of(run: &Run, name: &str) -> Result<Queue, Broken> {
        let mut queue = Queue::default();
        let mut returned = Vec::new();
        let at_risk: Vec<bool> = (0..run.program.roles.len())
            .map(|worker| {
                run.end(worker) == WorkerEnd::Died
                    || run.may_have_been_killed(worker)
                    || drops_its_buffer(run, worker, name)
            })
            .collect();
        for (worker, line) in run.places() {
            let step = &run.line(worker, line).step;
            if step.on == name {
                match &step.call {
                    Call::Put { item, .. } | Call::PutNowait { item } => {
                        queue.put(run, (worker, line), std::slice::from_ref(item), at_risk[worker]);
                    }
                    Call::PutMany { items, .. } => queue.put(run, (worker, line), items, at_risk[worker]),
                    Call::Get { .. } | Call::GetNowait | Call::GetMany { .. } => {
                        queue.get(run, (worker, line), &step.call, &mut returned)?;
                    }
                    _ => {}
                }
            }
        }
        queue.match_up(run, name, returned)?;
        Ok(queue)
    }

    /// How many puts, takes and refusals there are.
    pub fn size(&self) -> usize {
        self.puts.len() + self.gets.len() + self.empties.len() + self.fulls.len() + self.unseen.len()
    }

    fn put(&mut self, run: &Run, (worker, line): (usize, usize), items: &[Item], at_risk: bool) {
        let (span, answer) = match run.progress(worker, line) {
            Progress::NotReached => return,
            Progress::Pending(call) => (Span { worker, line, called: call.called_ns, returned: NEVER }, None),
            Progress::Returned(call, returned) => {
                let span = Span { worker, line, called: call.called_ns, returned: returned.at_ns };
                (span, Some(&returned.answer))
            }
        };
        let many = matches!(run.line(worker, line).step.call, Call::PutMany { .. });
        self.several |= items.len() > 1;
        for (index, item) in items.iter().enumerate() {
            let effect = match answer {
                None if run.quiescent() && run.end(worker) == WorkerEnd::Running => match many {
                    // Some of its items may be in the queue while it waits with the rest.
                    true => Effect::Possible,
                    false => Effect::Waiting,
                },
                None => Effect::Possible,
                Some(_) if item.kind == ItemKind::Unencodable => Effect::None(Outcome::EncodeFailed),
                Some(answer) if many && (index as i64) < answer.value => Effect::Certain,
                Some(answer) if many && answer.outcome == Outcome::Ok => Effect::None(Outcome::Full),
                Some(answer) => effect_of(answer.outcome),
            };
            let span = match effect {
                Effect::Possible => Span { returned: NEVER, ..span },
                _ => span,
            };
            self.puts.push(Put { item: *item, span, effect, at_risk, taken: None });
        }
        if answer.is_some_and(|answer| matches!(answer.outcome, Outcome::Full | Outcome::Timeout)) {
            self.fulls.push(span);
        }
    }

    fn get(
        &mut self,
        run: &Run,
        (worker, line): (usize, usize),
        call: &Call,
        returned: &mut Vec<((i64, u64), Span)>,
    ) -> Result<(), Broken> {
        let (span, answer) = match run.progress(worker, line) {
            Progress::NotReached => return Ok(()),
            Progress::Pending(call) => {
                let span = Span { worker, line, called: call.called_ns, returned: NEVER };
                match run.quiescent() && run.end(worker) == WorkerEnd::Running {
                    true => self.waiting.push(span),
                    // Each of several takes may have happened; no more of them than there are items.
                    false => {
                        let most = match run.line(worker, line).step.call {
                            Call::GetMany { max, .. } => (max as usize).min(run.items().count()),
                            _ => 1,
                        };
                        self.unseen.extend(std::iter::repeat_n(span, most));
                    }
                }
                return Ok(());
            }
            Progress::Returned(call, returned) => {
                let span = Span { worker, line, called: call.called_ns, returned: returned.at_ns };
                (span, &returned.answer)
            }
        };
        let wrong = |kind, expected: String| {
            let calls = vec![run.cited(worker, line)];
            Err(Ok(Failure { kind, expected, actual: answered(run, span), calls }))
        };
        match answer {
            Answer { outcome: Outcome::Ok, items, .. } if matches!(call, Call::GetMany { .. }) => {
                let Call::GetMany { max, .. } = call else { return Ok(()) };
                if items.is_empty() || items.len() > *max as usize {
                    return wrong(FailureKind::WrongValue, format!("at least one and at most {max} items"));
                }
                self.several |= items.len() > 1;
                returned.extend(items.iter().map(|item| (*item, span)));
            }
            Answer { outcome: Outcome::Ok, value, aux, .. } => returned.push(((*value, *aux), span)),
            Answer { outcome: Outcome::Empty | Outcome::Timeout, .. } => self.empties.push(span),
            // It consumed the one item of the program that cannot be decoded; if there is none, what
            // it consumed was damaged.
            Answer { outcome: Outcome::DecodeFailed, .. } => {
                returned.push((Item::of(0, ItemKind::Undecodable).expected(), span));
            }
            Answer { outcome: Outcome::Corrupt, .. } => {
                return wrong(FailureKind::Torn, "whole items only".into());
            }
            Answer { outcome: Outcome::PeerDied | Outcome::OwnerDied | Outcome::Other, .. } => {
                self.unseen.push(Span { returned: NEVER, ..span });
            }
            _ => {}
        }
        Ok(())
    }

    /// Finds the put of every item that was taken.
    fn match_up(&mut self, run: &Run, name: &str, returned: Vec<((i64, u64), Span)>) -> Result<(), Broken> {
        let mut by_key: HashMap<_, _, BuildHasherDefault<KeyHasher>> =
            HashMap::with_capacity_and_hasher(self.puts.len(), BuildHasherDefault::default());
        for (index, put) in self.puts.iter().enumerate() {
            if put.item.kind == ItemKind::Unencodable {
                continue;
            }
            if let Some(other) = by_key.insert(put.item.expected(), index) {
                let (one, two) = (words::item(&self.puts[other].item), words::item(&put.item));
                return Err(Err(format!(
                    "two puts into {name} cannot be told apart ({one} and {two}): the program is at fault"
                )));
            }
        }
        for (key, span) in returned {
            let Some(&index) = by_key.get(&key) else {
                return Err(Ok(self.unknown(run, key, span)));
            };
            let put = &mut self.puts[index];
            let item = words::item(&put.item);
            let failure = |kind, expected: String, actual: String, other: Span| {
                Err(Ok(Failure { kind, expected, actual, calls: cite(run, &[span, other]) }))
            };
            if let Some(first) = put.taken {
                let first = self.gets[first].1;
                let actual = format!(
                    "{} and {} both took it",
                    run.called(first.worker, first.line),
                    run.called(span.worker, span.line)
                );
                return failure(FailureKind::Duplicated, format!("{item} is taken once"), actual, first);
            }
            if let Effect::None(outcome) = put.effect {
                let actual = format!("its put was answered {}, yet it was taken", words::outcome(outcome));
                return failure(
                    FailureKind::Invented,
                    format!("{item} is not in the queue"),
                    actual,
                    put.span,
                );
            }
            if span.returned < put.span.called {
                let actual =
                    format!("{} was over before its put was called", run.called(span.worker, span.line));
                return failure(
                    FailureKind::Invented,
                    format!("{item} is taken after it was put"),
                    actual,
                    put.span,
                );
            }
            put.taken = Some(self.gets.len());
            self.gets.push((index, span));
        }
        Ok(())
    }

    /// The failure of a get that returned what nobody put.
    fn unknown(&self, run: &Run, (value, aux): (i64, u64), span: Span) -> Failure {
        let undecodable = Item::of(0, ItemKind::Undecodable).expected() == (value, aux);
        let same_id = self.puts.iter().find(|put| put.item.id != 0 && i64::from(put.item.id) == value);
        let (kind, expected, actual) = match same_id {
            _ if undecodable => (FailureKind::Torn, "whole items only".to_owned(), answered(run, span)),
            Some(put) => {
                let received = words::received(value, aux, [&put.item]);
                (FailureKind::Torn, format!("{}, whole", words::item(&put.item)), received)
            }
            None => {
                let received = words::received(value, aux, []);
                (FailureKind::Invented, "only items that were put".to_owned(), received)
            }
        };
        let spans: Vec<_> = std::iter::once(span).chain(same_id.map(|put| put.span)).collect();
        let actual = format!("{} gave {actual}", run.called(span.worker, span.line));
        Failure { kind, expected, actual, calls: cite(run, &spans) }
    }
}

/// A hasher for ids and fingerprints: they are spread already, and nobody chooses them to collide, so
/// a long history need not pay for the standard one's defence.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn effect_of(outcome: Outcome) -> Effect {
    match outcome {
        Outcome::Ok => Effect::Certain,
        Outcome::PeerDied | Outcome::OwnerDied | Outcome::Other | Outcome::Corrupt => Effect::Possible,
        other => Effect::None(other),
    }
}

/// Whether the worker's process said that what it has put may be dropped at its end.
fn drops_its_buffer(run: &Run, worker: usize, queue: &str) -> bool {
    let process = run.process_of(worker);
    run.drastic().iter().any(|&(other, line)| {
        let step = &run.line(other, line).step;
        run.process_of(other) == process && step.on == queue && step.call == Call::CancelJoinThread
    })
}
