//! Random programs on locks, semaphores, conditions, events, barriers and shared values.
//!
//! A worker's lines are made of turns: a lock is acquired, something is done, perhaps with another
//! object, and it is released. So most programs come to their end; those that do not have earned
//! their deadlock, and the judges say so. What an implementation is known to get wrong on purpose of
//! speed or simplicity (a lock that two release at once, an event that is cleared while somebody waits)
//! happens only in the programs that ask for it.

use procession_contract::{Call, ObjectKind, ObjectSpec};

use super::Random;
use crate::program::build::*;
use crate::program::{Judge, Line, Program};

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A lock.
    Lock,
    /// A recursive lock.
    Rlock,
    /// A semaphore.
    Semaphore,
    /// A semaphore that is bounded.
    BoundedSemaphore,
    /// A condition, with a word that all workers share.
    Condition,
    /// An event.
    Event,
    /// A barrier.
    Barrier,
    /// A value with its lock.
    Value,
}

/// Every kind.
pub const THINGS: [Thing; 8] = [
    Thing::Lock,
    Thing::Rlock,
    Thing::Semaphore,
    Thing::BoundedSemaphore,
    Thing::Condition,
    Thing::Event,
    Thing::Barrier,
    Thing::Value,
];

/// How many random programs a clause about synchronisation contains.
const A_CLAUSE: u64 = 8;

/// The programs of a clause about objects of these kinds.
pub fn sync_programs(seed: u64, things: &[Thing]) -> impl Iterator<Item = Program> {
    (0..A_CLAUSE).map(move |index| sync_program(seed.wrapping_add(index), things))
}

/// The programs of a clause about objects of these kinds whose users die.
pub fn deadly_programs(seed: u64, things: &[Thing]) -> impl Iterator<Item = Program> {
    (0..A_CLAUSE).map(move |index| deadly_program(seed.wrapping_add(index), things))
}

/// The programs of a clause about objects of every kind.
pub fn mixed_programs(seed: u64) -> impl Iterator<Item = Program> {
    (0..A_CLAUSE).map(move |index| mixed_program(seed.wrapping_add(index)))
}

/// A program of two to four workers on two objects of these kinds.
pub fn sync_program(seed: u64, things: &[Thing]) -> Program {
    program_of(seed, things, 2, "sync")
}

/// A program of two to four workers on three or four objects of any kind, used within each other.
pub fn mixed_program(seed: u64) -> Program {
    let count = 3 + Random::new(seed).below(2);
    program_of(seed, &THINGS, count, "mixed")
}

/// A program as [`sync_program`] gives them in which one worker dies, or two, with whatever they hold:
/// between two of their lines, or at any time after their first call, whereupon main uses every object
/// itself.
pub fn deadly_program(seed: u64, things: &[Thing]) -> Program {
    let mut program = program_of(seed, things, 2, "deadly");
    // Numbers of its own, so that the lines are those of the program in which nobody dies.
    let mut random = Random::new(!seed);
    let workers = program.roles.len() as u64 - 1;
    let first = 1 + random.below(workers);
    // Somebody must be left to see it.
    let second = 1 + random.below(workers);
    let victims =
        if workers > 2 && second != first && random.once_in(2) { vec![first, second] } else { vec![first] };
    for victim in victims {
        let role = &mut program.roles[victim as usize];
        let name = role.worker.name.clone();
        role.lines.truncate(last_lines(&mut random, &role.lines));
        // One that is not killed from outside may never come to its end, and nobody may wait for that.
        if random.once_in(2) {
            role.lines[0].label = "first".into();
            role.lines.push(stay_until_the_end());
            program.roles[0].lines.push(own(Call::Getpid).after(gone(&name)));
            let objects = program.objects.clone();
            program.roles[0].lines.extend(objects.iter().flat_map(used_once));
            program = program.kill(&name, [called(&name, "first")]);
            program.faults.last_mut().expect("it was added").delay_us = random.below(4000);
        } else {
            role.lines.push(signal_self(SIGKILL));
        }
    }
    program
}

/// How many of its lines a worker that dies comes to: most often as many as leave it with something in its
/// hands.
fn last_lines(random: &mut Random, lines: &[Line]) -> usize {
    let is_acquire = |line: &Line| matches!(line.step.call, Call::Acquire { .. });
    let holding: Vec<usize> = (1..=lines.len()).filter(|count| is_acquire(&lines[count - 1])).collect();
    if holding.is_empty() || random.once_in(3) {
        1 + random.below(lines.len() as u64) as usize
    } else {
        holding[random.below(holding.len() as u64) as usize]
    }
}

