//! What happens when a process is done with a queue: close, flush, the end of the process.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "queue/close-forbids-put-and-get-locally",
        level: Level::Must,
        text: "After close, put and get in the same process raise ValueError, even if unread items \
            remain; other processes are unaffected.",
        source: "doc Queue.put/get; gh-135730",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([
                        put("q", 1).ok(),
                        close("q").label("close").ok(),
                        put("q", 2).is(Outcome::Closed),
                        get("q").is(Outcome::Closed),
                        get_nowait("q").is(Outcome::Closed),
                    ])
                    .process(
                        "other",
                        [
                            get("q").after(returned("main", "close")).gives(1),
                            put("q", 3).ok(),
                            get("q").gives(3),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/close-flushes-buffered-items",
        level: Level::Must,
        text: "Items buffered before close are still delivered to other processes.",
        source: "doc Queue.close",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main(
                        (0..40)
                            .map(|id| put("q", Item::bytes(id, 10_000)).ok())
                            .chain([close("q").label("close").ok(), join_thread("q").ok()]),
                    )
                    .process(
                        "c",
                        (0..40).map(|id| {
                            get("q").after(returned("main", "close")).gives(Item::bytes(id, 10_000))
                        }),
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/close-idempotent",
        level: Level::Must,
        text: "close may be repeated.",
        source: "Queue.close",
        programs: |_| {
            vec![Program::new().queue("q", 0).queue("unused", 0).main([
                put("q", 1).ok(),
                get("q").gives(1),
                close("q").ok(),
                close("q").ok(),
                close("unused").ok(),
                close("unused").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/close-implicit-on-collection",
        level: Level::Should,
        text: "Dropping the last local reference closes the queue in that process.",
        source: "doc Queue.close",
        programs: |_| {
            vec![
                Program::new()
                    .title("a producer that drops the queue loses nothing that it put")
                    .queue("q", 0)
                    .main((0..20).map(|id| get("q").gives(Item::bytes(id, 10_000))))
                    .process(
                        "p",
                        (0..20).map(|id| put("q", Item::bytes(id, 10_000)).ok()).chain([forget("q").ok()]),
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/join-thread-requires-close",
        level: Level::Must,
        text: "join_thread before close is a usage error.",
        source: "doc Queue.join_thread",
        programs: |_| {
            vec![Program::new().queue("q", 0).main([
                join_thread("q").is(Outcome::Misuse),
                put("q", 1).ok(),
                join_thread("q").is(Outcome::Misuse),
                get("q").gives(1),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/join-thread-waits-for-flush",
        level: Level::Must,
        text: "join_thread returns once all locally buffered items are in the transport; it is \
            repeatable and a no-op for a process that never put.",
        source: "doc Queue.join_thread; bpo-30886",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("once it has returned, the process may vanish and nothing is lost")
                    .queue("q", 0)
                    .main((0..10).map(|id| get("q").after(gone("p")).gives(Item::bytes(id, 1_000))))
                    .process(
                        "p",
                        (0..10).map(|id| put("q", Item::bytes(id, 1_000)).ok()).chain([
                            close("q").ok(),
                            join_thread("q").ok(),
                            exit_immediately(0),
                        ]),
                    ),
                Program::new()
                    .title("it may be repeated, and returns at once where nothing was put")
                    .queue("q", 0)
                    .queue("unused", 0)
                    .main([
                        put("q", 1).ok(),
                        get("q").gives(1),
                        close("q").ok(),
                        join_thread("q").ok(),
                        join_thread("q").ok(),
                        close("unused").ok(),
                        join_thread("unused").ok(),
                        join_thread("unused").ok(),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/exit-waits-for-flush",
        level: Level::Must,
        text: "A process that ends normally does not terminate before all its buffered items are in the \
            transport.",
        source: "doc warning in \"Pipes and Queues\"; Queue._finalize_join",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main((0..200).map(|id| get("q").gives(Item::bytes(id, 1_000))))
                    .process("p", (0..200).map(|id| put("q", Item::bytes(id, 1_000)).ok())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/cancel-join-thread-allows-loss",
        level: Level::Must,
        text: "After cancel_join_thread the process may exit at once and buffered items may be lost.",
        source: "doc Queue.cancel_join_thread",
        programs: |_| {
            vec![
                Program::new()
                    .title("the process ends although nobody takes what it put")
                    .queue("q", 0)
                    .main([join("p").ok(), exitcode("p").value(0), cancel_join_thread("q").ok()])
                    .process("p", [put("q", Item::bytes(1, 1_000_000)).ok(), cancel_join_thread("q").ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/empty-on-closed",
        level: Level::Should,
        text: "A queue that was used and closed refuses to say whether it is empty; one that was never \
            used may say that it is.",
        source: "gh-120012",
        programs: |_| {
            vec![Program::new().queue("q", 0).queue("unused", 0).main([
                put("q", 1).ok(),
                get("q").gives(1),
                close("q").ok(),
                join_thread("q").ok(),
                empty("q").is(Outcome::Closed),
                close("unused").ok(),
                empty("unused").expect(Expect::Any(vec![Expect::Value(1), Expect::Outcome(Outcome::Closed)])),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/usable-after-fork-with-active-feeder",
        level: Level::Must,
        text: "A queue that its creator has used already works in a process started afterwards, which \
            begins with nothing of its own in it.",
        source: "Queue._after_fork",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main(
                        (0..10)
                            .map(|id| put("q", id).ok())
                            .chain([start("c").ok()])
                            .chain((0..20).map(|_| get("q").ok())),
                    )
                    .explicit("c", (10..20).map(|id| put("q", id).ok()))
                    .judge(Judge::ProducerFifo("q".into()))
                    .judge(Judge::Conservation("q".into())),
            ]
        },
        ..Clause::BLANK
    },
];
