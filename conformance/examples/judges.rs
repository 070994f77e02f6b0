//! How long each judge takes over histories of up to a hundred thousand calls: a table.
//!
//! `cargo run --release -p procession --example judges [CALLS]`; no judge may need much more than twice as
//! long for twice as many calls. The histories are legal, made by going forward at random: four workers,
//! whose calls overlap as those of real ones do, and wait for each other where they would.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use procession::history::{CallHistory, History, Returned, RunEnd, WorkerEnd, WorkerHistory};
use procession::judge::judge;
use procession::program::build::*;
use procession::program::{Judge, Line, Program};
use procession::verdict::Verdict;
use procession_contract::{Answer, Item, Manifest, QueueLevel, Scalar};

const WORKERS: usize = 4;

/// The object of every history, and how it is judged.
const X: &str = "x";

/// The sizes, as parts of the largest.
const PARTS: [usize; 4] = [8, 4, 2, 1];

fn main() {
    let most = std::env::args().nth(1).map_or(Ok(100_000), |most| most.parse::<usize>());
    let most = most.expect("how many calls, as a number");
    let sizes = PARTS.map(|part| most / part);
    println!(
        "{:20}{} calls; growth from the last but one to the last",
        "ms for",
        sizes.map(|n| format!("{n:>9}")).concat()
    );
    for (name, write) in HISTORIES {
        let ms = sizes.map(|calls| {
            let (program, history) = write(calls);
            let began = Instant::now();
            let verdict = judge(&program, &history, &manifest());
            let ms = began.elapsed().as_secs_f64() * 1_000.0;
            assert_eq!(verdict, Verdict::Pass, "{name}");
            ms
        });
        println!("{name:20}{}   {:>9.2}", ms.map(|ms| format!("{ms:>9.1}")).concat(), ms[3] / ms[2]);
    }
}

type Write = fn(usize) -> (Program, History);

const HISTORIES: [(&str, Write); 14] = [
    ("lock", |calls| lock(Program::new().lock(X).judge(Judge::Lock(X.into())), 1, calls)),
    ("rlock", |calls| lock(Program::new().rlock(X).judge(Judge::Rlock(X.into())), 2, calls)),
    ("semaphore", |calls| semaphore(Program::new().semaphore(X, 2), calls)),
    ("bounded semaphore", |calls| semaphore(Program::new().bounded_semaphore(X, 2), calls)),
    ("event", event),
    ("condition", condition),
    ("barrier", barrier),
    ("register", register),
    ("counter", counter),
    ("queue, conservation", |calls| queue(Judge::Conservation(X.into()), calls)),
    ("queue, producers", |calls| queue(Judge::ProducerFifo(X.into()), calls)),
    ("queue, fifo", |calls| queue(Judge::LinearizableFifo(X.into(), 0), calls)),
    ("pipe, order", |calls| pipe(Judge::ConnectionOrder(X.into()), calls)),
    ("pipe, whole", |calls| pipe(Judge::ConnectionWhole(X.into()), calls)),
];

fn manifest() -> Manifest {
    Manifest {
        name: "paper".into(),
        version: "1".into(),
        language: "none".into(),
        methods: Vec::new(),
        objects: BTreeSet::new(),
        calls: BTreeSet::new(),
        claims: BTreeSet::new(),
        queue_level: QueueLevel::LinearizableFifo,
        tick_ms: 0,
    }
}

/// A history that is being written, call by call in the order in which they take effect.
struct Pen {
    program: Program,
    history: History,
    /// When each worker's last call returned.
    last_ns: [u64; WORKERS],
    now_ns: u64,
    calls: usize,
    most: usize,
    seed: u64,
}

impl Pen {
    fn new(program: Program, most: usize) -> Pen {
        let names = (0..WORKERS).map(|worker| format!("w{worker}"));
        let program = names.clone().fold(program.main([]), |program, name| program.process(&name, []));
        let worker =
            |name: String| WorkerHistory { name, end: WorkerEnd::Finished, ..WorkerHistory::default() };
        let workers = std::iter::once("main".to_owned()).chain(names).map(worker).collect();
        let history = History { workers, end: RunEnd::Completed, ..History::default() };
        let (last_ns, now_ns, calls) = ([0; WORKERS], 1_000, 0);
        Pen { program, history, last_ns, now_ns, calls, most, seed: 1 }
    }

    fn is_full(&self) -> bool {
        self.calls >= self.most
    }

