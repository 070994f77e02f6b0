//! What a barrier is worth when one of its parties dies or is stopped.

use procession_contract::{ActionEnd, BarrierAction};

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "barrier/dead-party-breaks-it",
        level: Level::Beyond,
        text: "When a party is killed while it waits, the barrier breaks: the others, whether they wait \
            already or come later, are told at once, and a reset repairs it.",
        source: "gh-123899",
        origin: Some("barrier/hazard-dead-party"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("another party waits already")
                    .barrier("b", 3)
                    .main([broken("b").after(ended("a")).truth(true)])
                    .process("w", [await_on("b").label("wait")])
                    .process("a", [await_on("b").label("wait").is(Outcome::BrokenBarrier)])
                    .kill("w", [blocked("w", "wait"), blocked("a", "wait")])
                    .each_process_method(),
                Program::new()
                    .title("the others come later")
                    .barrier("b", 3)
                    .main([await_on("b").after(gone("w")).is(Outcome::BrokenBarrier).at_most(1_000)])
                    .process("w", [await_on("b").label("wait")])
                    .process("a", [await_on("b").after(gone("w")).is(Outcome::BrokenBarrier)])
                    .kill("w", [blocked("w", "wait")]),
                Program::new()
                    .title("the others have a time limit")
                    .barrier("b", 3)
                    .main([await_on("b")
                        .timeout(6_000)
                        .after(gone("w"))
                        .is(Outcome::BrokenBarrier)
                        .at_most(1_000)])
                    .process("w", [await_on("b").label("wait")])
                    .process(
                        "a",
                        [await_on("b")
                            .timeout(6_000)
                            .label("wait")
                            .is(Outcome::BrokenBarrier)
                            .at_most(3_000)],
                    )
                    .kill("w", [blocked("w", "wait"), blocked("a", "wait")]),
                Program::new()
                    .title("then it is reset")
                    .barrier("b", 2)
                    .main([
                        await_on("b").after(gone("w")).is(Outcome::BrokenBarrier),
                        broken("b").truth(true),
                        waiting("b").value(0),
                        reset("b").ok().label("reset"),
                        broken("b").truth(false),
                        await_on("b").ok(),
                        await_on("b").ok(),
                    ])
                    .process("w", [await_on("b").label("wait")])
                    .process("a", [await_on("b").after(returned("main", "reset")).ok(), await_on("b").ok()])
                    .kill("w", [blocked("w", "wait")]),
            ]
        },
    },
    Clause {
        id: "barrier/party-that-has-passed-may-die",
        level: Level::Beyond,
        text: "A party that dies after its round breaks nothing: the others of that round pass, and the \
            next round goes on without it.",
        source: "gh-123899",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .barrier("b", 3)
                    .main([await_on("b").ok(), await_on("b").after(gone("w")).ok(), broken("b").truth(false)])
                    .process("w", [await_on("b").ok(), exit_immediately(0)])
                    .process("a", [await_on("b").ok(), await_on("b").ok()])
                    .process("late", [await_on("b").after(gone("w")).ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/party-killed-as-it-arrives",
        level: Level::Beyond,
        text: "Wherever a party is killed as it arrives, the others pass, are told that the barrier is \
            broken, or reach their time limits; afterwards it can be reset and passed.",
        source: "gh-123899",
        claims: &[PROCESSES],
        programs: |_| {
            let program = |rounds: usize| {
                let outcome = |line: Line| line.one_of(&[Outcome::Ok, Outcome::BrokenBarrier]).at_most(1_500);
                let meets = |count: usize| {
                    (0..count).map(|round| await_on("b").timeout(1_000).label(&format!("round{round}")))
                };
                Program::new()
                    .title(format!("a party of two is killed after its round {rounds}"))
                    .barrier("b", 2)
                    .main(meets(rounds + 3).map(outcome).chain([
                        reset("b").after(gone("w")).ok().label("reset"),
                        await_on("b").ok(),
                        await_on("b").ok(),
                    ]))
                    .process("w", meets(rounds + 2).chain([stay_until_the_end()]))
                    .process("a", [await_on("b").after(returned("main", "reset")).ok(), await_on("b").ok()])
                    .kill("w", [called("w", &format!("round{rounds}"))])
            };
            [0, 4, 15].map(program).into()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/action-runner-s-death-breaks-it",
        level: Level::Beyond,
        text: "When the party that runs the action dies in it, the barrier breaks, and the others are told.",
        source: "gh-123899",
        claims: &[PROCESSES],
        programs: |_| {
            let action = BarrierAction { word: 1, then: ActionEnd::Dies };
            vec![
                Program::new()
                    .barrier_with("b", 3, action)
                    .main([
                        broken("b").after(ended("p")).after(ended("q")).after(ended("r")).truth(true),
                        word_read(1).value(1),
                        await_on("b").is(Outcome::BrokenBarrier),
                        reset("b").ok(),
                        broken("b").truth(false),
                    ])
                    // One of them dies; nobody knows which.
                    .process("p", [await_on("b")])
                    .process("q", [await_on("b")])
                    .process("r", [await_on("b")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/killed-breaker-frees-the-others",
        level: Level::Beyond,
        text: "Wherever a process is killed among its aborts and resets, the others can reset the barrier \
            and pass.",
        source: "gh-123899",
        claims: &[PROCESSES],
        programs: |_| {
            let program = |after: usize| {
                let breaks =
                    (0..300).flat_map(|round| [abort("b"), reset("b").label(&format!("reset{round}"))]);
                Program::new()
                    .title(format!("it is killed after its round {after}"))
                    .barrier("b", 2)
                    .main([
                        await_on("b").timeout(1_000).one_of(&[Outcome::Ok, Outcome::BrokenBarrier]),
                        reset("b").after(gone("w")).ok().label("reset"),
                        await_on("b").ok(),
                    ])
                    .process("w", breaks.chain([stay_until_the_end()]))
                    .process("a", [await_on("b").after(returned("main", "reset")).ok()])
                    .kill("w", [returned("w", &format!("reset{after}"))])
            };
            [0, 3, 30].map(program).into()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/stopped-party-is-not-dead",
        level: Level::Beyond,
        text: "A party that is stopped while it waits counts as arrived: the others pass without waiting \
            for it, and it passes when it is continued.",
        source: "a promise about death must not be kept by mistake",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .barrier("b", 3)
                    .main([
                        // By then the party is stopped, and has been taken for dead by who makes that mistake.
                        await_on("b")
                            .after(blocked("w", "wait"))
                            .after(blocked("a", "wait"))
                            .after(quiescence())
                            .ok()
                            .at_once(),
                        own(Call::Getpid).after(ended("a")).label("passed"),
                        broken("b").after(ended("w")).truth(false),
                    ])
                    .process("w", [await_on("b").label("wait").ok()])
                    .process("a", [await_on("b").label("wait").ok()])
                    .fault("w", Action::Stop, [blocked("w", "wait")])
                    .fault("w", Action::Continue, [returned("main", "passed")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/deadline-holds-while-others-die",
        level: Level::Beyond,
        text: "A wait keeps its time limit when the party that is missing dies before it comes.",
        source: "gh-123899",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .barrier("b", 2)
                    .main([await_on("b").timeout(500).label("wait").is(Outcome::BrokenBarrier).at_most(500)])
                    .process("w", [stay_until_the_end()])
                    .kill("w", [blocked("main", "wait")])
                    .later(100),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/many-short-lived-parties",
        level: Level::Beyond,
        text: "However many processes came and went, some of them while they waited, the next ones meet.",
        source: "gh-123899",
        claims: &[PROCESSES],
        programs: |_| {
            const PARTIES: usize = 40;
            let name = |index: usize| format!("p{index}");
            // Every fourth is killed while it waits.
            let dies = |index: usize| index % 4 == 3;
            let main = (0..PARTIES).flat_map(|index| match dies(index) {
                true => vec![
                    start(&name(index)).ok(),
                    await_on("b").after(gone(&name(index))).is(Outcome::BrokenBarrier),
                    reset("b").ok(),
                ],
                false => vec![start(&name(index)).ok(), await_on("b").ok()],
            });
            let party = |program: Program, index: usize| {
                let name = name(index);
                match dies(index) {
                    true => {
                        let program = program.explicit(&name, [await_on("b").label("wait")]);
                        program.kill(&name, [blocked(&name, "wait")])
                    }
                    false => program.explicit(&name, [await_on("b").ok()]),
                }
            };
            vec![(0..PARTIES).fold(Program::new().barrier("b", 2).main(main), party)]
        },
        ..Clause::BLANK
    },
];
