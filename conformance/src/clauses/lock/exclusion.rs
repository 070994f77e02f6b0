//! Who has a lock, who may release it, and what it says of itself.

use crate::clauses::acquiring;
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "lock/mutual-exclusion",
        level: Level::Must,
        text: "Between a successful acquire and the matching release no other acquire, from any process \
            or thread sharing the lock, succeeds.",
        source: "doc Lock",
        programs: |_| {
            vec![acquiring::exclusion(ObjectKind::Lock), acquiring::exclusion_of_threads(ObjectKind::Lock)]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "lock/acquire-returns-true",
        level: Level::Must,
        text: "A successful acquire returns true.",
        source: "doc Lock.acquire",
        programs: |_| {
            vec![Program::new().lock("l").main([
                acquire("l").acquired(),
                release("l").ok(),
                acquire("l").timeout(1_000).acquired(),
                release("l").ok(),
                try_acquire("l").acquired(),
                release("l").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "lock/not-recursive",
        level: Level::Must,
        text: "A second acquire by the holder blocks (or fails if timed) like anyone else's.",
        source: "doc Lock",
        programs: |_| {
            vec![Program::new().lock("l").main([
                acquire("l").acquired(),
                try_acquire("l").refused(),
                acquire("l").timeout(100).refused().takes(100),
                acquire("l").blocks(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "lock/release-by-anyone",
        level: Level::Must,
        text: "Any thread of any process sharing the lock may release it.",
        source: "doc Lock.release",
        programs: |_| {
            vec![
                Program::new()
                    .lock("l")
                    .main([
                        acquire("l").acquired().label("first"),
                        acquire("l").acquired().waits_for_call("p", "release").label("second"),
                        acquire("l").acquired().waits_for_call("t", "release"),
                        release("l").ok(),
                    ])
                    .process("p", [release("l").after(returned("main", "first")).ok().label("release")])
                    .thread(
                        "t",
                        "main",
                        [release("l").after(returned("main", "second")).ok().label("release")],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "lock/over-release-error",
        level: Level::Must,
        text: "Releasing an unheld lock raises ValueError and leaves it unheld.",
        source: "doc Lock.release",
        programs: |_| {
            vec![
                Program::new()
                    .lock("l")
                    .main([
                        release("l").is(Outcome::OverRelease),
                        acquire("l").acquired(),
                        try_acquire("l").refused(),
                        release("l").ok(),
                        release("l").is(Outcome::OverRelease).label("unheld"),
                    ])
                    .process(
                        "p",
                        [
                            release("l").after(returned("main", "unheld")).is(Outcome::OverRelease),
                            try_acquire("l").acquired(),
                            try_acquire("l").refused(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "lock/scoped-use",
        level: Level::Must,
        text: "Scoped use acquires (yielding true) and releases on leaving, also by error.",
        source: "doc Lock",
        programs: |_| vec![acquiring::scoped(ObjectKind::Lock)],
        ..Clause::BLANK
    },
    Clause {
        id: "lock/survives-creator-exit",
        level: Level::Must,
        text: "A lock stays usable by descendants after its creator has exited.",
        source: "POSIX semaphore",
        claims: &[PROCESSES],
        programs: |_| {
            let after_main = |mut lines: Vec<Line>| {
                let first = lines.remove(0).after(gone("main"));
                std::iter::once(first).chain(lines)
            };
            let rounds = || (0..10).flat_map(|_| passage("l", 0, Line::acquired)).collect();
            vec![
                Program::new()
                    .lock("l")
                    .main([release("l").is(Outcome::OverRelease), exit_immediately(0)])
                    .process("a", after_main(rounds()))
                    .process("b", after_main(rounds()))
                    .each_process_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "lock/repr-owner",
        level: Level::May,
        text: "The textual form tells none, own name, another thread or another process as owner.",
        source: "synchronize.Lock.__repr__",
        programs: |_| {
            vec![
                Program::new()
                    .lock("l")
                    .main([
                        repr("l").label("free").ok(),
                        acquire("l").acquired().label("held"),
                        repr("l").label("own").expect(Expect::DiffersFrom(at("main", "free"))),
                        release("l").after(ended("p")).ok(),
                        repr("l").same_as("main", "free"),
                    ])
                    .process(
                        "p",
                        [repr("l")
                            .after(returned("main", "own"))
                            .expect(Expect::DiffersFrom(at("main", "own")))
                            .expect(Expect::DiffersFrom(at("main", "free")))],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "lock/name-invisible-under-fork",
        level: Level::Should,
        text: "Under fork no name remains in the file system; under spawn a name exists until the object \
            is collected.",
        source: "synchronize.SemLock.__init__",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("nothing is left of a process that is killed")
                    .lock("l")
                    .main([acquire("l").acquired(), signal_self(9)])
                    .only(&[Method::Fork])
                    .judge(Judge::NothingLeft),
                Program::new()
                    .title("nothing is left of a process that ends")
                    .lock("l")
                    .main([acquire("l").acquired(), release("l").ok()])
                    .process("p", [acquire("l").acquired(), release("l").ok()])
                    .each_process_method()
                    .judge(Judge::NothingLeft),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "lock/no-fairness",
        level: Level::May,
        text: "No order among waiters is guaranteed.",
        source: "POSIX semaphores give no order",
        programs: |_| vec![acquiring::handed_on(ObjectKind::Lock)],
        ..Clause::BLANK
    },
    Clause {
        id: "lock/racing-releases-let-one-through",
        level: Level::Beyond,
        text: "Of two releases of a lock that is held once, however close together, one succeeds and the \
            other one is refused.",
        source: "semaphore.c comment in release",
        origin: Some("lock/hazard-over-release-race"),
        programs: |_| vec![acquiring::racing_releases(ObjectKind::Lock)],
        ..Clause::BLANK
    },
];
