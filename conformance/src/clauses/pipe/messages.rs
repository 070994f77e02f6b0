//! Messages: what is sent arrives as it was, whole, one by one and in order.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "pipe/message-boundaries-preserved",
        level: Level::Must,
        text: "Each receive yields exactly one whole sent message; messages are never merged or split.",
        source: "doc Connection.send_bytes/recv_bytes",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .main([
                        recv_bytes("p.0").gives(Item::bytes(1, 1)),
                        recv_bytes("p.0").gives(Item::bytes(2, 1)),
                        recv_bytes("p.0").gives(Item::bytes(3, 2)),
                        recv_bytes("p.0").gives(Item::bytes(4, 5_000)),
                        recv_bytes("p.0").gives(Item::bytes(5, 9)),
                    ])
                    .role(
                        holding("s", &["p.1"]),
                        [
                            send_bytes("p.1", Item::bytes(1, 1)).ok(),
                            send_bytes("p.1", Item::bytes(2, 1)).ok(),
                            send_bytes("p.1", Item::bytes(3, 2)).ok(),
                            send_bytes("p.1", Item::bytes(4, 5_000)).ok(),
                            send_bytes("p.1", Item::bytes(5, 9)).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/order-preserved",
        level: Level::Must,
        text: "Messages sent through one end by one thread are received in order.",
        source: "Connection.send",
        programs: |_| {
            vec![
                one_sender(Program::new().pipe("p")).title("a pipe that goes both ways"),
                one_sender(Program::new().one_way("p")).title("a pipe that goes one way"),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/object-send-recv",
        level: Level::Must,
        text: "send transfers a serialisable value and recv returns an equal, independent copy.",
        source: "doc Connection.send",
        programs: |_| {
            vec![
                Program::new().pipe("p").main(
                    [
                        item(1, ItemKind::List),
                        item(0, ItemKind::None),
                        Item::int(3),
                        Item::text(4, 50),
                        Item::text(0, 0),
                        Item::bytes(5, 300),
                        Item::bytes(0, 0),
                    ]
                    .into_iter()
                    .flat_map(|payload| [send("p.0", payload).ok(), recv("p.1").gives(payload)]),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/bytes-and-objects-share-framing",
        level: Level::Should,
        text: "Object and byte-string messages use the same framing and may alternate; the receiver must \
            use the matching call.",
        source: "Connection._send_bytes",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send("p.0", item(1, ItemKind::List)).ok(),
                send_bytes("p.0", Item::bytes(2, 100)).ok(),
                send("p.0", 3).ok(),
                send_bytes("p.0", Item::bytes(0, 0)).ok(),
                send("p.0", 4).ok(),
                recv("p.1").gives(item(1, ItemKind::List)),
                recv_bytes("p.1").gives(Item::bytes(2, 100)),
                recv("p.1").gives(3),
                recv_bytes("p.1").gives(Item::bytes(0, 0)),
                recv("p.1").gives(4),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/zero-length-message",
        level: Level::Must,
        text: "An empty byte message is a real message: poll turns true, it is received as empty, then \
            poll is false again.",
        source: "Connection._send_bytes",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                poll("p.1").truth(false),
                send_bytes("p.0", Item::bytes(0, 0)).ok(),
                poll("p.1").truth(true),
                recv_bytes("p.1").gives(Item::bytes(0, 0)),
                poll("p.1").truth(false),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/message-larger-than-capacity",
        level: Level::Must,
        text: "A message larger than the kernel buffer is transferred whole: the sender blocks until the \
            receiver drains it.",
        source: "Connection._send",
        programs: |_| {
            vec![
                Program::new()
                    .title("there and back")
                    .pipe("p")
                    .main([
                        send_bytes("p.0", Item::bytes(1, 16 << 20)).ok(),
                        recv_bytes("p.0").gives(Item::bytes(1, 16 << 20)),
                    ])
                    .role(
                        holding("echo", &["p.1"]),
                        [
                            recv_bytes("p.1").gives(Item::bytes(1, 16 << 20)),
                            send_bytes("p.1", Item::bytes(1, 16 << 20)).ok(),
                        ],
                    ),
                Program::new()
                    .title("one way, from a thread of the same process")
                    .one_way("p")
                    .main([recv("p.0").gives(Item::bytes(1, 3_000_000)), recv("p.0").gives(2)])
                    .thread("t", "main", [send("p.1", Item::bytes(1, 3_000_000)).ok(), send("p.1", 2).ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/send-rejects-non-bytes",
        level: Level::Must,
        text: "send_bytes of something that is not a byte buffer raises TypeError.",
        source: "_ConnectionBase.send_bytes",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                on("p.0", Call::SendNonBytes).is(Outcome::BadType),
                send("p.0", 1).ok(),
                recv("p.1").gives(1),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/send-unserialisable-leaves-stream-intact",
        level: Level::Must,
        text: "If serialisation fails, send raises in the caller and not a byte is written.",
        source: "_ConnectionBase.send",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send("p.0", item(1, ItemKind::Unencodable)).is(Outcome::EncodeFailed),
                poll("p.1").truth(false),
                send("p.0", 2).ok(),
                recv("p.1").gives(2),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/recv-untrusted-data-warning",
        level: Level::Should,
        text: "Receiving objects is not the only option: the byte calls hand over whatever was sent \
            without decoding it.",
        source: "doc Connection warning",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send("p.0", item(1, ItemKind::Undecodable)).ok(),
                recv_bytes("p.1").ok(),
                send("p.0", item(2, ItemKind::Undecodable)).ok(),
                recv("p.1").is(Outcome::DecodeFailed),
                send("p.0", 3).ok(),
                recv("p.1").gives(3),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/producer-and-consumer",
        level: Level::Must,
        text: "A producer sends texts at its own pace and then the last one; the consumer receives \
            exactly these, in this order, and both end.",
        source: "lecture: second program",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .main([
                        join("producer").ok(),
                        join("consumer").ok(),
                        exitcode("producer").value(0),
                        exitcode("consumer").value(0),
                    ])
                    .role(
                        holding("producer", &["p.0"]),
                        (1..=8)
                            .flat_map(|id| {
                                [sleep(u64::from(id % 3) * 5), send("p.0", Item::text(id, 3 + id)).ok()]
                            })
                            .chain([close("p.0").ok()]),
                    )
                    .role(
                        holding("consumer", &["p.1"]),
                        (1..=8)
                            .map(|id| recv("p.1").gives(Item::text(id, 3 + id)))
                            .chain([close("p.1").ok()]),
                    )
                    .judge(Judge::ConnectionOrder("p".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/different-ends-concurrently-safe",
        level: Level::Must,
        text: "Using the two ends at the same time from different processes is safe, and so is one \
            thread sending while another receives on the same duplex end.",
        source: "doc \"Pipes\"",
        programs: |_| {
            vec![
                Program::new()
                    .title("a process at each end, each sending while it receives")
                    .pipe("p")
                    .main([])
                    .role(
                        holding("a", &["p.0"]),
                        (0..20).map(|id| send("p.0", Item::bytes(100 + id, 200_000)).ok()),
                    )
                    .thread(
                        "a-receives",
                        "a",
                        (0..20).map(|id| recv("p.0").gives(Item::bytes(200 + id, 200_000))),
                    )
                    .role(
                        holding("b", &["p.1"]),
                        (0..20).map(|id| send("p.1", Item::bytes(200 + id, 200_000)).ok()),
                    )
                    .thread(
                        "b-receives",
                        "b",
                        (0..20).map(|id| recv("p.1").gives(Item::bytes(100 + id, 200_000))),
                    )
                    .judge(Judge::ConnectionOrder("p".into())),
            ]
        },
        ..Clause::BLANK
    },
];

/// A sender of texts of many lengths at the pipe's end 1, and a receiver in another process.
fn one_sender(program: Program) -> Program {
    let text = |id: u32| Item::text(id, 3 + id * id % 700);
    program
        .main((1..=40).map(|id| recv("p.0").gives(text(id))))
        .role(holding("s", &["p.1"]), (1..=40).map(|id| send("p.1", text(id)).ok()))
        .judge(Judge::ConnectionOrder("p".into()))
}
