//! Whom a notification wakes.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "condition/notify-requires-ownership",
        level: Level::Must,
        text: "notify and notify_all without owning the lock raise AssertionError.",
        source: "synchronize.Condition.notify",
        programs: |_| {
            let notifies = || {
                [
                    notify("c").after(returned("main", "held")).is(Outcome::NotOwner),
                    notify_all("c").is(Outcome::NotOwner),
                ]
            };
            vec![
                Program::new()
                    .condition("c")
                    .main([
                        notify("c").is(Outcome::NotOwner),
                        notify_all("c").is(Outcome::NotOwner),
                        acquire("c").acquired().label("held"),
                        release("c").after(ended("t")).after(ended("p")).ok(),
                    ])
                    .thread("t", "main", notifies())
                    .process("p", notifies()),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/notify-one",
        level: Level::Must,
        text: "notify wakes one waiter if there is any.",
        source: "doc",
        programs: |_| {
            vec![
                Program::new()
                    .title("a process waits")
                    .condition("c")
                    .main(notifying(&["a"], notify("c")))
                    .process("a", waiter("main", "notify")),
                Program::new()
                    .title("a thread waits")
                    .condition("c")
                    .main(notifying(&["t"], notify("c")))
                    .thread("t", "main", waiter("main", "notify")),
                Program::new().title("nobody waits").condition("c").main([
                    acquire("c").acquired(),
                    notify("c").ok(),
                    notify_all("c").ok(),
                    release("c").ok(),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/notify-n",
        level: Level::Must,
        text: "notify(n) wakes exactly min(n, waiters); n ≤ 0 wakes none.",
        source: "synchronize.Condition.notify (bpo-29293)",
        programs: |_| {
            [(-1, 0), (0, 0), (1, 1), (3, 3), (4, 4), (9, 4)].map(|(n, woken)| of_four(n, woken)).into()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/notify-all",
        level: Level::Must,
        text: "notify_all wakes every current waiter, processes and threads alike.",
        source: "doc",
        programs: |_| {
            vec![
                Program::new()
                    .condition("c")
                    .main(notifying(&["a", "b", "t", "u"], notify_all("c")))
                    .process("a", waiter("main", "notify"))
                    .process("b", waiter("main", "notify"))
                    .thread("t", "main", waiter("main", "notify"))
                    .thread("u", "b", waiter("main", "notify")),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/notify-not-remembered",
        level: Level::Must,
        text: "A notification without waiters has no effect on later waits.",
        source: "synchronize.Condition.notify",
        programs: |_| {
            vec![
                Program::new()
                    .condition("c")
                    .main([
                        acquire("c").acquired(),
                        notify("c").ok(),
                        notify_n("c", 5).ok(),
                        notify_all("c").ok(),
                        await_on("c").timeout(100).truth(false).takes(100),
                        release("c").ok().label("last"),
                    ])
                    .process(
                        "p",
                        [
                            acquire("c").after(returned("main", "last")).acquired(),
                            await_on("c").timeout(100).truth(false).takes(100),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/timed-out-waiters-do-not-absorb",
        level: Level::Must,
        text: "Waiters that timed out do not consume later notifications.",
        source: "synchronize.Condition.notify",
        programs: |_| {
            const FIRST: [&str; 3] = ["a", "b", "t"];
            const SECOND: [&str; 3] = ["x", "y", "u"];
            let times_out =
                || [acquire("c").acquired(), await_on("c").timeout(50).truth(false), release("c").ok()];
            let waits = || {
                let [acquire, rest @ ..] = waiter("main", "notify");
                let acquire = FIRST.iter().fold(acquire, |line, name| line.after(ended(name)));
                std::iter::once(acquire).chain(rest)
            };
            let program = |title: &str, notify: Line| {
                Program::new()
                    .title(title)
                    .condition("c")
                    .main(notifying(&SECOND, notify))
                    .process("a", times_out())
                    .process("b", times_out())
                    .thread("t", "main", times_out())
                    .process("x", waits())
                    .process("y", waits())
                    .thread("u", "main", waits())
            };
            vec![program("notify_all", notify_all("c")), program("as many as wait", notify_n("c", 3))]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/no-spurious-wakeups-in-notify-count",
        level: Level::Should,
        text: "A waiter returns true only if some notification was aimed at it.",
        source: "synchronize.Condition",
        programs: |_| vec![of_four(2, 2)],
        ..Clause::BLANK
    },
    Clause {
        id: "condition/notifier-waits-for-sleepers",
        level: Level::May,
        text: "notify may block until the woken waiters have acknowledged (CPython does).",
        source: "synchronize.Condition.notify",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .condition("c")
                    .main([
                        acquire("c").after(blocked("w", "wait")).acquired(),
                        // By then the waiter is stopped.
                        notify("c").after(quiescence()).ok().label("notify"),
                        release("c").ok(),
                    ])
                    .process(
                        "w",
                        [acquire("c").acquired(), await_on("c").label("wait").truth(true), release("c").ok()],
                    )
                    .fault("w", Action::Stop, [blocked("w", "wait")])
                    .fault("w", Action::Continue, [called("main", "notify"), quiescence()]),
            ]
        },
        ..Clause::BLANK
    },
];

/// A worker that waits until that line is called, and then has the lock.
fn waiter(notifier: &str, label: &str) -> [Line; 3] {
    [
        acquire("c").acquired(),
        await_on("c").label("wait").truth(true).waits_for_call(notifier, label),
        release("c").ok(),
    ]
}

/// A notification once these wait.
fn notifying(waiters: &[&str], notify: Line) -> [Line; 3] {
    let acquire =
        waiters.iter().fold(acquire("c").acquired(), |line, name| line.after(blocked(name, "wait")));
    [acquire, notify.ok().label("notify"), release("c").ok()]
}

/// Of four waiters a notification of `n` wakes so many before the last one, which wakes the rest.
fn of_four(n: i64, woken: i64) -> Program {
    const WAITERS: [&str; 4] = ["a", "b", "e", "t"];
    // Who was woken counts itself in word 0, and says so through another condition.
    let waits = || {
        [
            acquire("c").acquired(),
            await_on("c").label("wait").truth(true).waits_for_call("main", "notify"),
            release("c").ok(),
            acquire("d").acquired(),
            word_add(0, 1).ok(),
            notify("d").ok(),
            release("d").ok(),
        ]
    };
    let counted =
        |woken: i64| [acquire("d").acquired(), await_word("d", 0, woken).truth(true), release("d").ok()];
    let main = notifying(&WAITERS, notify_n("c", n))
        .into_iter()
        .chain(counted(woken))
        // By then one who was woken besides has counted itself too.
        .chain([word_read(0).after(quiescence()).value(woken)])
        .chain([acquire("c").acquired(), notify_all("c").ok(), release("c").ok()])
        .chain(counted(4));
    Program::new()
        .title(format!("notify({n}) of four waiters"))
        .condition("c")
        .condition("d")
        .main(main)
        .process("a", waits())
        .process("b", waits())
        .process("e", waits())
        .thread("t", "main", waits())
}
