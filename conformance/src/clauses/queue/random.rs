//! The order that a queue's implementation claims, under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "queue/linearizable-as-claimed",
        level: Level::Must,
        text: "The queue keeps the order that its implementation claims: every item at most once, or \
            also each producer's items in their order, or one first-in-first-out sequence of all calls, bounds and \
            refusals included.",
        source: "the implementation's own claim (queue_level)",
        programs: |seed| {
            let mut programs = vec![
                Program::new()
                    .title("two producers that do not wait, two consumers that do not wait")
                    .queue("q", 2)
                    .main([])
                    .process("p", (100..110).map(|id| put_nowait("q", id)))
                    .process("r", (200..210).map(|id| put_nowait("q", id)))
                    .process("c", (0..10).map(|_| get_nowait("q")))
                    .process("d", (0..10).map(|_| get_nowait("q")))
                    .judge(Judge::ClaimedQueueLevel("q".into(), 2)),
                Program::new()
                    .title("a put that follows another is taken after it")
                    .queue("q", 0)
                    .main([])
                    .process("p", [put("q", 1).label("put").ok()])
                    .process("r", [put("q", 2).after(returned("p", "put")).label("put").ok()])
                    .process("c", [get("q").after(returned("r", "put")).ok(), get("q").ok()])
                    .judge(Judge::ClaimedQueueLevel("q".into(), 0)),
            ];
            programs
                .extend((0..RANDOM_PROGRAMS).map(|index| random::queue_program(seed.wrapping_add(index))));
            programs
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/batches-in-any-program",
        level: Level::May,
        text: "Whatever is put and taken one by one and several in a call, the queue keeps the order that its \
            implementation claims: the items of one call in their order, others perhaps between them.",
        source: "extension of the reference; as queue/linearizable-as-claimed",
        programs: |seed| {
            (0..RANDOM_PROGRAMS).map(|index| random::batch_program(seed.wrapping_add(index))).collect()
        },
        ..Clause::BLANK
    },
];

/// How many random programs a run of the suite contains.
const RANDOM_PROGRAMS: u64 = 16;
