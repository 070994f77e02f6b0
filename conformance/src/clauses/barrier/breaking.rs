//! What breaks a barrier, and what repairs it.

use procession_contract::{ActionEnd, BarrierAction};

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "barrier/action-error-breaks",
        level: Level::Must,
        text: "If the action raises, its party sees that error, the others BrokenBarrierError, and the \
            barrier is broken.",
        source: "threading.Barrier._release",
        programs: |_| {
            let action = BarrierAction { word: 1, then: ActionEnd::Raises };
            let party = || await_on("b").one_of(&[Outcome::ActionFailed, Outcome::BrokenBarrier]);
            vec![
                Program::new().title("one party").barrier_with("b", 1, action).main([
                    await_on("b").is(Outcome::ActionFailed),
                    broken("b").truth(true),
                    await_on("b").is(Outcome::BrokenBarrier),
                    word_read(1).value(1),
                    reset("b").ok(),
                    broken("b").truth(false),
                ]),
                Program::new()
                    .title("three parties")
                    .barrier_with("b", 3, action)
                    .main([
                        party(),
                        broken("b").truth(true),
                        await_on("b").is(Outcome::BrokenBarrier).at_once(),
                        word_read(1).after(ended("p")).after(ended("t")).value(1),
                    ])
                    .process("p", [party(), broken("b").truth(true)])
                    .thread("t", "main", [party(), broken("b").truth(true)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/timeout-breaks",
        level: Level::Must,
        text: "A wait that times out breaks the barrier: it and all current and later waits raise \
            BrokenBarrierError.",
        source: "threading.Barrier._wait",
        programs: |_| {
            vec![
                Program::new()
                    .barrier("b", 3)
                    .main([
                        await_on("b")
                            .timeout(200)
                            .after(blocked("p", "wait"))
                            .is(Outcome::BrokenBarrier)
                            .takes(200)
                            .label("out"),
                        broken("b").truth(true),
                        await_on("b").is(Outcome::BrokenBarrier).at_once(),
                        await_on("b").timeout(5_000).is(Outcome::BrokenBarrier).at_once(),
                    ])
                    .process(
                        "p",
                        [await_on("b")
                            .label("wait")
                            .is(Outcome::BrokenBarrier)
                            .waits_for_call("main", "out")],
                    )
                    .process(
                        "late",
                        [await_on("b").after(returned("main", "out")).is(Outcome::BrokenBarrier).at_once()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/default-timeout",
        level: Level::Must,
        text: "A default timeout given at construction applies when wait gets none.",
        source: "threading.Barrier.wait",
        programs: |_| {
            let barrier =
                |parties: i64, ms: i64| ObjectKind::Barrier { parties, timeout_ms: Some(ms), action: None };
            vec![
                Program::new()
                    .title("it applies")
                    .object("b", barrier(3, 400))
                    .main([await_on("b").after(blocked("p", "wait")).is(Outcome::BrokenBarrier).at_most(400)])
                    .process("p", [await_on("b").label("wait").is(Outcome::BrokenBarrier).takes(400)]),
                Program::new()
                    .title("a wait's own limit counts instead")
                    .object("b", barrier(2, 60_000))
                    .main([await_on("b").timeout(200).is(Outcome::BrokenBarrier).takes(200)]),
                Program::new()
                    .title("a wait's own longer limit counts instead")
                    .object("b", barrier(2, 100))
                    .main([await_on("b").timeout(500).is(Outcome::BrokenBarrier).takes(500)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/zero-timeout-breaks-at-once",
        level: Level::Should,
        text: "wait(0) by a party that is not the last breaks the barrier immediately.",
        source: "threading.Barrier._wait",
        programs: |_| {
            vec![
                Program::new()
                    .barrier("b", 2)
                    .main([
                        await_on("b").timeout(0).is(Outcome::BrokenBarrier).at_once(),
                        broken("b").truth(true).label("broken"),
                    ])
                    .process(
                        "p",
                        [await_on("b").after(returned("main", "broken")).is(Outcome::BrokenBarrier)],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/abort",
        level: Level::Must,
        text: "abort breaks the barrier for current and future waiters.",
        source: "threading.Barrier.abort",
        programs: |_| {
            let waits =
                || [await_on("b").label("wait").is(Outcome::BrokenBarrier).waits_for_call("main", "abort")];
            vec![
                Program::new()
                    .barrier("b", 3)
                    .main([
                        abort("b")
                            .after(blocked("p", "wait"))
                            .after(blocked("t", "wait"))
                            .ok()
                            .label("abort"),
                        broken("b").truth(true),
                        await_on("b").is(Outcome::BrokenBarrier).at_once(),
                        abort("b").ok(),
                    ])
                    .process("p", waits())
                    .thread("t", "main", waits())
                    .process(
                        "late",
                        [await_on("b").after(returned("main", "abort")).is(Outcome::BrokenBarrier).at_once()],
                    )
                    .each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/reset-with-waiters",
        level: Level::Must,
        text: "reset makes current waiters raise BrokenBarrierError and leaves the barrier usable, not \
            broken.",
        source: "threading.Barrier.reset",
        programs: |_| {
            let waits = || {
                [
                    await_on("b").label("wait").is(Outcome::BrokenBarrier).waits_for_call("main", "reset"),
                    word_add(0, 1).ok(),
                    await_on("b").ok(),
                    word_read(0).value(3),
                ]
            };
            vec![
                Program::new()
                    .barrier("b", 3)
                    .main([
                        reset("b")
                            .after(blocked("p", "wait"))
                            .after(blocked("t", "wait"))
                            .ok()
                            .label("reset"),
                        broken("b").truth(false),
                        word_add(0, 1).ok(),
                        await_on("b").ok(),
                        word_read(0).value(3),
                        broken("b").truth(false),
                    ])
                    .process("p", waits())
                    .thread("t", "main", waits())
                    .each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/reset-after-break",
        level: Level::Must,
        text: "reset repairs a broken barrier.",
        source: "threading.Barrier.reset",
        programs: |_| {
            vec![
                Program::new()
                    .barrier("b", 2)
                    .main([
                        await_on("b").timeout(0).is(Outcome::BrokenBarrier),
                        reset("b").ok().label("reset"),
                        broken("b").truth(false),
                        await_on("b").ok(),
                        // Who has yet to leave would be told of it.
                        abort("b").after(returned("p", "passed")).ok(),
                        await_on("b").is(Outcome::BrokenBarrier),
                        reset("b").ok().label("again"),
                        await_on("b").ok(),
                        reset("b").after(ended("p")).ok(),
                        broken("b").truth(false),
                    ])
                    .process(
                        "p",
                        [
                            await_on("b").after(returned("main", "reset")).ok().label("passed"),
                            await_on("b").after(returned("main", "again")).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
];