/// The use of an object by somebody who finds it as the dead have left it, and holds it no longer than that.
fn used_once(object: &ObjectSpec) -> Vec<Line> {
    let x = object.name.as_str();
    match object.kind {
        ObjectKind::Condition { .. } => vec![acquire(x), notify_all(x), release(x)],
        ObjectKind::Event => vec![is_set(x)],
        ObjectKind::Barrier { .. } => vec![await_on(x).timeout(10)],
        ObjectKind::Value { .. } => vec![acquire(x), load(x), release(x)],
        ObjectKind::Semaphore { .. } | ObjectKind::BoundedSemaphore { .. } => vec![acquire(x).timeout(10)],
        _ => vec![acquire(x), release(x)],
    }
}

/// The signal that nobody can handle.
const SIGKILL: i32 = 9;

/// One object of a program.
struct Object {
    thing: Thing,
    name: String,
    /// The value of a semaphore, the parties of a barrier.
    number: i64,
    /// Whether only `notify_all` wakes the waiters of a condition, and whether an event is cleared
    /// rather than waited for.
    otherwise: bool,
}

fn program_of(seed: u64, things: &[Thing], count: u64, sort: &str) -> Program {
    let mut random = Random::new(seed);
    let workers = 2 + random.below(3);
    let mut program = Program::new().title(format!("random {sort} program {seed}"));
    let mut objects = Vec::new();
    for index in 0..count {
        let thing = things[random.below(things.len() as u64) as usize];
        let number = match thing {
            Thing::Barrier => 2 + random.below(workers - 1) as i64,
            _ => random.below(3) as i64,
        };
        // A condition asks one word, which belongs to the first of them.
        let first = objects.iter().all(|object: &Object| object.thing != thing);
        let thing = if thing == Thing::Condition && !first { Thing::Rlock } else { thing };
        let name = format!("x{index}");
        program = match thing {
            Thing::Lock => program.lock(&name).judge(Judge::Lock(name.clone())),
            Thing::Rlock => program.rlock(&name).judge(Judge::Rlock(name.clone())),
            Thing::Semaphore => program.semaphore(&name, number).judge(Judge::Semaphore(name.clone())),
            Thing::BoundedSemaphore => {
                program.bounded_semaphore(&name, number + 1).judge(Judge::Semaphore(name.clone()))
            }
            Thing::Condition => program.condition(&name).judge(Judge::Condition(name.clone())),
            Thing::Event => program.event(&name).judge(Judge::Event(name.clone())),
            Thing::Barrier => program.barrier(&name, number).judge(Judge::Barrier(name.clone())),
            Thing::Value => program.value(&name, "q", 0).judge(Judge::Register(name.clone())),
        };
        objects.push(Object { thing, name, number, otherwise: random.once_in(3) });
    }
    program = program.main([]);
    for worker in 1..=workers {
        let mut lines = Vec::new();
        for _ in 0..2 + random.below(3) {
            turn(&mut random, &objects, 0, &mut lines);
            if random.once_in(8) {
                lines.push(sleep(random.below(3)));
            }
        }
        program = program.process(&format!("w{worker}"), lines);
    }
    program
}

/// A limit of a few milliseconds.
fn limit(random: &mut Random) -> i64 {
    5 + random.below(20) as i64
}

/// What is done while a lock is held: nothing, or a turn with an object that comes later, so that
/// most programs take their locks in one order.
fn within(random: &mut Random, objects: &[Object], first: usize, lines: &mut Vec<Line>) {
    if first < objects.len() && random.once_in(3) {
        turn(random, objects, first, lines);
    }
}

/// A turn with one of the objects from this one on.
fn turn(random: &mut Random, objects: &[Object], first: usize, lines: &mut Vec<Line>) {
    let index = first + random.below((objects.len() - first) as u64) as usize;
    let object = &objects[index];
    let x = object.name.as_str();
    // Now and then the other way round, which may end in an embrace.
    let next = if random.once_in(12) { 0 } else { index + 1 };
    match object.thing {
        Thing::Lock => match random.below(5) {
            0 => lines.push(on(x, Call::Scope { fail: random.once_in(2) })),
            _ => {
                lines.push(acquire(x));
                if random.once_in(4) {
                    lines.push(some_try(random, x));
                }
                within(random, objects, next, lines);
                lines.push(release(x));
            }
        },
        Thing::Rlock => match random.below(7) {
            0 => lines.push(on(x, Call::Scope { fail: random.once_in(2) })),
            1 => lines.push(release(x)),
            2 => lines.extend([some_try(random, x), release(x)]),
            _ => {
                let depth = 1 + random.below(2);
                lines.extend((0..depth).map(|_| acquire(x)));
                within(random, objects, next, lines);
                lines.extend((0..depth).map(|_| release(x)));
            }
        },
        Thing::Semaphore => match random.below(6) {
            0 => lines.push(some_try(random, x)),
            1 | 2 => lines.push(release(x)),
            _ => {
                lines.push(acquire(x));
                within(random, objects, next, lines);
                lines.push(release(x));
            }
        },
        Thing::BoundedSemaphore => match random.below(5) {
            0 => lines.push(on(x, Call::Scope { fail: random.once_in(2) })),
            _ => {
                lines.push(acquire(x));
                within(random, objects, next, lines);
                lines.push(release(x));
            }
        },
        Thing::Condition => condition_turn(random, object, lines),
        Thing::Event => match random.below(6) {
            0 | 1 => lines.push(set(x)),
            2 => lines.push(is_set(x)),
            3 if object.otherwise => lines.push(clear(x)),
            _ if object.otherwise => lines.push(await_on(x).timeout(0)),
            3 => lines.push(await_on(x)),
            _ => lines.push(await_on(x).timeout(limit(random))),
        },
        Thing::Barrier => match random.below(12) {
            0 => lines.push(on(x, Call::Abort)),
            1 => lines.push(on(x, Call::Reset)),
            2 => lines.push(on(x, Call::Broken)),
            3 => lines.push(await_on(x).timeout(limit(random))),
            _ => lines.push(await_on(x)),
        },
        Thing::Value => match random.below(7) {
            0 => lines.push(load(x)),
            1 => lines.push(store(x, 1 + random.below(1000) as i64)),
            2 => lines.push(add(x, 1, 1, false)),
            3 | 4 => lines.push(add(x, 1, 1 + random.below(3) as u32, true)),
            _ => {
                lines.extend([acquire(x), add(x, 1, 1, false)]);
                within(random, objects, next, lines);
                lines.extend([load(x), release(x)]);
            }
        },
    }
}

