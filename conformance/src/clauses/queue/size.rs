//! Bounds, and what a queue says of its size.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "queue/maxsize-nonpositive-unbounded",
        level: Level::Must,
        text: "A maximum of zero or below (also the default) means no practical bound (CPython: 2³¹−1).",
        source: "Queue.__init__",
        programs: |_| {
            [0, -1]
                .map(|bound| {
                    let puts = (0..300).map(|id| put("q", id).nonblocking().ok());
                    Program::new()
                        .title(format!("a bound of {bound}"))
                        .queue("q", bound)
                        .main(puts.chain((0..300).map(|id| get("q").gives(id))))
                })
                .to_vec()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/maxsize-counts-unreceived-items",
        level: Level::Must,
        text: "The bound limits items put and not yet received, including items still in a producer's \
            private buffer; a slot is freed when a consumer has taken the item, even if decoding it then fails.",
        source: "Queue.put/get",
        programs: |_| {
            vec![
                Program::new().title("what was put and not taken counts at once").queue("q", 2).main([
                    put("q", Item::bytes(1, 100_000)).ok(),
                    put("q", Item::bytes(2, 100_000)).ok(),
                    put_nowait("q", 3).is(Outcome::Full),
                    get("q").gives(Item::bytes(1, 100_000)),
                    put("q", 4).timeout(1_000).ok(),
                    get("q").gives(Item::bytes(2, 100_000)),
                    get("q").gives(4),
                ]),
                Program::new()
                    .title("an item that cannot be decoded gives its place back")
                    .queue("q", 1)
                    .main([
                        put("q", item(1, ItemKind::Undecodable)).ok(),
                        get("q").is(Outcome::DecodeFailed),
                        put("q", 2).timeout(1_000).ok(),
                        get("q").gives(2),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/qsize-counts-put-minus-got",
        level: Level::Should,
        text: "qsize is the number of items put and not yet taken, seen immediately by the putting \
            process.",
        source: "doc Queue.qsize; Queue.qsize",
        programs: |_| {
            vec![Program::new().queue("q", 0).main([
                qsize("q").value(0),
                put("q", 1).ok(),
                qsize("q").value(1),
                put("q", 2).ok(),
                qsize("q").value(2),
                get("q").gives(1),
                qsize("q").value(1),
                get("q").gives(2),
                qsize("q").value(0),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/qsize-empty-full-are-hints",
        level: Level::May,
        text: "qsize, empty and full may be stale as soon as they return and may disagree with one \
            another.",
        source: "doc Queue.qsize/empty/full",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 5)
                    .main((0..30).flat_map(|_| {
                        [
                            qsize("q").expect(Expect::AtLeast(0)).expect(Expect::AtMost(5)),
                            empty("q").expect(Expect::AtLeast(0)).expect(Expect::AtMost(1)),
                            full("q").expect(Expect::AtLeast(0)).expect(Expect::AtMost(1)),
                        ]
                    }))
                    .process("p", (0..50).map(|id| put("q", id).ok()))
                    .process("c", (0..50).map(|id| get("q").gives(id))),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/full-reflects-bound",
        level: Level::Should,
        text: "full is true exactly while the number of outstanding items equals the maximum; it is \
            never true for an unbounded queue.",
        source: "Queue.full",
        programs: |_| {
            vec![
                Program::new().queue("q", 3).main([
                    full("q").truth(false),
                    put("q", 1).ok(),
                    put("q", 2).ok(),
                    full("q").truth(false),
                    put("q", 3).ok(),
                    full("q").truth(true),
                    get("q").gives(1),
                    full("q").truth(false),
                    get("q").gives(2),
                    get("q").gives(3),
                ]),
                Program::new().title("a queue without a bound is never full").queue("q", 0).main([
                    put("q", 1).ok(),
                    full("q").truth(false),
                    get("q").gives(1),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/put-does-not-wait-for-transport",
        level: Level::Must,
        text: "put on a non-full queue returns without waiting for the transport or for any consumer, \
            however much data is outstanding.",
        source: "doc note on the background thread; Queue._feed",
        programs: |_| {
            vec![
                Program::new().queue("q", 0).main(
                    (0..50)
                        .map(|id| put("q", Item::bytes(id, 100_000)).ok())
                        .chain((0..50).map(|id| get("q").gives(Item::bytes(id, 100_000)))),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/large-item-roundtrip",
        level: Level::Must,
        text: "An item far larger than the transport's capacity arrives intact when the consumer reads.",
        source: "Connection._send_bytes",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([get("q").gives(Item::bytes(1, 5_000_000)), get("q").gives(2)])
                    .process("p", [put("q", Item::bytes(1, 5_000_000)).ok(), put("q", 2).ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/none-and-empty-payloads",
        level: Level::Must,
        text: "\"None\", empty strings and empty byte strings are ordinary items.",
        source: "Connection._send_bytes; reduction.ForkingPickler",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([
                        get("q").gives(item(0, ItemKind::None)),
                        get("q").gives(Item::text(0, 0)),
                        get("q").gives(Item::bytes(0, 0)),
                        get("q").gives(0),
                    ])
                    .process(
                        "p",
                        [
                            put("q", item(0, ItemKind::None)).ok(),
                            put("q", Item::text(0, 0)).ok(),
                            put("q", Item::bytes(0, 0)).ok(),
                            put("q", 0).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
];
