//! What a shared value is worth when one of its users dies.

use crate::clauses::access::{acquire_anyhow, killed_after, killed_while_writing, pairs, told_once};
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "value/killed-updater-is-told",
        level: Level::Beyond,
        text: "When a process is killed while it holds a value's lock, the next to acquire it is told so \
            and has it, and single accesses go on.",
        source: "the promise of lock/hazard-owner-killed, for the lock of a value; gh-88304",
        claims: &[PROCESSES],
        programs: |_| {
            let program = |title: &str| Program::new().title(title).value("v", "i", 1);
            let held = || [acquire("v").value(1), store("v", 7).ok()];
            vec![
                killed_after(
                    program("the next to acquire"),
                    held(),
                    told_once("v", [load("v").reads(7), store("v", 8).ok(), load("v").reads(8)]),
                ),
                killed_after(
                    program("held twice"),
                    [acquire("v").value(1), acquire("v").value(1)],
                    told_once("v", []),
                ),
                killed_after(
                    program("within a lock that was given").lock("k").value_with(
                        "x",
                        "i",
                        1,
                        LockChoice::Given("k".into()),
                    ),
                    [acquire("x").value(1)],
                    told_once("k", []).into_iter().chain([load("x").reads(1)]),
                ),
                program("one who waits for it already")
                    .queue("idle", 0)
                    .main([
                        acquire("v")
                            .timeout(1_000)
                            .after(blocked("w", "stay"))
                            .label("acquire")
                            .is(Outcome::OwnerDied),
                        load("v").reads(7),
                        release("v").ok(),
                        acquire("v").nonblocking().value(1),
                    ])
                    .process("w", held().into_iter().chain([stay("idle")]))
                    .kill("w", [blocked("main", "acquire")]),
                killed_after(
                    program("single accesses instead"),
                    held(),
                    [
                        load("v").one_of(&[Outcome::Ok, Outcome::OwnerDied]),
                        load("v").reads(7),
                        store("v", 9).ok(),
                        load("v").reads(9),
                        acquire("v").nonblocking().value(1),
                        release("v").ok(),
                    ],
                ),
                program("one who adds within its lock, again and again")
                    .main([
                        acquire_anyhow("v").after(gone("w")),
                        store("v", 0).ok(),
                        release("v").ok(),
                        add("v", 1, 100, true).ok(),
                        load("v").reads(100),
                    ])
                    // More than it will ever come to.
                    .process("w", [add("v", 1, 1_000_000_000, true).label("add")])
                    .kill("w", [called("w", "add")])
                    .later(5),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "value/killed-writer-tears-nothing",
        level: Level::Beyond,
        text: "A process killed while it writes a value of a type that the machine writes at once leaves \
            the old or the new value, never a part of each, also without a lock.",
        source: "doc RawValue allows torn values; every type code has at most 8 bytes",
        claims: &[PROCESSES],
        programs: |_| {
            let program = pairs().into_iter().fold(Program::new(), |program, (code, one, _)| {
                program.raw_value(&format!("of-{code}"), code, one)
            });
            vec![killed_while_writing(
                program,
                |code, scalar| store(&format!("of-{code}"), scalar),
                |code| load(&format!("of-{code}")),
            )]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "value/outlives-its-creator",
        level: Level::Beyond,
        text: "When the process that created a value is killed, those that have it go on with it and \
            with its lock.",
        source: "doc Value: the storage is shared memory, not the creator's",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .each_process_method()
                    .value("v", "i", 1)
                    .queue("idle", 0)
                    .main([stay("idle")])
                    .process(
                        "c",
                        [
                            load("v").label("begun").reads(1),
                            load("v").after(gone("main")).reads(1),
                            store("v", 2).ok(),
                            acquire("v").timeout(1_000).value(1),
                            load("v").reads(2),
                            release("v").ok(),
                        ],
                    )
                    .kill("main", [blocked("main", "stay"), returned("c", "begun")])
                    .judge(Judge::Finished("c".into())),
            ]
        },
        ..Clause::BLANK
    },
];
