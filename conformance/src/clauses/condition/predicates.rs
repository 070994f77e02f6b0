//! Waiting for a predicate.

use crate::clauses::prelude::*;

/// The word that the predicates are about.
const WORD: u32 = 0;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "condition/wait-for-returns-predicate",
        level: Level::Must,
        text: "wait_for returns the last value of the predicate, checks it before waiting and after each \
            wake-up, and with a true predicate returns at once even without ownership.",
        source: "synchronize.Condition.wait_for",
        programs: |_| {
            vec![
                Program::new().title("true already").condition("c").main([
                    word_add(WORD, 5).value(0),
                    await_word("c", WORD, 5).truth(true).at_once(),
                    acquire("c").acquired(),
                    await_word("c", WORD, 5).truth(true).at_once(),
                    await_word("c", WORD, 4).timeout(5_000).truth(true).at_once(),
                    await_word("c", WORD, 6).timeout(100).truth(false).takes(100),
                    await_word("c", WORD, 6).timeout(0).truth(false).at_once(),
                    release("c").ok(),
                    await_word("c", WORD, 6).is(Outcome::NotOwner),
                ]),
                Program::new()
                    .title("true at the third wake-up")
                    .condition("c")
                    .main([
                        acquire("c").acquired(),
                        await_word("c", WORD, 3).label("wait").truth(true).waits_for_call("p", "add2"),
                        word_read(WORD).value(3),
                        release("c").ok(),
                    ])
                    .process(
                        "p",
                        (0..3).flat_map(|round| {
                            let acquire = acquire("c").acquired();
                            // The waiter has seen what the last round made of the word.
                            let acquire = acquire.after(blocked("main", "wait")).after(quiescence());
                            [
                                acquire,
                                word_add(WORD, 1).label(&format!("add{round}")).value(round),
                                notify("c").ok(),
                                release("c").ok(),
                            ]
                        }),
                    ),
                Program::new()
                    .title("true only after the time is over, but before the lock is back")
                    .condition("c")
                    .main([
                        acquire("c").acquired().label("held"),
                        // The other one has the lock as soon as it is given up.
                        await_word("c", WORD, 1)
                            .timeout(500)
                            .after(blocked("p", "acquire"))
                            .truth(true)
                            .waits_for_call("p", "release"),
                        release("c").ok(),
                    ])
                    .process(
                        "p",
                        [
                            acquire("c").after(returned("main", "held")).acquired().label("acquire"),
                            word_add(WORD, 1).after(quiescence()).value(0),
                            release("c").ok().label("release"),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/wait-for-timeout",
        level: Level::Must,
        text: "wait_for with a timeout bounds the total time over all wake-ups and returns the (false) \
            predicate value.",
        source: "synchronize.Condition.wait_for",
        programs: |_| {
            let notifies = (0..6).flat_map(|round| {
                let acquire = acquire("c").acquired();
                let acquire = if round == 0 { acquire.after(blocked("main", "wait")) } else { acquire };
                [acquire, notify("c").ok(), release("c").ok(), sleep(180)]
            });
            vec![
                Program::new()
                    .condition("c")
                    .main([
                        acquire("c").acquired(),
                        await_word("c", WORD, 1)
                            .timeout(400)
                            .label("wait")
                            .truth(false)
                            .at_least(400)
                            .at_most(400),
                        release("c").ok(),
                    ])
                    .process("p", notifies),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "condition/no-lost-wakeup-with-predicate",
        level: Level::Must,
        text: "A state change made under the lock followed by notify is always seen by a waiter that uses \
            wait_for.",
        source: "synchronize.Condition.wait_for",
        programs: |_| {
            vec![
                ping_pong(200).title("two processes").process("p", turns(200, 1)).each_process_method(),
                ping_pong(200).title("a process and its thread").thread("t", "main", turns(200, 1)),
            ]
        },
        ..Clause::BLANK
    },
];

fn ping_pong(rounds: i64) -> Program {
    Program::new().condition("c").main(turns(rounds, 0))
}

/// A worker that counts on whenever it is its turn: at `parity`, `parity` + 2, …
fn turns(rounds: i64, parity: i64) -> Vec<Line> {
    let turn = |round: i64| {
        let turn = 2 * round + parity;
        [
            acquire("c").acquired(),
            await_word("c", WORD, turn).truth(true),
            word_add(WORD, 1).value(turn),
            notify("c").ok(),
            release("c").ok(),
        ]
    };
    (0..rounds).flat_map(turn).collect()
}
