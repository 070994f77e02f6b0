//! What an event is worth when one of its users dies or is stopped at the worst moment.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "event/set-returns-whoever-died",
        level: Level::Beyond,
        text: "A set returns at once, and wakes those that live, although processes died while they waited.",
        source: "gh-75158",
        origin: Some("event/hazard-dead-waiter-blocks-setter"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("the only waiter is dead")
                    .event("e")
                    .main([
                        set("e").after(gone("w")).ok().at_once(),
                        is_set("e").truth(true).at_once(),
                        clear("e").ok().at_once(),
                        await_on("e").timeout(100).truth(false).takes(100),
                    ])
                    .process("w", [await_on("e").label("wait")])
                    .kill("w", [blocked("w", "wait")]),
                Program::new()
                    .title("a waiter with a time limit is dead, and one lives")
                    .event("e")
                    .main([set("e").after(gone("w")).after(blocked("a", "wait")).ok().at_once().label("set")])
                    .process("w", [await_on("e").timeout(60_000).label("wait")])
                    .process("a", [await_on("e").label("wait").truth(true).waits_for_call("main", "set")])
                    .kill("w", [blocked("w", "wait")])
                    .each_process_method(),
                Program::new()
                    .title("a waiter is killed as the event is set")
                    .event("e")
                    .main([
                        set("e").after(blocked("w", "wait")).after(blocked("a", "wait")).ok().label("set"),
                        clear("e").after(gone("w")).after(ended("a")).ok(),
                        is_set("e").truth(false),
                    ])
                    .process("w", [await_on("e").label("wait"), stay_until_the_end()])
                    .process("a", [await_on("e").label("wait").truth(true)])
                    .kill("w", [called("main", "set")]),
            ]
        },
    },
    Clause {
        id: "event/is-set-never-waits",
        level: Level::Beyond,
        text: "Whether an event is set is answered at once, whatever others do to it, even if they were \
            stopped or killed in the middle.",
        source: "synchronize.Event.is_set",
        origin: Some("event/hazard-is-set-takes-the-lock"),
        claims: &[PROCESSES],
        programs: |_| {
            let killed = |round: usize| {
                Program::new()
                    .title(format!("a setter is killed after its round {round}"))
                    .event("e")
                    .main([is_set("e").after(gone("s")).ok().at_once(), is_set("e").ok().at_once()])
                    .process("s", pulses().chain([stay_until_the_end()]))
                    .kill("s", [returned("s", &format!("clear{round}"))])
            };
            let mut programs = vec![
                Program::new()
                    .title("a setter that waits for a stopped waiter")
                    .event("e")
                    .main([
                        is_set("e")
                            .after(called("s", "set"))
                            .after(blocked("s", "set"))
                            .truth(true)
                            .at_once(),
                        is_set("e").after(ended("s")).truth(true).at_once().label("last"),
                    ])
                    .process("w", [await_on("e").label("wait").truth(true)])
                    .process(
                        "s",
                        [set("e").after(blocked("w", "wait")).after(quiescence()).ok().label("set")],
                    )
                    .fault("w", Action::Stop, [blocked("w", "wait")])
                    .fault("w", Action::Continue, [returned("main", "last")]),
            ];
            programs.extend([0, 5, 20].map(killed));
            programs
        },
    },
    Clause {
        id: "event/set-waits-for-nobody",
        level: Level::Beyond,
        text: "A set does not wait until those that it wakes have run: a waiter that is stopped holds \
            nobody up.",
        source: "synchronize.Condition.notify waits for the woken",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .event("e")
                    .main([
                        // By then the waiter is stopped.
                        set("e")
                            .after(blocked("w", "wait"))
                            .after(blocked("a", "wait"))
                            .after(quiescence())
                            .ok()
                            .at_once()
                            .label("set"),
                        own(Call::Getpid).after(ended("a")).label("woken"),
                    ])
                    .process("w", [await_on("e").label("wait").truth(true)])
                    .process("a", [await_on("e").label("wait").truth(true).waits_for_call("main", "set")])
                    .fault("w", Action::Stop, [blocked("w", "wait")])
                    .fault("w", Action::Continue, [returned("main", "woken")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "event/killed-setter-frees-the-others",
        level: Level::Beyond,
        text: "Wherever a process is killed among its sets and clears, the others can set, clear and wait.",
        source: "gh-75158",
        claims: &[PROCESSES],
        programs: |_| {
            let program = |round: usize| {
                Program::new()
                    .title(format!("it is killed after its round {round}"))
                    .event("e")
                    .main([
                        clear("e").after(gone("s")).ok(),
                        is_set("e").truth(false),
                        await_on("e").timeout(50).truth(false),
                        set("e").ok(),
                        await_on("e").truth(true),
                    ])
                    .process("s", pulses().chain([stay_until_the_end()]))
                    .kill("s", [returned("s", &format!("clear{round}"))])
            };
            [0, 3, 30].map(program).into()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "event/many-short-lived-waiters",
        level: Level::Beyond,
        text: "However many processes died while they waited, those that come later are woken.",
        source: "gh-75158",
        claims: &[PROCESSES],
        programs: |_| {
            const WAITERS: usize = 40;
            let name = |index: usize| format!("w{index}");
            let main = (0..WAITERS)
                .map(|index| {
                    let start = start(&name(index)).ok();
                    if index == 0 { start } else { start.after(gone(&name(index - 1))) }
                })
                .chain([set("e")
                    .after(gone(&name(WAITERS - 1)))
                    .after(blocked("a", "wait"))
                    .ok()
                    .label("set")]);
            let waiter = |program: Program, index: usize| {
                let name = name(index);
                program.explicit(&name, [await_on("e").label("wait")]).kill(&name, [blocked(&name, "wait")])
            };
            let program = Program::new()
                .event("e")
                .main(main)
                .process("a", [await_on("e").label("wait").truth(true).waits_for_call("main", "set")]);
            vec![(0..WAITERS).fold(program, waiter)]
        },
        ..Clause::BLANK
    },
];

/// Sets and clears, one after the other.
fn pulses() -> impl Iterator<Item = Line> {
    (0..300).flat_map(|round| [set("e"), clear("e").label(&format!("clear{round}"))])
}
