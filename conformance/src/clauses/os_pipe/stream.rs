//! Pipes of the operating system: bytes, one way, no messages.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "os_pipe/bytes-arrive-in-order",
        level: Level::Must,
        text: "What is written into the write end is read from the read end, every byte once and in \
            order.",
        source: "lecture: an OS pipe has a read end and a write end; POSIX pipe",
        programs: |_| {
            vec![
                Program::new().os_pipe("o").main([
                    write("o.w", Item::bytes(1, 100)).value(100),
                    read("o.r", 100).holds(Item::bytes(1, 100)),
                    write("o.w", Item::bytes(2, 10)).value(10),
                    write("o.w", Item::bytes(3, 10)).value(10),
                    read_exactly("o.r", 10).holds(Item::bytes(2, 10)),
                    read_exactly("o.r", 10).holds(Item::bytes(3, 10)),
                ]),
                Program::new()
                    .title("between two processes")
                    .os_pipe("o")
                    .main((1..=20).map(|id| read_exactly("o.r", 500).holds(Item::bytes(id, 500))))
                    .role(
                        holding("w", &["o.w"]),
                        (1..=20).map(|id| write("o.w", Item::bytes(id, 500)).value(500)),
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "os_pipe/one-way",
        level: Level::Must,
        text: "An OS pipe goes one way: the read end cannot be written, the write end cannot be read.",
        source: "lecture: an OS pipe goes one way; POSIX read, write",
        programs: |_| {
            vec![Program::new().os_pipe("o").main([
                write("o.r", Item::bytes(1, 10)).one_of(&[Outcome::BadDescriptor, Outcome::WrongDirection]),
                read("o.w", 10).one_of(&[Outcome::BadDescriptor, Outcome::WrongDirection]),
                write("o.w", Item::bytes(2, 10)).value(10),
                read("o.r", 10).holds(Item::bytes(2, 10)),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "os_pipe/no-message-boundaries",
        level: Level::Must,
        text: "An OS pipe keeps no boundaries: two writes may be read at once, and one write in two \
            reads.",
        source: "POSIX pipe",
        programs: |_| {
            vec![Program::new().os_pipe("o").main(
                [
                    write("o.w", Item::bytes(1, 8)).value(8),
                    write("o.w", Item::bytes(2, 8)).value(8),
                    read("o.r", 100).holds_bytes(
                        &[Item::bytes(1, 8).raw_bytes(), Item::bytes(2, 8).raw_bytes()].concat(),
                    ),
                    write("o.w", Item::bytes(3, 20)).value(20),
                    read("o.r", 8).holds_bytes(&Item::bytes(3, 20).raw_bytes()[..8]),
                    read("o.r", 100).holds_bytes(&Item::bytes(3, 20).raw_bytes()[8..]),
                ],
            )]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "os_pipe/read-takes-what-is-there",
        level: Level::Must,
        text: "A read returns what is there, at most as much as was asked for, without waiting for more.",
        source: "POSIX read",
        programs: |_| {
            vec![Program::new().os_pipe("o").main([
                write("o.w", Item::bytes(1, 10)).value(10),
                read("o.r", 1_000).holds(Item::bytes(1, 10)).at_once(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "os_pipe/read-waits-for-bytes",
        level: Level::Must,
        text: "A read of an empty pipe waits until something is written.",
        source: "POSIX read",
        programs: |_| {
            vec![
                Program::new()
                    .os_pipe("o")
                    .main([read("o.r", 10)
                        .label("read")
                        .holds(Item::bytes(1, 10))
                        .waits_for_call("w", "write")])
                    .role(
                        holding("w", &["o.w"]),
                        [write("o.w", Item::bytes(1, 10))
                            .label("write")
                            .after(blocked("main", "read"))
                            .value(10)],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "os_pipe/write-waits-for-room",
        level: Level::Must,
        text: "A write of more than the pipe holds waits until enough was read, and arrives whole.",
        source: "POSIX write",
        programs: |_| {
            vec![
                Program::new()
                    .os_pipe("o")
                    .main([read_exactly("o.r", 500_000)
                        .label("read")
                        .after(blocked("w", "write"))
                        .holds(Item::bytes(1, 500_000))])
                    .role(
                        holding("w", &["o.w"]),
                        [write("o.w", Item::bytes(1, 500_000))
                            .label("write")
                            .value(500_000)
                            .waits_for_call("main", "read")],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "os_pipe/end-of-stream",
        level: Level::Must,
        text: "When every copy of the write end is closed, what was written is still read, and then the \
            end of the stream, each time.",
        source: "POSIX read",
        programs: |_| {
            vec![
                Program::new().os_pipe("o").main([
                    write("o.w", Item::bytes(1, 10)).value(10),
                    close("o.w").ok(),
                    read("o.r", 4).holds_bytes(&Item::bytes(1, 10).raw_bytes()[..4]),
                    read_exactly("o.r", 100).holds_bytes(&Item::bytes(1, 10).raw_bytes()[4..]),
                    read("o.r", 10).is(Outcome::Eof),
                    read("o.r", 10).is(Outcome::Eof),
                ]),
                Program::new()
                    .title("a copy in another process counts")
                    .os_pipe("o")
                    .main([
                        close("o.w").label("close").ok(),
                        read("o.r", 10).label("read").is(Outcome::Eof).waits_for_call("c", "close"),
                    ])
                    .role(
                        holding("c", &["o.w"]),
                        [close("o.w")
                            .label("close")
                            .after(returned("main", "close"))
                            .after(blocked("main", "read"))
                            .ok()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "os_pipe/nobody-reads",
        level: Level::Must,
        text: "Writing when every copy of the read end is closed is an error, and does not kill the \
            process.",
        source: "POSIX write; Python ignores SIGPIPE",
        programs: |_| {
            vec![
                Program::new()
                    .os_pipe("o")
                    .main([
                        close("o.r").ok(),
                        write("o.w", Item::bytes(1, 10)).is(Outcome::BrokenPipe),
                        write("o.w", Item::bytes(2, 10)).is(Outcome::BrokenPipe),
                        getpid().ok(),
                    ])
                    .judge(Judge::MainEnded(0)),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "os_pipe/short-writes-do-not-mix",
        level: Level::Must,
        text: "Writes of several processes into one pipe, each of at most PIPE_BUF bytes (at least 512), \
            are not mixed.",
        source: "POSIX write, PIPE_BUF",
        programs: |_| {
            vec![
                Program::new()
                    .os_pipe("o")
                    .main((0..30).map(|_| {
                        let blocks = (100..115).chain(200..215).map(block);
                        read_exactly("o.r", 512).expect(Expect::Any(blocks.map(Expect::holding).collect()))
                    }))
                    .role(holding("a", &["o.w"]), (100..115).map(|id| write("o.w", block(id)).value(512)))
                    .role(holding("b", &["o.w"]), (200..215).map(|id| write("o.w", block(id)).value(512))),
            ]
        },
        ..Clause::BLANK
    },
];

/// A block that a pipe does not divide.
fn block(id: u32) -> Item {
    Item::bytes(id, 512)
}
