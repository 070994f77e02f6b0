//! A number that several workers add to, each time with its lock held: whatever the order, every
//! addition counts once.
//!
//! A read sees what was added by all that had returned before it was called, and nothing of what was
//! called after it had returned; of what was under way, any part. So does the last number of an
//! addition, which has its own part in it. Reads one after the other see no less than before, unless
//! something is taken away. That is necessary, and takes O(n log n) for any number of additions in a
//! call; [`super::sync`] decides exactly, as long as a call adds a few times only.

use procession_contract::{Call, ObjectKind, Outcome, Scalar};

use super::queue::{NEVER, Span, cite};
use super::{Progress, Run, fail};
use crate::verdict::{FailureKind, Verdict};

/// An addition.
struct Added {
    span: Span,
    /// Everything that it adds.
    sum: i128,
    /// The number that it wrote last, with how much it adds each time.
    last: Option<i64>,
    each: i128,
}

/// Judges every cell of a value, array or record that is only added to and read.
pub fn judge(run: &Run, name: &str) -> Verdict {
    let mut cells: Vec<Cell> = Vec::new();
    let kind = run.program.objects.iter().find(|object| object.name == name).map(|object| &object.kind);
    for (worker, line) in run.places() {
        let step = &run.line(worker, line).step;
        if step.on != name {
            continue;
        }
        let (span, answer) = match run.progress(worker, line) {
            Progress::NotReached => continue,
            Progress::Pending(call) => (Span { worker, line, called: call.called_ns, returned: NEVER }, None),
            Progress::Returned(call, returned) => {
                let span = Span { worker, line, called: call.called_ns, returned: returned.at_ns };
                (span, Some(&returned.answer))
            }
        };
        let did = answer.filter(|answer| matches!(answer.outcome, Outcome::Ok | Outcome::OwnerDied));
        if answer.is_some() && did.is_none() {
            continue;
        }
        let (at, field) = match &step.call {
            Call::Load { at, field } | Call::Add { at, field, .. } => (*at, field.clone()),
            Call::Store { .. } | Call::StoreSlice { .. } => {
                return Verdict::Unresolved(format!(
                    "{} writes a counter, which is only to be added to and read",
                    run.called(worker, line)
                ));
            }
            _ => continue,
        };
        let key = (element(kind, at), field);
        let index = cells.iter().position(|cell| cell.key == key).unwrap_or_else(|| {
            cells.push(Cell { first: first(kind, key.0), key, added: Vec::new(), reads: Vec::new() });
            cells.len() - 1
        });
        match &step.call {
            Call::Add { amount, times, .. } => {
                let each = i128::from(*amount);
                let last = did.map(|answer| answer.value);
                cells[index].added.push(Added { span, sum: each * i128::from(*times), last, each });
            }
            _ => cells[index].reads.extend(did.map(|answer| (span, answer.value))),
        }
    }
    cells.iter().map(|cell| cell.judge(run)).fold(Verdict::Pass, Verdict::and)
}

/// The index of an element, counted from the front.
fn element(kind: Option<&ObjectKind>, at: Option<i64>) -> Option<i64> {
    let length = match kind {
        Some(ObjectKind::Array { length, initial, .. }) => {
            length.or_else(|| initial.as_ref().map(|initial| initial.len() as i64))
        }
        Some(ObjectKind::Record { length, .. }) => *length,
        _ => None,
    };
    at.map(|at| if at < 0 { at + length.unwrap_or(0) } else { at })
}

/// The number that a cell begins with.
fn first(kind: Option<&ObjectKind>, at: Option<i64>) -> i128 {
    let initial = match kind {
        Some(ObjectKind::Value { initial, .. }) => initial.as_ref(),
        Some(ObjectKind::Array { initial: Some(initial), .. }) => {
            at.and_then(|at| initial.get(usize::try_from(at).ok()?))
        }
        _ => None,
    };
    match initial {
        Some(Scalar::Int(number)) => (*number).into(),
        _ => 0,
    }
}

/// One number.
struct Cell {
    key: (Option<i64>, Option<String>),
    first: i128,
    added: Vec<Added>,
    reads: Vec<(Span, i64)>,
}

/// A sum of additions by a time, smallest and largest.
struct Sums {
    times: Vec<u64>,
    low: Vec<i128>,
    high: Vec<i128>,
}

impl Sums {
    fn of(mut parts: Vec<(u64, i128)>) -> Sums {
        parts.sort_unstable();
        let (mut low, mut high) = (0, 0);
        let mut sums = Sums { times: Vec::new(), low: vec![0], high: vec![0] };
        for (at, amount) in parts {
            low += amount.min(0);
            high += amount.max(0);
            sums.times.push(at);
            sums.low.push(low);
            sums.high.push(high);
        }
        sums
    }

    /// The sums of what is at this time or before it, or only before it.
    fn until(&self, at: u64, inclusive: bool) -> (i128, i128) {
        let count = self.times.partition_point(|time| *time < at || (inclusive && *time == at));
        (self.low[count], self.high[count])
    }
}

impl Cell {
    fn judge(&self, run: &Run) -> Verdict {
        let called = Sums::of(self.added.iter().map(|added| (added.span.called, added.sum)).collect());
        let returned = self.added.iter().filter(|added| added.span.returned != NEVER);
        let returned = Sums::of(returned.map(|added| (added.span.returned, added.sum)).collect());
        let written = self.added.iter().filter_map(|added| Some((added.span, added.last?, added)));
        let seen = self.reads.iter().map(|(span, number)| (*span, *number, None));
        for (span, number, own) in seen.chain(written.map(|(span, last, added)| (span, last, Some(added)))) {
            let before = returned.until(span.called, false);
            let until = called.until(span.returned, true);
            // Its own part is counted among what was called; it is all in it, and not only perhaps.
            let mine = own.map_or(0, |added| added.sum);
            let least = self.first + until.0 - mine.min(0) + (before.1) + mine;
            let most = self.first + until.1 - mine.max(0) + (before.0) + mine;
            if !(least..=most).contains(&i128::from(number)) {
                let expected = match least == most {
                    true => format!("the number is {least}"),
                    false => format!("the number is at least {least} and at most {most}"),
                };
                let kind = match i128::from(number) < least && self.added.iter().all(|added| added.sum >= 0) {
                    true => FailureKind::Lost,
                    false => FailureKind::WrongValue,
                };
                let others = self.added.iter().map(|added| added.span).filter(|other| *other != span);
                let cited: Vec<_> = std::iter::once(span).chain(others.take(8)).collect();
                return fail(
                    kind,
                    format!("{expected}, by what was added until then"),
                    format!("{} saw {number}", run.called(span.worker, span.line)),
                    cite(run, &cited),
                );
            }
        }
        self.twice(run)
    }

    /// Two additions of one worker each that wrote the same number last: one of them is lost, as long
    /// as all add.
    fn twice(&self, run: &Run) -> Verdict {
        if !self.added.iter().all(|added| added.each > 0) {
            return Verdict::Pass;
        }
        let mut written: Vec<(i64, Span)> =
            self.added.iter().filter_map(|added| Some((added.last?, added.span))).collect();
        written.sort_unstable_by_key(|(number, _)| *number);
        match written.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            None => Verdict::Pass,
            Some(pair) => fail(
                FailureKind::Lost,
                "every addition leaves a number of its own",
                format!(
                    "{} and {} both wrote {}",
                    run.called(pair[0].1.worker, pair[0].1.line),
                    run.called(pair[1].1.worker, pair[1].1.line),
                    pair[0].0
                ),
                cite(run, &[pair[0].1, pair[1].1]),
            ),
        }
    }
}
