//! Linearizability of a first-in-first-out queue by search: bounds, takes that nobody saw, several
//! items in a call, and calls still waiting when nothing moved.
//!
//! The search of Wing and Gong with Lowe's memory (*Testing for linearizability*, 2017): calls are
//! put into an order one by one, each no later than the earliest return of those not yet in it; a
//! pair of (calls done, queue content) that failed once is not tried again. The calls of a worker
//! are sequential, so the calls done are one position a worker, and memory stays linear where one
//! bit a call would make it quadratic. Calls that may or may not have taken effect stand alone.
//!
//! An order is accepted if, in the end, every waiting get finds the queue empty and every waiting
//! put finds it full.

use std::collections::{HashSet, VecDeque};

use super::queue::{Effect, NEVER, Queue, Span};

/// How much work a search may do before it gives up.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Calls placed or taken back.
    pub steps: u64,
    /// Numbers remembered, of four bytes each.
    pub memory: usize,
}

/// The budget of a judge: about ten seconds and 128 MB.
pub const BUDGET: Budget = Budget { steps: 50_000_000, memory: 32_000_000 };

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An order that explains everything.
    Linearizable,
    /// That there is none.
    Impossible {
        /// The calls that could not be placed where the search came farthest, the one that returned
        /// first in front; or the waiting calls.
        stuck: Vec<Span>,
        /// Whether there is one if the calls that wait are left out: then they hang.
        but_for_waiting: bool,
    },
    /// Nothing, within the budget.
    Exhausted,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Put(u32),
    Get(u32),
    FoundEmpty,
    FoundFull,
    /// A get whose item nobody saw.
    Unseen,
}

#[derive(Clone, Copy, Debug)]
struct Op {
    what: What,
    span: Span,
    /// By when it must be placed: [`NEVER`] if it need not be at all.
    until: u64,
}

/// Searches for an order. `maxsize` is the bound, 0 for none.
pub fn search(queue: &Queue, maxsize: u32, budget: Budget) -> Found {
    let waiting: Vec<Span> = queue
        .waiting
        .iter()
        .copied()
        .chain(queue.puts.iter().filter(|put| put.effect == Effect::Waiting).map(|put| put.span))
        .collect();
    let mut search = Search::new(queue, maxsize, budget);
    search.get_waits = !queue.waiting.is_empty();
    search.put_waits = queue.puts.iter().any(|put| put.effect == Effect::Waiting);
    let first = search.run();
    if !matches!(first, Found::Impossible { .. }) || waiting.is_empty() {
        return first;
    }
    let mut without = Search::new(queue, maxsize, budget);
    match without.run() {
        Found::Linearizable => Found::Impossible { stuck: waiting, but_for_waiting: true },
        other => other,
    }
}

struct Search<'a> {
    queue: &'a Queue,
    maxsize: usize,
    budget: Budget,
    lanes: Vec<Vec<Op>>,
    at: Vec<u32>,
    /// How many calls that must be placed are not.
    open: usize,
    content: VecDeque<u32>,
    seen: HashSet<Box<[u32]>>,
    remembered: usize,
    get_waits: bool,
    put_waits: bool,
}

