//! Random programs: a seed gives one program, the same for ever.
//!
//! Whoever reports a failure names its seed, so the numbers must not change with a library: the
//! generator is SplitMix64 (Steele, Lea and Flood, *Fast splittable pseudorandom number generators*,
//! OOPSLA 2014), ten lines that stand here. Whoever changes what is drawn from it gives stored seeds
//! another meaning, which the snapshot of this module's tests shows.
//!
//! They are seeded, and no proptest strategy, because a seed is what a person can name, on the command
//! line or in a report, and what gives the same program in another version of this crate. What a
//! strategy would do besides, making a failing program smaller, [`crate::shrink`] does on the program
//! itself: it knows which lines belong together, its candidates are run on real processes as often as
//! their failure is rare, and programs from elsewhere, as from a stored failure, shrink as well. Property
//! tests show there that nothing more can be left out of what it gives.
//!
//! The programs end, or come to stand where the model says that they may: a get waits for ever only
//! if others took the items, and the judge finds the queue empty then.

mod managed;
pub mod sync;

pub use managed::*;

use procession_contract::{Call, Item};

use super::build::{get, get_many, on, own, put, put_many, recv, send, worker};
use super::{Judge, Line, Program};

/// The seed of the random programs where nobody names another: the same programs every day, so that a
/// verdict changes only with the implementation, and two reports can be compared.
pub const SEED: u64 = 1;

/// SplitMix64: a stream of 64-bit numbers from a seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1. Its slight preference for small numbers does no harm.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound
    }

    /// Yes, once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// What the random program is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Queue,
    Joinable,
    Simple,
}

/// Whether a program is one of these, which nobody wrote and which may be made smaller.
pub fn is_random(program: &Program) -> bool {
    program.title.starts_with("random ")
}

/// A program of two to four workers on one queue: unbounded, bounded by 1 to 3, joinable or simple.
///
/// They put, take, try and give up after a few milliseconds; a worker may close the queue as its last
/// act. Judged at the level that the implementation claims.
pub fn queue_program(seed: u64) -> Program {
    let mut random = Random::new(seed);
    let sort = match random.below(6) {
        0..4 => Sort::Queue,
        4 => Sort::Joinable,
        _ => Sort::Simple,
    };
    program_on(&mut random, sort, false).title(format!("random queue program {seed}"))
}

/// A program as [`queue_program`] gives them in which items are also put and taken several in a call.
pub fn batch_program(seed: u64) -> Program {
    let mut random = Random::new(seed);
    let sort = if random.once_in(5) { Sort::Joinable } else { Sort::Queue };
    program_on(&mut random, sort, true).title(format!("random batch program {seed}"))
}

fn program_on(random: &mut Random, sort: Sort, batches: bool) -> Program {
    let maxsize = match sort {
        Sort::Simple => 0,
        _ => [0, 0, 1, 2, 3][random.below(5) as usize],
    };
    let mut program = Program::new();
    program = match sort {
        Sort::Queue => program.queue("q", maxsize),
        Sort::Joinable => program.joinable("q", maxsize),
        Sort::Simple => program.simple_queue("q"),
    };
    let workers = 2 + random.below(3);
    let mut items = Items::new(sort);
    program = program.main([]);
    for worker in 1..=workers {
        // Somebody puts, somebody takes, the others do both.
        let puts_in_ten = match worker {
            1 => 9,
            2 => 2,
            _ => 5,
        };
        let mut lines = Vec::new();
        for _ in 0..2 + random.below(6) {
            match random.below(10) < puts_in_ten {
                true if batches && random.once_in(3) => lines.push(some_puts(random, &mut items)),
                true => lines.push(some_put(random, &mut items, sort)),
                false if batches && random.once_in(3) => lines.push(some_gets(random)),
                false => some_get(random, sort, &mut lines),
            }
            if random.once_in(8) {
                lines.push(own(Call::Sleep { ms: random.below(3) }));
            }
        }
        if random.once_in(4) {
            lines.push(on("q", Call::Close));
        }
        program = program.process(&format!("w{worker}"), lines);
    }
    program.judge(Judge::ClaimedQueueLevel("q".into(), maxsize as u32))
}

fn some_put(random: &mut Random, items: &mut Items, sort: Sort) -> Line {
    let kind = if sort == Sort::Simple { 0 } else { random.below(8) };
    match kind {
        0..4 => put("q", items.next(random)),
        4 => on("q", Call::PutNowait { item: items.next(random) }),
        5 => put("q", items.next(random)).nonblocking(),
        _ => put("q", items.next(random)).timeout(1 + random.below(20) as i64),
    }
}

