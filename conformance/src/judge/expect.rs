//! One line against its expectation.
//!
//! Time bounds allow for the clock and for the machine. A call may return [`GRAIN_NS`] before its
//! time, since timers and two readings of the clock round differently. It may return later than its
//! time by [`slack_ns`]: half a second, which no promise here is finer than and a loaded machine
//! needs for scheduling alone. Where the suite's own timers fired late during the run, it is four
//! times that delay and a quarter of a second, since a call needs several wake-ups where a timer
//! needs one; where the run's threads waited for a CPU during the call, all of that and a quarter
//! of a second: what is left was the implementation's own.

use procession_contract::{Answer, Item, Outcome, Value};

use super::{Progress, Run, fail, progress, words};
use crate::history::{CallHistory, Returned, RunEnd, WorkerEnd};
use crate::program::{Expect, Place};
use crate::verdict::{FailureKind, Verdict};

/// How much before its time a call may return: 2 ms.
const GRAIN_NS: u64 = 2_000_000;

/// How much after its time a call may return on a machine whose timers were late by `lag_ns`, and where
/// the run's threads waited for a CPU for `starved_ns` meanwhile.
fn slack_ns(lag_ns: u64, starved_ns: u64) -> u64 {
    lag_ns.saturating_mul(4).max(starved_ns).saturating_add(250_000_000).max(500_000_000)
}

/// Judges a line that has an expectation.
pub fn check_line(run: &Run, worker: usize, line: usize) -> Verdict {
    match &run.line(worker, line).expect {
        Some(expect) => check(run, worker, line, expect),
        None => Verdict::Pass,
    }
}

fn check(run: &Run, worker: usize, line: usize, expect: &Expect) -> Verdict {
    match expect {
        Expect::All(all) => {
            all.iter().map(|one| check(run, worker, line, one)).fold(Verdict::Pass, Verdict::and)
        }
        Expect::Any(all) => any(all.iter().map(|one| check(run, worker, line, one))),
        Expect::Blocked => blocked(run, worker, line),
        Expect::NotReached => not_reached(run, worker, line),
        other => match run.progress(worker, line) {
            Progress::Returned(call, returned) => Line { run, worker, line, call, returned }.check(other),
            _ => progress::missing(run, worker, line),
        },
    }
}

/// The verdict if one of several suffices: a pass, else what is open, else every failure in one.
fn any(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut failures = Vec::new();
    let mut open = None;
    for verdict in verdicts {
        match verdict {
            Verdict::Pass => return Verdict::Pass,
            Verdict::Fail(failure) => failures.push(failure),
            other => open = open.or(Some(other)),
        }
    }
    if let Some(open) = open {
        return open;
    }
    let expected: Vec<_> = failures.iter().map(|failure| failure.expected.clone()).collect();
    match failures.into_iter().next() {
        Some(first) => fail(first.kind, expected.join(", or "), first.actual, first.calls),
        None => Verdict::Unresolved("none of no expectations can be kept: the program is at fault".into()),
    }
}

fn blocked(run: &Run, worker: usize, line: usize) -> Verdict {
    match run.progress(worker, line) {
        Progress::Returned(_, returned) => fail(
            FailureKind::DidNotBlock,
            format!("{} never returns", run.called(worker, line)),
            format!("it returned {}", words::answer(&returned.answer)),
            vec![run.cited(worker, line)],
        ),
        Progress::NotReached => progress::missing(run, worker, line),
        Progress::Pending(_) if run.end(worker) == WorkerEnd::Died && !run.may_have_been_ended(worker) => {
            progress::missing(run, worker, line)
        }
        Progress::Pending(_) if run.history.end == RunEnd::Deadline => {
            Verdict::Unresolved(format!("{} might still have returned", run.called(worker, line)))
        }
        Progress::Pending(_) => Verdict::Pass,
    }
}

fn not_reached(run: &Run, worker: usize, line: usize) -> Verdict {
    match run.progress(worker, line) {
        Progress::NotReached if run.history.end == RunEnd::Deadline => {
            Verdict::Unresolved(format!("{} might still have been called", run.called(worker, line)))
        }
        Progress::NotReached => Verdict::Pass,
        Progress::Pending(_) | Progress::Returned(..) => fail(
            FailureKind::Lifetime,
            format!("{} is never begun", run.called(worker, line)),
            "it was begun",
            vec![run.cited(worker, line)],
        ),
    }
}

