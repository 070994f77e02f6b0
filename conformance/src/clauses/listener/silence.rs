//! Clients that say nothing, and sides of which one has a key and the other none.

use super::of_l;
use crate::clauses::handshakes::the_key;
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "listener/silent-client-delays-nobody",
        level: Level::Beyond,
        text: "A client that connects to a listener with a key and stays silent delays nobody: accept \
            gives the next client that proves itself.",
        source: "gh-76425; prpl-tidybot#89",
        origin: Some("listener/hazard-silent-client-blocks-accept"),
        programs: |_| {
            let program = |title, place| {
                let listener = ObjectKind::Listener { at: place, key: the_key(), backlog: Some(5) };
                Program::new()
                    .title(title)
                    .object("l", listener)
                    .main([
                        accept("l", "c").after(returned("silent", "connected")).ok(),
                        recv("c").gives(1),
                        accept("l", "e").ok(),
                        recv("e").gives(2),
                    ])
                    .role(
                        holding("silent", &[]),
                        [
                            connect("d", of_l(), Key::Absent).label("connected").ok(),
                            connect("e", of_l(), the_key()).after(ended("good")).ok(),
                            send("e", 2).ok(),
                        ],
                    )
                    .role(
                        holding("good", &[]),
                        [
                            connect("d", of_l(), the_key()).after(returned("silent", "connected")).ok(),
                            send("d", 1).ok(),
                        ],
                    )
            };
            vec![program("Unix", Endpoint::Unix), program("TCP", Endpoint::Tcp)]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/one-sided-key-is-an-error",
        level: Level::Beyond,
        text: "A client with a key at a listener without one is told that the other side has not proved \
            itself, within five seconds.",
        source: "gh-123736",
        origin: Some("listener/hazard-key-mismatch-presence-hangs"),
        programs: |_| {
            vec![
                Program::new()
                    .listener("l", Endpoint::Unix, Key::Unsaid)
                    .main([accept("l", "c").ok(), recv("c").one_of(&[Outcome::Eof, Outcome::BrokenPipe])])
                    .role(
                        holding("p", &[]),
                        [connect("d", of_l(), the_key())
                            .one_of(&[Outcome::AuthFailed, Outcome::Timeout])
                            .at_most(5_000)],
                    ),
            ]
        },
        ..Clause::BLANK
    },
];
