//! Taking a block's name away, and in which order.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "shm/unlink-removes-name",
        level: Level::Must,
        text: "After unlink the name cannot be attached, existing attachments keep working, and the name \
            can be created anew as an independent block.",
        source: "doc SharedMemory.unlink",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        new_block("b", "a", 64).ok(),
                        write_block("b", 0, Item::bytes(7, 4)).ok(),
                        attach("x", "a").label("attached").ok(),
                        unlink("b").after(returned("c", "attached")).ok(),
                        attach("y", "a").is(Outcome::NameMissing),
                        block_mode("a").is(Outcome::Absent),
                        write_block("x", 4, Item::bytes(8, 4)).ok(),
                        read_block("b", 0, 8).label("read").reads_bytes(&[7, 0, 0, 0, 8, 0, 0, 0]),
                        new_block("n", "a", 32).ok(),
                        read_block("n", 0, 8).reads_bytes(&[0; 8]),
                        write_block("n", 0, Item::bytes(9, 4)).ok(),
                        read_block("b", 0, 8).after(ended("c")).reads_bytes(&[6, 0, 0, 0, 8, 0, 0, 0]),
                        read_block("n", 0, 4).reads_bytes(&[9, 0, 0, 0]),
                        unlink("n"),
                    ])
                    .process(
                        "c",
                        [
                            attach("x", "a").after(returned("main", "attached")).label("attached").ok(),
                            read_block("x", 0, 8)
                                .after(returned("main", "read"))
                                .reads_bytes(&[7, 0, 0, 0, 8, 0, 0, 0]),
                            write_block("x", 0, Item::bytes(6, 4)).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/unlink-once",
        level: Level::Must,
        text: "A second unlink raises FileNotFoundError.",
        source: "SharedMemory.unlink",
        programs: |_| {
            vec![
                Program::new().title("through one handle").main([
                    new_block("b", "a", 64).ok(),
                    unlink("b").ok(),
                    unlink("b").is(Outcome::NameMissing),
                ]),
                Program::new().title("through two handles").main([
                    new_block("b", "a", 64).ok(),
                    attach("x", "a").ok(),
                    unlink("x").ok(),
                    unlink("b").is(Outcome::NameMissing),
                    read_block("b", 0, 1).reads_bytes(&[0]),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/close-and-unlink-any-order",
        level: Level::Must,
        text: "close and unlink may come in either order.",
        source: "doc SharedMemory.unlink",
        programs: |_| {
            let in_order = |title: &str, first: fn(&str) -> Line, second: fn(&str) -> Line| {
                Program::new().title(title).main([
                    new_block("b", "a", 64).ok(),
                    first("b").ok(),
                    second("b").ok(),
                    attach("x", "a").is(Outcome::NameMissing),
                    block_mode("a").is(Outcome::Absent),
                ])
            };
            vec![in_order("unlink, then close", unlink, close), in_order("close, then unlink", close, unlink)]
        },
        ..Clause::BLANK
    },
];
