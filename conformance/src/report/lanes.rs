//! A history as lanes: one line a worker, time from left to right, each call a bar from its
//! invocation to its response.
//!
//! ```text
//! sender    |-send 0-| |-send 1-|
//! receiver     |=recv -> 1=| |-recv ----…
//! ```
//!
//! Places are those of the order of events, not of their times: a bar is as wide as its words, and two
//! bars lie beside each other where their calls did. A bar of `=` is a call that shows the failure,
//! an open end is a call that has not returned, `x` the end of a worker that was gone before its
//! call returned, and `…` stands for calls that are not drawn.

use std::collections::BTreeSet;

use procession_contract::Outcome;

use crate::history::{CallHistory, History, WorkerEnd};
use crate::judge::words;
use crate::program::Program;
use crate::verdict::Failure;

/// The most calls that are drawn.
const MOST_CALLS: usize = 12;

/// Draws a history in at most `width` columns (but never less than one call a lane needs), the calls
/// around those that show the failure first; without a failure, the last ones.
pub fn lanes(program: &Program, history: &History, failure: Option<&Failure>, width: usize) -> String {
    let mut calls = in_order_of_time(program, history);
    let decisive = decisive(history, failure);
    calls.iter_mut().for_each(|call| call.decisive = decisive.contains(&(call.worker, call.line)));
    let mut ranked: Vec<usize> = (0..calls.len()).collect();
    ranked.sort_by_key(|index| std::cmp::Reverse(importance(&calls, *index)));

    let names = calls.iter().map(|call| history.workers[call.worker].name.chars().count()).max().unwrap_or(0);
    let room = width.saturating_sub(names + 2);
    let mut count = ranked.len().min(MOST_CALLS);
    loop {
        let drawn: BTreeSet<usize> = ranked[..count].iter().copied().collect();
        let picture = Picture::of(history, &calls, &drawn);
        if picture.width <= room || count <= 1 {
            return picture.text(history, names);
        }
        count -= 1;
    }
}

/// A call as it is drawn.
struct Bar {
    worker: usize,
    line: usize,
    called: u64,
    returned: Option<u64>,
    words: String,
    decisive: bool,
}

fn in_order_of_time(program: &Program, history: &History) -> Vec<Bar> {
    let mut calls = Vec::new();
    for (worker, lived) in history.workers.iter().enumerate() {
        let role = program.roles.iter().find(|role| role.worker.name == lived.name);
        for call in &lived.calls {
            let step = role.and_then(|role| role.lines.get(call.line)).map(|line| &line.step);
            let name = step.map_or_else(|| format!("line {}", call.line), words::call);
            calls.push(Bar {
                worker,
                line: call.line,
                called: call.called_ns,
                returned: call.returned.as_ref().map(|returned| returned.at_ns),
                words: format!("{name}{}", result(call)),
                decisive: false,
            });
        }
    }
    calls.sort_by_key(|call| call.called);
    calls
}

/// What came back, if it is worth its columns: a plain success is not.
fn result(call: &CallHistory) -> String {
    let Some(returned) = &call.returned else { return String::new() };
    let answer = &returned.answer;
    if answer.outcome != Outcome::Ok {
        return format!(" -> {}", words::outcome(answer.outcome).replace('_', " "));
    }
    match (&answer.text, answer.items.as_slice()) {
        (Some(text), _) => format!(" -> {text:?}"),
        (None, []) if answer.value == 0 && answer.aux == 0 => String::new(),
        (None, []) => format!(" -> {}", answer.value),
        (None, items) => {
            let ids: Vec<_> = items.iter().map(|(id, _)| id.to_string()).collect();
            format!(" -> {}", ids.join(","))
        }
    }
}

fn decisive(history: &History, failure: Option<&Failure>) -> BTreeSet<(usize, usize)> {
    let cited = failure.iter().flat_map(|failure| &failure.calls);
    let found = cited.filter_map(|(name, line)| {
        history.workers.iter().position(|worker| worker.name == *name).map(|worker| (worker, *line))
    });
    found.collect()
}

/// Decisive calls before all others, then those nearest to one in the order of time; without any
/// decisive call, later ones before earlier ones.
fn importance(calls: &[Bar], index: usize) -> (bool, i64, i64) {
    let distance = calls
        .iter()
        .enumerate()
        .filter(|(_, call)| call.decisive)
        .map(|(other, _)| (other as i64 - index as i64).abs())
        .min();
    (calls[index].decisive, -distance.unwrap_or(0), index as i64)
}

/// What happens at one place of the time axis.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Call(usize),
    Left(usize),
    Return(usize),
}

struct Picture<'a> {
    calls: &'a [Bar],
    /// For each drawn call the columns of its two ends; the second absent while it is pending.
    ends: Vec<(usize, usize, Option<usize>)>,
    /// For each lane the columns where calls were left out.
    gaps: Vec<(usize, usize)>,
    lanes: BTreeSet<usize>,
    width: usize,
    gone: Vec<bool>,
}

