//! Where a listener is, and what becomes of those who look for it elsewhere.

use super::{everywhere, of_l};
use crate::clauses::prelude::*;

/// What is expected of an address.
fn begins(line: Line, text: &str) -> Line {
    line.expect(Expect::TextBegins(text.into()))
}

/// Another address than that line gave.
fn another_than(line: Line, label: &str) -> Line {
    line.expect(Expect::DiffersFrom(at("main", label)))
}

/// What `main` and `p` do with a listener `l` of this sort, whose address begins like this.
fn found_at(title: &str, place: Endpoint, from: Endpoint, beginning: &str) -> Program {
    Program::new()
        .title(title)
        .listener("l", place, Key::Unsaid)
        .main([
            begins(address("l"), beginning).label("address"),
            accept("l", "c").ok(),
            recv("c").gives(1),
            address("l").same_as("main", "address"),
        ])
        .role(holding("p", &[]), [connect("d", from, Key::Unsaid).ok(), send("d", 1).ok()])
}

/// A listener at this place, with nothing else said.
fn listener(place: Endpoint) -> ObjectKind {
    a_listener(place, Key::Unsaid)
}

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "listener/families",
        level: Level::Must,
        text: "TCP (host, port) and Unix-domain path addresses are supported on Linux, the latter by \
            default; the family is inferred from the address.",
        source: "doc \"Address Formats\"",
        programs: |_| {
            vec![
                found_at("nothing said", Endpoint::Unsaid, of_l(), "unix:/"),
                found_at("the Unix family", Endpoint::Unix, of_l(), "unix:/"),
                found_at("a path", Endpoint::Path("x".into()), Endpoint::Path("x".into()), "unix:/"),
                found_at("TCP", Endpoint::Tcp, of_l(), "tcp:127.0.0.1:"),
                found_at("TCP by name", Endpoint::Tcp, Endpoint::LocalhostOf("l".into()), "tcp:127.0.0.1:"),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/arbitrary-address",
        level: Level::Must,
        text: "Without an address the listener picks a free one: for Unix a path in a private directory \
            (mode 700), for TCP port 0 resolved to a real port.",
        source: "doc Listener",
        programs: |_| {
            let several = |title: &str, place: fn() -> Endpoint, mode: fn(Line) -> Line| {
                Program::new().title(title).main([
                    create("l", listener(place())).ok(),
                    create("k", listener(place())).ok(),
                    address("l").label("address").ok(),
                    another_than(address("k"), "address"),
                    mode(directory_mode("l")),
                    mode(directory_mode("k")),
                ])
            };
            vec![
                several("nothing said", || Endpoint::Unsaid, |mode| mode.value(0o700)),
                several("the Unix family", || Endpoint::Unix, |mode| mode.value(0o700)),
                several("TCP", || Endpoint::Tcp, |mode| mode.is(Outcome::Absent)),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/address-property",
        level: Level::Must,
        text: "address is the actual bound address.",
        source: "doc Listener.address",
        programs: |_| {
            vec![
                Program::new()
                    .title("a port that was found")
                    .listener("l", Endpoint::Tcp, Key::Unsaid)
                    .listener("k", Endpoint::Tcp, Key::Unsaid)
                    .main([
                        begins(address("l"), "tcp:127.0.0.1:").label("address"),
                        another_than(address("k"), "address"),
                        // Whoever connects to the one reaches it, and not the other.
                        accept("k", "c").ok(),
                        recv("c").gives(2),
                        accept("l", "c").ok(),
                        recv("c").gives(1),
                    ])
                    .role(
                        holding("p", &[]),
                        [
                            connect("d", of_l(), Key::Unsaid).ok(),
                            connect("e", Endpoint::Of("k".into()), Key::Unsaid).ok(),
                            send("e", 2).ok(),
                            send("d", 1).ok(),
                        ],
                    ),
                Program::new()
                    .title("a path that was given")
                    .listener("l", Endpoint::Path("x".into()), Key::Unsaid)
                    .main([begins(address("l"), "unix:/").expect(Expect::TextEnds("/x".into()))]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/abstract-namespace",
        level: Level::Should,
        text: "Linux abstract-namespace names (leading NUL) work and need no unlinking.",
        source: "util.is_abstract_socket_namespace",
        programs: |_| {
            let place = || Endpoint::Abstract("x".into());
            vec![
                found_at("it works", place(), place(), "abstract:"),
                Program::new().title("the name is free again at once").main([
                    create("l", listener(place())).ok(),
                    directory_mode("l").is(Outcome::Absent),
                    close("l").ok(),
                    connect("d", place(), Key::Unsaid).is(Outcome::Refused).at_once(),
                    create("k", listener(place())).ok(),
                    connect("d", place(), Key::Unsaid).ok(),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/bind-conflict-error",
        level: Level::Must,
        text: "Listening on an address in use raises OSError and leaks nothing.",
        source: "SocketListener",
        programs: |_| {
            let conflict = |title, place| {
                Program::new()
                    .title(title)
                    .listener("l", place, Key::Unsaid)
                    .main([
                        count_descriptors().label("before").ok(),
                        create("k", listener(of_l())).is(Outcome::NameTaken),
                        create("k", listener(of_l())).is(Outcome::NameTaken),
                        count_descriptors().same_as("main", "before").label("after"),
                        // The one that was there first is as it was.
                        accept("l", "c").ok(),
                        recv("c").gives(1),
                    ])
                    .role(
                        holding("p", &[]),
                        [
                            connect("d", of_l(), Key::Unsaid).after(returned("main", "after")).ok(),
                            send("d", 1).ok(),
                        ],
                    )
            };
            vec![
                conflict("a path", Endpoint::Path("x".into())),
                conflict("an abstract name", Endpoint::Abstract("x".into())),
                conflict("a port", Endpoint::Tcp),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/connect-refused-error",
        level: Level::Must,
        text: "Connecting to nobody raises the system's error (ConnectionRefusedError, \
            FileNotFoundError) at once.",
        source: "SocketClient",
        programs: |_| {
            let nobody = |title: &str, key: fn() -> Key| {
                Program::new().title(title).main([
                    connect("d", Endpoint::NobodyTcp, key()).is(Outcome::Refused).at_once(),
                    connect("d", Endpoint::NobodyUnix, key()).is(Outcome::NameMissing).at_once(),
                ])
            };
            vec![nobody("without a key", || Key::Unsaid), nobody("with a key", || Key::Given("key".into()))]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/connect-to-a-dead-listener",
        level: Level::Must,
        text: "Connecting to the path that a killed listener left behind is refused at once.",
        source: "doc Client; unix(7): ECONNREFUSED",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([connect("d", Endpoint::Path("x".into()), Key::Unsaid)
                        .after(gone("h"))
                        .is(Outcome::Refused)
                        .at_once()])
                    .process(
                        "h",
                        [
                            create("l", listener(Endpoint::Path("x".into()))).label("listens").ok(),
                            stay_until_the_end(),
                        ],
                    )
                    .kill("h", [returned("h", "listens")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/unknown-family-error",
        level: Level::Should,
        text: "An unsupported family or address form raises ValueError (or TypeError).",
        source: "_validate_family, address_type",
        programs: |_| {
            let refused = |line: Line| line.one_of(&[Outcome::BadValue, Outcome::BadType]).at_once();
            vec![Program::new().main([
                refused(create("l", listener(Endpoint::UnknownFamily))),
                refused(create("l", listener(Endpoint::Nonsense))),
                refused(connect("d", Endpoint::UnknownFamily, Key::Unsaid)),
                refused(connect("d", Endpoint::Nonsense, Key::Unsaid)),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/several-clients-at-once",
        level: Level::Must,
        text: "Each of several clients of one listener has a connection of its own.",
        source: "doc Listener.accept",
        programs: |_| {
            everywhere(
                || {
                    vec![
                        accept("l", "a").ok(),
                        recv("a").gives(1),
                        accept("l", "b").ok(),
                        recv("b").gives(2),
                        send("b", 4).ok(),
                        send("a", 3).ok(),
                        close("b").ok(),
                        recv("a").gives(5),
                    ]
                },
                || {
                    vec![
                        connect("a", of_l(), Key::Unsaid).ok(),
                        send("a", 1).ok(),
                        connect("b", of_l(), Key::Unsaid).ok(),
                        send("b", 2).ok(),
                        recv("a").gives(3),
                        recv("b").gives(4),
                        recv("b").is(Outcome::Eof),
                        send("a", 5).ok(),
                    ]
                },
            )
        },
        ..Clause::BLANK
    },
];
