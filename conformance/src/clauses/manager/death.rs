//! What becomes of a server's objects when a client dies, and of its clients when the server does.

use super::lifetime::NOBODY_SERVES;
use crate::clauses::dying;
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "manager/dead-client-s-lock-comes-back",
        level: Level::Beyond,
        text: "A managed lock that a killed client held is free for the next one, who may be told, also if it \
            waits already.",
        source: "managers.AcquirerProxy",
        origin: Some("manager/hazard-dead-client-keeps-lock"),
        claims: &[PROCESSES],
        programs: |_| {
            let mut programs = Vec::new();
            for kind in [ObjectKind::Lock, ObjectKind::Rlock] {
                let killed = dying::dead_holder(kind.clone(), Line::acquired_or_told).into_iter().take(2);
                let waited_for = dying::dead_holder_and_waiters(kind.clone(), Line::acquired_or_told);
                programs.extend(killed.chain(waited_for).map(|mut program| {
                    program.methods = Default::default();
                    let title = format!("{}: {}", kind.name(), program.title);
                    program.title(title).in_manager("m")
                }));
            }
            programs
        },
    },
    Clause {
        id: "manager/no-item-is-lost-to-a-dead-client",
        level: Level::Beyond,
        text: "An item put into a managed queue after a client blocked in get was killed goes to the living.",
        source: "Server.serve_client",
        origin: Some("manager/hazard-item-delivered-to-dead-client"),
        claims: &[PROCESSES],
        programs: |_| {
            let waits = || [get("q").label("wait").blocks()];
            vec![
                Program::new()
                    .title("one was killed in get")
                    .queue("q", 0)
                    .main([put("q", 1).after(gone("p")).ok(), get("q").timeout(2_000).gives(1)])
                    .process("p", waits())
                    .kill("p", [blocked("p", "wait")])
                    .in_manager("m"),
                Program::new()
                    .title("three were killed in get, and a fourth one waits")
                    .queue("q", 0)
                    .main([put("q", 1)
                        .after(gone("p"))
                        .after(gone("r"))
                        .after(gone("s"))
                        .after(blocked("t", "wait"))
                        .ok()])
                    .process("p", waits())
                    .process("r", waits())
                    .process("s", waits())
                    .process("t", [get("q").label("wait").gives(1)])
                    .kill("p", [blocked("p", "wait")])
                    .kill("r", [blocked("r", "wait")])
                    .kill("s", [blocked("s", "wait")])
                    .in_manager("m"),
            ]
        },
    },
    Clause {
        id: "manager/references-of-dead-clients-are-collected",
        level: Level::Beyond,
        text: "What only a killed client referred to is dropped.",
        source: "Server.decref only on request; gh-86035",
        origin: Some("manager/hazard-reference-of-dead-client-leaks"),
        claims: &[PROCESSES],
        programs: |_| {
            // A third process waits in a call so that it can be seen when the server has nothing more to do.
            let watched = |title: &str, main: Vec<Line>, client: Vec<Line>| {
                Program::new()
                    .title(title)
                    .manager("m")
                    .managed("q", "m", ObjectKind::Queue { maxsize: 0 })
                    .managed("l", "m", a_list([1]))
                    .main(main)
                    .process("p", client)
                    // It has no proxy of the list, by birth or otherwise.
                    .role(holding("w", &["q"]), [get("q").after(gone("p")).label("wait").gives(1)])
                    .kill("p", [returned("p", "ready")])
            };
            let when_seen = |line: Line| line.after(gone("p")).after(blocked("w", "wait"));
            vec![
                watched(
                    "an object that it created",
                    vec![
                        number_of_objects("m").label("before").ok(),
                        when_seen(number_of_objects("m")).same_as("main", "before"),
                        put("q", 1).ok(),
                    ],
                    vec![
                        connect_manager("n", Endpoint::Of("m".into()), Key::Unsaid)
                            .after(returned("main", "before"))
                            .ok(),
                        create_managed("mine", "n", a_list([1])).ok(),
                        len_of("mine").gives_value(1).label("ready"),
                        stay_until_the_end(),
                    ],
                ),
                watched(
                    "an object whose creator has dropped it",
                    vec![
                        number_of_objects("m").label("before").ok(),
                        on("l", Call::Forget).after(gone("p")).ok(),
                        when_seen(number_of_objects("m")).expect(Expect::Plus(at("main", "before"), -1)),
                        put("q", 1).ok(),
                    ],
                    vec![
                        len_of("l").after(returned("main", "before")).gives_value(1).label("ready"),
                        stay_until_the_end(),
                    ],
                ),
            ]
        },
    },
    Clause {
        id: "manager/server-s-death-is-said-clearly",
        level: Level::Beyond,
        text: "After the server has died every call says so, and always in the same way.",
        source: "BaseProxy._callmethod",
        origin: Some("manager/hazard-server-death-errors-vary"),
        programs: |_| {
            let gone = |line: Line| line.is(Outcome::PeerDied);
            vec![
                Program::new()
                    .title("every call, from the first on")
                    .manager("m")
                    .managed("d", "m", a_dict([("k", 1)]))
                    .managed("q", "m", ObjectKind::Queue { maxsize: 0 })
                    .managed("unused", "m", a_list([1]))
                    .main([
                        get_item("d", "k").after(ended("p")).gives_value(1),
                        kill_server("m").ok().label("killed"),
                        gone(get_item("d", "k")),
                        gone(get_item("d", "k")),
                        gone(set_item("d", "k", 2)),
                        gone(get("q")),
                        gone(len_of("unused")),
                        gone(create_managed("l", "m", a_list([1]))),
                    ])
                    .process("p", [get_item("d", "k").gives_value(1)]),
                Program::new()
                    .title("a call that waits already")
                    .queue("q", 0)
                    .main([kill_server("m").after(blocked("p", "wait")).ok()])
                    .process("p", [gone(get("q").label("wait")), gone(get("q"))])
                    .in_manager("m"),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/broken-connection-is-opened-anew",
        level: Level::Beyond,
        text: "A client thread whose connection broke, because a method asked to exit, goes on with a new one \
            at its next call.",
        source: "gh-78947; BaseProxy._tls",
        origin: Some("manager/hazard-connection-not-reopened"),
        programs: |_| {
            let told = [NOBODY_SERVES.as_slice(), &[Outcome::ActionFailed]].concat();
            vec![
                Program::new()
                    .manager("m")
                    .managed("c", "m", registered(Registered::Counter, [5]))
                    .managed("l", "m", a_list([1]))
                    .main([
                        invoke("c", "get").gives_value(5),
                        invoke_with("c", "fail", ["exit"]).one_of(&told),
                        invoke("c", "get").gives_value(5),
                        len_of("l").gives_value(1),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/serves-until-children-have-ended",
        level: Level::Beyond,
        text: "When the owner's main program ends while children still use its manager, the server serves them \
            until they have ended.",
        source: "util._exit_function (finalizer order); BaseManager.start (exitpriority=0)",
        origin: Some("manager/hazard-stopped-before-children-are-joined"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .manager("m")
                    .managed("d", "m", an_empty_dict())
                    .main([len_of("d").after(returned("p", "first")).gives_value(1)])
                    .process(
                        "p",
                        [
                            set_item("d", "k", 1).ok().label("first"),
                            // When the owner, too, waits for nothing but this process.
                            set_item("d", "k", 2).after(ended("main")).after(quiescence()).ok(),
                            get_item("d", "k").gives_value(2),
                        ],
                    )
                    .judge(Judge::NothingLeft),
            ]
        },
    },
    Clause {
        id: "manager/ends-with-a-killed-owner",
        level: Level::Beyond,
        text: "When the process that started a manager is killed, the server ends, and nothing of it is left.",
        source: "as for daemonic children",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .manager("m")
                    .managed("l", "m", a_list([1]))
                    .main([len_of("l").gives_value(1), signal_self(9)])
                    .judge(Judge::NothingLeft),
            ]
        },
        ..Clause::BLANK
    },
];
