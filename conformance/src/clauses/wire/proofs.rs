//! How the exchange of proofs stands on the wire.

use crate::clauses::handshakes::*;
use crate::clauses::prelude::*;

/// What a refused or abandoned accept or connect may say.
fn abandoned(line: Line) -> Line {
    line.one_of(&[Outcome::AuthFailed, Outcome::Eof, Outcome::BrokenPipe])
}

/// The beginning of a challenge as it stands on the wire: of the older form, or of the newer one.
fn begins_as_a_challenge(line: Line) -> Line {
    let older = "0000001f".to_owned() + &hex_of(CHALLENGE);
    let newer = "0000003b".to_owned() + &hex_of(CHALLENGE) + &hex_of(SHA256);
    line.expect(Expect::Any(vec![Expect::TextBegins(older), Expect::TextBegins(newer)]))
}

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "wire/challenge-format",
        level: Level::Must,
        text: "The challenge is the literal #CHALLENGE# then a label such as {sha256} then 40 random \
            bytes; legacy challenges are 20 unlabelled bytes.",
        source: "connection.py protocol comment",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            // As many bytes as the older form has, so that a read of either ends.
            let challenge = |connection: &str| begins_as_a_challenge(read_raw(connection, 35));
            let another = Expect::DiffersFrom(at("p", "first"));
            vec![
                Program::new()
                    .title("of a listener")
                    .listener("l", Endpoint::Unix, the_key())
                    .main([abandoned(accept("l", "c")), abandoned(accept("l", "c"))])
                    .role(
                        holding("p", &[]),
                        [
                            connect("d", Endpoint::Of("l".into()), Key::Absent).ok(),
                            challenge("d").label("first"),
                            close("d").ok(),
                            connect("d", Endpoint::Of("l".into()), Key::Absent).ok(),
                            challenge("d").expect(another),
                            close("d").ok(),
                        ],
                    ),
                played_listener(
                    [
                        writes("c", &older_challenge()),
                        recv_bytes("c").ok(),
                        writes("c", WELCOME),
                        challenge("c"),
                    ],
                    abandoned,
                )
                .title("of a client"),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wire/response-format",
        level: Level::Must,
        text: "The response is the label followed by the HMAC of label-plus-random under that digest, \
            or 16 raw HMAC-MD5 bytes in legacy mode; the verdict is #WELCOME# or #FAILURE#.",
        source: "_create_response, deliver_challenge",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            let labelled = [SHA256, &bytes_of(TO_SHA256)].concat();
            let older = [
                writes("c", &older_challenge()),
                read_raw("c", 20).text(&("00000010".to_owned() + TO_OLDER)),
                writes("c", WELCOME),
                recv_bytes("c").ok(),
                writes("c", &[0; 16]),
                read_raw("c", 13).text(&("00000009".to_owned() + &hex_of(FAILURE))),
            ];
            let newer = [
                writes("c", &newer_challenge(SHA256)),
                reads_either("c", &labelled, &bytes_of(TO_SHA256_BY_MD5)),
                writes("c", FAILURE),
            ];
            vec![
                played_listener(older, |line| line.is(Outcome::AuthFailed)).title("to the older challenge"),
                played_listener(newer, |line| line.is(Outcome::AuthFailed)).title("to the newer challenge"),
                played_client(
                    |line| line.is(Outcome::AuthFailed),
                    [recv_bytes("d").ok(), writes("d", &[0; 16]), reads("d", FAILURE)],
                )
                .title("a listener's verdict"),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wire/handshake-order",
        level: Level::Must,
        text: "The accepting side challenges first, then the roles are exchanged.",
        source: "Listener.accept, Client",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            let client = [
                poll("c").timeout(200).truth(false),
                writes("c", &older_challenge()),
                reads("c", &bytes_of(TO_OLDER)),
                poll("c").timeout(200).truth(false),
                writes("c", WELCOME),
                begins_as_a_challenge(read_raw("c", 35)),
            ];
            vec![
                played_listener(client, abandoned).title("a client speaks when it is asked"),
                played_client(
                    abandoned,
                    [
                        poll("d").timeout(5_000).truth(true),
                        begins_as_a_challenge(read_raw("d", 35)),
                        close("d").ok(),
                    ],
                )
                .title("a listener speaks first"),
            ]
        },
        ..Clause::BLANK
    },
];