/// A line that has returned.
struct Line<'r, 'a> {
    run: &'r Run<'a>,
    worker: usize,
    line: usize,
    call: &'a CallHistory,
    returned: &'a Returned,
}

impl Line<'_, '_> {
    fn check(&self, expect: &Expect) -> Verdict {
        let answer = &self.returned.answer;
        let value = answer.value;
        match expect {
            Expect::Returns => Verdict::Pass,
            Expect::Outcome(outcome) => self.outcome(&[*outcome]),
            Expect::OneOf(outcomes) => self.outcome(outcomes),
            Expect::Value(wanted) => self.value(value == *wanted, &format!("value {wanted}")),
            Expect::NotValue(other) => self.value(value != *other, &format!("another value than {other}")),
            Expect::AtLeast(least) => self.value(value >= *least, &format!("a value of at least {least}")),
            Expect::AtMost(most) => self.value(value <= *most, &format!("a value of at most {most}")),
            Expect::Item(item) => self.item(std::slice::from_ref(item)),
            Expect::ItemAmong(items) => self.item(items),
            Expect::Answer(outcome, wanted, aux) => match self.outcome(&[*outcome]) {
                Verdict::Pass if (value, answer.aux) == (*wanted, *aux) => Verdict::Pass,
                Verdict::Pass => self.fail(
                    FailureKind::WrongValue,
                    &format!("value {wanted} and fingerprint {aux:#x}"),
                    format!("value {value} and fingerprint {:#x}", answer.aux),
                ),
                other => other,
            },
            Expect::Items(items) => self.items(items),
            Expect::ItemValues(values) => {
                let found: Vec<_> = answer.items.iter().map(|(value, _)| *value).collect();
                self.ok_and(
                    found == *values,
                    &format!("the values {values:?}"),
                    &format!("the values {found:?}"),
                )
            }
            Expect::Reads(scalar) => self.ok_and(
                words::is_scalar(scalar, (value, answer.aux)),
                &words::scalar(scalar),
                &words::read((value, answer.aux)),
            ),
            Expect::ReadsAll(scalars) => {
                let found = &answer.items;
                let holds = found.len() == scalars.len()
                    && scalars.iter().zip(found).all(|(scalar, found)| words::is_scalar(scalar, *found));
                let expected: Vec<_> = scalars.iter().map(words::scalar).collect();
                let actual: Vec<_> = found.iter().map(|found| words::read(*found)).collect();
                self.ok_and(holds, &words::list(&expected), &words::list(&actual))
            }
            Expect::Gives(datum) => self.ok_and(
                words::is_datum(datum, (value, answer.aux)),
                &words::datum(datum),
                &words::read((value, answer.aux)),
            ),
            Expect::GivesAll(data) => {
                let found = &answer.items;
                let holds = found.len() == data.len()
                    && data.iter().zip(found).all(|(datum, found)| words::is_datum(datum, *found));
                let expected: Vec<_> = data.iter().map(words::datum).collect();
                let actual: Vec<_> = found.iter().map(|found| words::read(*found)).collect();
                self.ok_and(holds, &words::list(&expected), &words::list(&actual))
            }
            Expect::GivesObject(kind) => self.ok_and(
                answer.aux == Value::Object(kind.clone()).fingerprint(),
                &format!("an object: {kind}"),
                &words::read((value, answer.aux)),
            ),
            Expect::Text(text) => self.text(|found| found == text, &format!("the text {text:?}")),
            Expect::TextBegins(text) => {
                self.text(|found| found.starts_with(text), &format!("a text that begins with {text:?}"))
            }
            Expect::TextEnds(text) => {
                self.text(|found| found.ends_with(text), &format!("a text that ends with {text:?}"))
            }
            Expect::TextContains(text) => {
                self.text(|found| found.contains(text), &format!("a text that contains {text:?}"))
            }
            Expect::SameAs(place) => self.compared(place, "the same result as", |other| {
                (value, answer.aux, &answer.text) == (other.value, other.aux, &other.text)
            }),
            Expect::DiffersFrom(place) => self.compared(place, "another result than", |other| {
                (value, answer.aux, &answer.text) != (other.value, other.aux, &other.text)
            }),
            Expect::Plus(place, more) => self.compared(place, &format!("{more} more than"), |other| {
                other.value.checked_add(*more) == Some(value) && answer.aux == other.aux
            }),
            Expect::PidOf(name) => match self.run.history.worker(name).and_then(|worker| worker.pid) {
                Some(pid) => self.value(value == i64::from(pid), &format!("the pid of {name}, {pid}")),
                None => Verdict::Unresolved(format!("the suite never learned the pid of worker {name}")),
            },
            Expect::TookAtLeast(ms) => self.at_least(*ms),
            Expect::TookAtMost(ms) => self.at_most(*ms),
            Expect::NotBeforeCallOf(place) => {
                self.not_before(place, "is called", |call| Some(call.called_ns))
            }
            Expect::NotBeforeReturnOf(place) => self
                .not_before(place, "returns", |call| call.returned.as_ref().map(|returned| returned.at_ns)),
            Expect::Blocked | Expect::NotReached | Expect::All(_) | Expect::Any(_) => {
                check(self.run, self.worker, self.line, expect)
            }
        }
    }

