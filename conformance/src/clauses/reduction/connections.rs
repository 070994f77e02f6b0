//! Connections that travel through connections.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "reduction/connection-through-connection",
        level: Level::Must,
        text: "A connection (or socket) sent through a connection arrives as a working duplicate with \
            the same direction flags; the original stays usable and must be closed separately.",
        source: "doc Connection (3.3); reduce_connection",
        programs: |_| {
            let flags = |connection: &str, readable, writable| {
                [
                    on(connection, Call::Readable).truth(readable),
                    on(connection, Call::Writable).truth(writable),
                ]
            };
            let receiving_end = Program::new()
                .title("an end that receives")
                .pipe("s")
                .one_way("q")
                .main([
                    send_connection("s.0", "q.0").ok(),
                    send("q.1", 1).after(returned("p", "received")).ok(),
                    recv("q.0").after(returned("p", "first")).gives(2).label("own"),
                    send("q.1", 3).ok(),
                    // The duplicate still receives when the original is closed.
                    close("q.0").ok(),
                    close("q.1").ok(),
                ])
                .role(
                    holding("p", &["s.1"]),
                    [recv_connection("s.1", "r").ok().label("received")]
                        .into_iter()
                        .chain(flags("r", true, false))
                        .chain([
                            recv("r").gives(1),
                            send("s.1", 0).ok().label("first"),
                            recv("r").after(returned("main", "own")).gives(3),
                            recv("r").is(Outcome::Eof),
                            send("r", 9).is(Outcome::WrongDirection),
                        ]),
                );
            let mut receiving_end = receiving_end;
            let main = &mut receiving_end.roles[0].lines;
            main.insert(2, send("q.1", 2).after(returned("p", "first")).ok());
            let sending_end = Program::new()
                .title("an end that sends")
                .pipe("s")
                .one_way("q")
                .main([
                    send_connection("s.0", "q.1").ok(),
                    recv("q.0").gives(1),
                    send("q.1", 2).ok(),
                    close("q.1").ok(),
                    recv("q.0").gives(2),
                    recv("q.0").gives(3),
                    recv("q.0").is(Outcome::Eof),
                ])
                .role(
                    holding("p", &["s.1"]),
                    [recv_connection("s.1", "r").ok()].into_iter().chain(flags("r", false, true)).chain([
                        send("r", 1).ok(),
                        recv("r").is(Outcome::WrongDirection),
                        send("r", 3).after(returned("main", "closed")).ok(),
                        close("r").ok(),
                    ]),
                );
            let mut sending_end = sending_end;
            sending_end.roles[0].lines[3].label = "closed".into();
            let both_ways = Program::new()
                .title("a duplex end, there and back")
                .pipe("s")
                .pipe("q")
                .main([
                    send_connection("s.0", "q.1").ok(),
                    send("q.0", 1).ok(),
                    recv("q.0").gives(2),
                    recv_connection("s.0", "back").ok(),
                    send("s.0", 4).ok(),
                    send("back", 3).ok(),
                    recv("q.0").gives(3),
                ])
                .role(
                    holding("p", &["s.1"]),
                    [recv_connection("s.1", "r").ok()].into_iter().chain(flags("r", true, true)).chain([
                        recv("r").gives(1),
                        send("r", 2).ok(),
                        send_connection("s.1", "r").ok(),
                        // The sender stays until it has been fetched.
                        recv("s.1").gives(4),
                    ]),
                );
            let accepted = Program::new()
                .title("a connection of a listener")
                .pipe("s")
                .listener("l", Endpoint::Tcp, Key::Unsaid)
                .main([
                    accept("l", "c").ok(),
                    send_connection("s.0", "c").ok(),
                    close("c").after(returned("p", "received")).ok(),
                ])
                .role(
                    holding("p", &["s.1"]),
                    [
                        recv_connection("s.1", "r").ok().label("received"),
                        recv("r").gives(1),
                        send("r", 2).ok(),
                    ],
                )
                .role(
                    holding("q", &[]),
                    [
                        connect("d", Endpoint::Of("l".into()), Key::Unsaid).ok(),
                        send("d", 1).ok(),
                        recv("d").gives(2),
                    ],
                );
            [receiving_end, sending_end, both_ways, accepted]
                .map(|program| program.among(&[Method::Spawn, Method::Forkserver, Method::Thread]))
                .into()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "reduction/passed-once",
        level: Level::Should,
        text: "A serialised descriptor can be collected once; the sender's duplicate is released then.",
        source: "resource_sharer.DupFd",
        programs: |_| {
            // More than the sender has room for, if it keeps a duplicate of each; and it may be some time before
            // it lets go of one.
            const TIMES: u32 = 60;
            const ROOM: u32 = 40;
            let sends = (0..TIMES).flat_map(|index| {
                let sent = send_connection("s.0", "q.1").label(&format!("sent{index}"));
                // By then the sender has no more room than it is to have.
                let sent = if index == 1 { sent.after(quiescence()) } else { sent };
                [sent.ok(), recv("q.0").gives(index)]
            });
            let receives = (0..TIMES)
                .flat_map(|index| [recv_connection("s.1", "r").ok(), send("r", index).ok(), close("r").ok()]);
            vec![
                Program::new()
                    .pipe("s")
                    .pipe("q")
                    .main(sends)
                    .role(holding("p", &["s.1"]), receives)
                    .fault("main", Action::LimitDescriptors(ROOM), [returned("main", "sent0")])
                    .among(&[Method::Spawn, Method::Forkserver]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "reduction/sharer-authenticated",
        level: Level::Should,
        text: "The background helper that hands out descriptors demands the process family's key.",
        source: "resource_sharer._ResourceSharer",
        claims: &[CPYTHON_WIRE, PROCESSES],
        programs: |_| {
            let another = Item::bytes(9, 32);
            vec![
                Program::new()
                    .stream_pipe("s")
                    .stream_pipe("q")
                    .main([
                        send_connection("s.0", "q.1").ok(),
                        send_connection("s.0", "q.1").after(ended("foreign")).ok(),
                        recv("q.0").gives(1),
                    ])
                    .role(
                        holding("foreign", &["s.1"]),
                        [
                            on("current", Call::SetAuthkey { item: another }).ok(),
                            recv_connection("s.1", "r").is(Outcome::AuthFailed),
                        ],
                    )
                    .role(
                        holding("family", &["s.1"]),
                        [recv_connection("s.1", "r").after(ended("foreign")).ok(), send("r", 1).ok()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
];
