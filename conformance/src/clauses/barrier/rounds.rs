//! How the parties of a barrier meet, and meet again.

use procession_contract::{ActionEnd, BarrierAction};

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "barrier/releases-all-together",
        level: Level::Must,
        text: "No party passes before all have arrived; then all pass.",
        source: "doc Barrier; threading.Barrier",
        programs: |_| {
            let meets = || [word_add(0, 1).ok(), await_on("b").label("wait").ok(), word_read(0).value(5)];
            vec![
                Program::new()
                    .title("five parties")
                    .barrier("b", 5)
                    .main(meets())
                    .process("p", meets())
                    .process("q", meets())
                    .process("r", meets())
                    .thread("t", "main", meets())
                    .each_process_method(),
                Program::new()
                    .title("the last one comes late")
                    .barrier("b", 3)
                    .main([await_on("b")
                        .label("last")
                        .after(blocked("p", "wait"))
                        .after(blocked("q", "wait"))
                        .after(quiescence())
                        .ok()])
                    .process("p", [await_on("b").label("wait").ok().waits_for_call("main", "last")])
                    .process("q", [await_on("b").label("wait").ok().waits_for_call("main", "last")]),
                Program::new()
                    .title("the last one never comes")
                    .barrier("b", 3)
                    .main([await_on("b").blocks()])
                    .process("p", [await_on("b").blocks()]),
                Program::new()
                    .title("one more than there are parties")
                    .barrier("b", 2)
                    .main([await_on("b").ok()])
                    .process("p", [await_on("b").ok()])
                    .process("q", [await_on("b").after(ended("p")).after(ended("main")).blocks()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/reusable",
        level: Level::Must,
        text: "The barrier can be passed any number of times; a fast party cannot overtake into the next \
            round.",
        source: "threading.Barrier._enter/_exit",
        programs: |_| {
            vec![
                Program::new()
                    .title("three parties")
                    .barrier("b", 3)
                    .main(rounds(150, 3))
                    .process("p", rounds(150, 3))
                    .process("q", rounds(150, 3))
                    .each_process_method(),
                Program::new()
                    .title("threads and a process")
                    .barrier("b", 3)
                    .main(rounds(50, 3))
                    .thread("t", "main", rounds(50, 3))
                    .process("q", rounds(50, 3)),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/index-unique",
        level: Level::Must,
        text: "Each party gets a different index from 0 to parties−1 per round.",
        source: "threading.Barrier.wait",
        programs: |_| {
            const PARTIES: [&str; 4] = ["main", "p", "q", "t"];
            let party = |own: &str| -> Vec<Line> {
                let round = |round: usize| {
                    let label = format!("round{round}");
                    let line =
                        await_on("b").label(&label).expect(Expect::AtLeast(0)).expect(Expect::AtMost(3));
                    PARTIES
                        .iter()
                        .filter(|other| **other != own)
                        .fold(line, |line, other| line.expect(Expect::DiffersFrom(at(other, &label))))
                };
                (0..15).map(round).collect()
            };
            vec![
                Program::new()
                    .barrier("b", 4)
                    .main(party("main"))
                    .process("p", party("p"))
                    .process("q", party("q"))
                    .thread("t", "main", party("t")),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/action-once-before-release",
        level: Level::Must,
        text: "The action runs exactly once per round, in one of the parties, before any is released.",
        source: "threading.Barrier._release",
        programs: |_| {
            let party = || (0..20).flat_map(|round| [await_on("b").ok(), word_read(1).value(round + 1)]);
            vec![
                Program::new()
                    .barrier_with("b", 3, BarrierAction { word: 1, then: ActionEnd::Returns })
                    .main(party())
                    .process("p", party())
                    .thread("t", "p", party())
                    .each_process_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/attributes",
        level: Level::Must,
        text: "parties is constant; n_waiting counts present waiters and is 0 when broken or draining; \
            broken tells the state.",
        source: "threading.Barrier.parties/n_waiting/broken",
        programs: |_| {
            vec![
                Program::new()
                    .title("two wait and the barrier is broken")
                    .barrier("b", 3)
                    .main([
                        parties("b").value(3),
                        waiting("b").value(0),
                        broken("b").truth(false).label("asked"),
                        waiting("b").after(blocked("q", "wait")).value(2),
                        broken("b").truth(false),
                        parties("b").value(3),
                        abort("b").ok(),
                        waiting("b").value(0),
                        broken("b").truth(true),
                        parties("b").value(3),
                        waiting("b").after(ended("p")).after(ended("q")).value(0),
                        broken("b").truth(true),
                    ])
                    .process(
                        "p",
                        [await_on("b")
                            .after(returned("main", "asked"))
                            .label("wait")
                            .is(Outcome::BrokenBarrier)],
                    )
                    .process(
                        "q",
                        [await_on("b").after(blocked("p", "wait")).label("wait").is(Outcome::BrokenBarrier)],
                    ),
                Program::new()
                    .title("all pass")
                    .barrier("b", 2)
                    .main([
                        await_on("b").ok(),
                        waiting("b").after(ended("p")).value(0),
                        broken("b").truth(false),
                        parties("b").value(2),
                    ])
                    .process("p", [await_on("b").ok(), broken("b").truth(false), parties("b").value(2)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/single-party",
        level: Level::Must,
        text: "A one-party barrier never blocks and always gives index 0.",
        source: "threading.Barrier.wait",
        programs: |_| {
            vec![
                Program::new()
                    .barrier("b", 1)
                    .main([
                        await_on("b").value(0),
                        await_on("b").timeout(5_000).value(0).at_once(),
                        await_on("b").timeout(0).value(0),
                    ])
                    .process("p", [await_on("b").after(ended("main")).value(0)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "barrier/parties-positive",
        level: Level::Should,
        text: "A party count below 1 is refused (CPython's process barrier accepts 0 and then fails in \
            wait; the thread one refuses since 3.13).",
        source: "threading.Barrier.__init__",
        programs: |_| {
            let of = |parties: i64| {
                create("bad", ObjectKind::Barrier { parties, timeout_ms: None, action: None })
                    .is(Outcome::BadValue)
            };
            vec![Program::new().main([of(0), of(-1)])]
        },
        ..Clause::BLANK
    },
];

/// Rounds of a party: nobody is a round ahead of it, and everybody has come when it passes.
fn rounds(count: i64, parties: i64) -> Vec<Line> {
    let round = |round: i64| {
        let all = parties * (round + 1);
        [
            word_add(0, 1).ok(),
            await_on("b").ok(),
            word_read(0).expect(Expect::AtLeast(all)).expect(Expect::AtMost(all + parties - 1)),
        ]
    };
    (0..count).flat_map(round).collect()
}