    fn fail(&self, kind: FailureKind, expected: &str, actual: impl Into<String>) -> Verdict {
        let called = self.run.called(self.worker, self.line);
        fail(kind, format!("{called} gives {expected}"), actual, vec![self.run.cited(self.worker, self.line)])
    }

    fn outcome(&self, wanted: &[Outcome]) -> Verdict {
        if wanted.contains(&self.returned.answer.outcome) {
            return Verdict::Pass;
        }
        let wanted: Vec<_> = wanted.iter().map(|outcome| words::outcome(*outcome)).collect();
        self.fail(FailureKind::WrongOutcome, &wanted.join(" or "), words::answer(&self.returned.answer))
    }

    /// `ok`, and this; an answer that is not `ok` is a wrong outcome, whatever its value.
    fn ok_and(&self, holds: bool, expected: &str, actual: &str) -> Verdict {
        if self.returned.answer.outcome != Outcome::Ok {
            let expected = format!("ok with {expected}");
            return self.fail(FailureKind::WrongOutcome, &expected, words::answer(&self.returned.answer));
        }
        if holds { Verdict::Pass } else { self.fail(FailureKind::WrongValue, expected, actual) }
    }

    fn value(&self, holds: bool, expected: &str) -> Verdict {
        self.ok_and(holds, expected, &format!("value {}", self.returned.answer.value))
    }

    fn text(&self, holds: impl Fn(&str) -> bool, expected: &str) -> Verdict {
        match &self.returned.answer.text {
            Some(text) => self.ok_and(holds(text), expected, &format!("the text {text:?}")),
            None => self.ok_and(false, expected, "no text"),
        }
    }

    fn item(&self, wanted: &[Item]) -> Verdict {
        let Answer { value, aux, .. } = self.returned.answer;
        let holds = wanted.iter().any(|item| item.expected() == (value, aux));
        let expected = match wanted {
            [one] => words::item(one),
            several => format!("one of {}", words::items(several)),
        };
        let actual = self.received(value, aux);
        match self.ok_and(holds, &expected, &actual) {
            Verdict::Fail(mut failure) if failure.kind == FailureKind::WrongValue => {
                failure.kind = self.wrong_item(wanted, value, aux);
                Verdict::Fail(failure)
            }
            verdict => verdict,
        }
    }

    fn items(&self, wanted: &[Item]) -> Verdict {
        let found = &self.returned.answer.items;
        let holds = found.len() == wanted.len()
            && wanted.iter().zip(found).all(|(item, found)| item.expected() == *found);
        let actual: Vec<_> = found.iter().map(|(value, aux)| self.received(*value, *aux)).collect();
        let actual = if actual.is_empty() { "no item".to_owned() } else { actual.join(", ") };
        match self.ok_and(holds, &words::items(wanted), &actual) {
            Verdict::Fail(mut failure) if failure.kind == FailureKind::WrongValue => {
                let torn =
                    |(value, aux): &(i64, u64)| self.wrong_item(wanted, *value, *aux) == FailureKind::Torn;
                if found.iter().any(torn) {
                    failure.kind = FailureKind::Torn;
                }
                Verdict::Fail(failure)
            }
            verdict => verdict,
        }
    }

