//! When a put waits for room and a get for an item, for how long, and what they say when it was in vain.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "queue/put-blocks-when-full",
        level: Level::Must,
        text: "On a bounded queue holding its maximum, a blocking put waits until some consumer takes an \
            item.",
        source: "doc Queue.put",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 2)
                    .main([
                        put("q", 1).ok(),
                        put("q", 2).ok(),
                        put("q", 3).label("third").ok().waits_for_call("c", "take"),
                    ])
                    .process(
                        "c",
                        [
                            get("q").label("take").after(blocked("main", "third")).gives(1),
                            get("q").gives(2),
                            get("q").gives(3),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/put-nonblocking-full",
        level: Level::Must,
        text: "A non-blocking put on a full queue raises Full at once and any timeout argument is \
            ignored.",
        source: "doc Queue.put",
        programs: |_| {
            vec![Program::new().queue("q", 1).main([
                put("q", 1).ok(),
                put("q", 2).nonblocking().is(Outcome::Full).at_once(),
                put_nowait("q", 3).is(Outcome::Full).at_once(),
                put("q", 4).nonblocking().timeout(5_000).is(Outcome::Full).at_once(),
                get("q").gives(1),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/put-timeout-full",
        level: Level::Must,
        text: "A blocking put with a positive timeout raises Full after about that time.",
        source: "doc Queue.put",
        programs: |_| {
            vec![Program::new().queue("q", 1).main([
                put("q", 1).ok(),
                put("q", 2).timeout(100).is(Outcome::Full).takes(100),
                get("q").gives(1),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/put-nonpositive-timeout",
        level: Level::Must,
        text: "A blocking put with zero or negative timeout on a full queue raises Full at once (unlike \
            an in-process queue, which rejects negative timeouts).",
        source: "SemLock.acquire",
        programs: |_| {
            vec![Program::new().queue("q", 1).main([
                put("q", 1).ok(),
                put("q", 2).timeout(0).is(Outcome::Full).at_once(),
                put("q", 3).timeout(-1_000).is(Outcome::Full).at_once(),
                get("q").gives(1),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/get-nonblocking-empty",
        level: Level::Must,
        text: "A non-blocking get on an empty queue raises Empty at once and any timeout argument is \
            ignored.",
        source: "doc Queue.get",
        programs: |_| {
            vec![Program::new().queue("q", 0).main([
                get("q").nonblocking().is(Outcome::Empty).at_once(),
                get_nowait("q").is(Outcome::Empty).at_once(),
                get("q").nonblocking().timeout(5_000).is(Outcome::Empty).at_once(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/get-timeout-empty",
        level: Level::Must,
        text: "A blocking get with a positive timeout on an empty queue raises Empty not earlier than \
            that time.",
        source: "doc Queue.get; bpo-30595",
        programs: |_| {
            vec![Program::new().queue("q", 0).main([get("q").timeout(100).is(Outcome::Empty).takes(100)])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/get-nonpositive-timeout",
        level: Level::Must,
        text: "A blocking get with zero or negative timeout on an empty queue raises Empty at once.",
        source: "Queue.get",
        programs: |_| {
            vec![Program::new().queue("q", 0).main([
                get("q").timeout(0).is(Outcome::Empty).at_once(),
                get("q").timeout(-1_000).is(Outcome::Empty).at_once(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/get-timeout-covers-lock-and-data",
        level: Level::Should,
        text: "The timeout of get bounds the whole call: time spent waiting for another reader counts.",
        source: "Queue.get (bpo-30595)",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([
                        get("q").timeout(100).after(blocked("a", "get")).is(Outcome::Empty).takes(100),
                        put("q", 1).ok(),
                    ])
                    .process("a", [get("q").label("get").gives(1)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/blocking-get-waits-forever",
        level: Level::Must,
        text: "get without timeout waits as long as needed.",
        source: "doc Queue.get",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([get("q").label("get").gives(1).waits_for_call("p", "put")])
                    .process(
                        "p",
                        [put("q", 1).after(blocked("main", "get")).after(quiescence()).label("put")],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/put-wakes-one-waiting-get",
        level: Level::Must,
        text: "Of several processes that wait in get, each item wakes one; none sleeps on while an item \
            is there.",
        source: "doc Queue.get",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([
                        put("q", 1)
                            .after(blocked("a", "get"))
                            .after(blocked("b", "get"))
                            .after(blocked("c", "get")),
                        put("q", 2),
                        put("q", 3),
                    ])
                    .process("a", [get("q").label("get").ok()])
                    .process("b", [get("q").label("get").ok()])
                    .process("c", [get("q").label("get").ok()])
                    .judge(Judge::Conservation("q".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/get-wakes-one-waiting-put",
        level: Level::Must,
        text: "Of several processes that wait in put, each item taken lets one go on; none sleeps on \
            while there is room.",
        source: "doc Queue.put",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 1)
                    .main([
                        put("q", 1).label("first").ok(),
                        get("q").after(blocked("a", "put")).after(blocked("b", "put")).gives(1),
                        get("q").gives_one_of([Item::int(2), Item::int(3)]),
                        get("q").gives_one_of([Item::int(2), Item::int(3)]),
                    ])
                    .process("a", [put("q", 2).label("put").after(returned("main", "first")).ok()])
                    .process("b", [put("q", 3).label("put").after(returned("main", "first")).ok()])
                    .judge(Judge::Conservation("q".into())),
            ]
        },
        ..Clause::BLANK
    },
];
