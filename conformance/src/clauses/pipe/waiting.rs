//! Receiving waits, polling waits as long as it was told.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "pipe/recv-blocks",
        level: Level::Must,
        text: "recv and recv_bytes block until a whole message or end of stream.",
        source: "doc Connection.recv",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .main([
                        recv("p.0").label("recv").gives(1).waits_for_call("s", "send"),
                        recv_bytes("p.0")
                            .label("bytes")
                            .gives(Item::bytes(2, 9))
                            .waits_for_call("s", "send-bytes"),
                        recv("p.0").label("last").is(Outcome::Eof).waits_for_call("s", "close"),
                    ])
                    .thread(
                        "s",
                        "main",
                        [
                            send("p.1", 1).label("send").after(blocked("main", "recv")).ok(),
                            send_bytes("p.1", Item::bytes(2, 9))
                                .label("send-bytes")
                                .after(blocked("main", "bytes"))
                                .ok(),
                            close("p.1").label("close").after(blocked("main", "last")).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/poll-default-immediate",
        level: Level::Must,
        text: "poll without argument returns at once whether data (or end of stream) is available.",
        source: "doc Connection.poll",
        programs: |_| {
            vec![Program::new().one_way("p").main([
                poll("p.0").truth(false).at_once(),
                send("p.1", 1).ok(),
                poll("p.0").truth(true).at_once(),
                recv("p.0").gives(1),
                close("p.1").ok(),
                poll("p.0").truth(true).at_once(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/poll-timeout",
        level: Level::Must,
        text: "poll with a positive timeout waits at most that long; it returns true as soon as data \
            arrive.",
        source: "doc Connection.poll",
        programs: |_| {
            vec![
                Program::new().pipe("p").main([poll("p.0").timeout(100).truth(false).takes(100)]),
                Program::new()
                    .title("it returns when a message comes")
                    .pipe("p")
                    .main([
                        poll("p.0")
                            .timeout(5_000)
                            .label("poll")
                            .truth(true)
                            .waits_for_call("s", "send")
                            .at_most(2_500),
                        recv("p.0").gives(1),
                    ])
                    .role(
                        holding("s", &["p.1"]),
                        [send("p.1", 1).label("send").after(blocked("main", "poll")).ok()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/poll-nonpositive-immediate",
        level: Level::Must,
        text: "poll with zero or a negative timeout returns at once.",
        source: "connection.wait",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                poll("p.0").timeout(0).truth(false).at_once(),
                poll("p.0").timeout(-1_000).truth(false).at_once(),
                send("p.1", 1).ok(),
                poll("p.0").timeout(0).truth(true).at_once(),
                poll("p.0").timeout(-1_000).truth(true).at_once(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/poll-none-infinite",
        level: Level::Must,
        text: "poll with the \"none\" timeout waits for ever.",
        source: "doc Connection.poll",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .main([
                        poll_forever("p.0").label("poll").truth(true).waits_for_call("s", "send"),
                        recv("p.0").gives(1),
                    ])
                    .role(
                        holding("s", &["p.1"]),
                        [send("p.1", 1)
                            .label("send")
                            .after(blocked("main", "poll"))
                            .after(quiescence())
                            .ok()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/poll-consumes-nothing",
        level: Level::Must,
        text: "poll never removes bytes, so another process may still read the message whole.",
        source: "connection.wait",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .main([
                        send("p.0", 1).label("sent").ok(),
                        recv("p.1").after(returned("c", "polled")).gives(1),
                    ])
                    .role(
                        holding("c", &["p.1"]),
                        [
                            poll("p.1").after(returned("main", "sent")).truth(true),
                            poll("p.1").label("polled").truth(true),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/signals-do-not-break-io",
        level: Level::Must,
        text: "A handled signal during recv, send or accept does not abort or corrupt the transfer.",
        source: "PEP 475; bpo-17097",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("during a receive that waits")
                    .pipe("p")
                    .main([terminate("c").after(blocked("c", "io")).ok(), send("p.0", 1).label("send").ok()])
                    .role(
                        holding("c", &["p.1"]),
                        [
                            on_signal(SIGTERM, SignalAction::Count).ok(),
                            recv("p.1").label("io").gives(1).waits_for_call("main", "send"),
                            signals_counted().value(1),
                        ],
                    ),
                Program::new()
                    // A stream holds less than the message, so the send has to wait.
                    .title("in the middle of a large send")
                    .stream_pipe("p")
                    .main([
                        terminate("c").after(blocked("c", "io")).ok(),
                        recv_bytes("p.0").label("recv").gives(Item::bytes(1, 8 << 20)),
                        recv("p.0").gives(2),
                    ])
                    .role(
                        holding("c", &["p.1"]),
                        [
                            on_signal(SIGTERM, SignalAction::Count).ok(),
                            send_bytes("p.1", Item::bytes(1, 8 << 20))
                                .label("io")
                                .ok()
                                .waits_for_call("main", "recv"),
                            send("p.1", 2).ok(),
                            signals_counted().value(1),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
];
