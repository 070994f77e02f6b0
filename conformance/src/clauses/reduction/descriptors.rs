//! Descriptors beside a connection's messages.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "reduction/send-descriptor",
        level: Level::Must,
        text: "A descriptor sent over a duplex local connection is usable by the receiver under a \
            possibly different number, and refers to the same open file.",
        source: "reduction.send_handle/recv_handle",
        programs: |_| {
            let sends = |connection: &str| {
                [
                    send_descriptor(connection, "o.w").ok(),
                    // The sender keeps its own.
                    write("o.w", Item::bytes(1, 10)).value(10),
                    close("o.w").after(returned("p", "received")).ok(),
                    read_exactly("o.r", 10).holds(Item::bytes(1, 10)),
                    read("o.r", 10).after(returned("p", "wrote")).holds(Item::bytes(2, 10)),
                    read("o.r", 10).is(Outcome::Eof),
                ]
            };
            let receives = |connection: &str| {
                [
                    recv_descriptor(connection, "w").expect(Expect::AtLeast(0)).label("received"),
                    write("w", Item::bytes(2, 10)).after(returned("main", "first")).value(10).label("wrote"),
                    close("w").ok(),
                ]
            };
            let labelled = |connection: &str| {
                let [sent, first, rest @ ..] = sends(connection);
                [sent, first.label("first")].into_iter().chain(rest).collect::<Vec<_>>()
            };
            vec![
                Program::new()
                    .title("through a pipe")
                    .stream_pipe("s")
                    .os_pipe("o")
                    .main(labelled("s.0"))
                    .role(holding("p", &["s.1"]), receives("s.1"))
                    .among(&[Method::Spawn, Method::Forkserver, Method::Thread]),
                Program::new()
                    .title("through a connection of a listener")
                    .listener("l", Endpoint::Unix, Key::Unsaid)
                    .os_pipe("o")
                    .main(std::iter::once(accept("l", "c").ok()).chain(labelled("c")))
                    .role(
                        holding("p", &[]),
                        std::iter::once(connect("d", Endpoint::Of("l".into()), Key::Unsaid).ok())
                            .chain(receives("d")),
                    )
                    .among(&[Method::Spawn, Method::Forkserver, Method::Thread]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "reduction/large-descriptor-numbers",
        level: Level::Must,
        text: "Descriptor numbers above 255 are passed correctly.",
        source: "bpo-11657",
        programs: |_| {
            vec![
                Program::new()
                    .stream_pipe("s")
                    .main([300, 513].into_iter().flat_map(|fd| {
                        [
                            own(Call::OpenDescriptor { fd, inheritable: false }).ok(),
                            send_descriptor("s.0", &format!("fd:{fd}")).ok(),
                        ]
                    }))
                    .role(
                        holding("p", &["s.1"]),
                        ["a", "b"].into_iter().flat_map(|name| {
                            [
                                recv_descriptor("s.1", name).expect(Expect::AtLeast(0)),
                                write(name, Item::bytes(1, 10)).value(10),
                            ]
                        }),
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "reduction/missing-descriptor-error",
        level: Level::Must,
        text: "A plain byte where a descriptor is expected raises RuntimeError; end of stream raises \
            EOFError.",
        source: "reduction.recvfds",
        programs: |_| {
            vec![Program::new().stream_pipe("s").main([
                write_raw("s.0", "01").ok(),
                recv_descriptor("s.1", "w").is(Outcome::Corrupt).at_once(),
                close("s.0").ok(),
                recv_descriptor("s.1", "w").is(Outcome::Eof).at_once(),
            ])]
        },
        ..Clause::BLANK
    },
];
