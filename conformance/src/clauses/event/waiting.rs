//! How long a wait for an event lasts, and what it says.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "event/wait-returns-immediately-when-set",
        level: Level::Must,
        text: "wait on a set event returns true at once, whatever the timeout.",
        source: "synchronize.Event.wait",
        programs: |_| {
            vec![
                Program::new()
                    .event("e")
                    .main([
                        set("e").ok().label("set"),
                        await_on("e").truth(true).at_once(),
                        await_on("e").timeout(0).truth(true).at_once(),
                        await_on("e").timeout(-1_000).truth(true).at_once(),
                        await_on("e").timeout(5_000).truth(true).at_once(),
                        is_set("e").truth(true),
                    ])
                    .process(
                        "p",
                        [await_on("e").timeout(5_000).after(returned("main", "set")).truth(true).at_once()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "event/wait-timeout-false",
        level: Level::Must,
        text: "wait on a clear event returns false after the timeout; zero and negative timeouts only check.",
        source: "synchronize.Event.wait",
        programs: |_| {
            vec![Program::new().event("e").main([
                await_on("e").timeout(0).truth(false).at_once(),
                await_on("e").timeout(-1_000).truth(false).at_once(),
                await_on("e").timeout(100).truth(false).takes(100),
                set("e").ok(),
                clear("e").ok(),
                await_on("e").timeout(100).truth(false).takes(100),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "event/wait-without-limit-waits",
        level: Level::Must,
        text: "wait on a clear event without a timeout waits until the event is set, however long that is.",
        source: "doc Event",
        programs: |_| {
            vec![
                Program::new()
                    .event("e")
                    .main([await_on("e").label("wait").truth(true).waits_for_call("p", "set")])
                    .process(
                        "p",
                        [set("e").after(blocked("main", "wait")).after(quiescence()).ok().label("set")],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "event/set-wakes-all",
        level: Level::Must,
        text: "set wakes every waiter in every process.",
        source: "synchronize.Event.set",
        programs: |_| {
            const WAITERS: [&str; 5] = ["a", "b", "c", "t", "u"];
            let waits = || [await_on("e").label("wait").truth(true).waits_for_call("main", "set")];
            let all_wait =
                WAITERS.iter().fold(set("e").ok().label("set"), |set, name| set.after(blocked(name, "wait")));
            vec![
                Program::new()
                    .event("e")
                    .main([all_wait])
                    .process("a", waits())
                    .process("b", waits())
                    .process("c", waits())
                    .thread("t", "main", waits())
                    .thread("u", "a", waits())
                    .each_process_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "event/wait-result-reflects-set",
        level: Level::Must,
        text: "wait returns true if the event was set at any moment during the wait; only a real timeout \
            gives false.",
        source: "threading.Event contract linked from doc Event",
        programs: |_| {
            vec![
                pulses(1, Some(1_000)).title("one pulse"),
                Program::new()
                    .title("set before the time is over")
                    .event("e")
                    .main([await_on("e").timeout(1_000).label("wait").truth(true).at_most(1_000)])
                    .process("p", [set("e").after(blocked("main", "wait")).ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "event/pulse-wakes-everybody",
        level: Level::Beyond,
        text: "A set that is followed by a clear at once still wakes all who waited before it, and their \
            waits return true.",
        source: "gh-95826, gh-76172",
        origin: Some("event/hazard-pulse-lost"),
        programs: |_| vec![pulses(25, None)],
        ..Clause::BLANK
    },
];

/// So often: three wait, with this time limit, and the event is set and cleared at once.
fn pulses(rounds: usize, limit_ms: Option<i64>) -> Program {
    const WAITERS: [&str; 3] = ["a", "b", "c"];
    let label = |round: usize| format!("wait{round}");
    let main = (0..rounds).flat_map(|round| {
        let set = set("e").ok().label(&format!("set{round}"));
        [WAITERS.iter().fold(set, |set, name| set.after(blocked(name, &label(round)))), clear("e").ok()]
    });
    let waits = || {
        (0..rounds).map(|round| {
            let wait = limit_ms.map_or(await_on("e"), |ms| await_on("e").timeout(ms));
            let wait = wait.label(&label(round)).truth(true);
            let wait = wait.waits_for_call("main", &format!("set{round}"));
            match round {
                0 => wait,
                // Nobody begins the next wait while the event is still set.
                _ => wait.after(returned("main", &format!("cleared{}", round - 1))),
            }
        })
    };
    let main: Vec<Line> = main
        .enumerate()
        .map(|(index, line)| match index % 2 {
            1 => line.label(&format!("cleared{}", index / 2)),
            _ => line,
        })
        .collect();
    WAITERS.iter().fold(Program::new().event("e").main(main), |program, name| program.process(name, waits()))
}
