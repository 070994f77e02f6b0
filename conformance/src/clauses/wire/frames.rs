//! How messages and descriptors stand on the wire.

use crate::clauses::prelude::*;

/// `main` has one end of a connection, `x`, and `p` the other, `y`: of a pipe on a stream, and of a listener.
fn connections(x: fn(&str) -> Vec<Line>, y: fn(&str) -> Vec<Line>) -> Vec<Program> {
    let listener = |title, place| {
        Program::new()
            .title(title)
            .listener("l", place, Key::Unsaid)
            .main(std::iter::once(accept("l", "c").ok()).chain(x("c")))
            .role(
                holding("p", &[]),
                std::iter::once(connect("d", Endpoint::Of("l".into()), Key::Unsaid).ok()).chain(y("d")),
            )
    };
    vec![
        Program::new().title("a pipe").stream_pipe("s").main(x("s.0")).role(holding("p", &["s.1"]), y("s.1")),
        listener("a Unix listener", Endpoint::Unix),
        listener("a TCP listener", Endpoint::Tcp),
    ]
}

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "wire/length-prefix",
        level: Level::Must,
        text: "A message is a 4-byte big-endian signed length followed by that many bytes.",
        source: "Connection._send_bytes",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            connections(
                |x| {
                    vec![
                        send_bytes(x, Item::bytes(7, 3)).ok(),
                        send_bytes(x, Item::bytes(7, 0)).ok(),
                        send_bytes(x, Item::bytes(9, 258)).ok(),
                        recv_bytes(x).gives(Item::bytes(8, 4)),
                        recv_bytes(x).gives(Item::bytes(0, 0)),
                        recv_bytes(x).gives(Item::bytes(8, 9)),
                    ]
                },
                |y| {
                    vec![
                        read_raw(y, 7).text("00000003070000"),
                        read_raw(y, 4).text("00000000"),
                        read_raw(y, 12).text("000001020900000000000000"),
                        write_raw(y, "0000000408000000").ok(),
                        write_raw(y, "00000000").ok(),
                        // In pieces, as a stream may deliver it.
                        write_raw(y, "0000").ok(),
                        write_raw(y, "000908000000").ok(),
                        write_raw(y, "0000000010").ok(),
                    ]
                },
            )
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wire/extended-length-header",
        level: Level::Must,
        text: "Length field -1 announces an 8-byte big-endian unsigned length; receivers accept it for \
            any size.",
        source: "Connection._recv_bytes",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            connections(
                |x| {
                    vec![
                        recv_bytes(x).gives(Item::bytes(7, 3)),
                        recv_bytes(x).gives(Item::bytes(0, 0)),
                        recv_bytes(x).gives(Item::bytes(8, 4)),
                    ]
                },
                |y| {
                    vec![
                        write_raw(y, "ffffffff0000000000000003070000").ok(),
                        write_raw(y, "ffffffff0000000000000000").ok(),
                        write_raw(y, "0000000408000000").ok(),
                    ]
                },
            )
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wire/small-messages-written-at-once",
        level: Level::Should,
        text: "Header and payload of messages up to 16 384 bytes go out in one write, so that on a pipe \
            such writes up to PIPE_BUF are atomic; larger ones use two writes.",
        source: "Connection._send_bytes (bpo-20540)",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            const EACH: u32 = 500;
            let sends =
                |first: u32| (first..first + EACH).map(|id| send_bytes("s.1", Item::bytes(id, 3_000)).ok());
            let program = Program::new()
                .object("s", ObjectKind::StreamPipe { duplex: false })
                .main((0..2 * EACH).map(|_| recv_bytes("s.0").ok()))
                .role(holding("a", &["s.1"]), sends(10_000))
                .role(holding("b", &["s.1"]), sends(20_000))
                .judge(Judge::ConnectionWhole("s".into()));
            vec![program]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wire/descriptor-transfer",
        level: Level::Must,
        text: "Descriptors travel as SCM_RIGHTS over a Unix socket with one data byte holding their \
            count modulo 256.",
        source: "reduction.sendfds/recvfds",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            vec![
                Program::new()
                    .stream_pipe("s")
                    .os_pipe("o")
                    .main([send_descriptor("s.0", "o.w").ok(), send_bytes("s.0", Item::bytes(7, 1)).ok()])
                    .role(
                        holding("p", &["s.1"]),
                        [read_raw("s.1", 1).text("01"), recv_bytes("s.1").gives(Item::bytes(7, 1))],
                    ),
            ]
        },
        ..Clause::BLANK
    },
];
