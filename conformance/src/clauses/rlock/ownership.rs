//! Whose a recursive lock is, how deep, and until when.

use crate::clauses::acquiring;
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "rlock/recursive",
        level: Level::Must,
        text: "The owner may acquire again without blocking, in any mode, and must release as often.",
        source: "doc RLock",
        programs: |_| {
            vec![
                Program::new()
                    .rlock("l")
                    .main([
                        acquire("l").acquired(),
                        try_acquire("l").acquired(),
                        acquire("l").timeout(1_000).acquired().at_once(),
                        acquire("l").timeout(0).acquired(),
                        release("l").ok(),
                        release("l").ok(),
                        release("l").ok(),
                        release("l").ok().label("last"),
                        release("l").is(Outcome::NotOwner),
                    ])
                    .process(
                        "p",
                        [
                            acquire("l").after(returned("main", "last")).acquired(),
                            acquire("l").acquired(),
                            release("l").ok(),
                            release("l").ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/owner-is-process-and-thread",
        level: Level::Must,
        text: "Ownership belongs to one thread of one process: other threads and other processes fail to \
            acquire.",
        source: "doc RLock",
        programs: |_| {
            let tries = || {
                [
                    try_acquire("l").after(returned("main", "held")).refused(),
                    acquire("l").timeout(100).refused().takes(100),
                ]
            };
            vec![
                Program::new()
                    .rlock("l")
                    .main([
                        acquire("l").acquired().label("held"),
                        release("l").after(ended("t")).after(ended("p")).ok(),
                    ])
                    .thread("t", "main", tries())
                    .process("p", tries())
                    .each_process_method(),
                Program::new()
                    .title("threads and processes pass through one at a time, at depth 2")
                    .rlock("l")
                    .main(nested_passages())
                    .thread("t", "main", nested_passages())
                    .process("p", nested_passages()),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/release-by-non-owner-error",
        level: Level::Must,
        text: "release by a thread or process that is not the owner, or when unheld, raises \
            AssertionError and changes nothing.",
        source: "doc RLock.release",
        programs: |_| {
            let releases = || {
                [
                    release("l").after(returned("main", "held")).is(Outcome::NotOwner),
                    try_acquire("l").refused(),
                ]
            };
            vec![
                Program::new()
                    .rlock("l")
                    .main([
                        release("l").is(Outcome::NotOwner),
                        acquire("l").acquired().label("held"),
                        release("l").after(ended("t")).after(ended("p")).ok(),
                        release("l").is(Outcome::NotOwner),
                        acquire("l").acquired(),
                        release("l").ok(),
                    ])
                    .thread("t", "main", releases())
                    .process("p", releases()),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/held-until-last-release",
        level: Level::Must,
        text: "Others can acquire only after the last of the owner's releases.",
        source: "doc RLock.release",
        programs: |_| {
            vec![
                Program::new()
                    .rlock("l")
                    .main([
                        acquire("l").acquired(),
                        acquire("l").acquired(),
                        acquire("l").acquired(),
                        release("l").ok(),
                        release("l").ok().label("second"),
                        release("l").after(blocked("p", "wait")).ok().label("third"),
                    ])
                    .process(
                        "p",
                        [
                            try_acquire("l").after(returned("main", "second")).refused(),
                            acquire("l").label("wait").acquired().waits_for_call("main", "third"),
                            release("l").ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/fork-does-not-copy-ownership",
        level: Level::Must,
        text: "A child forked while the parent owns the lock does not own it.",
        source: "SemLock._after_fork",
        programs: |_| {
            vec![
                Program::new()
                    .rlock("l")
                    .main([
                        acquire("l").acquired(),
                        acquire("l").acquired(),
                        start("c").ok(),
                        release("l").after(ended("c")).ok(),
                        release("l").ok(),
                        release("l").is(Outcome::NotOwner),
                    ])
                    .explicit("c", [try_acquire("l").refused(), release("l").is(Outcome::NotOwner)])
                    .each_process_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "rlock/timeouts-as-lock",
        level: Level::Must,
        text: "Blocking, timeout and scoped-use clauses of lock hold.",
        source: "doc RLock.acquire",
        programs: |_| {
            let programs: [fn(ObjectKind) -> Program; 6] = [
                acquiring::nonblocking,
                acquiring::timed,
                acquiring::nonpositive,
                acquiring::unlimited,
                acquiring::scoped,
                acquiring::handed_on,
            ];
            programs.map(|program| program(ObjectKind::Rlock)).into()
        },
        ..Clause::BLANK
    },
];

/// Passages at depth 2, through which one worker goes at a time.
fn nested_passages() -> Vec<Line> {
    let round = |_| {
        let [acquire, enter, leave, release] = passage("l", 0, Line::acquired);
        [acquire.clone(), acquire, enter, release.clone(), leave, release]
    };
    (0..30).flat_map(round).collect()
}
