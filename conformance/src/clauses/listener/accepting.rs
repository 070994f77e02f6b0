//! Two ends that find each other, and what can be done with them.

use super::{everywhere, of_l};
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "listener/accept-client-pair",
        level: Level::Must,
        text: "A client connecting to a listener's address and the listener's accept give two connected \
            duplex connections.",
        source: "doc Listener, Client",
        programs: |_| {
            everywhere(
                || {
                    vec![
                        accept("l", "c").ok(),
                        recv("c").gives(1),
                        send("c", 2).ok(),
                        accept("l", "e").ok(),
                        send("e", 3).ok(),
                        recv("c").is(Outcome::Eof),
                    ]
                },
                || {
                    vec![
                        connect("d", of_l(), Key::Unsaid).ok(),
                        send("d", 1).ok(),
                        recv("d").gives(2),
                        connect("e", of_l(), Key::Unsaid).ok(),
                        recv("e").gives(3),
                        close("d").ok(),
                    ]
                },
            )
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/poll-on-accepted",
        level: Level::Must,
        text: "Connections from listeners support all connection operations, in all families.",
        source: "bpo-16955",
        programs: |_| {
            everywhere(
                || {
                    vec![
                        accept("l", "c").ok(),
                        poll("c").truth(false),
                        poll("c").timeout(100).truth(false),
                        send("c", 1).ok(),
                        poll("c").timeout(5_000).truth(true),
                        wait(&["c"]).value(1),
                        recv_bytes("c").gives(Item::bytes(7, 100)),
                        recv_bytes("c").gives(Item::bytes(8, 1 << 20)),
                        recv_into("c", 20, 2).fills(20, 2, Item::bytes(9, 10)),
                        fileno("c").expect(Expect::AtLeast(0)),
                        is_closed("c").truth(false),
                        on("c", Call::Readable).truth(true),
                        on("c", Call::Writable).truth(true),
                        scope("c").truth(true),
                        is_closed("c").truth(true),
                        recv("c").is(Outcome::Closed),
                    ]
                },
                || {
                    vec![
                        connect("d", of_l(), Key::Unsaid).ok(),
                        recv("d").gives(1),
                        send_bytes("d", Item::bytes(7, 100)).ok(),
                        send_bytes("d", Item::bytes(8, 1 << 20)).ok(),
                        send_bytes("d", Item::bytes(9, 10)).ok(),
                        poll_forever("d").truth(true),
                        recv("d").is(Outcome::Eof),
                    ]
                },
            )
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/data-before-accept",
        level: Level::Must,
        text: "A client may connect, send and close before accept; the message is still received after \
            accept.",
        source: "bpo-14725",
        programs: |_| {
            everywhere(
                || {
                    vec![
                        accept("l", "c").after(ended("p")).ok(),
                        recv("c").gives(1),
                        recv("c").is(Outcome::Eof),
                    ]
                },
                || vec![connect("d", of_l(), Key::Unsaid).ok(), send("d", 1).ok(), close("d").ok()],
            )
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/backlog",
        level: Level::Should,
        text: "A backlog can be given (default 1); connections beyond it wait.",
        source: "doc Listener",
        programs: |_| {
            const CLIENTS: u32 = 5;
            let name = |index: u32| format!("d{index}");
            let accepts = || (1..=CLIENTS).flat_map(|id| [accept("l", "c").ok(), recv("c").gives(id)]);
            let listener = |backlog| ObjectKind::Listener { at: Endpoint::Unix, key: Key::Unsaid, backlog };
            let connects = |index| connect(&name(index), of_l(), Key::Unsaid).label(&name(index)).ok();
            let sends = |index| send(&name(index), index).ok();
            let held_back = |condition: Condition| {
                let mut lines: Vec<Line> = accepts().collect();
                lines[0] = lines[0].clone().after(condition);
                lines
            };
            vec![
                Program::new()
                    .title("five connect before the first is accepted")
                    .object("l", listener(Some(CLIENTS)))
                    .main(held_back(returned("p", "d5")))
                    .role(holding("p", &[]), (1..=CLIENTS).map(connects).chain((1..=CLIENTS).map(sends))),
                Program::new()
                    .title("those beyond it wait")
                    .object("l", listener(None))
                    .main(held_back(blocked("p", "d3")))
                    .role(holding("p", &[]), (1..=CLIENTS).flat_map(|index| [connects(index), sends(index)])),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/last-accepted",
        level: Level::Should,
        text: "last_accepted is the peer address of the latest accept (a tuple for TCP, empty for Unix).",
        source: "doc Listener.last_accepted",
        programs: |_| {
            let program = |title, at, from| {
                Program::new()
                    .title(title)
                    .listener("l", at, Key::Unsaid)
                    .main([
                        last_accepted("l").is(Outcome::Absent),
                        accept("l", "c").ok(),
                        last_accepted("l").text(from),
                    ])
                    .role(holding("p", &[]), [connect("d", of_l(), Key::Unsaid).ok()])
            };
            vec![program("TCP", Endpoint::Tcp, "tcp"), program("Unix", Endpoint::Unix, "")]
        },
        ..Clause::BLANK
    },
];