fn some_get(random: &mut Random, sort: Sort, lines: &mut Vec<Line>) {
    let kind = if sort == Sort::Simple { 0 } else { random.below(8) };
    lines.push(match kind {
        0..3 => get("q"),
        3 => on("q", Call::GetNowait),
        4 => get("q").nonblocking(),
        _ => get("q").timeout(1 + random.below(20) as i64),
    });
    if sort == Sort::Joinable && kind < 3 {
        lines.push(on("q", Call::TaskDone));
    }
}

/// A put of several items, which may wait for ever, or for room for the last ones not long enough.
fn some_puts(random: &mut Random, items: &mut Items) -> Line {
    let line = put_many("q", (0..1 + random.below(4)).map(|_| items.next(random)).collect::<Vec<_>>());
    if random.once_in(2) { line.timeout(1 + random.below(20) as i64) } else { line }
}

fn some_gets(random: &mut Random) -> Line {
    let line = get_many("q", 1 + random.below(4) as u32);
    if random.once_in(2) { line.timeout(1 + random.below(20) as i64) } else { line }
}

/// Items with distinct ids, of sizes from nothing to some tens of kibibytes.
struct Items {
    next: u32,
    /// How many bytes may still be under way at once: a simple queue, and a pipe whose ends both
    /// send, are no larger than the buffer of the system.
    bytes_left: u64,
    /// An empty payload carries no id, so there is one at most.
    had_empty: bool,
}

impl Items {
    fn new(sort: Sort) -> Items {
        Items::within(if sort == Sort::Simple { 16 << 10 } else { u64::MAX })
    }

    fn within(bytes_left: u64) -> Items {
        Items { next: 1, bytes_left, had_empty: false }
    }

    fn next(&mut self, random: &mut Random) -> Item {
        let id = self.next;
        self.next += 1;
        let len = match random.below(8) {
            0..4 => return Item::int(id),
            4 if !self.had_empty => 0,
            4 | 5 => 8 + random.below(56),
            6 => 64 + random.below(4 << 10),
            _ => (4 << 10) + random.below(36 << 10),
        };
        if len > self.bytes_left {
            return Item::int(id);
        }
        self.bytes_left -= len;
        self.had_empty |= len == 0;
        Item::bytes(id, len as u32)
    }
}

/// A program of two workers at the two ends of a pipe, duplex or not.
///
/// Every message is received, then the sender closes its end and the receiver sees the end of the
/// stream. The main worker closes both its ends at once. Judged by the order of the messages.
pub fn pipe_program(seed: u64) -> Program {
    let mut random = Random::new(seed);
    let duplex = random.once_in(2);
    let program = Program::new().title(format!("random pipe program {seed}"));
    let program = if duplex { program.pipe("p") } else { program.one_way("p") };
    let program = program.main([on("p.0", Call::Close), on("p.1", Call::Close)]);
    // Who only sends may fill the pipe and wait; two that both send must not wait for each other.
    let mut items = Items::within(if duplex { 12 << 10 } else { u64::MAX });
    let there: Vec<Line> =
        (0..1 + random.below(8)).map(|_| some_send(&mut random, &mut items, "p.1")).collect();
    let back: Vec<Line> = match duplex {
        true => (0..random.below(6)).map(|_| some_send(&mut random, &mut items, "p.0")).collect(),
        false => Vec::new(),
    };
    let (at_0, at_1) = (receives(&there, "p.0"), receives(&back, "p.1"));
    let mut lines_0 = interleaved(&mut random, back, at_0);
    let mut lines_1 = interleaved(&mut random, there, at_1);
    // End 1 closes first; end 0 sees the end of the stream, and once more.
    lines_1.push(on("p.1", Call::Close));
    lines_0.extend((0..1 + random.below(2)).map(|_| recv("p.0")));
    lines_0.push(on("p.0", Call::Close));
    let gets = |end: &str| Some(vec![end.to_owned()]);
    program
        .role(super::Worker { gets: gets("p.0"), ..worker("w0") }, lines_0)
        .role(super::Worker { gets: gets("p.1"), ..worker("w1") }, lines_1)
        .judge(Judge::ConnectionOrder("p".into()))
}