    /// A number below this one (xorshift).
    fn below(&mut self, bound: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 11) % bound
    }

    /// The next moment, and a worker that is in no call then.
    fn next(&mut self) -> usize {
        loop {
            self.now_ns += 10;
            let worker = self.below(WORKERS as u64) as usize;
            if self.last_ns[worker] < self.now_ns {
                return worker;
            }
        }
    }

    /// When a call that takes effect now was made: since then, or since the worker's last one returned.
    fn called_ns(&mut self, worker: usize) -> u64 {
        let earliest_ns = self.last_ns[worker] + 1;
        match self.below(2) {
            0 => earliest_ns,
            _ => earliest_ns.max(self.now_ns - self.below(25)),
        }
    }

    /// A call that takes effect now.
    fn call(&mut self, worker: usize, line: Line, answer: Answer) {
        let called_ns = self.called_ns(worker);
        self.write(worker, line, called_ns, answer);
    }

    /// A call that was made then and takes effect now.
    fn write(&mut self, worker: usize, line: Line, called_ns: u64, answer: Answer) {
        let lines = &mut self.program.roles[worker + 1].lines;
        lines.push(line);
        let line = lines.len() - 1;
        let at_ns = self.now_ns + 1 + self.below(25);
        self.last_ns[worker] = at_ns;
        let returned = Some(Returned { at_ns, answer });
        self.history.workers[worker + 1].calls.push(CallHistory { line, called_ns, returned });
        self.calls += 1;
    }

    fn done(self) -> (Program, History) {
        (self.program, self.history)
    }
}

fn lock(program: Program, deepest: u32, calls: usize) -> (Program, History) {
    let mut pen = Pen::new(program, calls);
    let mut held: Option<(usize, u32)> = None;
    while !pen.is_full() {
        let worker = pen.next();
        held = match held {
            None => {
                pen.call(worker, acquire(X), Answer::truth(true));
                Some((worker, 1))
            }
            Some((holder, depth)) if holder == worker && depth < deepest && pen.below(2) == 0 => {
                pen.call(worker, acquire(X), Answer::truth(true));
                Some((holder, depth + 1))
            }
            Some((holder, depth)) if holder == worker => {
                pen.call(worker, release(X), Answer::ok());
                (depth > 1).then_some((holder, depth - 1))
            }
            Some(other) => {
                if pen.below(3) == 0 {
                    pen.call(worker, acquire(X).nonblocking(), Answer::truth(false));
                }
                Some(other)
            }
        };
    }
    pen.done()
}

fn semaphore(program: Program, calls: usize) -> (Program, History) {
    let mut pen = Pen::new(program.judge(Judge::Semaphore(X.into())), calls);
    let (mut free, mut taken) = (2, [0; WORKERS]);
    while !pen.is_full() {
        let worker = pen.next();
        if free > 0 && (taken[worker] == 0 || pen.below(2) == 0) {
            pen.call(worker, acquire(X), Answer::truth(true));
            (free, taken[worker]) = (free - 1, taken[worker] + 1);
        } else if taken[worker] > 0 {
            pen.call(worker, release(X), Answer::ok());
            (free, taken[worker]) = (free + 1, taken[worker] - 1);
        } else if pen.below(3) == 0 {
            pen.call(worker, acquire(X).nonblocking(), Answer::truth(false));
        }
    }
    pen.done()
}

fn event(calls: usize) -> (Program, History) {
    let mut pen = Pen::new(Program::new().event(X).judge(Judge::Event(X.into())), calls);
    let mut is_set_now = false;
    while !pen.is_full() {
        let worker = pen.next();
        match pen.below(5) {
            0 => {
                pen.call(worker, set(X), Answer::ok());
                is_set_now = true;
            }
            1 => {
                pen.call(worker, clear(X), Answer::ok());
                is_set_now = false;
            }
            2 | 3 if is_set_now => pen.call(worker, await_on(X), Answer::truth(true)),
            _ => pen.call(worker, is_set(X), Answer::truth(is_set_now)),
        }
    }
    pen.done()
}

/// What a worker does with a condition.
#[derive(Clone, Copy, PartialEq)]
enum Doing {
    Nothing,
    /// Since when it waits, and whether it has been notified.
    Waits(u64, bool),
}

fn condition(calls: usize) -> (Program, History) {
    let mut pen = Pen::new(Program::new().condition(X).judge(Judge::Condition(X.into())), calls);
    let mut doing = [Doing::Nothing; WORKERS];
    let mut order: VecDeque<usize> = VecDeque::new();
    let mut owner: Option<usize> = None;
    while !pen.is_full() {
        let worker = pen.next();
        match (owner, doing[worker]) {
            (None, Doing::Waits(called_ns, true)) => {
                pen.write(worker, await_on(X), called_ns, Answer::truth(true));
                (owner, doing[worker]) = (Some(worker), Doing::Nothing);
            }
            (None, Doing::Nothing) => {
                pen.call(worker, acquire(X), Answer::truth(true));
                owner = Some(worker);
            }
            (Some(holder), Doing::Nothing) if holder == worker => match pen.below(4) {
                // Somebody must be left to notify.
                0 if order.len() < WORKERS - 1 => {
                    let called_ns = pen.called_ns(worker);
                    (owner, doing[worker]) = (None, Doing::Waits(called_ns, false));
                    order.push_back(worker);
                }
                1 => {
                    pen.call(worker, notify(X), Answer::ok());
                    if let Some(first) = order.pop_front() {
                        notified(&mut doing[first]);
                    }
                }
                2 => {
                    pen.call(worker, notify_all(X), Answer::ok());
                    order.drain(..).for_each(|waiter| notified(&mut doing[waiter]));
                }
                _ => {
                    pen.call(worker, release(X), Answer::ok());
                    owner = None;
                }
            },
            _ => {}
        }
    }
    // Whoever waits still is notified by one who does not, and comes back.
    pen.now_ns += 100;
    let free = (0..WORKERS).find(|worker| doing[*worker] == Doing::Nothing).expect("three wait at most");
    let mut holder = owner.unwrap_or(free);
    if owner.is_none() {
        pen.call(holder, acquire(X), Answer::truth(true));
        pen.now_ns += 100;
    }
    pen.call(holder, notify_all(X), Answer::ok());
    for (worker, doing) in doing.into_iter().enumerate() {
        let Doing::Waits(called_ns, _) = doing else { continue };
        pen.now_ns += 100;
        pen.call(holder, release(X), Answer::ok());
        pen.now_ns += 100;
        pen.write(worker, await_on(X), called_ns, Answer::truth(true));
        holder = worker;
    }
    pen.done()
}

