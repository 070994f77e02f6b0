//! Which keys open a connection, and what happens to those with another one.

use super::{of_l, one_key, two_keys};
use crate::clauses::handshakes::{another_key, the_key};
use crate::clauses::prelude::*;

/// The empty key.
fn empty() -> Key {
    Key::Given(String::new())
}

/// A client without a key that leaves again: nobody whom a listener with a key accepts.
fn keyless(title: &str, listener: fn() -> Key) -> Program {
    let refused = [Outcome::AuthFailed, Outcome::Eof, Outcome::BrokenPipe, Outcome::Corrupt];
    Program::new()
        .title(title)
        .listener("l", Endpoint::Unix, listener())
        .main([accept("l", "c").one_of(&refused)])
        .role(holding("p", &[]), [connect("d", of_l(), Key::Absent).ok(), close("d").ok()])
}

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "auth/mutual-proof",
        level: Level::Must,
        text: "When a key is given on both sides, each side proves knowledge of the key by a keyed \
            digest of a fresh random challenge; the key itself is never sent.",
        source: "doc \"Authentication keys\"; deliver_challenge/answer_challenge",
        programs: |_| {
            vec![
                one_key("over Unix", Endpoint::Unix, the_key),
                one_key("over TCP", Endpoint::Tcp, the_key),
                one_key("over an abstract name", Endpoint::Abstract("x".into()), the_key),
                one_key("a long key", Endpoint::Unix, || Key::Given("long".repeat(1_000))),
                keyless("a client without a key is not accepted", the_key),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "auth/wrong-key-both-fail",
        level: Level::Must,
        text: "With different keys both the connecting and the accepting call raise \
            AuthenticationError, and no application data are delivered.",
        source: "doc Listener/Client",
        programs: |_| {
            vec![
                two_keys("another key", the_key(), another_key()),
                two_keys("a part of the key", the_key(), Key::Given("correc".into())),
                two_keys("more than the key", the_key(), Key::Given("correct ".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "auth/listener-survives-bad-client",
        level: Level::Must,
        text: "After a failed authentication the listener accepts the next client normally.",
        source: "Listener.accept",
        programs: |_| {
            vec![
                Program::new()
                    .listener("l", Endpoint::Unix, the_key())
                    .main([
                        accept("l", "c").is(Outcome::AuthFailed),
                        accept("l", "c").is(Outcome::AuthFailed),
                        accept("l", "c").ok(),
                        recv("c").gives(1),
                    ])
                    .role(
                        holding("p", &[]),
                        [
                            connect("d", of_l(), another_key()).is(Outcome::AuthFailed),
                            connect("d", of_l(), another_key()).is(Outcome::AuthFailed),
                            connect("d", of_l(), the_key()).ok(),
                            send("d", 1).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "auth/failed-proofs-leak-nothing",
        level: Level::Must,
        text: "A failed authentication closes the connection on both sides.",
        source: "Listener.accept, Client",
        programs: |_| {
            let fails = |line: Line| line.is(Outcome::AuthFailed);
            vec![
                Program::new()
                    .listener("l", Endpoint::Unix, the_key())
                    .main([
                        fails(accept("l", "c")),
                        count_descriptors().label("first").ok(),
                        fails(accept("l", "c")),
                        fails(accept("l", "c")),
                        count_descriptors().same_as("main", "first"),
                    ])
                    .role(
                        holding("p", &[]),
                        [
                            fails(connect("d", of_l(), another_key())),
                            count_descriptors().label("first").ok(),
                            fails(connect("d", of_l(), another_key())),
                            fails(connect("d", of_l(), another_key())),
                            count_descriptors().same_as("p", "first"),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "auth/key-must-be-bytes",
        level: Level::Must,
        text: "A key that is not a byte string raises TypeError.",
        source: "Listener.__init__, Client",
        programs: |_| {
            vec![
                Program::new().listener("l", Endpoint::Unix, Key::Unsaid).main([
                    create("k", a_listener(Endpoint::Unix, Key::Nonsense)).is(Outcome::BadType),
                    connect("d", of_l(), Key::Nonsense).is(Outcome::BadType),
                    connect("d", Endpoint::NobodyUnix, Key::Nonsense)
                        .one_of(&[Outcome::BadType, Outcome::NameMissing]),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "auth/empty-key-is-a-key",
        level: Level::Must,
        text: "An empty byte string is a real key on both sides (CPython 3.13; 3.11.7 silently skips it \
            on the listener).",
        source: "gh-88118",
        programs: |_| {
            vec![
                one_key("both empty", Endpoint::Unix, empty),
                two_keys("the client's is another", empty(), another_key()),
                two_keys("the listener's is another", another_key(), empty()),
                keyless("a client without a key is not accepted", empty),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "auth/none-means-no-authentication",
        level: Level::Must,
        text: "Without a key no exchange takes place.",
        source: "doc Client",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            let program = |title, listener, client| {
                Program::new()
                    .title(title)
                    .listener("l", Endpoint::Unix, listener)
                    .main([
                        accept("l", "c").ok(),
                        // The first bytes are the frame of the client's message.
                        read_raw("c", 14).text("0000000a07000000000000000f10"),
                        send_bytes("c", Item::bytes(8, 3)).ok(),
                    ])
                    .role(
                        holding("p", &[]),
                        [
                            connect("d", of_l(), client).ok(),
                            poll("d").truth(false),
                            send_bytes("d", Item::bytes(7, 10)).ok(),
                            read_raw("d", 7).text("00000003080000"),
                        ],
                    )
            };
            vec![
                program("nothing said", Key::Unsaid, Key::Unsaid),
                program("said to be none", Key::Absent, Key::Absent),
            ]
        },
        ..Clause::BLANK
    },
];
