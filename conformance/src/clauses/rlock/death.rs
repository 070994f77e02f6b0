//! What a recursive lock is worth when one of its users dies or is stopped.

use crate::clauses::dying;
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "rlock/next-acquirer-is-told-of-a-dead-owner",
        level: Level::Beyond,
        text: "When the process that owns a recursive lock is gone, however it went, the next acquire gets \
            the lock and is told, once, that its owner died.",
        source: "gh-88304, as for a lock",
        claims: &[PROCESSES],
        programs: |_| dying::dead_holder(ObjectKind::Rlock, Line::told),
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/waiter-is-told-of-a-dead-owner",
        level: Level::Beyond,
        text: "When the process that owns a recursive lock is killed, one of those that wait for it already \
            gets it and is told.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| dying::dead_holder_and_waiters(ObjectKind::Rlock, Line::told),
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/depth-dies-with-its-owner",
        level: Level::Beyond,
        text: "Whoever gets a recursive lock from an owner that died at depth 3 has it at depth 1.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .rlock("l")
                    .main([
                        acquire("l").after(gone("h")).told(),
                        release("l").ok().label("released"),
                        release("l").is(Outcome::NotOwner),
                    ])
                    .process(
                        "h",
                        [
                            acquire("l").acquired(),
                            acquire("l").acquired(),
                            acquire("l").acquired().label("third"),
                            stay_until_the_end(),
                        ],
                    )
                    .process("p", [acquire("l").after(returned("main", "released")).acquired()])
                    .kill("h", [returned("h", "third")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/newcomer-is-not-the-dead-owner",
        level: Level::Beyond,
        text: "A process that comes after the death of an owner does not own the lock, although it may \
            have the dead one's place and the same thread number.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .rlock("l")
                    .main([
                        start("h").ok(),
                        start("n").after(gone("h")).ok(),
                        try_acquire("l").after(returned("n", "told")).refused(),
                    ])
                    .explicit("h", [acquire("l").acquired(), acquire("l").acquired(), exit_immediately(0)])
                    .explicit(
                        "n",
                        [
                            release("l").is(Outcome::NotOwner),
                            acquire("l").told().label("told"),
                            stay_until_the_end(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/dead-owner-s-children-do-not-keep-it",
        level: Level::Beyond,
        text: "A recursive lock is free of its dead owner although processes live on that the owner made \
            while it had the lock.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| dying::dead_holder_of_living_children(ObjectKind::Rlock, Line::told),
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/dead-waiter-takes-nothing-along",
        level: Level::Beyond,
        text: "A process that is killed while it waits for a recursive lock neither keeps it nor takes \
            along the wake-up of another one.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| dying::dead_waiter(ObjectKind::Rlock),
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/killed-anywhere-frees-the-others",
        level: Level::Beyond,
        text: "Wherever a process is killed among its acquires and releases of a recursive lock, the others \
            go on, still one at a time.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| dying::killed_anywhere(ObjectKind::Rlock),
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/stopped-owner-is-not-dead",
        level: Level::Beyond,
        text: "An owner that is stopped keeps its recursive lock, and goes on with it when it is continued.",
        source: "a promise about death must not be kept by mistake",
        claims: &[PROCESSES],
        programs: |_| vec![dying::stopped_holder(ObjectKind::Rlock)],
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/many-short-lived-owners",
        level: Level::Beyond,
        text: "Each of many processes that come and die one after the other with a recursive lock is told \
            from those before it.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| vec![dying::short_lived(ObjectKind::Rlock, Line::told)],
        ..Clause::BLANK
    },
];
