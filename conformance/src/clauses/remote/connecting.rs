//! Who reaches a manager, and who does not.

use super::{of_m, remote_manager, the_counter};
use crate::clauses::handshakes::{BOGUS, FAILURE, another_key, hex_of, reads, the_key, writes};
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "remote/connect",
        level: Level::Must,
        text: "A manager object given address and key can connect to a running server, local or over \
            TCP, and use the registered types.",
        source: "doc \"Using a remote manager\"",
        programs: |_| {
            let program = |title, place, from: Endpoint| {
                Program::new()
                    .title(title)
                    .object("m", remote_manager(place))
                    .main([
                        the_counter("n", "m").ok(),
                        invoke_with("n", "add", [5]).gives_value(5).label("added"),
                        invoke("n", "get").after(ended("p")).gives_value(7),
                    ])
                    .role(
                        holding("p", &[]),
                        [
                            connect_manager("r", from, the_key()).after(returned("main", "added")).ok(),
                            the_counter("n", "r").ok(),
                            invoke_with("n", "add", [2]).gives_value(7),
                            create_managed("l", "r", a_list([1])).ok(),
                            append("l", "x").ok(),
                            iterate("l").gives_values([Datum::from(1), "x".into()]),
                        ],
                    )
            };
            vec![
                program("local", Endpoint::Unsaid, of_m()),
                program("an abstract name", Endpoint::Abstract("x".into()), of_m()),
                program("over TCP", Endpoint::Tcp, of_m()),
                program("over TCP by name", Endpoint::Tcp, Endpoint::LocalhostOf("m".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "remote/wrong-key",
        level: Level::Must,
        text: "Connecting with a wrong key raises AuthenticationError; the server keeps serving others.",
        source: "Server.handle_request (deliver_challenge)",
        programs: |_| {
            vec![
                Program::new()
                    .object("m", remote_manager(Endpoint::Unsaid))
                    .main([
                        the_counter("n", "m").ok(),
                        invoke_with("n", "add", [1]).after(ended("p")).gives_value(3),
                    ])
                    .role(
                        holding("p", &[]),
                        [
                            connect_manager("r", of_m(), another_key()).is(Outcome::AuthFailed),
                            // Nothing said: the process's own key.
                            connect_manager("r", of_m(), Key::Unsaid).is(Outcome::AuthFailed),
                            connect_manager("r", of_m(), the_key()).ok(),
                            the_counter("n", "r").ok(),
                            invoke_with("n", "add", [2]).gives_value(2),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "remote/nobody-listening",
        level: Level::Must,
        text: "Connecting where nobody listens raises the system's error at once.",
        source: "connection.SocketClient",
        programs: |_| {
            vec![
                Program::new().object("m", remote_manager(Endpoint::Path("x".into()))).main([
                    connect_manager("r", Endpoint::NobodyTcp, the_key()).is(Outcome::Refused).at_once(),
                    connect_manager("r", Endpoint::NobodyUnix, the_key()).is(Outcome::NameMissing).at_once(),
                    shutdown("m").ok(),
                    connect_manager("r", of_m(), the_key())
                        .one_of(&[Outcome::Refused, Outcome::NameMissing])
                        .at_once(),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "remote/port-zero",
        level: Level::Must,
        text: "Port 0 is replaced by the real port in address.",
        source: "SocketListener.__init__",
        programs: |_| {
            vec![
                Program::new()
                    .object("m", remote_manager(Endpoint::Tcp))
                    .object("k", remote_manager(Endpoint::Tcp))
                    .main([
                        address("m").expect(Expect::TextBegins("tcp:127.0.0.1:".into())).label("address"),
                        address("k")
                            .expect(Expect::TextBegins("tcp:127.0.0.1:".into()))
                            .expect(Expect::DiffersFrom(at("main", "address"))),
                        connect_manager("r", of_m(), the_key()).ok(),
                        address("r").same_as("main", "address"),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "remote/key-type",
        level: Level::Must,
        text: "A key that is not bytes raises TypeError.",
        source: "managers.Server.__init__",
        programs: |_| {
            let manager = ObjectKind::Manager {
                at: Endpoint::Unsaid,
                key: Key::Nonsense,
                initializer: None,
                idle: false,
            };
            vec![Program::new().object("m", remote_manager(Endpoint::Unsaid)).main([
                create("k", manager).is(Outcome::BadType),
                connect_manager("r", of_m(), Key::Nonsense).is(Outcome::BadType),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "remote/every-request-authenticated",
        level: Level::Should,
        text: "Every connection to the server is authenticated, also those for reference counting.",
        source: "Server.handle_request",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            let verdict = "00000009".to_owned() + &hex_of(FAILURE);
            let opens = || [connect("c", of_m(), Key::Absent).ok(), recv_bytes("c").ok()];
            let program = |title: &str, asks: Vec<Line>| {
                Program::new().title(title).object("m", remote_manager(Endpoint::Unsaid)).main(
                    opens().into_iter().chain(asks).chain([read_raw("c", 13).text(&verdict)]).chain([
                        number_of_objects("m").value(0),
                        create_managed("l", "m", an_empty_list()).ok(),
                    ]),
                )
            };
            let request = |method: &str, args: Vec<Datum>| {
                let parts = vec![
                    Datum::Scalar(Scalar::None(())),
                    method.into(),
                    Datum::Tuple { tuple: args },
                    Datum::Dict { dict: Vec::new() },
                ];
                vec![keep("request", Datum::Tuple { tuple: parts }).ok(), hand("c", "request").ok()]
            };
            vec![
                program("a request in place of a proof", request("create", vec!["list".into()])),
                program("a reference in place of a proof", request("incref", vec!["0".into()])),
                program("something else in place of a proof", vec![writes("c", BOGUS)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "remote/silent-stranger-delays-nobody",
        level: Level::Should,
        text: "A stranger that connects to the server and stays silent delays nobody else.",
        source: "Server.accepter: a thread for each connection",
        programs: |_| {
            let program = |title, place| {
                Program::new().title(title).object("m", remote_manager(place)).main([
                    connect("a", of_m(), Key::Absent).ok(),
                    connect("b", of_m(), Key::Absent).ok(),
                    connect_manager("r", of_m(), the_key()).ok(),
                    the_counter("n", "r").ok(),
                    invoke_with("n", "add", [2]).gives_value(2),
                    shutdown("m").ok(),
                ])
            };
            vec![program("local", Endpoint::Unsaid), program("over TCP", Endpoint::Tcp)]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "remote/strangers-learn-nothing",
        level: Level::Beyond,
        text: "A peer of the server that has not proved itself is told the verdict and nothing else: no \
            error, and no trace of where it was raised.",
        source: "Server.handle_request sends a traceback after the verdict",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            vec![Program::new().object("m", remote_manager(Endpoint::Unsaid)).main([
                connect("c", of_m(), Key::Absent).ok(),
                recv_bytes("c").ok(),
                writes("c", BOGUS),
                reads("c", FAILURE),
                recv_bytes("c").one_of(&[Outcome::Eof, Outcome::BrokenPipe]),
            ])]
        },
        ..Clause::BLANK
    },
];