fn some_send(random: &mut Random, items: &mut Items, end: &str) -> Line {
    let item = items.next(random);
    match random.once_in(3) {
        true => on(end, Call::SendBytes { item, offset: None, size: None, width: None }),
        false => send(end, item),
    }
}

/// For each message the call that receives it.
fn receives(sends: &[Line], end: &str) -> Vec<Line> {
    let receive = |line: &Line| match line.step.call {
        Call::SendBytes { .. } => on(end, Call::RecvBytes { max: None }),
        _ => recv(end),
    };
    sends.iter().map(receive).collect()
}

/// Both lists in their own order, shuffled into each other; a worker sends before it waits.
fn interleaved(random: &mut Random, sends: Vec<Line>, receives: Vec<Line>) -> Vec<Line> {
    let mut lines = Vec::with_capacity(sends.len() + receives.len());
    let (mut sends, mut receives) = (sends.into_iter(), receives.into_iter());
    // Nobody makes its k-th receive before its k-th send, or its last: so if each waited for the other,
    // each would have received less than the other, which cannot be.
    let mut balance = 0u32;
    loop {
        let receive = balance > 0 && random.once_in(3);
        match if receive { receives.next() } else { sends.next() } {
            Some(line) => {
                lines.push(line);
                balance = if receive { balance - 1 } else { balance + 1 };
            }
            None if receive => balance = 0,
            None => break,
        }
    }
    lines.extend(receives);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use procession_contract::Method;
    use proptest::prelude::*;

    fn ids(program: &Program) -> Vec<Item> {
        let lines = program.roles.iter().flat_map(|role| &role.lines);
        lines.flat_map(|line| crate::judge::run::items_of(&line.step.call).to_vec()).collect()
    }

    #[test]
    fn the_generator_is_splitmix64() {
        // The published test vector of the reference implementation.
        let mut random = Random::new(1234567);
        let first: Vec<_> = (0..3).map(|_| random.next_u64()).collect();
        assert_eq!(first, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn a_seed_means_the_same_program_for_ever() {
        insta::with_settings!({ snapshot_path => "../../../snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("random_queue_program", serde_json::to_string_pretty(&queue_program(7)).unwrap());
            insta::assert_snapshot!("random_batch_program", serde_json::to_string_pretty(&batch_program(7)).unwrap());
            insta::assert_snapshot!("random_managed_program", serde_json::to_string_pretty(&managed_program(7)).unwrap());
            insta::assert_snapshot!("random_pipe_program", serde_json::to_string_pretty(&pipe_program(7)).unwrap());
        });
    }

    proptest! {
        #[test]
        fn items_are_distinct_and_programs_are_small(seed: u64) {
            for program in [queue_program(seed), batch_program(seed), pipe_program(seed)] {
                let keys: Vec<_> = ids(&program).iter().map(Item::expected).collect();
                let distinct: std::collections::HashSet<_> = keys.iter().collect();
                prop_assert_eq!(distinct.len(), keys.len());
                prop_assert!((3..=5).contains(&program.roles.len()));
                prop_assert!(!program.judges.is_empty());
                prop_assert_eq!(program.script(Method::Spawn).workers.len(), program.roles.len());
            }
        }

        #[test]
        fn batches_are_put_and_taken(seed: u64) {
            // In any ten programs there are some of either.
            let programs: Vec<Program> = (0..10).map(|index| batch_program(seed.wrapping_add(index))).collect();
            let has = |wanted: fn(&Call) -> bool| {
                programs.iter().flat_map(Program::lines).any(|(_, line)| wanted(&line.step.call))
            };
            let puts = has(|call| matches!(call, Call::PutMany { items, .. } if items.len() > 1));
            let gets = has(|call| matches!(call, Call::GetMany { max: 2.., .. }));
            prop_assert!(puts && gets, "puts {puts}, gets {gets}");
        }

        #[test]
        fn every_message_of_a_pipe_is_received(seed: u64) {
            let program = pipe_program(seed);
            let count = |end: &str, sends: bool| {
                let lines = program.roles.iter().flat_map(|role| &role.lines).filter(|line| line.step.on == end);
                lines.filter(|line| match line.step.call {
                    Call::Send { .. } | Call::SendBytes { .. } => sends,
                    Call::Recv | Call::RecvBytes { .. } => !sends,
                    _ => false,
                }).count()
            };
            prop_assert_eq!(count("p.0", true), count("p.1", false));
            prop_assert!(count("p.0", false) > count("p.1", true));
        }
    }
}
