//! Peers that do not keep to the exchange, played byte by byte.

use super::of_l;
use crate::clauses::handshakes::*;
use crate::clauses::prelude::*;

/// What becomes of a side whose peer is none.
fn refuses(line: Line) -> Line {
    line.is(Outcome::AuthFailed)
}

/// What becomes of a side whose peer sends more than the exchange allows.
fn refuses_length(line: Line) -> Line {
    line.one_of(&[Outcome::TooLong, Outcome::AuthFailed, Outcome::Corrupt])
}

/// A client that answers the challenge by this.
fn answered_by(title: &str, answer: &[u8]) -> Program {
    played_client(
        refuses,
        [recv_bytes("d").ok(), writes("d", answer), reads("d", FAILURE), recv_bytes("d").is(Outcome::Eof)],
    )
    .title(title)
}

/// What the other side reads when this one has refused it and closed.
fn sees_the_end() -> Line {
    recv_bytes("c").one_of(&[Outcome::Eof, Outcome::BrokenPipe])
}

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "auth/bogus-peer-rejected",
        level: Level::Must,
        text: "A reply that is not a valid response, a missing challenge prefix or a too short \
            challenge raises AuthenticationError.",
        source: "deliver_challenge, answer_challenge",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            let response = [recv_bytes("c").ok(), writes("c", BOGUS), sees_the_end()];
            let proof = [
                writes("c", &older_challenge()),
                recv_bytes("c").ok(),
                writes("c", WELCOME),
                recv_bytes("c").ok(),
                writes("c", BOGUS),
                reads("c", FAILURE),
                sees_the_end(),
            ];
            let short: Vec<u8> = CHALLENGE.iter().copied().chain(0..3).collect();
            vec![
                answered_by("a response that is none", BOGUS),
                answered_by("a response of the right length", &[0; 16]),
                answered_by("an empty response", &[]),
                played_listener([writes("c", BOGUS), sees_the_end()], refuses)
                    .title("a challenge that is none"),
                played_listener([writes("c", &short), sees_the_end()], refuses).title("a short challenge"),
                played_listener(std::iter::once(writes("c", &older_challenge())).chain(response), refuses)
                    .title("a verdict that is none"),
                played_listener(proof, refuses).title("a listener that cannot prove itself"),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "auth/handshake-message-limit",
        level: Level::Must,
        text: "During the exchange, messages over 256 bytes are refused.",
        source: "deliver_challenge (recv_bytes(256))",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            let client = |title: &str, writes: Line| {
                played_client(refuses_length, [recv_bytes("d").ok(), writes]).title(title)
            };
            let long: Vec<u8> = CHALLENGE.iter().copied().chain([7; 300]).collect();
            let then_another = Program::new()
                .title("the next client is accepted")
                .listener("l", Endpoint::Unix, the_key())
                .main([refuses_length(accept("l", "c")), accept("l", "c").ok(), recv("c").gives(1)])
                .role(
                    holding("p", &[]),
                    [
                        connect("d", of_l(), Key::Absent).ok(),
                        writes("d", &[7; 300]),
                        connect("e", of_l(), the_key()).ok(),
                        send("e", 1).ok(),
                    ],
                );
            vec![
                client("a response of 300 bytes", writes("d", &[7; 300])),
                client(
                    "a response announced to have a terabyte",
                    write_raw("d", "ffffffff0000010000000000").ok(),
                ),
                played_listener([writes("c", &long)], refuses_length).title("a challenge of 311 bytes"),
                then_another,
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "auth/legacy-and-modern-interoperate",
        level: Level::Should,
        text: "Peers using the older MD5-only exchange and the newer digest-labelled one authenticate \
            each other in both directions.",
        source: "connection.py protocol comment; _create_response/_verify_challenge",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            let labelled = [SHA256, &bytes_of(TO_SHA256)].concat();
            let answers = |title: &str, challenge: &[u8], response: Line| {
                let lines = [
                    writes("c", challenge),
                    response,
                    writes("c", WELCOME),
                    // Now it is the client that challenges.
                    read_raw("c", 15).expect(Expect::Any(
                        ["0000001f", "0000003b"]
                            .map(|length| Expect::Text(length.to_owned() + &hex_of(CHALLENGE)))
                            .into(),
                    )),
                ];
                played_listener(lines, |line| {
                    line.one_of(&[Outcome::Eof, Outcome::BrokenPipe, Outcome::AuthFailed])
                })
                .title(title)
            };
            vec![
                answers("the older challenge", &older_challenge(), reads("c", &bytes_of(TO_OLDER))),
                answers(
                    "the newer challenge",
                    &newer_challenge(SHA256),
                    reads_either("c", &labelled, &bytes_of(TO_SHA256_BY_MD5)),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "auth/no-digest-downgrade",
        level: Level::Should,
        text: "The digest label is covered by the proof, so it cannot be replaced by a weaker one in \
            transit.",
        source: "_verify_challenge",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            // The challenge came with the label `{sha256}`, and somebody wrote `{md5}` over it. What the
            // client answers is no answer to the challenge that was sent: the label is part of it.
            let raw = bytes_of(TO_MD5);
            let labelled = [b"{md5}".as_slice(), &raw].concat();
            let tampered = [writes("c", &newer_challenge(b"{md5}")), reads_either("c", &labelled, &raw)];
            vec![played_listener(tampered, |line| {
                line.one_of(&[Outcome::Eof, Outcome::BrokenPipe, Outcome::AuthFailed])
            })]
        },
        ..Clause::BLANK
    },
];
