//! How permits are counted, taken and given back.

use crate::clauses::acquiring;
use crate::clauses::prelude::*;

/// One permit.
const ONE: ObjectKind = ObjectKind::Semaphore { value: None };

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "semaphore/counting",
        level: Level::Must,
        text: "acquire decrements if positive, else waits; release increments and wakes one waiter.",
        source: "doc Semaphore",
        programs: |_| {
            vec![
                Program::new()
                    .title("two permits, three that want one")
                    .semaphore("s", 2)
                    .main([
                        acquire("s").acquired(),
                        acquire("s").acquired(),
                        try_acquire("s").refused(),
                        acquire("s").label("third").acquired().waits_for_call("p", "release"),
                        try_acquire("s").refused(),
                    ])
                    .process("p", [release("s").after(blocked("main", "third")).ok().label("release")]),
                Program::new()
                    .title("each release lets one waiter go on")
                    .semaphore("s", 0)
                    .main([
                        release("s").after(blocked("a", "wait")).after(blocked("b", "wait")).ok(),
                        release("s").ok(),
                        try_acquire("s").after(ended("a")).after(ended("b")).refused(),
                    ])
                    .process("a", [acquire("s").label("wait").acquired()])
                    .process("b", [acquire("s").label("wait").acquired()]),
                Program::new()
                    .title("a release lets no second waiter go on")
                    .semaphore("s", 0)
                    .semaphore("passed", 0)
                    .main([
                        release("s").after(blocked("a", "wait")).after(blocked("b", "wait")).ok(),
                        acquire("passed").acquired(),
                        acquire("passed").timeout(200).refused(),
                        release("s").ok(),
                        acquire("passed").acquired(),
                    ])
                    .process("a", [acquire("s").label("wait").acquired(), release("passed").ok()])
                    .process("b", [acquire("s").label("wait").acquired(), release("passed").ok()]),
                Program::new()
                    .title("never more inside than there are permits")
                    .semaphore("s", 3)
                    .main(visits())
                    .process("a", visits())
                    .process("b", visits())
                    .process("c", visits())
                    .thread("t", "main", visits())
                    .each_process_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/unbounded-release",
        level: Level::Must,
        text: "A plain semaphore may be released above its initial value.",
        source: "synchronize.Semaphore",
        programs: |_| {
            vec![
                Program::new()
                    .semaphore("s", 2)
                    .main([release("s").ok(), release("s").ok()].into_iter().chain(exactly(4))),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/bounded-over-release-error",
        level: Level::Must,
        text: "A bounded semaphore released above its initial value raises ValueError and keeps its value.",
        source: "doc BoundedSemaphore",
        programs: |_| {
            vec![
                Program::new()
                    .title("at once")
                    .bounded_semaphore("s", 2)
                    .main([release("s").is(Outcome::OverRelease)].into_iter().chain(exactly(2))),
                Program::new()
                    .title("after as many releases as acquires, here and in another process")
                    .bounded_semaphore("s", 2)
                    .main([
                        acquire("s").acquired(),
                        acquire("s").acquired(),
                        release("s").ok(),
                        release("s").ok(),
                        release("s").is(Outcome::OverRelease).label("refused"),
                    ])
                    .process(
                        "p",
                        [release("s").after(returned("main", "refused")).is(Outcome::OverRelease)]
                            .into_iter()
                            .chain(exactly(2)),
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/get-value",
        level: Level::Should,
        text: "The current value can be read without changing it; it is only a hint under concurrency.",
        source: "Semaphore.get_value",
        programs: |_| {
            vec![
                Program::new()
                    .semaphore("s", 2)
                    .main([
                        permits("s").value(2),
                        acquire("s").acquired(),
                        permits("s").value(1),
                        permits("s").value(1),
                        acquire("s").acquired(),
                        permits("s").value(0).label("none"),
                        release("s").after(ended("p")).ok(),
                        permits("s").value(1),
                    ])
                    .process("p", [permits("s").after(returned("main", "none")).value(0)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/timeouts",
        level: Level::Must,
        text: "Timeout and non-blocking clauses of lock hold.",
        source: "semaphore.c acquire",
        programs: |_| {
            let none =
                Program::new().title("five forms of acquire, without a permit").semaphore("s", 0).main([
                    try_acquire("s").refused().at_once(),
                    try_acquire("s").timeout(5_000).refused().at_once(),
                    acquire("s").timeout(0).refused().at_once(),
                    acquire("s").timeout(-1_000).refused().at_once(),
                    acquire("s").timeout(100).refused().takes(100),
                ]);
            let programs: [fn(ObjectKind) -> Program; 5] = [
                acquiring::nonblocking,
                acquiring::timed,
                acquiring::nonpositive,
                acquiring::unlimited,
                acquiring::scoped,
            ];
            programs.into_iter().map(|program| program(ONE)).chain([none]).collect()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/release-takes-no-count",
        level: Level::May,
        text: "release takes no count argument (the thread version does).",
        source: "SemLock.release",
        programs: |_| {
            vec![Program::new().title("none is released, or both").semaphore("s", 0).main([
                release_n("s", 2).one_of(&[Outcome::Ok, Outcome::BadType]),
                permits("s").expect(Expect::Any(vec![Expect::Value(0), Expect::Value(2)])),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/cross-process-release",
        level: Level::Must,
        text: "Permits may be released by other processes than those that acquired them.",
        source: "semaphore.c release",
        programs: |_| {
            let plain = Program::new()
                .title("a plain one")
                .semaphore("s", 1)
                .main([
                    acquire("s").acquired().label("taken"),
                    acquire("s").acquired().waits_for_call("p", "release"),
                    acquire("s").acquired().waits_for_call("q", "release"),
                    try_acquire("s").refused(),
                ])
                .process("p", [release("s").after(returned("main", "taken")).ok().label("release")])
                .process("q", [release("s").after(returned("p", "release")).ok().label("release")])
                .each_process_method();
            // Here a second release could come before the first one's permit is taken.
            let bounded = Program::new()
                .title("a bounded one")
                .bounded_semaphore("s", 1)
                .main([
                    acquire("s").acquired().label("taken"),
                    acquire("s").acquired().waits_for_call("p", "release"),
                    try_acquire("s").refused(),
                ])
                .process("p", [release("s").after(returned("main", "taken")).ok().label("release")]);
            vec![plain, bounded]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/racing-releases-let-one-through",
        level: Level::Beyond,
        text: "Of two releases of a bounded semaphore that lacks one permit, however close together, one \
            succeeds and the other one is refused.",
        source: "semaphore.c comment in release; as for a lock",
        programs: |_| {
            vec![acquiring::racing_releases(ObjectKind::BoundedSemaphore { value: Some(1.into()) })]
        },
        ..Clause::BLANK
    },
];

/// Acquires that find exactly so many permits.
fn exactly(permits: usize) -> impl Iterator<Item = Line> {
    (0..permits).map(|_| try_acquire("s").acquired()).chain([try_acquire("s").refused()])
}

/// Visits to a place where three may be: each adds one to a word, and takes it back.
fn visits() -> Vec<Line> {
    let visit = |_| {
        [
            acquire("s").acquired(),
            word_add(0, 1).expect(Expect::AtMost(2)),
            word_add(0, -1).expect(Expect::AtMost(3)),
            release("s").ok(),
        ]
    };
    (0..30).flat_map(visit).collect()
}