    /// Torn if it bears the id of an item of this program that has another fingerprint.
    fn wrong_item(&self, wanted: &[Item], value: i64, aux: u64) -> FailureKind {
        let whole = |item: &Item| item.expected() == (value, aux);
        let named = |item: &Item| item.id != 0 && i64::from(item.id) == value;
        match wanted.iter().any(named) && !wanted.iter().chain(self.run.items()).any(whole) {
            true => FailureKind::Torn,
            false => FailureKind::WrongValue,
        }
    }

    fn received(&self, value: i64, aux: u64) -> String {
        words::received(value, aux, self.run.items())
    }

    fn compared(&self, place: &Place, relation: &str, holds: impl Fn(&Answer) -> bool) -> Verdict {
        let (_, other) = match self.run.answer(place) {
            Ok(other) => other,
            Err(why) => return Verdict::Unresolved(format!("there is nothing to compare with: {why}")),
        };
        let own = &self.returned.answer;
        // Results that look alike may differ in what they hold.
        let words = |answer: &Answer| match other.answer.aux == own.aux {
            true => words::answer(answer),
            false => format!("{} and fingerprint {:#x}", words::answer(answer), answer.aux),
        };
        let expected = format!("{relation} `{}` of {} ({})", place.label, place.worker, words(&other.answer));
        let verdict = self.ok_and(holds(&other.answer), &expected, &words(own));
        self.with_place(verdict, place)
    }

    fn not_before(&self, place: &Place, does: &str, time: impl Fn(&CallHistory) -> Option<u64>) -> Verdict {
        let (worker, line) = match self.run.find(place) {
            Ok(found) => found,
            Err(why) => return Verdict::Unresolved(why),
        };
        let other = match self.run.progress(worker, line) {
            Progress::NotReached => None,
            Progress::Pending(call) | Progress::Returned(call, _) => time(call),
        };
        let expected = format!("its answer only after `{}` of {} {does}", place.label, place.worker);
        let verdict = match other {
            // Both were stamped by one clock; equal stamps leave the order open.
            Some(other) if self.returned.at_ns >= other => Verdict::Pass,
            Some(other) => self.fail(
                FailureKind::TooEarly,
                &expected,
                format!("it returned {} earlier", duration(other - self.returned.at_ns)),
            ),
            None => self.fail(FailureKind::TooEarly, &expected, "it returned, and the other never did so"),
        };
        self.with_place(verdict, place)
    }

    fn with_place(&self, verdict: Verdict, place: &Place) -> Verdict {
        match (verdict, self.run.find(place)) {
            (Verdict::Fail(mut failure), Ok((worker, line))) => {
                failure.calls.push(self.run.cited(worker, line));
                Verdict::Fail(failure)
            }
            (verdict, _) => verdict,
        }
    }

    fn took_ns(&self) -> u64 {
        self.returned.at_ns.saturating_sub(self.call.called_ns)
    }

    fn at_least(&self, ms: u64) -> Verdict {
        if self.took_ns().saturating_add(GRAIN_NS) >= ms.saturating_mul(1_000_000) {
            return Verdict::Pass;
        }
        let actual = format!("it returned after {}", duration(self.took_ns()));
        self.fail(FailureKind::TooEarly, &format!("its answer after {ms} ms at the earliest"), actual)
    }

    fn at_most(&self, ms: u64) -> Verdict {
        let history = self.run.history;
        let starved_ns = history.starved_ns(self.call.called_ns, self.returned.at_ns);
        let slack = slack_ns(history.lag_ns, starved_ns);
        if self.took_ns() <= ms.saturating_mul(1_000_000).saturating_add(slack) {
            return Verdict::Pass;
        }
        let expected = format!("its answer after {ms} ms at the latest, with {} of slack", duration(slack));
        self.fail(FailureKind::TooLate, &expected, format!("it returned after {}", duration(self.took_ns())))
    }
}

/// Nanoseconds in words, to a hundredth of a millisecond.
fn duration(ns: u64) -> String {
    format!("{:.2} ms", ns as f64 / 1e6)
}