fn notified(waiter: &mut Doing) {
    if let Doing::Waits(_, is_notified) = waiter {
        *is_notified = true;
    }
}

fn barrier(calls: usize) -> (Program, History) {
    let program = Program::new().barrier(X, WORKERS as i64).judge(Judge::Barrier(X.into()));
    let mut pen = Pen::new(program, calls);
    while !pen.is_full() {
        pen.now_ns += 40;
        let first = pen.below(WORKERS as u64) as usize;
        // They arrive one after the other and leave when all have.
        let arrivals: Vec<(usize, u64)> = (0..WORKERS)
            .map(|place| {
                pen.now_ns += 10;
                let worker = (first + place) % WORKERS;
                (worker, pen.called_ns(worker))
            })
            .collect();
        for (index, (worker, called_ns)) in arrivals.into_iter().enumerate() {
            pen.write(worker, await_on(X), called_ns, Answer { value: index as i64, ..Answer::ok() });
        }
    }
    pen.done()
}

fn read(number: i64) -> Answer {
    let (value, aux) = Scalar::from(number).expected();
    Answer { value, aux, ..Answer::ok() }
}

fn register(calls: usize) -> (Program, History) {
    let program = Program::new().value(X, "q", 0).judge(Judge::Register(X.into()));
    let mut pen = Pen::new(program, calls);
    let mut value = 0;
    while !pen.is_full() {
        let worker = pen.next();
        if pen.below(2) == 0 {
            value = pen.calls as i64 + 1;
            pen.call(worker, store(X, value), Answer::ok());
        } else {
            pen.call(worker, load(X), read(value));
        }
    }
    pen.done()
}

fn counter(calls: usize) -> (Program, History) {
    let program = Program::new().value(X, "q", 0).judge(Judge::Counter(X.into()));
    let mut pen = Pen::new(program, calls);
    let mut value = 0;
    while !pen.is_full() {
        let worker = pen.next();
        if pen.below(2) == 0 {
            value += 1;
            pen.call(worker, add(X, 1, 1, true), read(value));
        } else {
            pen.call(worker, load(X), read(value));
        }
    }
    pen.done()
}

fn received(item: u32) -> Answer {
    let (value, aux) = Item::int(item).expected();
    Answer { value, aux, ..Answer::ok() }
}

fn queue(judge: Judge, calls: usize) -> (Program, History) {
    let mut pen = Pen::new(Program::new().queue(X, 0).judge(judge), calls);
    let (mut items, mut next) = (VecDeque::new(), 0);
    while !pen.is_full() {
        let worker = pen.next();
        if items.len() < 8 && pen.below(2) == 0 {
            next += 1;
            items.push_back(next);
            pen.call(worker, put(X, next), Answer::ok());
        } else if let Some(first) = items.pop_front() {
            pen.call(worker, get(X), received(first));
        }
    }
    pen.done()
}

/// The first two workers have one end and the others the other one; whole messages only go one way, since
/// several send and several receive them.
fn pipe(judge: Judge, calls: usize) -> (Program, History) {
    let is_shared = matches!(judge, Judge::ConnectionWhole(_));
    let mut pen = Pen::new(Program::new().pipe(X).judge(judge), calls);
    let (mut items, mut next) = ([VecDeque::new(), VecDeque::new()], 0);
    while !pen.is_full() {
        let worker = pen.next();
        let end = match (is_shared, worker) {
            (true, worker) => worker / 2,
            (false, worker @ (0 | 1)) => worker,
            // One worker at each end keeps the order.
            (false, _) => continue,
        };
        let name = format!("{X}.{end}");
        let sends = if is_shared { end == 0 } else { pen.below(2) == 0 };
        if sends && items[end].len() < 8 {
            next += 1;
            items[end].push_back(next);
            pen.call(worker, send(&name, next), Answer::ok());
        } else if !sends && let Some(first) = items[1 - end].pop_front() {
            pen.call(worker, recv(&name), received(first));
        }
    }
    pen.done()
}