/// An acquire that gives up at once, or soon.
fn some_try(random: &mut Random, x: &str) -> Line {
    match random.once_in(2) {
        true => acquire(x).nonblocking(),
        false => acquire(x).timeout(limit(random)),
    }
}

/// A turn with a condition. Waits give up only where everybody is always woken: one that gives up just
/// when it is notified may take another's notification along, for want of anything better.
fn condition_turn(random: &mut Random, object: &Object, lines: &mut Vec<Line>) {
    let x = object.name.as_str();
    if random.once_in(10) {
        lines.push(notify(x));
        return;
    }
    lines.push(acquire(x));
    match random.below(8) {
        0..2 if object.otherwise => lines.push(await_on(x).timeout(limit(random))),
        0 => lines.push(await_on(x)),
        1 => lines.push(await_word(x, 0, 1)),
        2 if object.otherwise => lines.push(await_word(x, 0, 1 + object.number).timeout(limit(random))),
        2 => lines.push(await_word(x, 0, 1 + object.number)),
        3 if !object.otherwise => lines.push(notify(x)),
        4 if !object.otherwise => lines.push(notify_n(x, 2)),
        5 => lines.extend([own(Call::WordAdd { index: 0, amount: 1 }), notify_all(x)]),
        _ => lines.push(notify_all(x)),
    }
    lines.push(release(x));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::check::problems;
    use proptest::prelude::*;

    #[test]
    fn a_seed_means_the_same_program_for_ever() {
        insta::with_settings!({ snapshot_path => "../../../../snapshots", prepend_module_to_snapshot => false }, {
            let program = sync_program(7, &[Thing::Lock, Thing::Condition]);
            insta::assert_snapshot!("random_sync_program", serde_json::to_string_pretty(&program).unwrap());
            insta::assert_snapshot!("random_mixed_program", serde_json::to_string_pretty(&mixed_program(7)).unwrap());
            let program = deadly_program(7, &[Thing::Lock, Thing::Semaphore]);
            insta::assert_snapshot!("random_deadly_program", serde_json::to_string_pretty(&program).unwrap());
        });
    }

    proptest! {
        #[test]
        fn programs_are_sound_and_small(seed: u64) {
            for program in [mixed_program(seed), sync_program(seed, &THINGS), deadly_program(seed, &THINGS)] {
                prop_assert_eq!(problems(&program), Vec::<String>::new());
                prop_assert!((3..=5).contains(&program.roles.len()));
                prop_assert_eq!(program.judges.len(), program.objects.len());
                prop_assert!(program.lines().count() < 120);
            }
        }

        #[test]
        fn one_worker_dies_or_two_and_another_lives(seed: u64) {
            let program = deadly_program(seed, &THINGS);
            let by_itself = program.lines().filter(|(_, line)| matches!(line.step.call, Call::SignalSelf { .. }));
            let deaths = by_itself.count() + program.faults.len();
            prop_assert!((1..=2).contains(&deaths) && deaths < program.roles.len() - 1, "{deaths} deaths");
        }

        #[test]
        fn every_kind_is_used_in_any_thirty_programs(seed: u64) {
            let programs: Vec<Program> = (0..30).map(|index| mixed_program(seed.wrapping_add(index))).collect();
            let kinds: std::collections::HashSet<_> =
                programs.iter().flat_map(|program| &program.objects).map(|object| object.kind.name()).collect();
            prop_assert!(kinds.len() >= THINGS.len() - 1, "{kinds:?}");
        }
    }
}
