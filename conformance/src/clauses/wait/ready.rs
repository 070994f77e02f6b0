//! Waiting on several things at once: connections, ends of OS pipes, ends of processes, descriptors.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "wait/returns-ready-subset",
        level: Level::Must,
        text: "wait blocks until at least one object is ready and returns the list of all that are \
            ready, as the objects themselves.",
        source: "doc connection.wait",
        programs: |_| {
            vec![
                Program::new().pipe("p").pipe("q").pipe("r").main([
                    send("p.1", 1).ok(),
                    send("r.1", 2).ok(),
                    wait(&["p.0", "q.0", "r.0"]).value(0b101),
                    recv("p.0").gives(1),
                    wait(&["p.0", "q.0", "r.0"]).value(0b100),
                ]),
                Program::new()
                    .title("it waits for the first")
                    .pipe("p")
                    .pipe("q")
                    .main([
                        wait(&["p.0", "q.0"]).label("wait").value(0b10).waits_for_call("s", "send"),
                        recv("q.0").gives(1),
                    ])
                    .role(
                        holding("s", &["q.1"]),
                        [send("q.1", 1).label("send").after(blocked("main", "wait")).ok()],
                    ),
                (0..4)
                    .fold(
                        (0..4)
                            .fold(Program::new(), |program, index| program.one_way(&format!("p{index}")))
                            .main([0b0001, 0b0011, 0b0111, 0b1111].into_iter().enumerate().map(
                                |(index, ready)| {
                                    wait(&["p0.0", "p1.0", "p2.0", "p3.0"])
                                        .after(returned(&format!("w{index}"), "send"))
                                        .label(&format!("wait{index}"))
                                        .value(ready)
                                },
                            )),
                        |program, index| {
                            let line = send(&format!("p{index}.1"), index as u32).label("send").ok();
                            let line = match index {
                                0 => line,
                                _ => line.after(returned("main", &format!("wait{}", index - 1))),
                            };
                            program.role(holding(&format!("w{index}"), &[&format!("p{index}.1")]), [line])
                        },
                    )
                    .title("four writers, one after another"),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/mixed-objects",
        level: Level::Must,
        text: "Connections, sockets, process sentinels and plain integer descriptors may be mixed.",
        source: "doc connection.wait",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .pipe("q")
                    .os_pipe("o")
                    .main([
                        send("p.1", 1).ok(),
                        send("q.1", 2).ok(),
                        write("o.w", Item::bytes(3, 8)).ok(),
                        wait(&["p.0", "fd:q.0", "o.r", "c.sentinel"]).after(gone("c")).value(0b1111),
                        wait(&["p.0", "fd:q.1", "o.r", "c.sentinel"]).value(0b1101),
                    ])
                    .role(holding("c", &[]), []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/timeout-empty-list",
        level: Level::Must,
        text: "On timeout the result is an empty list, not earlier than the timeout.",
        source: "doc connection.wait",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .pipe("q")
                    .main([wait(&["p.0", "q.0"]).timeout(100).value(0).takes(100)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/nonpositive-timeout-polls",
        level: Level::Must,
        text: "A zero or negative timeout only checks.",
        source: "doc connection.wait",
        programs: |_| {
            vec![Program::new().pipe("p").pipe("q").main([
                wait(&["p.0", "q.0"]).timeout(0).value(0).at_once(),
                wait(&["p.0", "q.0"]).timeout(-1_000).value(0).at_once(),
                send("q.1", 1).ok(),
                wait(&["p.0", "q.0"]).timeout(0).value(0b10).at_once(),
                wait(&["p.0", "q.0"]).timeout(-1_000).value(0b10).at_once(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/level-triggered",
        level: Level::Must,
        text: "Readiness persists until the data are consumed.",
        source: "connection.wait (poll)",
        programs: |_| {
            vec![Program::new().pipe("p").pipe("q").main([
                send("p.1", 1).ok(),
                wait(&["p.0", "q.0"]).value(0b01),
                wait(&["p.0", "q.0"]).value(0b01),
                recv("p.0").gives(1),
                wait(&["p.0", "q.0"]).timeout(0).value(0),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/peer-closed-is-ready",
        level: Level::Must,
        text: "A connection whose peer has closed counts as ready.",
        source: "doc connection.wait",
        programs: |_| {
            vec![Program::new().pipe("p").one_way("q").main([
                wait(&["p.0", "q.0"]).timeout(0).value(0),
                close("p.1").ok(),
                wait(&["p.0", "q.0"]).value(0b01),
                close("q.1").ok(),
                wait(&["p.0", "q.0"]).value(0b11),
                recv("p.0").is(Outcome::Eof),
                recv("q.0").is(Outcome::Eof),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/signals-retried",
        level: Level::Must,
        text: "A handled signal does not make wait return early or raise.",
        source: "doc connection.wait (Unix)",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("it keeps its time limit")
                    .pipe("p")
                    // It stays, since the end of the stream would be something to report.
                    .main([terminate("c").after(blocked("c", "wait")).ok(), join("c").ok()])
                    .role(
                        holding("c", &["p.0"]),
                        [
                            on_signal(SIGTERM, SignalAction::Count).ok(),
                            wait(&["p.0"]).timeout(600).label("wait").value(0).takes(600),
                            signals_counted().value(1),
                        ],
                    ),
                Program::new()
                    .title("it goes on waiting for what it waits for")
                    .pipe("p")
                    .main([
                        terminate("c").after(blocked("c", "wait")).ok(),
                        send("p.1", 1).label("send").ok(),
                    ])
                    .role(
                        holding("c", &["p.0"]),
                        [
                            on_signal(SIGTERM, SignalAction::Count).ok(),
                            wait(&["p.0"]).label("wait").value(1).waits_for_call("main", "send"),
                            signals_counted().value(1),
                            recv("p.0").gives(1),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/result-order-unspecified",
        level: Level::May,
        text: "The order of the result is not specified; what is ready is.",
        source: "connection.wait",
        programs: |_| {
            vec![Program::new().pipe("p").pipe("q").main([
                send("q.1", 1).ok(),
                send("p.1", 2).ok(),
                wait(&["p.0", "q.0"]).value(0b11),
                wait(&["q.0", "p.0"]).value(0b11),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/empty-list-with-timeout",
        level: Level::Should,
        text: "Waiting on nothing with a timeout sleeps for it and returns an empty list.",
        source: "connection.wait",
        programs: |_| vec![Program::new().main([wait(&[]).timeout(100).value(0).takes(100)])],
        ..Clause::BLANK
    },
    Clause {
        id: "wait/nothing-does-not-block",
        level: Level::Beyond,
        text: "Waiting on nothing, without a time limit, returns nothing or an error at once: it never \
            blocks.",
        source: "connection.wait",
        origin: Some("wait/hazard-empty-list-blocks-forever"),
        programs: |_| {
            vec![
                Program::new().main([wait(&[])
                    .expect(Expect::Any(vec![Expect::Value(0), Expect::Outcome(Outcome::BadValue)]))
                    .at_once()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/duplicate-object-error",
        level: Level::May,
        text: "The same object twice is an error, or counts twice.",
        source: "connection.wait",
        programs: |_| {
            vec![
                Program::new().pipe("p").main([
                    send("p.1", 1).ok(),
                    wait(&["p.0", "p.0"])
                        .expect(Expect::Any(vec![Expect::Value(0b11), Expect::Outcome(Outcome::BadValue)])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/closed-object-error",
        level: Level::Must,
        text: "A closed connection in the list raises OSError; a non-waitable object raises ValueError.",
        source: "connection.wait",
        programs: |_| {
            vec![Program::new().pipe("p").pipe("q").main([
                close("p.0").ok(),
                wait(&["p.0", "q.0"]).timeout(1_000).is(Outcome::Closed).at_once(),
                wait(&["q.0", "nonsense"]).timeout(1_000).is(Outcome::BadValue).at_once(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "wait/end-of-process-wakes",
        level: Level::Must,
        text: "The end of a process, by whatever cause, wakes who waits on it among other things.",
        source: "doc connection.wait; Process.sentinel",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .queue("idle", 0)
                    .main([
                        wait(&["p.0", "c.sentinel"]).label("wait").value(0b10),
                        join("c").ok(),
                        exitcode("c").value(-9),
                    ])
                    .role(holding("c", &["idle"]), [stay("idle")])
                    .kill("c", [blocked("main", "wait"), blocked("c", "stay")]),
            ]
        },
        ..Clause::BLANK
    },
];
