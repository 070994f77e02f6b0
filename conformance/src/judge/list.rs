//! A managed list that is appended to, extended and read.
//!
//! As Elle does it (Kingsbury and Alvaro, *Elle: inferring isolation anomalies from experimental
//! observations*, VLDB 2020), one read in the end that shows everything gives the order of all the
//! appends: nothing needs to be searched for. In that order the list after its first `n` elements has rank `2n`, and
//! what brings the element behind them the rank `2n + 1`. A read of so many elements has one rank; one of an
//! element has any from its own on; one that found nothing there, any before. The calls are linearizable
//! exactly if no call must come before another one that had returned when it was called: ranks from the
//! smallest on are then an order of all of them. That takes O(n log n).
//!
//! Going through a list reads it element by element and is no single call; but when it saw the end the
//! last element was there already, and so it has a rank of its own like any other read of the whole.

use std::collections::HashMap;

use procession_contract::{Answer, Call, Datum, ObjectKind, Outcome};

use super::queue::{NEVER, Span, cite};
use super::{Progress, Run, fail};
use crate::verdict::{FailureKind, Verdict};

/// An element as an answer reports it: its number and its fingerprint.
type Seen = (i64, u64);

/// What a call does, with its answer.
enum Doing<'a> {
    /// Adds these at the end, in one step.
    Adds(Vec<Datum>),
    /// Reads the whole list, or how long it is.
    Whole(&'a Answer),
    Length(&'a Answer),
    /// Reads the element at this index.
    At(i64, &'a Answer),
    /// Goes through it.
    Through(&'a Answer),
}

/// Judges a managed list.
pub fn judge(run: &Run, name: &str) -> Verdict {
    let calls = match read(run, name) {
        Ok(calls) => calls,
        Err(verdict) => return *verdict,
    };
    let order = match Order::of(run, name, &calls) {
        Ok(order) => order,
        Err(verdict) => return *verdict,
    };
    let mut ranked = Vec::new();
    for (span, doing) in &calls {
        match order.ranks(doing) {
            Ok(None) => {}
            Ok(Some((least, most))) => ranked.push((*span, least, most)),
            Err((expected, actual)) => {
                let kind = match doing {
                    Doing::Adds(_) => FailureKind::NotLinearizable,
                    _ => FailureKind::WrongValue,
                };
                let expected = format!("{} {expected}", run.called(span.worker, span.line));
                return fail(kind, expected, actual, cite(run, &[*span]));
            }
        }
    }
    in_time(run, ranked)
}

/// The calls on the list that changed it or saw something of it.
fn read<'a>(run: &Run<'a>, name: &str) -> Result<Vec<(Span, Doing<'a>)>, Box<Verdict>> {
    let mut calls = Vec::new();
    for (worker, line) in run.places() {
        let step = &run.line(worker, line).step;
        if step.on != name {
            continue;
        }
        let (called, returned, answer) = match run.progress(worker, line) {
            Progress::NotReached => continue,
            Progress::Pending(call) => (call.called_ns, NEVER, None),
            Progress::Returned(call, returned) => (call.called_ns, returned.at_ns, Some(&returned.answer)),
        };
        let span = Span { worker, line, called, returned };
        if answer.is_none() && run.quiescent() && run.end(worker) == crate::history::WorkerEnd::Running {
            return Err(Box::new(fail(
                FailureKind::Hang,
                format!("{} returns, since a list never makes anybody wait", run.called(worker, line)),
                "it was still pending when nothing could move any more",
                cite(run, &[span]),
            )));
        }
        let method = match &step.call {
            Call::Invoke { method, args, .. } => (method.as_str(), args.as_slice()),
            Call::GetValue { .. } => ("", [].as_slice()),
            Call::Iterate { .. } => ("__iter__", [].as_slice()),
            // Nothing of what it holds.
            Call::Display | Call::Repr | Call::Equals { .. } | Call::Forget => continue,
            _ => ("another call", [].as_slice()),
        };
        let doing = match (method, answer) {
            (("append", [one]), _) => Doing::Adds(vec![one.clone()]),
            (("extend", [Datum::List(several)]), _) => Doing::Adds(several.clone()),
            (("" | "__iter__" | "__len__" | "__getitem__", _), None) => continue,
            (("", _), Some(answer)) => Doing::Whole(answer),
            (("__iter__", _), Some(answer)) => Doing::Through(answer),
            (("__len__", _), Some(answer)) => Doing::Length(answer),
            (("__getitem__", [Datum::Scalar(procession_contract::Scalar::Int(at))]), Some(answer)) => {
                Doing::At(*at, answer)
            }
            _ => {
                return Err(Box::new(Verdict::Unresolved(format!(
                    "{} is no call that the judge of a list knows, which is appended to, extended and read",
                    run.called(worker, line)
                ))));
            }
        };
        let ok = answer.is_none_or(|answer| answer.outcome == Outcome::Ok);
        if !ok
            && !matches!((&doing, answer), (Doing::At(..), Some(answer)) if answer.outcome == Outcome::OutOfRange)
        {
            return Err(Box::new(fail(
                FailureKind::WrongOutcome,
                format!("{} succeeds", run.called(worker, line)),
                format!("it was {:?}", answer.map(|answer| answer.outcome)),
                cite(run, &[span]),
            )));
        }
        calls.push((span, doing));
    }
    Ok(calls)
}

/// The elements in their order, with the fingerprint of each beginning of the list.
struct Order {
    elements: Vec<Seen>,
    /// Of the list of the first so many elements.
    beginnings: Vec<u64>,
    /// Where each element is.
    places: HashMap<Seen, usize>,
    /// Whether the list was ever so long: not in the middle of what came in one step.
    lengths: Vec<bool>,
}

impl Order {
    /// The order that the last one who went through the list saw.
    fn of(run: &Run, name: &str, calls: &[(Span, Doing)]) -> Result<Order, Box<Verdict>> {
        let adds = || {
            calls.iter().filter_map(|(span, doing)| match doing {
                Doing::Adds(data) => Some((span, data)),
                _ => None,
            })
        };
        let last_add =
            adds().map(|(span, _)| if span.returned == NEVER { span.called } else { span.returned });
        let last_add = last_add.max().unwrap_or(0);
        let last = calls.iter().find_map(|(span, doing)| match doing {
            Doing::Through(answer) if span.called >= last_add => Some((span, *answer)),
            _ => None,
        });
        let Some((last, answer)) = last else {
            return Err(Box::new(Verdict::Unresolved(format!(
                "nobody went through `{name}` when everything had been appended, so its order is not known"
            ))));
        };
        let initial = initial(run, name);
        let mut data: HashMap<Seen, (Option<Span>, &Datum)> = HashMap::new();
        let written = adds().flat_map(|(span, data)| data.iter().map(move |datum| (Some(*span), datum)));
        for (span, datum) in initial.iter().map(|datum| (None, datum)).chain(written) {
            let Some(answer) = datum.answer() else {
                return Err(Box::new(Verdict::Unresolved(format!(
                    "`{name}` is given what is no plain value: the judge of a list cannot tell it from others"
                ))));
            };
            if data.insert((answer.value, answer.aux), (span, datum)).is_some() {
                return Err(Box::new(Verdict::Unresolved(format!(
                    "`{name}` is given {} twice: the judge of a list cannot tell the two apart",
                    super::words::datum(datum)
                ))));
            }
        }
        let mut places = HashMap::new();
        let mut known = Vec::new();
        for (place, seen) in answer.items.iter().enumerate() {
            let problem = match (data.get(seen), places.insert(*seen, place)) {
                (None, _) => Some((FailureKind::Invented, super::words::read(*seen), None)),
                (Some((span, datum)), Some(_)) => {
                    Some((FailureKind::Duplicated, super::words::datum(datum), *span))
                }
                (Some((_, datum)), None) => {
                    known.push((*datum).clone());
                    None
                }
            };
            if let Some((kind, what, span)) = problem {
                let spans: Vec<Span> = [*last].into_iter().chain(span).collect();
                let expected = "in the end the list has every element that was put into it, once";
                return Err(Box::new(fail(
                    kind,
                    expected,
                    format!("at {place} there is {what}"),
                    cite(run, &spans),
                )));
            }
        }
        let mut missing: Vec<_> = data
            .iter()
            .filter(|(seen, (span, _))| {
                !places.contains_key(*seen) && span.is_none_or(|span| span.returned != NEVER)
            })
            .collect();
        missing.sort_by_key(|(seen, _)| **seen);
        if let Some((_, (span, datum))) = missing.first() {
            let spans: Vec<Span> = span.iter().copied().chain([*last]).collect();
            return Err(Box::new(fail(
                FailureKind::Lost,
                format!("in the end the list has {}, whose call had returned", super::words::datum(datum)),
                "it is not there",
                cite(run, &spans),
            )));
        }
        let beginnings = (0..=known.len()).map(|length| {
            Datum::List(known[..length].to_vec()).answer().expect("plain values make a plain list").aux
        });
        let mut lengths = vec![true; known.len() + 1];
        for (_, data) in adds() {
            let ends = data[..data.len().saturating_sub(1)].iter().filter_map(Datum::answer);
            for place in ends.filter_map(|answer| places.get(&(answer.value, answer.aux))) {
                lengths[place + 1] = false;
            }
        }
        let elements = answer.items.clone();
        let order = Order { beginnings: beginnings.collect(), elements, places, lengths };
        // What the list began with comes first, and in its order.
        match initial.iter().enumerate().all(|(place, datum)| {
            datum
                .answer()
                .is_some_and(|answer| order.elements.get(place) == Some(&(answer.value, answer.aux)))
        }) {
            true => Ok(order),
            false => Err(Box::new(fail(
                FailureKind::OutOfOrder,
                "in the end the list begins with what it was created with",
                "it begins otherwise",
                cite(run, &[*last]),
            ))),
        }
    }

    /// Between which ranks a call must stand; nothing if it need not have taken place. An error says
    /// what was expected of it and what was seen.
    fn ranks(&self, doing: &Doing) -> Result<Option<(usize, usize)>, (String, String)> {
        let length = self.elements.len();
        match doing {
            Doing::Adds(data) => {
                let places = data.iter().map(|datum| {
                    let answer = datum.answer()?;
                    self.places.get(&(answer.value, answer.aux)).copied()
                });
                let places: Vec<Option<usize>> = places.collect();
                match places.first() {
                    None => Ok(None),
                    // A call that never returned may have done nothing.
                    Some(None) if places.iter().all(Option::is_none) => Ok(None),
                    Some(first) => {
                        let together = places.iter().enumerate().all(|(index, place)| {
                            matches!((first, place), (Some(first), Some(place)) if *place == first + index)
                        });
                        match (together, first) {
                            (true, Some(first)) => Ok(Some((2 * first + 1, 2 * first + 1))),
                            _ => Err((
                                "adds all its elements in one step, one behind the other".into(),
                                format!("in the end they are at {places:?}"),
                            )),
                        }
                    }
                }
            }
            Doing::Length(answer) => match self.length(answer.value) {
                Some(n) => Ok(Some((2 * n, 2 * n))),
                None => Err((
                    format!("gives a length that the list had at one moment, at most {length}"),
                    format!("it gave {}", answer.value),
                )),
            },
            Doing::Whole(answer) => {
                match self.length(answer.value).filter(|n| self.beginnings.get(*n) == Some(&answer.aux)) {
                    Some(n) => Ok(Some((2 * n, 2 * n))),
                    None => Err((
                        "gives the list as it was at one moment".into(),
                        format!("it gave {} elements, which are not the first ones", answer.value),
                    )),
                }
            }
            Doing::At(at, answer) => self.element(*at, answer, length),
            Doing::Through(answer) => {
                let n = answer.items.len();
                match self.elements.get(..n) == Some(answer.items.as_slice()) && self.lengths[n] {
                    // The last element was there before the end was seen: in between there were so many.
                    true => Ok(Some((2 * n, 2 * n))),
                    false => Err((
                        "gives the first elements of the list".into(),
                        format!("it gave {n} that are not these, or ended in the middle of one step"),
                    )),
                }
            }
        }
    }

    /// A length that the list had at some moment.
    fn length(&self, n: i64) -> Option<usize> {
        usize::try_from(n).ok().filter(|n| self.lengths.get(*n) == Some(&true))
    }

    fn element(
        &self,
        at: i64,
        answer: &Answer,
        length: usize,
    ) -> Result<Option<(usize, usize)>, (String, String)> {
        let Ok(at) = usize::try_from(at) else {
            return Err(("counts from the front, for this judge".into(), format!("it asked for {at}")));
        };
        match answer.outcome {
            // It was no longer than that, or as long as it was before the step that made it longer.
            Outcome::OutOfRange => {
                let most = (0..=at.min(length)).rev().find(|n| self.lengths[*n]).unwrap_or(0);
                Ok(Some((0, 2 * most)))
            }
            _ if self.elements.get(at) == Some(&(answer.value, answer.aux)) => {
                let least = (at + 1..=length).find(|n| self.lengths[*n]).unwrap_or(length);
                Ok(Some((2 * least, 2 * length)))
            }
            _ => Err((
                format!("gives what is at {at} in the end"),
                format!("it gave {}", super::words::read((answer.value, answer.aux))),
            )),
        }
    }
}

/// The elements that the list began with.
fn initial<'a>(run: &Run<'a>, name: &str) -> &'a [Datum] {
    let object = run.program.objects.iter().find(|object| object.name == name);
    match object.map(|object| object.kind.plain()) {
        Some(ObjectKind::List { initial: Some(Datum::List(elements)) }) => elements,
        _ => &[],
    }
}

/// Whether calls whose ranks are between these bounds can have ranks that real time respects: none has to
/// come behind another one that was called when it had returned.
fn in_time(run: &Run, mut ranked: Vec<(Span, usize, usize)>) -> Verdict {
    let mut by_return: Vec<(Span, usize)> = ranked.iter().map(|(span, least, _)| (*span, *least)).collect();
    by_return.sort_by_key(|(span, _)| span.returned);
    ranked.sort_by_key(|(span, ..)| span.called);
    let mut returned = by_return.into_iter().peekable();
    let mut greatest: Option<(Span, usize)> = None;
    for (span, _, most) in ranked {
        while let Some(earlier) = returned.next_if(|(earlier, _)| earlier.returned < span.called) {
            if greatest.is_none_or(|(_, least)| earlier.1 > least) {
                greatest = Some(earlier);
            }
        }
        if let Some((earlier, least)) = greatest
            && least > most
        {
            return fail(
                FailureKind::NotLinearizable,
                format!(
                    "{} comes after {}, which had returned",
                    run.called(span.worker, span.line),
                    run.called(earlier.worker, earlier.line)
                ),
                "the order of the list has it before",
                cite(run, &[span, earlier]),
            );
        }
    }
    Verdict::Pass
}
