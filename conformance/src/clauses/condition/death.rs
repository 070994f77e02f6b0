//! What a condition is worth when waiters, notifiers or holders of its lock die.

use crate::clauses::dying;
use crate::clauses::prelude::*;

/// A condition with a lock of its own.
const CONDITION: ObjectKind = ObjectKind::Condition { lock: None };

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "condition/notify-returns-whoever-died",
        level: Level::Beyond,
        text: "notify and notify_all return at once although processes died while they waited, and the \
            waiters that live wake.",
        source: "gh-75158",
        origin: Some("condition/hazard-dead-waiter-blocks-notifier"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("the only waiter is dead")
                    .condition("c")
                    .main([
                        acquire("c").after(gone("w")).acquired(),
                        notify("c").ok().at_once(),
                        notify_all("c").ok().at_once(),
                        await_on("c").timeout(100).truth(false).takes(100),
                        release("c").ok(),
                    ])
                    .process("w", waits_until_killed())
                    .kill("w", [blocked("w", "wait")]),
                Program::new()
                    .title("one is dead and one lives")
                    .condition("c")
                    .main([
                        acquire("c").after(gone("w")).after(blocked("a", "wait")).acquired(),
                        notify_all("c").ok().at_once().label("notify"),
                        release("c").ok(),
                    ])
                    .process("w", waits_until_killed())
                    .process("a", waits())
                    .kill("w", [blocked("w", "wait")])
                    .each_process_method(),
                Program::new()
                    .title("one with a time limit is dead")
                    .condition("c")
                    .main([
                        acquire("c").after(gone("w")).acquired(),
                        notify_all("c").ok().at_once(),
                        release("c").ok(),
                    ])
                    .process("w", [acquire("c").acquired(), await_on("c").timeout(60_000).label("wait")])
                    .kill("w", [blocked("w", "wait")]),
            ]
        },
    },
    Clause {
        id: "condition/no-notification-is-lost-to-the-dead",
        level: Level::Beyond,
        text: "A notification that was aimed at a waiter that dies before it has the lock back wakes \
            another one that waited at the time.",
        source: "gh-75158; glibc bugs 13165 and 25847, as to what is stolen",
        claims: &[PROCESSES],
        programs: |_| {
            let woken = || waits();
            vec![
                Program::new()
                    .title("the one that waited longer was dead before")
                    .condition("c")
                    .main([
                        acquire("c").after(gone("w")).after(blocked("a", "wait")).acquired(),
                        notify("c").ok().label("notify"),
                        release("c").ok(),
                    ])
                    .process("w", waits_until_killed())
                    .process("a", {
                        let [acquire, rest @ ..] = waits();
                        std::iter::once(acquire.after(blocked("w", "wait"))).chain(rest)
                    })
                    .kill("w", [blocked("a", "wait")]),
                Program::new()
                    .title("one of two dies after the notification and before the lock is free")
                    .condition("c")
                    .main([
                        acquire("c").after(blocked("w", "wait")).after(blocked("a", "wait")).acquired(),
                        notify("c").ok().label("notify"),
                        release("c").after(gone("w")).ok(),
                    ])
                    .process("w", waits_until_killed())
                    .process("a", woken())
                    .kill("w", [returned("main", "notify")]),
                Program::new()
                    .title("one of three dies after a notification of two")
                    .condition("c")
                    .main([
                        acquire("c")
                            .after(blocked("w", "wait"))
                            .after(blocked("a", "wait"))
                            .after(blocked("b", "wait"))
                            .acquired(),
                        notify_n("c", 2).ok().label("notify"),
                        release("c").after(gone("w")).ok(),
                    ])
                    .process("w", waits_until_killed())
                    .process("a", woken())
                    .process("b", woken())
                    .kill("w", [returned("main", "notify")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/waiter-gets-the-lock-of-a-dead-holder",
        level: Level::Beyond,
        text: "When the holder of the lock dies and everybody else is in wait, one of the waits returns \
            with the lock, and says that its holder died.",
        source: "POSIX pthread_cond_wait on a robust mutex, which never returns",
        claims: &[PROCESSES],
        programs: |_| {
            let holder = |last: &str| {
                [acquire("c").after(blocked(last, "wait")).acquired().label("held"), stay_until_the_end()]
            };
            let goes_on = || {
                [
                    acquire("c").acquired(),
                    await_on("c").label("wait").acquired_or_told(),
                    notify_all("c").ok(),
                    release("c").ok(),
                ]
            };
            vec![
                Program::new()
                    .title("one waits")
                    .condition("c")
                    .main([
                        acquire("c").acquired(),
                        await_on("c").label("wait").told(),
                        notify("c").ok(),
                        release("c").ok(),
                        acquire("c").acquired(),
                    ])
                    .process("h", holder("main"))
                    .kill("h", [returned("h", "held")]),
                Program::new()
                    .title("one waits with a time limit")
                    .condition("c")
                    .main([
                        acquire("c").acquired(),
                        await_on("c").timeout(5_000).label("wait").told().at_most(2_000),
                        release("c").ok(),
                    ])
                    .process("h", holder("main"))
                    .kill("h", [returned("h", "held")]),
                Program::new()
                    .title("two wait")
                    .condition("c")
                    .main([acquire("c").after(ended("a")).after(ended("b")).acquired()])
                    .process("a", goes_on())
                    .process("b", goes_on())
                    .process(
                        "h",
                        [
                            acquire("c")
                                .after(blocked("a", "wait"))
                                .after(blocked("b", "wait"))
                                .acquired()
                                .label("held"),
                            stay_until_the_end(),
                        ],
                    )
                    .kill("h", [returned("h", "held")]),
                Program::new()
                    .title("the notifier dies before it has released the lock")
                    .condition("c")
                    .main([acquire("c").after(ended("a")).acquired()])
                    .process("a", goes_on())
                    .process(
                        "h",
                        [
                            acquire("c").after(blocked("a", "wait")).acquired(),
                            notify("c").ok().label("notify"),
                            stay_until_the_end(),
                        ],
                    )
                    .kill("h", [returned("h", "notify")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/next-acquirer-is-told-of-a-dead-holder",
        level: Level::Beyond,
        text: "When the process that holds a condition's lock is gone, however it went, the next acquire \
            gets the lock and is told, once, that its holder died.",
        source: "gh-88304, as for a lock",
        claims: &[PROCESSES],
        programs: |_| {
            let mut programs = dying::dead_holder(CONDITION, Line::told);
            programs.push(
                Program::new()
                    .title("the lock was given to the condition")
                    .lock("l")
                    .condition_over("c", "l")
                    .main([acquire("l").after(gone("h")).told(), release("c").ok(), acquire("c").acquired()])
                    .process("h", [acquire("c").acquired(), exit_immediately(0)]),
            );
            programs
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/killed-anywhere-frees-the-others",
        level: Level::Beyond,
        text: "Wherever a process is killed among its waits and notifications, the others wait, notify and \
            acquire as ever.",
        source: "gh-75158",
        claims: &[PROCESSES],
        programs: |_| {
            let waiter = |after: usize| {
                let waits = (0..200).flat_map(|round| {
                    [acquire("c"), await_on("c").timeout(3), release("c").label(&format!("release{round}"))]
                });
                let notifies = (0..40).flat_map(|_| {
                    [acquire("c").acquired_or_told(), notify("c").ok().at_once(), release("c").ok()]
                });
                Program::new()
                    .title(format!("a waiter is killed after its round {after}"))
                    .condition("c")
                    .main(notifies.chain([
                        acquire("c").after(gone("w")).acquired_or_told(),
                        notify_all("c").ok().at_once(),
                        release("c").ok(),
                        acquire("c").acquired(),
                    ]))
                    .process("w", waits.chain([stay_until_the_end()]))
                    .kill("w", [returned("w", &format!("release{after}"))])
            };
            let notifier = |after: usize| {
                let notifies = (0..400).flat_map(|round| {
                    [acquire("c"), notify_all("c"), release("c").label(&format!("release{round}"))]
                });
                let waits = || {
                    [acquire("c").acquired_or_told()]
                        .into_iter()
                        .chain((0..10).map(|_| {
                            await_on("c").timeout(20).one_of(&[Outcome::Ok, Outcome::OwnerDied]).at_most(500)
                        }))
                        .chain([release("c").ok()])
                };
                Program::new()
                    .title(format!("a notifier is killed after its round {after}"))
                    .condition("c")
                    .main([
                        acquire("c").after(gone("w")).after(ended("a")).after(ended("b")).acquired_or_told(),
                        notify_all("c").ok().at_once(),
                        release("c").ok(),
                        acquire("c").acquired(),
                    ])
                    .process("w", notifies.chain([stay_until_the_end()]))
                    .process("a", waits())
                    .process("b", waits())
                    .kill("w", [returned("w", &format!("release{after}"))])
            };
            [0, 2, 9].into_iter().map(waiter).chain([0, 5, 30].into_iter().map(notifier)).collect()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/stopped-holder-is-not-dead",
        level: Level::Beyond,
        text: "A process that is stopped keeps the condition's lock, and goes on with it when it is continued.",
        source: "a promise about death must not be kept by mistake",
        claims: &[PROCESSES],
        programs: |_| vec![dying::stopped_holder(CONDITION)],
        ..Clause::BLANK
    },
    Clause {
        id: "condition/deadline-holds-while-others-die",
        level: Level::Beyond,
        text: "A wait keeps its time limit while other waiters die.",
        source: "gh-75158",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .condition("c")
                    .main([
                        acquire("c").after(blocked("w", "wait")).after(blocked("v", "wait")).acquired(),
                        await_on("c").timeout(500).label("wait").truth(false).takes(500),
                        await_word("c", 0, 1).timeout(300).truth(false).takes(300),
                        release("c").ok(),
                    ])
                    .process("w", waits_until_killed())
                    .process("v", waits_until_killed())
                    .kill("w", [blocked("main", "wait")])
                    .kill("v", [gone("w")])
                    .later(100),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/many-short-lived-waiters",
        level: Level::Beyond,
        text: "However many processes died while they waited, those that come later wait and are woken.",
        source: "gh-75158",
        claims: &[PROCESSES],
        programs: |_| {
            const WAITERS: usize = 40;
            let name = |index: usize| format!("w{index}");
            let last = gone(&name(WAITERS - 1));
            let main = (0..WAITERS)
                .map(|index| {
                    let start = start(&name(index)).ok();
                    if index == 0 { start } else { start.after(gone(&name(index - 1))) }
                })
                .chain([
                    acquire("c").after(last).after(blocked("a", "wait")).acquired(),
                    notify("c").ok().label("notify"),
                    release("c").ok(),
                ]);
            let waiter = |program: Program, index: usize| {
                let name = name(index);
                program.explicit(&name, waits_until_killed()).kill(&name, [blocked(&name, "wait")])
            };
            vec![(0..WAITERS).fold(Program::new().condition("c").main(main).process("a", waits()), waiter)]
        },
        ..Clause::BLANK
    },
];

/// A worker that is killed while it waits.
fn waits_until_killed() -> [Line; 2] {
    [acquire("c").acquired(), await_on("c").label("wait")]
}

/// A worker that is woken by main's notification.
fn waits() -> [Line; 3] {
    [
        acquire("c").acquired(),
        await_on("c").label("wait").truth(true).waits_for_call("main", "notify"),
        release("c").ok(),
    ]
}
