//! A condition's lock, and what a wait does with it.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "condition/default-lock-recursive",
        level: Level::Must,
        text: "Without a given lock the condition makes its own recursive one; a given lock is used as is.",
        source: "doc Condition",
        programs: |_| {
            let other = || {
                [
                    try_acquire("c").after(returned("main", "held")).refused(),
                    acquire("c").after(returned("main", "free")).acquired(),
                    release("c").ok(),
                ]
            };
            vec![
                Program::new()
                    .title("its own lock")
                    .condition("c")
                    .main([
                        acquire("c").acquired(),
                        try_acquire("c").acquired(),
                        release("c").ok().label("held"),
                        release("c").after(ended("p")).ok(),
                        release("c").is(Outcome::NotOwner),
                    ])
                    .process("p", [try_acquire("c").after(returned("main", "held")).refused()]),
                Program::new()
                    .title("a lock that was given")
                    .lock("l")
                    .condition_over("c", "l")
                    .main([
                        acquire("l").acquired(),
                        try_acquire("c").refused(),
                        release("c").ok(),
                        acquire("c").acquired(),
                        try_acquire("l").refused().label("held"),
                        release("l").after(blocked("p", "wait")).ok().label("free"),
                    ])
                    .process(
                        "p",
                        [
                            try_acquire("l").after(returned("main", "held")).refused(),
                            acquire("c").label("wait").acquired().waits_for_call("main", "free"),
                            try_acquire("l").refused(),
                            release("c").ok(),
                        ],
                    ),
                Program::new()
                    .title("a recursive lock that was given")
                    .rlock("l")
                    .condition_over("c", "l")
                    .main([
                        acquire("l").acquired(),
                        acquire("c").acquired().label("held"),
                        release("c").ok(),
                        release("l").after(blocked("p", "wait")).ok().label("free"),
                    ])
                    .process(
                        "p",
                        [try_acquire("l").after(returned("main", "held")).refused()].into_iter().chain([
                            acquire("c").label("wait").acquired().waits_for_call("main", "free"),
                            release("l").ok(),
                        ]),
                    ),
                Program::new()
                    .title("a scope")
                    .condition("c")
                    .main([
                        acquire("c").acquired().label("held"),
                        release("c").after(ended("p")).ok(),
                        scope("c").acquired().label("free"),
                        own(Call::Getpid).after(ended("q")),
                    ])
                    .process("p", [try_acquire("c").after(returned("main", "held")).refused()])
                    .process("q", other().into_iter().skip(1)),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/wait-requires-ownership",
        level: Level::Must,
        text: "wait without owning the lock raises AssertionError at once.",
        source: "synchronize.Condition.wait",
        programs: |_| {
            let waits = || {
                [
                    await_on("c").after(returned("main", "held")).is(Outcome::NotOwner).at_once(),
                    await_on("c").timeout(5_000).is(Outcome::NotOwner).at_once(),
                ]
            };
            vec![
                Program::new()
                    .condition("c")
                    .main([
                        await_on("c").is(Outcome::NotOwner),
                        await_on("c").timeout(5_000).is(Outcome::NotOwner).at_once(),
                        acquire("c").acquired().label("held"),
                        release("c").after(ended("t")).after(ended("p")).ok(),
                    ])
                    .thread("t", "main", waits())
                    .process("p", waits()),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/wait-releases-and-reacquires",
        level: Level::Must,
        text: "wait gives up the lock completely, whatever the recursion depth, and has it back at the \
            same depth when it returns, also after timeout or interruption.",
        source: "synchronize.Condition.wait",
        programs: |_| {
            let at_depth_three = |wait: Line| {
                [
                    acquire("c").acquired(),
                    acquire("c").acquired(),
                    acquire("c").acquired().label("held"),
                    wait.label("wait"),
                    release("c").ok(),
                    release("c").ok().label("second"),
                    release("c").after(returned("p", "refused")).ok(),
                    release("c").is(Outcome::NotOwner),
                ]
            };
            let refused = || try_acquire("c").after(returned("main", "second")).refused().label("refused");
            vec![
                Program::new()
                    .title("notified at depth 3")
                    .condition("c")
                    .main(at_depth_three(await_on("c").truth(true).waits_for_call("p", "release")))
                    .process(
                        "p",
                        [
                            acquire("c").after(blocked("main", "wait")).acquired(),
                            notify("c").ok(),
                            release("c").ok().label("release"),
                            refused(),
                        ],
                    ),
                Program::new()
                    .title("timed out at depth 3")
                    .condition("c")
                    .main(at_depth_three(
                        // The other one has the lock as soon as it is given up.
                        await_on("c").timeout(300).after(blocked("p", "acquire")).truth(false).takes(300),
                    ))
                    .process(
                        "p",
                        [
                            acquire("c")
                                .after(returned("main", "held"))
                                .label("acquire")
                                .acquired()
                                .waits_for_call("main", "wait"),
                            release("c").ok(),
                            refused(),
                        ],
                    ),
                Program::new()
                    .title("a wait that is over returns only with the lock")
                    .condition("c")
                    .main([
                        acquire("c").acquired().label("held"),
                        // The other one has the lock as soon as it is given up.
                        await_on("c")
                            .timeout(500)
                            .after(blocked("p", "acquire"))
                            .truth(false)
                            .waits_for_call("p", "release"),
                        release("c").ok(),
                    ])
                    .process(
                        "p",
                        [
                            acquire("c").after(returned("main", "held")).label("acquire").acquired(),
                            release("c").after(quiescence()).ok().label("release"),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/wait-result",
        level: Level::Must,
        text: "wait returns true if notified and false on timeout; zero and negative timeouts return false \
            at once.",
        source: "synchronize.Condition.wait",
        programs: |_| {
            vec![
                Program::new()
                    .condition("c")
                    .main([
                        acquire("c").acquired(),
                        await_on("c").timeout(0).truth(false).at_once(),
                        await_on("c").timeout(-1_000).truth(false).at_once(),
                        await_on("c").timeout(100).truth(false).takes(100),
                        await_on("c")
                            .timeout(5_000)
                            .label("wait")
                            .truth(true)
                            .waits_for_call("p", "notify")
                            .at_most(2_000),
                        await_on("c").label("again").truth(true).waits_for_call("p", "second"),
                        release("c").ok(),
                    ])
                    .process(
                        "p",
                        [
                            acquire("c").after(blocked("main", "wait")).acquired(),
                            notify("c").ok().label("notify"),
                            release("c").ok(),
                            acquire("c").after(blocked("main", "again")).acquired(),
                            notify("c").ok().label("second"),
                            release("c").ok(),
                        ],
                    )
                    .each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/shared-between-threads-and-processes",
        level: Level::Must,
        text: "Threads and processes may wait on the same condition together.",
        source: "synchronize.Condition",
        programs: |_| {
            let waits = || {
                [
                    acquire("c").acquired(),
                    await_on("c").label("wait").truth(true).waits_for_call("main", "notify"),
                    word_swap(0, 1).value(0),
                    word_swap(0, 0).value(1),
                    release("c").ok(),
                ]
            };
            const WAITERS: [&str; 6] = ["a", "b", "d", "t", "u", "v"];
            vec![
                Program::new()
                    .condition("c")
                    .main([
                        WAITERS
                            .iter()
                            .fold(acquire("c").acquired(), |line, name| line.after(blocked(name, "wait"))),
                        notify_all("c").ok().label("notify"),
                        release("c").ok(),
                    ])
                    .process("a", waits())
                    .process("b", waits())
                    .process("d", waits())
                    .thread("t", "main", waits())
                    .thread("u", "main", waits())
                    .thread("v", "a", waits())
                    .each_process_method(),
            ]
        },
        ..Clause::BLANK
    },
];
