//! Items that cannot be encoded or decoded, and when encoding happens.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "queue/serialisation-failure-does-not-break-queue",
        level: Level::Must,
        text: "An item that cannot be serialised is dropped, its slot is given back and later items are \
            delivered, as long as the producer stays alive.",
        source: "Queue._feed (bpo-30414, bpo-33078)",
        programs: |_| {
            vec![Program::new().queue("q", 1).main([
                put("q", item(1, ItemKind::Unencodable)).one_of(&[Outcome::Ok, Outcome::EncodeFailed]),
                put("q", 2).ok(),
                get("q").gives(2),
                put("q", 3).ok(),
                get("q").gives(3),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/decode-failure-consumes-item",
        level: Level::Should,
        text: "If decoding fails at the consumer, get raises that error, the item is gone and the queue \
            stays usable.",
        source: "Queue.get (decode after the lock is released); gh-83932",
        programs: |_| {
            vec![Program::new().queue("q", 0).main([
                put("q", item(1, ItemKind::Undecodable)).ok(),
                put("q", 2).ok(),
                get("q").is(Outcome::DecodeFailed),
                get("q").gives(2),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/put-refuses-what-cannot-be-encoded",
        level: Level::Beyond,
        text: "An item that cannot be encoded is refused in the call of put, to the caller, and never \
            counts.",
        source: "gh-84376, gh-109554; CRABServer#9014",
        origin: Some("queue/hazard-silent-serialisation-failure"),
        programs: |_| {
            vec![Program::new().queue("q", 0).main([
                put("q", item(1, ItemKind::Unencodable)).is(Outcome::EncodeFailed),
                qsize("q").value(0),
                put_nowait("q", item(2, ItemKind::Unencodable)).is(Outcome::EncodeFailed),
                put("q", 3).ok(),
                get("q").gives(3),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/bad-item-loses-no-good-one",
        level: Level::Beyond,
        text: "One item that cannot be encoded never costs a good one and never spoils the count, not \
            even while its producer is ending.",
        source: "gh-79423",
        origin: Some("queue/hazard-serialisation-failure-at-exit-loses-rest"),
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([
                        get("q").after(ended("p")).timeout(1_000).gives(2),
                        get("q").timeout(1_000).gives(3),
                        qsize("q").value(0),
                    ])
                    .process(
                        "p",
                        [
                            put("q", item(1, ItemKind::Unencodable)).returns(),
                            put("q", 2).ok(),
                            put("q", item(4, ItemKind::Unencodable)).returns(),
                            put("q", 3).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/item-is-what-it-was-at-put",
        level: Level::Beyond,
        text: "What is delivered is the item as it was when put was called, whatever its producer does \
            to it after put has returned.",
        source: "Queue._feed; gh-109554 discussion",
        origin: Some("queue/hazard-late-serialisation-aliasing"),
        programs: |_| {
            vec![Program::new().queue("q", 0).main((1..=20).flat_map(|id| {
                let list = item(id, ItemKind::List);
                [put_then_clear("q", list).ok(), get("q").gives(list)]
            }))]
        },
        ..Clause::BLANK
    },
];
