//! What comes out of a queue: everything once, whole, and in which order.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "queue/fifo-per-producer",
        level: Level::Must,
        text: "Items put by one process (one thread) are received in the order they were put, however \
            many producers and consumers there are.",
        source: "doc \"Pipes and Queues\" note (2)",
        programs: |_| {
            vec![
                many_producers(0, 4, 50).title("four producers, one consumer").process("c", gets(200)),
                many_producers(0, 2, 60)
                    .title("two producers, two consumers")
                    .process("c", gets(60))
                    .process("d", gets(60)),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/no-global-order",
        level: Level::May,
        text: "Items from different producers may be received in any interleaving, even if one put \
            returned before the other began.",
        source: "doc \"Pipes and Queues\" note (2)",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([get("q").gives_one_of([Item::int(1), Item::int(2)]), get("q").ok()])
                    .process("p", [put("q", 1).label("put")])
                    .process("r", [put("q", 2).after(returned("p", "put"))])
                    .judge(Judge::Conservation("q".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/each-item-delivered-once",
        level: Level::Must,
        text: "Every item put by a producer that lives long enough to flush it is received exactly once \
            by exactly one consumer.",
        source: "doc \"Pipes and Queues\"",
        programs: |_| {
            vec![
                many_producers(0, 3, 40)
                    .process("c", gets(40))
                    .process("d", gets(40))
                    .process("e", gets(40))
                    .judge(Judge::Conservation("q".into())),
                many_producers(2, 3, 40)
                    .title("bounded to two items")
                    .process("c", gets(70))
                    .process("d", gets(50))
                    .judge(Judge::Conservation("q".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/multi-consumer-mutual-exclusion",
        level: Level::Must,
        text: "Concurrent consumers never see a torn item; each get obtains one whole item.",
        source: "Queue._rlock",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([])
                    .process("p", (100..115).map(|id| put("q", Item::bytes(id, 100_000)).ok()))
                    .process("r", (200..215).map(|id| put("q", Item::bytes(id, 100_000)).ok()))
                    .process("c", gets(10))
                    .process("d", gets(10))
                    .process("e", gets(10))
                    .judge(Judge::Conservation("q".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/several-at-once",
        level: Level::Must,
        text: "Several queues may be used at once; what is put into one never comes out of another.",
        source: "lecture: several queues may be used at once",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .queue("r", 0)
                    .queue("s", 0)
                    .main((0..20).flat_map(|id| {
                        [get("s").gives(300 + id), get("q").gives(100 + id), get("r").gives(200 + id)]
                    }))
                    .process(
                        "p",
                        (0..20).flat_map(|id| {
                            [put("q", 100 + id).ok(), put("r", 200 + id).ok(), put("s", 300 + id).ok()]
                        }),
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/stands-in-for-a-pipe",
        level: Level::Must,
        text: "With one process that puts and one that gets, a queue serves as a one-way pipe: \
            everything arrives, in order.",
        source: "lecture: a queue can stand in for a pipe with one of each",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([])
                    .process("p", (1..=40).map(|id| put("q", Item::text(id, 20 * id)).ok()))
                    .process("c", (1..=40).map(|id| get("q").gives(Item::text(id, 20 * id)))),
                Program::new()
                    .title("a queue for each direction")
                    .queue("there", 0)
                    .queue("back", 0)
                    .main((1..=20).flat_map(|id| [put("there", id).ok(), get("back").gives(100 + id)]))
                    .process(
                        "echo",
                        (1..=20).flat_map(|id| [get("there").gives(id), put("back", 100 + id).ok()]),
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/ten-producers",
        level: Level::Must,
        text: "Ten processes put one result each; the process that started them receives each result \
            once, in any order.",
        source: "lecture: first program",
        programs: |_| {
            vec![
                (0..10)
                    .fold(
                        Program::new().queue("q", 0).main(
                            (0..10)
                                .map(|id| join(&format!("p{id}")).ok())
                                .chain((0..10).map(|_| get("q").gives_one_of((0..10).map(Item::int)))),
                        ),
                        |program, id| program.process(&format!("p{id}"), [put("q", id).ok()]),
                    )
                    .judge(Judge::Conservation("q".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/batches-keep-order",
        level: Level::May,
        text: "Where several items can be put or taken in one call, a batch keeps its order, and a batch \
            of gets takes what is there instead of waiting until it is full.",
        source: "extension of the reference",
        programs: |_| {
            vec![
                Program::new().queue("q", 0).main([
                    put_many("q", (1..=5).map(Item::int)).value(5),
                    get_many("q", 3).expect(Expect::Items((1..=3).map(Item::int).collect())),
                    get_many("q", 9).expect(Expect::Items((4..=5).map(Item::int).collect())),
                ]),
                Program::new()
                    .title("single gets of a batch")
                    .queue("q", 0)
                    .main([])
                    .process("p", [put_many("q", (1..=20).map(Item::int)).value(20)])
                    .process("c", (1..=20).map(|id| get("q").gives(id))),
            ]
        },
        ..Clause::BLANK
    },
];

/// A queue of this bound with this many producers of this many items each.
fn many_producers(bound: i64, producers: u32, items: u32) -> Program {
    let program = Program::new().queue("q", bound).main([]).judge(Judge::ProducerFifo("q".into()));
    (1..=producers).fold(program, |program, producer| {
        let first = producer * 1000;
        program.process(&format!("p{producer}"), (first..first + items).map(|id| put("q", id).ok()))
    })
}

/// This many gets.
fn gets(count: usize) -> impl Iterator<Item = Line> {
    (0..count).map(|_| get("q").ok())
}
