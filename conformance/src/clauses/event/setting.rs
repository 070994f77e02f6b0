//! Whether an event is set, and until when.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "event/initially-clear",
        level: Level::Must,
        text: "A new event is not set.",
        source: "doc Event",
        programs: |_| {
            vec![
                Program::new()
                    .event("e")
                    .main([is_set("e").truth(false), await_on("e").timeout(0).truth(false)])
                    .process("p", [is_set("e").truth(false)])
                    .each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "event/set-is-sticky-and-idempotent",
        level: Level::Must,
        text: "set makes is_set true everywhere until clear; repeating either changes nothing.",
        source: "doc Event",
        programs: |_| {
            vec![
                Program::new()
                    .event("e")
                    .main([
                        set("e").ok(),
                        is_set("e").truth(true),
                        set("e").ok(),
                        is_set("e").truth(true).label("set"),
                        clear("e").after(returned("p", "seen")).ok(),
                        clear("e").ok(),
                        is_set("e").truth(false).label("cleared"),
                        is_set("e").after(returned("p", "set")).truth(true),
                    ])
                    .process(
                        "p",
                        [
                            is_set("e").after(returned("main", "set")).truth(true),
                            await_on("e").truth(true),
                            is_set("e").truth(true).label("seen"),
                            is_set("e").after(returned("main", "cleared")).truth(false),
                            set("e").ok().label("set"),
                        ],
                    )
                    .each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "event/repr-state",
        level: Level::May,
        text: "The textual form tells set from unset.",
        source: "synchronize.Event.__repr__",
        programs: |_| {
            vec![Program::new().event("e").main([
                repr("e").label("unset").ok(),
                set("e").ok(),
                repr("e").expect(Expect::DiffersFrom(at("main", "unset"))),
                clear("e").ok(),
                repr("e").same_as("main", "unset"),
            ])]
        },
        ..Clause::BLANK
    },
];
