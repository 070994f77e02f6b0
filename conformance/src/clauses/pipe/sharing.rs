//! Several users of one end, large messages both ways, torn frames: where CPython's pipes are weak.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "pipe/senders-on-one-end-stay-whole",
        level: Level::Beyond,
        text: "Several processes may send on the same end at the same time: each message arrives whole, \
            and one sender's messages in their order.",
        source: "doc \"Pipes\"; patator#18",
        origin: Some("pipe/hazard-two-writers-corrupt"),
        programs: |_| {
            let both_send = |title, program: Program| {
                program
                    .title(title)
                    .main((0..40).map(|_| recv("p.0").ok()))
                    .role(
                        holding("a", &["p.1"]),
                        (100..120).map(|id| send("p.1", Item::bytes(id, 100_000)).ok()),
                    )
                    .role(
                        holding("b", &["p.1"]),
                        (200..220).map(|id| send("p.1", Item::bytes(id, 100_000)).ok()),
                    )
                    .judge(Judge::ConnectionWhole("p".into()))
            };
            vec![
                both_send("messages of 100 kB", Program::new().one_way("p")),
                both_send("both ways", Program::new().pipe("p")),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/receivers-on-one-end-stay-whole",
        level: Level::Beyond,
        text: "Several processes may receive on the same end at the same time: each gets whole messages, \
            each message goes to one of them.",
        source: "lecture: a pipe is not safe when more than one process reads the same end; doc \
            \"Pipes\"",
        programs: |_| {
            vec![
                Program::new()
                    .one_way("p")
                    .main((0..40).map(|id| send("p.1", Item::bytes(id, 100_000)).ok()))
                    .role(holding("a", &["p.0"]), (0..20).map(|_| recv("p.0").ok()))
                    .role(holding("b", &["p.0"]), (0..20).map(|_| recv("p.0").ok()))
                    .judge(Judge::ConnectionWhole("p".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/large-sends-from-both-ends-pass",
        level: Level::Beyond,
        text: "Both ends may send a message larger than the transport holds before either receives: both \
            sends return, and both messages arrive.",
        source: "Connection._send",
        origin: Some("pipe/hazard-both-send-large-deadlock"),
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .main([
                        send_bytes("p.0", Item::bytes(1, 1_000_000)).ok(),
                        recv_bytes("p.0").gives(Item::bytes(2, 1_000_000)),
                    ])
                    .role(
                        holding("c", &["p.1"]),
                        [
                            send_bytes("p.1", Item::bytes(2, 1_000_000)).ok(),
                            recv_bytes("p.1").gives(Item::bytes(1, 1_000_000)),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/poll-promises-a-whole-message",
        level: Level::Beyond,
        text: "When poll says yes, the receive that follows does not wait: a message of which only a \
            part has arrived does not count.",
        source: "connection.wait",
        origin: Some("pipe/hazard-poll-true-recv-blocks"),
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            vec![Program::new().one_way("p").on_streams().main([
                write_raw("p.1", "0000000a414243").ok(),
                poll("p.0").timeout(100).truth(false),
                write_raw("p.1", "4445464748494a").ok(),
                poll("p.0").timeout(1_000).truth(true),
                recv_bytes("p.0").ok(),
            ])]
        },
    },
    Clause {
        id: "pipe/impossible-length-is-an-error",
        level: Level::Beyond,
        text: "A frame whose length is impossible is reported as damaged, never handed over as a \
            message.",
        source: "Connection._recv_bytes",
        origin: Some("pipe/hazard-negative-length-accepted"),
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            vec![
                Program::new()
                    .title("a length of -2")
                    .one_way("p")
                    .on_streams()
                    .main([write_raw("p.1", "fffffffe").ok(), recv_bytes("p.0").is(Outcome::Corrupt)]),
                Program::new().title("an extended length above all memory").one_way("p").on_streams().main([
                    write_raw("p.1", "ffffffffffffffffffffffff").ok(),
                    close("p.1").ok(),
                    recv_bytes("p.0").one_of(&[Outcome::Corrupt, Outcome::TooLong]),
                ]),
            ]
        },
    },
    Clause {
        id: "pipe/message-over-2gib",
        level: Level::Should,
        text: "Messages over 2^31-1 bytes are announced by an extended header, which a receiver accepts \
            for a message of any length.",
        source: "Connection._send_bytes",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            vec![Program::new().one_way("p").on_streams().main([
                // -1, then the length in eight bytes, then ten bytes that begin with the id 7.
                write_raw("p.1", "ffffffff000000000000000a0700000000000000").ok(),
                write_raw("p.1", "0f10").ok(),
                recv_bytes("p.0").gives(Item::bytes(7, 10)),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/killed-sender-leaves-no-half-message",
        level: Level::Beyond,
        text: "When a process is killed in the middle of a send, the receiver gets whole messages and \
            then an error or the end of the stream, never half a message, and never waits for the rest.",
        source: "as for queues: queue/torn-item-is-discarded",
        claims: &[PROCESSES],
        programs: |_| {
            // It stays after a send that did not have to wait, so that it is there to be killed.
            let killed = Program::new()
                .one_way("p")
                .queue("idle", 0)
                .main([
                    start("c").ok(),
                    close("p.1").ok(),
                    recv("p.0").after(gone("c")).gives(1),
                    recv_bytes("p.0").gives_or_is(
                        [Item::bytes(2, 8 << 20)],
                        &[Outcome::Eof, Outcome::Corrupt, Outcome::PeerDied],
                    ),
                ])
                .role(
                    Worker { explicit: true, ..holding("c", &["p.1", "idle"]) },
                    [
                        send("p.1", 1).ok(),
                        send_bytes("p.1", Item::bytes(2, 8 << 20)).label("large"),
                        stay("idle"),
                    ],
                )
                .kill("c", [blocked("c", "large")]);
            vec![killed]
        },
        ..Clause::BLANK
    },
];
