//! Linearizability of an unbounded first-in-first-out queue by bad patterns, in O(n log n).
//!
//! With distinct items, a history of puts, takes and refusals is linearizable unless it has one of a
//! few patterns of at most two items, or an interval covered by items (Henzinger, Sezgin and Vafeiadis,
//! *Aspect-oriented linearizability proofs*, CONCUR 2013): an item taken but not put, or twice (seen
//! while the history is read), taken before it was put, taken in the wrong order, or a queue found
//! empty while it cannot have been. Intervals are closed: calls whose stamps are equal overlap.
//!
//! A put that may not have taken effect counts if its item was taken, with an open end; otherwise it
//! is as if it had not been called, which makes nothing impossible.

use super::Run;
use super::fail;
use super::queue::{Effect, NEVER, Put, Queue, Span, answered, cite};
use super::words;
use crate::verdict::{FailureKind, Verdict};

/// Why no order explains a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The first put was over before the second was called, but the second's item was taken, and the
    /// first's was not taken before that.
    Order(usize, usize),
    /// This refusal found the queue empty, though this put's item, among others, was in it.
    NotEmpty(Span, usize),
}

struct Life {
    put: usize,
    put_called: u64,
    put_returned: u64,
    get_called: u64,
    get_returned: u64,
}

/// Finds a bad pattern, if there is one. Complete for unbounded queues without takes that nobody saw
/// and without several items in a call; sound for bounded ones.
pub fn find(queue: &Queue) -> Option<Pattern> {
    let mut lives: Vec<Life> = Vec::with_capacity(queue.puts.len());
    for (put, Put { span, effect, taken, .. }) in queue.puts.iter().enumerate() {
        let get = taken.map(|get| queue.gets[get].1);
        if *effect != Effect::Certain && get.is_none() {
            continue;
        }
        lives.push(Life {
            put,
            put_called: span.called,
            put_returned: span.returned,
            get_called: get.map_or(NEVER, |get| get.called),
            get_returned: get.map_or(NEVER, |get| get.returned),
        });
    }
    lives.sort_unstable_by_key(|life| life.put_returned);
    not_empty(queue, &lives).or_else(|| out_of_order(&lives))
}

/// Sweeps the puts by their calls, keeping, of those over by then, the one taken last.
fn out_of_order(by_return: &[Life]) -> Option<Pattern> {
    let mut by_call: Vec<&Life> = by_return.iter().collect();
    by_call.sort_unstable_by_key(|life| life.put_called);
    let mut over = by_return.iter().peekable();
    let mut latest: Option<&Life> = None;
    for second in by_call {
        while let Some(first) = over.next_if(|first| first.put_returned < second.put_called) {
            if latest.is_none_or(|latest| first.get_called > latest.get_called) {
                latest = Some(first);
            }
        }
        if let Some(first) = latest.filter(|first| second.get_returned < first.get_called) {
            return Some(Pattern::Order(first.put, second.put));
        }
    }
    None
}

/// An item is in the queue for sure between its put's return and its get's call. A refusal is
/// impossible if such times, taken together, leave it no moment.
fn not_empty(queue: &Queue, by_return: &[Life]) -> Option<Pattern> {
    if queue.empties.is_empty() {
        return None;
    }
    // Disjoint stretches in which the queue is never empty, with the put that begins each.
    let mut stretches: Vec<(u64, u64, usize)> = Vec::new();
    for life in by_return.iter().filter(|life| life.put_returned < life.get_called) {
        match stretches.last_mut() {
            Some((_, end, _)) if life.put_returned < *end => *end = (*end).max(life.get_called),
            _ => stretches.push((life.put_returned, life.get_called, life.put)),
        }
    }
    queue.empties.iter().find_map(|empty| {
        let before = stretches.partition_point(|(begin, ..)| *begin < empty.called);
        let (_, end, put) = *stretches[..before].last()?;
        (empty.returned < end).then_some(Pattern::NotEmpty(*empty, put))
    })
}

impl Pattern {
    /// The failure that the pattern shows.
    pub fn verdict(self, run: &Run, queue: &Queue) -> Verdict {
        match self {
            Pattern::Order(first, second) => {
                let (one, two) = (&queue.puts[first], &queue.puts[second]);
                let get = |put: &Put| put.taken.map(|get| queue.gets[get].1);
                let spans: Vec<_> =
                    [get(two), get(one), Some(one.span), Some(two.span)].into_iter().flatten().collect();
                let (earlier, later) = (words::item(&one.item), words::item(&two.item));
                fail(
                    FailureKind::NotLinearizable,
                    format!(
                        "{earlier} is taken before {later}, since its put was over before the other was called"
                    ),
                    match get(one) {
                        Some(_) => format!("the get of {later} was over before that of {earlier} was called"),
                        None => format!("{later} was taken, and {earlier} never was"),
                    },
                    cite(run, &spans),
                )
            }
            Pattern::NotEmpty(empty, put) => {
                let put = &queue.puts[put];
                let get = put.taken.map(|get| queue.gets[get].1);
                let spans: Vec<_> = [empty, put.span].into_iter().chain(get).collect();
                fail(
                    FailureKind::NotLinearizable,
                    format!(
                        "the queue, which held {} or a later item all the while, is not found empty",
                        words::item(&put.item)
                    ),
                    answered(run, empty),
                    cite(run, &spans),
                )
            }
        }
    }
}