impl<'a> Picture<'a> {
    fn of(history: &History, calls: &'a [Bar], drawn: &BTreeSet<usize>) -> Picture<'a> {
        let mut events = Vec::new();
        let mut leaving: BTreeSet<usize> = BTreeSet::new();
        for (index, call) in calls.iter().enumerate() {
            if drawn.contains(&index) {
                leaving.remove(&call.worker);
                events.push((call.called, Event::Call(index)));
                events.extend(call.returned.map(|returned| (returned, Event::Return(index))));
            } else if leaving.insert(call.worker) {
                events.push((call.called, Event::Left(index)));
            }
        }
        // At equal times calls come before returns, for such calls overlap.
        events.sort();
        let mut begin = vec![0; calls.len()];
        let mut finish = vec![None; calls.len()];
        let mut gaps = Vec::new();
        // Lanes are free from these columns on; all events are in the order of their columns.
        let mut free = vec![0; history.workers.len()];
        let mut now = 0;
        for (_, event) in events {
            match event {
                Event::Call(index) => {
                    now = (now + 1).max(free[calls[index].worker]);
                    begin[index] = now;
                }
                Event::Left(index) => {
                    now = (now + 1).max(free[calls[index].worker]);
                    gaps.push((calls[index].worker, now));
                    free[calls[index].worker] = now + 2;
                }
                Event::Return(index) => {
                    now = (now + 1).max(begin[index] + calls[index].words.chars().count() + 3);
                    finish[index] = Some(now);
                    free[calls[index].worker] = now + 2;
                }
            }
        }
        let ends: Vec<_> = drawn.iter().map(|index| (*index, begin[*index], finish[*index])).collect();
        let open = |(index, begin, _): &(usize, usize, Option<usize>)| {
            begin + calls[*index].words.chars().count() + 5
        };
        let pending = ends.iter().filter(|(_, _, finish)| finish.is_none()).map(open).max().unwrap_or(0);
        let width = (now + 1).max(pending + 1);
        Picture {
            calls,
            ends,
            gaps,
            lanes: calls.iter().map(|call| call.worker).collect(),
            width,
            gone: history.workers.iter().map(|worker| worker.end == WorkerEnd::Died).collect(),
        }
    }

    fn text(&self, history: &History, names: usize) -> String {
        let mut text = String::new();
        for lane in &self.lanes {
            let mut columns = vec![' '; self.width + 1];
            for (_, column) in self.gaps.iter().filter(|(worker, _)| worker == lane) {
                columns[*column] = '…';
            }
            for (index, begin, finish) in &self.ends {
                if self.calls[*index].worker == *lane {
                    self.draw(&mut columns, *index, *begin, *finish);
                }
            }
            let name = &history.workers[*lane].name;
            let bars: String = columns[1..].iter().collect();
            let padding = " ".repeat(names - name.chars().count() + 2);
            text += format!("{name}{padding}{bars}").trim_end();
            text.push('\n');
        }
        text
    }

    fn draw(&self, columns: &mut [char], index: usize, begin: usize, finish: Option<usize>) {
        let call = &self.calls[index];
        let fill = if call.decisive { '=' } else { '-' };
        let words = call.words.chars();
        let gone = self.gone[call.worker];
        let end = match finish {
            Some(end) => end,
            None if gone => begin + call.words.chars().count() + 5,
            None => self.width,
        };
        columns[begin..=end].fill(fill);
        columns[begin] = '|';
        columns[end] = match finish {
            Some(_) => '|',
            None if gone => 'x',
            None => '…',
        };
        for (column, letter) in columns[begin + 2..].iter_mut().zip(words) {
            *column = letter;
        }
        if finish.is_none() {
            // A space sets the words apart from the open end.
            columns[begin + 2 + call.words.chars().count()] = ' ';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::notation;
    use crate::verdict::FailureKind;
    use rstest::rstest;

    fn failure(calls: &[(&str, usize)]) -> Failure {
        let calls = calls.iter().map(|(worker, line)| ((*worker).to_owned(), *line)).collect();
        Failure { kind: FailureKind::OutOfOrder, expected: "0, 1".into(), actual: "1, 0".into(), calls }
    }

    #[rstest]
    #[case::overtaken(
        "lanes_overtaken",
        "sender: put 1 [0,10] ok; sender: put 2 [12,20] ok; receiver: get [5,30] -> 2; receiver: get [31,40] -> 1",
        &[("receiver", 0), ("receiver", 1)],
        100
    )]
    #[case::pending(
        "lanes_pending",
        "w1: put 1 [0,10] ok; w2: get [5,; w3: get [3,; w3 killed; w4: get [20,30] empty; quiescent",
        &[("w2", 0)],
        100
    )]
    #[case::narrow(
        "lanes_narrow",
        "a: put 1 [0,1] ok; a: put 2 [2,3] ok; a: put 3 [4,5] ok; a: put 4 [6,7] ok; a: put 5 [8,9] ok; \
         b: get [10,11] -> 1; b: get [12,13] -> 3; b: get [14,15] -> 2; b: get [16,17] -> 4",
        &[("b", 2), ("b", 1)],
        60
    )]
    fn a_history_is_drawn(
        #[case] name: &str,
        #[case] text: &str,
        #[case] calls: &[(&str, usize)],
        #[case] width: usize,
    ) {
        let (program, history) = notation::read(text);
        let drawn = lanes(&program, &history, Some(&failure(calls)), width);
        assert!(drawn.lines().all(|line| line.chars().count() <= width), "wider than {width}:\n{drawn}");
        insta::with_settings!({ snapshot_path => "../../../snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, drawn);
        });
    }

    #[test]
    fn an_empty_history_draws_nothing() {
        assert_eq!(lanes(&Program::new(), &History::default(), None, 80), "");
    }
}
