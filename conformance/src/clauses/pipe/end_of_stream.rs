//! The end of the stream: what a closed or vanished peer means to who receives and to who sends.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "pipe/eof-after-peer-closed",
        level: Level::Must,
        text: "When all copies of the other end are closed and no data remain, recv, recv_bytes and \
            recv_bytes_into raise EOFError, each time they are called.",
        source: "doc Connection.recv",
        programs: |_| {
            vec![
                Program::new().one_way("p").main([
                    close("p.1").ok(),
                    recv("p.0").is(Outcome::Eof),
                    recv("p.0").is(Outcome::Eof),
                    recv_bytes("p.0").is(Outcome::Eof),
                    recv_into("p.0", 10, 0).is(Outcome::Eof),
                    recv_into("p.0", 10, 0).is(Outcome::Eof),
                ]),
                Program::new().title("a pipe that goes both ways").pipe("p").main([
                    close("p.1").ok(),
                    recv("p.0").is(Outcome::Eof),
                    recv_bytes("p.0").is(Outcome::Eof),
                ]),
                Program::new()
                    .title("only when the last copy is closed")
                    .one_way("p")
                    .main([
                        start("c").ok(),
                        close("p.1").label("close").ok(),
                        recv("p.0").gives(1),
                        recv("p.0").label("last").is(Outcome::Eof).waits_for_call("c", "close"),
                    ])
                    .role(
                        Worker { explicit: true, ..holding("c", &["p.1"]) },
                        [
                            send("p.1", 1).after(returned("main", "close")).ok(),
                            close("p.1").label("close").after(blocked("main", "last")).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/buffered-data-before-eof",
        level: Level::Must,
        text: "Messages sent before the other end closed are still received before EOFError.",
        source: "Connection._recv",
        programs: |_| {
            both_kinds([
                send("p.1", 1).ok(),
                send_bytes("p.1", Item::bytes(2, 1_000)).ok(),
                send("p.1", 3).ok(),
                close("p.1").ok(),
                recv("p.0").gives(1),
                recv_bytes("p.0").gives(Item::bytes(2, 1_000)),
                recv("p.0").gives(3),
                recv("p.0").is(Outcome::Eof),
            ])
            .to_vec()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/eof-mid-message-error",
        level: Level::Must,
        text: "End of stream inside a header or payload raises OSError, distinct from EOFError.",
        source: "Connection._recv",
        programs: |_| {
            [
                both_kinds([
                    write_raw("p.1", "00").ok(),
                    close("p.1").ok(),
                    recv("p.0").is(Outcome::Corrupt),
                ])
                .map(|program| titled(program, "inside the header").on_streams()),
                both_kinds([
                    write_raw("p.1", "0000000a414243").ok(),
                    close("p.1").ok(),
                    recv_bytes("p.0").is(Outcome::Corrupt),
                ])
                .map(|program| titled(program, "inside the payload").on_streams()),
            ]
            .concat()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/send-to-closed-peer-error",
        level: Level::Must,
        text: "Sending when all copies of the receiving end are closed raises BrokenPipeError and does \
            not kill the process by SIGPIPE.",
        source: "doc; OS EPIPE",
        programs: |_| {
            both_kinds([
                close("p.0").ok(),
                send("p.1", 1).is(Outcome::BrokenPipe),
                send_bytes("p.1", Item::bytes(2, 100)).is(Outcome::BrokenPipe),
                own(Call::Getpid).ok(),
            ])
            .to_vec()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/poll-true-at-eof",
        level: Level::Must,
        text: "poll is true when the other end is closed, and the following recv raises EOFError.",
        source: "doc connection.wait (ready definition)",
        programs: |_| {
            both_kinds([
                poll("p.0").truth(false),
                close("p.1").ok(),
                poll("p.0").truth(true),
                poll("p.0").timeout(1_000).truth(true),
                recv("p.0").is(Outcome::Eof),
            ])
            .to_vec()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/end-seen-when-its-users-are-gone",
        level: Level::Beyond,
        text: "When the last process that was given the sending end is gone, or has closed it, the \
            receiver sees the end of the stream, whatever else was started meanwhile.",
        source: "doc connection.wait example comment; dramatiq#707",
        origin: Some("pipe/hazard-eof-hidden-by-inherited-end"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("a process that was not given the end does not hide it")
                    .one_way("p")
                    .queue("idle", 0)
                    .main([
                        start("c").ok(),
                        start("stranger").ok(),
                        close("p.1").label("close").ok(),
                        recv("p.0").gives(1),
                        recv("p.0").is(Outcome::Eof),
                        put("idle", 1).ok(),
                    ])
                    .role(Worker { explicit: true, ..holding("c", &["p.1"]) }, [send("p.1", 1).ok()])
                    .role(
                        Worker { explicit: true, ..holding("stranger", &["idle"]) },
                        [get("idle").gives(1)],
                    ),
                Program::new()
                    .title("nor when its user was killed")
                    .one_way("p")
                    .queue("idle", 0)
                    .main([
                        start("c").ok(),
                        start("stranger").ok(),
                        close("p.1").ok(),
                        recv("p.0").gives(1),
                        recv("p.0").label("last").is(Outcome::Eof),
                        put("idle", 1).ok(),
                    ])
                    .role(
                        Worker { explicit: true, ..holding("c", &["p.1", "idle"]) },
                        [send("p.1", 1).ok(), stay("idle")],
                    )
                    .role(
                        Worker { explicit: true, ..holding("stranger", &["idle"]) },
                        [get("idle").after(gone("c")).gives(1)],
                    )
                    .kill("c", [blocked("main", "last"), blocked("c", "stay")]),
            ]
        },
    },
    Clause {
        id: "pipe/unread-data-does-not-hide-the-end",
        level: Level::Beyond,
        text: "When the peer has closed its end without reading what was sent to it, the receiver still \
            gets every message of the peer and then the end of the stream, each time.",
        source: "Linux AF_UNIX semantics",
        origin: Some("pipe/hazard-unread-data-turns-eof-into-reset"),
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send("p.0", 1).ok(),
                send("p.1", 2).ok(),
                close("p.1").ok(),
                recv("p.0").gives(2),
                recv("p.0").is(Outcome::Eof),
                recv("p.0").is(Outcome::Eof),
            ])]
        },
        ..Clause::BLANK
    },
];

/// These lines on a pipe that goes one way and on one that goes both ways.
fn both_kinds<const N: usize>(lines: [Line; N]) -> [Program; 2] {
    [
        Program::new().title("a pipe that goes one way").one_way("p").main(lines.clone()),
        Program::new().title("a pipe that goes both ways").pipe("p").main(lines),
    ]
}

/// The program with this before its title.
fn titled(program: Program, what: &str) -> Program {
    let title = format!("{what}, {}", program.title);
    program.title(title)
}
