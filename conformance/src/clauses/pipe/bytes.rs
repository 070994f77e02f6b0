//! The byte calls: parts of buffers, limits, and receiving into a buffer.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "pipe/send-bytes-offset-size",
        level: Level::Must,
        text: "send_bytes takes a byte offset and size; negative offset or size, offset beyond the end, \
            or offset+size beyond the end raise ValueError and send nothing; offset equal to the length sends an \
            empty message.",
        source: "_ConnectionBase.send_bytes",
        programs: |_| {
            vec![
                Program::new().title("parts of a buffer of 26 bytes").pipe("p").main(
                    [
                        (None, None, Item::bytes(7, 26)),
                        (Some(0), None, Item::bytes(7, 26)),
                        (Some(0), Some(9), Item::bytes(7, 9)),
                        (Some(8), Some(3), part(alphabet(), 8, 3)),
                        (Some(22), None, part(alphabet(), 22, 4)),
                        (Some(22), Some(4), part(alphabet(), 22, 4)),
                        (Some(26), None, Item::bytes(0, 0)),
                        (Some(26), Some(0), Item::bytes(0, 0)),
                        (Some(5), Some(0), Item::bytes(0, 0)),
                    ]
                    .into_iter()
                    .flat_map(|(offset, size, message)| {
                        [send_part("p.0", alphabet(), offset, size).ok(), recv_bytes("p.1").gives(message)]
                    }),
                ),
                Program::new().title("what lies outside is refused, and nothing is sent").pipe("p").main(
                    [
                        (Some(27), None),
                        (Some(22), Some(5)),
                        (Some(26), Some(1)),
                        (Some(-1), None),
                        (Some(4), Some(-1)),
                    ]
                    .into_iter()
                    .flat_map(|(offset, size)| {
                        [
                            send_part("p.0", alphabet(), offset, size).is(Outcome::BadValue),
                            poll("p.1").truth(false),
                        ]
                    }),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/send-bytes-counts-bytes-not-elements",
        level: Level::Should,
        text: "For buffers of wider elements, offset and size count bytes.",
        source: "_ConnectionBase.send_bytes",
        programs: |_| {
            vec![
                Program::new().pipe("p").main([
                    on(
                        "p.0",
                        Call::SendBytes {
                            item: Item::bytes(7, 24),
                            offset: Some(4),
                            size: Some(4),
                            width: Some(4),
                        },
                    )
                    .ok(),
                    recv_bytes("p.1").gives(part(Item::bytes(7, 24), 4, 4)),
                    on(
                        "p.0",
                        Call::SendBytes {
                            item: Item::bytes(7, 24),
                            offset: None,
                            size: None,
                            width: Some(4),
                        },
                    )
                    .ok(),
                    recv_bytes("p.1").gives(Item::bytes(7, 24)),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/recv-bytes-maxlength",
        level: Level::Must,
        text: "recv_bytes with a limit accepts messages up to and including it; a longer message raises \
            OSError; a negative limit raises ValueError.",
        source: "doc Connection.recv_bytes",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send_bytes("p.0", Item::bytes(1, 10)).ok(),
                recv_bytes_max("p.1", -1).is(Outcome::BadValue),
                recv_bytes_max("p.1", 10).gives(Item::bytes(1, 10)),
                send_bytes("p.0", Item::bytes(0, 0)).ok(),
                recv_bytes_max("p.1", 0).gives(Item::bytes(0, 0)),
                send_bytes("p.0", Item::bytes(2, 10)).ok(),
                recv_bytes_max("p.1", 9).is(Outcome::TooLong),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/recv-bytes-overlong-disables-reading",
        level: Level::Must,
        text: "After an overlong message a duplex connection is no longer readable but can still send; a \
            receive-only one is closed.",
        source: "_ConnectionBase._bad_message_length",
        programs: |_| {
            vec![
                Program::new().title("an end that goes both ways can still send").pipe("p").main([
                    send_bytes("p.0", Item::bytes(1, 10)).ok(),
                    recv_bytes_max("p.1", 9).is(Outcome::TooLong),
                    on("p.1", Call::Readable).truth(false),
                    recv("p.1").is(Outcome::WrongDirection),
                    send("p.1", 2).ok(),
                    recv("p.0").gives(2),
                ]),
                Program::new().title("an end that only receives is closed").one_way("p").main([
                    send_bytes("p.1", Item::bytes(1, 10)).ok(),
                    recv_bytes_max("p.0", 9).is(Outcome::TooLong),
                    is_closed("p.0").truth(true),
                    recv("p.0").is(Outcome::Closed),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/recv-into-returns-count",
        level: Level::Must,
        text: "recv_bytes_into writes the message at the byte offset, returns its length and leaves the \
            rest of the buffer untouched.",
        source: "doc Connection.recv_bytes_into",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send_bytes("p.0", Item::bytes(1, 16)).ok(),
                recv_into("p.1", 40, 0).fills(40, 0, Item::bytes(1, 16)),
                send_bytes("p.0", Item::bytes(2, 16)).ok(),
                recv_into("p.1", 40, 12).fills(40, 12, Item::bytes(2, 16)),
                send_bytes("p.0", Item::bytes(3, 16)).ok(),
                recv_into("p.1", 40, 24).fills(40, 24, Item::bytes(3, 16)),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/recv-into-too-short",
        level: Level::Must,
        text: "If the message does not fit behind the offset, BufferTooShort is raised carrying the \
            whole message, which is consumed.",
        source: "doc BufferTooShort",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send_bytes("p.0", Item::bytes(1, 10)).ok(),
                send_bytes("p.0", Item::bytes(2, 9)).ok(),
                send_bytes("p.0", Item::bytes(3, 12)).ok(),
                recv_into("p.1", 9, 0).hands_over(Item::bytes(1, 10)),
                recv_into("p.1", 9, 0).fills(9, 0, Item::bytes(2, 9)),
                recv_into("p.1", 20, 9).hands_over(Item::bytes(3, 12)),
                poll("p.1").truth(false),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/recv-into-bad-offset",
        level: Level::Must,
        text: "A negative offset, or one beyond the buffer's end, raises ValueError before anything is \
            read; an offset equal to the length is allowed for an empty message.",
        source: "_ConnectionBase.recv_bytes_into",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send_bytes("p.0", Item::bytes(0, 0)).ok(),
                recv_into("p.1", 10, -1).is(Outcome::BadValue),
                recv_into("p.1", 10, 11).is(Outcome::BadValue),
                poll("p.1").truth(true),
                recv_into("p.1", 10, 10).fills(10, 10, Item::bytes(0, 0)),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/recv-into-readonly-error",
        level: Level::Should,
        text: "A read-only buffer is refused with TypeError (CPython has consumed the message by then; \
            refusing first is better).",
        source: "_ConnectionBase.recv_bytes_into",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send_bytes("p.0", Item::bytes(1, 10)).ok(),
                on("p.1", Call::RecvBytesInto { len: 20, offset: 0, readonly: true }).is(Outcome::BadType),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/read-only-buffer-costs-no-message",
        level: Level::Beyond,
        text: "A read-only buffer is refused before anything is read: the message is still there.",
        source: "the better behaviour named in pipe/recv-into-readonly-error",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send_bytes("p.0", Item::bytes(1, 10)).ok(),
                on("p.1", Call::RecvBytesInto { len: 20, offset: 0, readonly: true }).is(Outcome::BadType),
                recv_bytes("p.1").gives(Item::bytes(1, 10)),
            ])]
        },
        ..Clause::BLANK
    },
];

/// The buffer of which parts are sent.
fn alphabet() -> Item {
    Item::bytes(7, 26)
}
