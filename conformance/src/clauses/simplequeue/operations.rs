//! Simple queues: put, get, empty and close, and nothing between put and the transport.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "simplequeue/operations",
        level: Level::Must,
        text: "A simple queue offers put, get, empty and close, without bound, size, time limit or a \
            form that does not wait.",
        source: "doc SimpleQueue",
        programs: |_| {
            vec![
                Program::new().simple_queue("q").main([
                    empty("q").truth(true),
                    put("q", 1).ok(),
                    put("q", Item::text(2, 100)).ok(),
                    empty("q").truth(false),
                    get("q").gives(1),
                    get("q").gives(Item::text(2, 100)),
                    empty("q").truth(true),
                    close("q").ok(),
                ]),
                Program::new()
                    .title("get waits for an item")
                    .simple_queue("q")
                    .main([get("q").label("get").gives(1).waits_for_call("p", "put")])
                    .process("p", [put("q", 1).label("put").after(blocked("main", "get")).ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "simplequeue/put-is-synchronous",
        level: Level::Must,
        text: "put encodes and writes in the calling thread: an item that cannot be encoded is refused \
            to the caller and leaves the queue intact; a large one may wait for a reader, and arrives whole.",
        source: "SimpleQueue.put",
        programs: |_| {
            vec![
                Program::new().simple_queue("q").main([
                    put("q", item(1, ItemKind::Unencodable)).is(Outcome::EncodeFailed),
                    empty("q").truth(true),
                    put("q", 2).ok(),
                    get("q").gives(2),
                ]),
                Program::new()
                    .title("an item larger than the transport holds")
                    .simple_queue("q")
                    .main([get("q").gives(Item::bytes(1, 1_000_000)), get("q").gives(2)])
                    .process("p", [put("q", Item::bytes(1, 1_000_000)).ok(), put("q", 2).ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "simplequeue/item-visible-when-put-returns",
        level: Level::Must,
        text: "After put returns, empty is false everywhere until the item is taken.",
        source: "SimpleQueue",
        programs: |_| {
            vec![
                Program::new()
                    .simple_queue("q")
                    .main([
                        empty("q").after(returned("p", "second")).truth(false),
                        get("q").gives(1),
                        empty("q").truth(false),
                        get("q").gives(2),
                        empty("q").truth(true),
                    ])
                    .process("p", [put("q", 1).ok(), put("q", 2).label("second").ok()]),
                // Above, the producer may have ended before anybody looks, which would make up for a put
                // that returned too soon.
                Program::new().title("in the process that put it").simple_queue("q").main(
                    (0..20).flat_map(|id| [put("q", id).ok(), empty("q").truth(false), get("q").gives(id)]),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "simplequeue/fifo-and-exclusion",
        level: Level::Must,
        text: "Several producers and consumers never interleave the bytes of items.",
        source: "SimpleQueue._rlock/_wlock",
        programs: |_| {
            vec![
                large_items(2, 12).title("one reader").process("c", (0..24).map(|_| get("q").ok())),
                large_items(2, 12)
                    .title("two readers")
                    .process("c", (0..12).map(|_| get("q").ok()))
                    .process("d", (0..12).map(|_| get("q").ok())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "simplequeue/closed-operations-error",
        level: Level::Must,
        text: "After close, put, get and empty raise OSError whether or not the queue was used; close is \
            repeatable.",
        source: "doc SimpleQueue.close; gh-120012",
        programs: |_| {
            vec![Program::new().simple_queue("q").simple_queue("unused").main(
                [put("q", 1).ok(), get("q").gives(1)].into_iter().chain(
                    ["q", "unused"].into_iter().flat_map(|queue| {
                        [
                            close(queue).ok(),
                            put(queue, 2).is(Outcome::Closed),
                            get(queue).is(Outcome::Closed),
                            empty(queue).is(Outcome::Closed),
                            close(queue).ok(),
                        ]
                    }),
                ),
            )]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "simplequeue/close-releases-both-ends",
        level: Level::Should,
        text: "close releases all that the queue held open, at once.",
        source: "SimpleQueue.close",
        programs: |_| vec![closing_releases(Program::simple_queue)],
        ..Clause::BLANK
    },
    Clause {
        id: "simplequeue/killed-reader-frees-the-others",
        level: Level::Beyond,
        text: "Whenever a process is killed in get, the others go on receiving everything that is put.",
        source: "as for a queue: queue/killed-reader-frees-the-others",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .simple_queue("q")
                    .main([put("q", 1).after(gone("r")).ok(), get("q").gives(1)])
                    .process("r", [get("q").label("get")])
                    .kill("r", [blocked("r", "get")]),
            ]
        },
        ..Clause::BLANK
    },
];

/// A simple queue with this many producers of this many items of 100 kB.
fn large_items(producers: u32, items: u32) -> Program {
    let program = Program::new().simple_queue("q").main([]).judge(Judge::ProducerFifo("q".into()));
    (1..=producers).fold(program, |program, producer| {
        let ids = (0..items).map(move |n| producer * 1000 + n);
        program.process(&format!("p{producer}"), ids.map(|id| put("q", Item::bytes(id, 100_000)).ok()))
    })
}
