//! What a queue is worth when one of its users dies at the worst moment.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "queue/killed-reader-frees-the-others",
        level: Level::Beyond,
        text: "Whenever a process is killed in get, the others go on receiving everything that is put.",
        source: "doc warning; gh-96062, gh-87971, gh-88304",
        origin: Some("queue/hazard-reader-killed-holding-read-lock"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("the only reader is killed while it waits")
                    .queue("q", 0)
                    .main([put("q", 1).after(gone("r")).ok(), get("q").timeout(1_000).gives(1)])
                    .process("r", [get("q").label("get")])
                    .kill("r", [blocked("r", "get")]),
                Program::new()
                    .title("others wait behind the one that is killed")
                    .queue("q", 0)
                    .main([put("q", 1).after(gone("r")).ok(), put("q", 2).ok()])
                    .process("r", [get("q").label("get")])
                    .process("a", [get("q").label("get").after(blocked("r", "get")).ok()])
                    .process("b", [get("q").label("get").after(blocked("r", "get")).ok()])
                    .kill("r", [blocked("a", "get"), blocked("b", "get")])
                    .judge(Judge::Conservation("q".into())),
                Program::new()
                    .title("a reader is killed while it takes large items")
                    .queue("q", 0)
                    .main(
                        (0..20)
                            .map(|id| put("q", Item::bytes(id, 300_000)).ok())
                            .chain([put("q", 100).after(gone("r")).label("last").ok()]),
                    )
                    // One more than there are: however late the kill comes, it meets the reader in a get.
                    .process(
                        "r",
                        (0..21).map(|n| {
                            let get = get("q").label(&format!("get{n}"));
                            if n < 5 { get.ok() } else { get }
                        }),
                    )
                    .process("a", [get("q").after(returned("main", "last")).timeout(2_000).ok()])
                    .kill("r", [returned("r", "get4")])
                    .judge(Judge::Conservation("q".into())),
            ]
        },
    },
    Clause {
        id: "queue/torn-item-is-discarded",
        level: Level::Beyond,
        text: "When a producer is killed in the middle of an item, the item is delivered whole or not at \
            all, other producers go on, and every get keeps its time limit.",
        source: "doc warnings on terminate; gh-87971",
        origin: Some("queue/hazard-writer-killed-mid-message"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                killed_in_mid_item([get("q")
                    .after(gone("w"))
                    .timeout(2_000)
                    .gives_one_of([Item::bytes(1, 1_000_000), Item::int(2)])])
                .process("p", [put("q", 2).after(gone("w")).ok()])
                .judge(Judge::Finished("p".into()))
                .judge(Judge::Conservation("q".into())),
            ]
        },
    },
    Clause {
        id: "queue/get-keeps-its-timeout-while-an-item-is-under-way",
        level: Level::Beyond,
        text: "A get keeps its time limit also while an item has arrived in part only.",
        source: "Queue.get",
        origin: Some("queue/hazard-timeout-not-honoured-on-partial-item"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![killed_in_mid_item([get("q")
                .after(gone("w"))
                .timeout(100)
                .gives_or_is([Item::bytes(1, 1_000_000)], &[Outcome::Empty])
                .at_most(1_000)])]
        },
    },
    Clause {
        id: "queue/producer-ends-before-its-items-are-taken",
        level: Level::Beyond,
        text: "A producer may end, and be joined, before anybody has taken what it put, however much \
            that is.",
        source: "doc \"Joining processes that use queues\"; gh-73983, gh-78321, gh-91594, gh-85927; \
            n8n#19084",
        origin: Some("queue/hazard-join-before-drain"),
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main(
                        [join("p").ok()]
                            .into_iter()
                            .chain((0..10).map(|id| get("q").gives(Item::bytes(id, 100_000)))),
                    )
                    .process("p", (0..10).map(|id| put("q", Item::bytes(id, 100_000)).ok())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/dead-producers-room-comes-back",
        level: Level::Beyond,
        text: "The room that a killed producer's undelivered items took is given back: a queue is never \
            full and empty for ever.",
        source: "Queue.put/_feed",
        origin: Some("queue/hazard-capacity-leak-after-kill"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 3)
                    .queue("idle", 0)
                    .main(
                        [get("q")
                            .after(gone("p"))
                            .timeout(200)
                            .gives_or_is(hundred_kilobytes(), &[Outcome::Empty])]
                        .into_iter()
                        .chain((0..2).map(|_| {
                            get("q").timeout(200).gives_or_is(hundred_kilobytes(), &[Outcome::Empty])
                        }))
                        .chain((10..13).map(|id| put("q", id).timeout(1_000).ok()))
                        .chain((10..13).map(|id| get("q").gives(id))),
                    )
                    .process("p", hundred_kilobytes().map(|item| put("q", item).ok()).chain([stay("idle")]))
                    .kill("p", [blocked("p", "stay")]),
            ]
        },
    },
    Clause {
        id: "queue/what-was-put-outlives-its-producer",
        level: Level::Beyond,
        text: "An item whose put has returned is delivered, even if its producer ends without any \
            closing or is killed right afterwards.",
        source: "doc Queue.cancel_join_thread; h34",
        origin: Some("queue/hazard-data-loss-on-abrupt-exit"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("a producer that leaves at once")
                    .queue("q", 0)
                    .main(
                        (0..10)
                            .map(|id| get("q").after(gone("p")).timeout(300).gives(Item::bytes(id, 10_000))),
                    )
                    .process(
                        "p",
                        (0..10).map(|id| put("q", Item::bytes(id, 10_000)).ok()).chain([exit_immediately(0)]),
                    ),
                Program::new()
                    .title("a producer that is killed")
                    .queue("q", 0)
                    .queue("idle", 0)
                    .main(
                        (0..10)
                            .map(|id| get("q").after(gone("p")).timeout(300).gives(Item::bytes(id, 10_000))),
                    )
                    .process(
                        "p",
                        (0..10).map(|id| put("q", Item::bytes(id, 10_000)).ok()).chain([stay("idle")]),
                    )
                    .kill("p", [called("p", "stay")]),
            ]
        },
    },
    Clause {
        id: "queue/killed-waiting-producer-frees-the-others",
        level: Level::Beyond,
        text: "Whenever a process is killed while it waits for room in put, the others go on, and \
            nothing of its item appears.",
        source: "as for a reader killed in get",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 1)
                    .main([
                        put("q", 1).label("first").ok(),
                        get("q").after(gone("w")).gives(1),
                        put("q", 3).timeout(1_000).ok(),
                        get("q").timeout(1_000).gives(3),
                    ])
                    .process("w", [put("q", 2).after(returned("main", "first")).label("put")])
                    .kill("w", [blocked("w", "put")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/consumer-learns-that-producers-are-gone",
        level: Level::Beyond,
        text: "A get without a time limit does not wait for ever when nobody is left who could put: once \
            every other process that has the queue is gone, it says so.",
        source: "gh-87971; pg_chameleon#169",
        origin: Some("queue/hazard-consumer-never-learns-producers-are-gone"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .queue("idle", 0)
                    .main([
                        get("q").gives(1),
                        get("q").label("second").one_of(&[Outcome::PeerDied, Outcome::Eof]),
                    ])
                    .process("p", [put("q", 1).ok(), stay("idle")])
                    .kill("p", [blocked("main", "second")]),
            ]
        },
    },
    Clause {
        id: "queue/unused-queue-releases-its-descriptors",
        level: Level::Beyond,
        text: "Closing a queue releases its descriptors, also if it never carried an item.",
        source: "gh-131794, gh-77262, pypy#4806",
        origin: Some("queue/hazard-unused-queue-leaks-descriptors"),
        programs: |_| vec![closing_releases(|program, name| program.queue(name, 0))],
        ..Clause::BLANK
    },
];

/// A producer that is killed when an item of a megabyte is under way and nobody takes it.
fn killed_in_mid_item(main: impl IntoIterator<Item = Line>) -> Program {
    Program::new()
        .queue("q", 0)
        .queue("idle", 0)
        .main(main)
        .process("w", [put("q", Item::bytes(1, 1_000_000)), stay("idle")])
        .kill("w", [blocked("w", "stay")])
        .later(20)
}

/// Three items of 100 kB.
fn hundred_kilobytes() -> impl Iterator<Item = Item> {
    (1..=3).map(|id| Item::bytes(id, 100_000))
}