impl<'a> Search<'a> {
    fn new(queue: &'a Queue, maxsize: u32, budget: Budget) -> Search<'a> {
        let lanes = lanes(queue);
        Search {
            queue,
            maxsize: maxsize as usize,
            budget,
            at: vec![0; lanes.len()],
            open: lanes.iter().flatten().filter(|op| op.until != NEVER).count(),
            lanes,
            content: VecDeque::new(),
            seen: HashSet::new(),
            remembered: 0,
            get_waits: false,
            put_waits: false,
        }
    }

    /// Depth first, with the path kept on the heap: each entry is the lane whose call was placed,
    /// and the item that an unseen get took.
    fn run(&mut self) -> Found {
        let mut path: Vec<(usize, Option<u32>)> = Vec::new();
        let mut next = 0;
        let mut deepest = (usize::MAX, Vec::new());
        if self.accepted() {
            return Found::Linearizable;
        }
        loop {
            let placed = (next..self.lanes.len()).find(|lane| self.may_place(*lane));
            if let Some(lane) = placed {
                if self.budget.steps == 0 {
                    return Found::Exhausted;
                }
                self.budget.steps -= 1;
                let taken = self.place(lane);
                if self.remember() {
                    if self.accepted() {
                        return Found::Linearizable;
                    }
                    path.push((lane, taken));
                    next = 0;
                } else {
                    self.take_back(lane, taken);
                    next = lane + 1;
                }
                if self.remembered > self.budget.memory {
                    return Found::Exhausted;
                }
                continue;
            }
            if self.open < deepest.0 {
                deepest = (self.open, self.at.clone());
            }
            let Some((lane, taken)) = path.pop() else { break };
            self.take_back(lane, taken);
            next = lane + 1;
        }
        let mut stuck: Vec<Op> = deepest
            .1
            .iter()
            .zip(&self.lanes)
            .filter_map(|(at, lane)| lane.get(*at as usize).copied())
            .filter(|op| op.until != NEVER)
            .collect();
        stuck.sort_by_key(|op| op.until);
        Found::Impossible { stuck: stuck.iter().map(|op| op.span).collect(), but_for_waiting: false }
    }

    fn accepted(&self) -> bool {
        self.open == 0
            && (!self.get_waits || self.content.is_empty())
            && (!self.put_waits || (self.maxsize > 0 && self.content.len() >= self.maxsize))
    }

    fn front(&self, lane: usize) -> Option<Op> {
        self.lanes[lane].get(self.at[lane] as usize).copied()
    }

    fn may_place(&self, lane: usize) -> bool {
        let Some(op) = self.front(lane) else { return false };
        let earliest = (0..self.lanes.len()).filter_map(|lane| self.front(lane)).map(|op| op.until).min();
        if earliest.is_some_and(|earliest| op.span.called > earliest) {
            return false;
        }
        match op.what {
            What::Put(item) => {
                (self.maxsize == 0 || self.content.len() < self.maxsize) && self.may_follow(item)
            }
            What::Get(item) => self.content.front() == Some(&item),
            What::FoundEmpty => self.content.is_empty(),
            What::FoundFull => self.maxsize > 0 && self.content.len() >= self.maxsize,
            What::Unseen => self.content.front().is_some_and(|front| self.taken(*front).is_none()),
        }
    }

    /// Whether an item may stand behind all that are in the queue: none of those is taken only after
    /// it, or never. It saves the search from finding that out much later.
    fn may_follow(&self, item: u32) -> bool {
        let Some(get) = self.taken(item) else { return true };
        self.content.iter().all(|before| match self.taken(*before) {
            Some(before) => before.called <= get.returned,
            None => !self.queue.unseen.is_empty(),
        })
    }

    fn taken(&self, item: u32) -> Option<Span> {
        self.queue.puts[item as usize].taken.map(|get| self.queue.gets[get].1)
    }

    fn place(&mut self, lane: usize) -> Option<u32> {
        let op = self.lanes[lane][self.at[lane] as usize];
        self.at[lane] += 1;
        self.open -= usize::from(op.until != NEVER);
        match op.what {
            What::Put(item) => {
                self.content.push_back(item);
                None
            }
            What::Get(_) | What::Unseen => self.content.pop_front(),
            What::FoundEmpty | What::FoundFull => None,
        }
    }

    fn take_back(&mut self, lane: usize, taken: Option<u32>) {
        self.at[lane] -= 1;
        let op = self.lanes[lane][self.at[lane] as usize];
        self.open += usize::from(op.until != NEVER);
        match (op.what, taken) {
            (What::Put(_), _) => {
                self.content.pop_back();
            }
            (_, Some(item)) => self.content.push_front(item),
            _ => {}
        }
    }

    /// Remembers where the search stands; false if it has been here.
    fn remember(&mut self) -> bool {
        let key: Box<[u32]> = self.at.iter().chain(&self.content).copied().collect();
        self.remembered += key.len() + 4;
        self.seen.insert(key)
    }
}

/// The calls in lanes within which they are sequential: one for each worker, and one for each call
/// that may take effect at any time after it was made.
fn lanes(queue: &Queue) -> Vec<Vec<Op>> {
    let workers = queue.spans().map(|span| span.worker + 1).max().unwrap_or(0);
    let mut lanes: Vec<Vec<Op>> = vec![Vec::new(); workers];
    // Gets first: an order that empties the queue early is found sooner.
    for &(item, span) in &queue.gets {
        lanes[span.worker].push(Op { what: What::Get(item as u32), span, until: span.returned });
    }
    for span in &queue.empties {
        lanes[span.worker].push(Op { what: What::FoundEmpty, span: *span, until: span.returned });
    }
    for (item, put) in queue.puts.iter().enumerate() {
        let op = Op { what: What::Put(item as u32), span: put.span, until: put.span.returned };
        match put.effect {
            Effect::Certain => lanes[put.span.worker].push(op),
            // The items of one call keep their order.
            Effect::Possible => match lanes[workers..].last_mut() {
                Some(chain) if chain.last().is_some_and(|last| last.span == put.span) => chain.push(op),
                _ => lanes.push(vec![op]),
            },
            Effect::Waiting | Effect::None(_) => {}
        }
    }
    for span in &queue.fulls {
        lanes[span.worker].push(Op { what: What::FoundFull, span: *span, until: span.returned });
    }
    for lane in &mut lanes {
        // Stable: the parts of one call stay as they are, a refusal after what was put before it.
        lane.sort_by_key(|op| (op.span.line, op.span.called));
    }
    lanes.extend(queue.unseen.iter().map(|span| vec![Op { what: What::Unseen, span: *span, until: NEVER }]));
    lanes
}

impl Queue {
    fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        let puts = self.puts.iter().map(|put| put.span);
        let gets = self.gets.iter().map(|(_, span)| *span);
        puts.chain(gets).chain(self.empties.iter().copied()).chain(self.fulls.iter().copied())
    }
}
