//! How a manager's server begins and ends.

use crate::clauses::prelude::*;

/// What says that a call came in the wrong state of a manager.
pub const WRONG_STATE: [Outcome; 2] = [Outcome::Misuse, Outcome::NotAllowed];

/// What says that nobody serves any more, in all the words for it.
pub const NOBODY_SERVES: [Outcome; 9] = [
    Outcome::Closed,
    Outcome::Misuse,
    Outcome::NotAllowed,
    Outcome::Eof,
    Outcome::BrokenPipe,
    Outcome::PeerDied,
    Outcome::Refused,
    Outcome::NameMissing,
    Outcome::RemoteError,
];

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "manager/started-server-process",
        level: Level::Must,
        text: "Starting a manager runs a server in a separate process and returns when its address is known.",
        source: "doc BaseManager.start",
        programs: |_| {
            vec![
                Program::new()
                    .object("m", an_idle_manager())
                    .main([
                        start("m").ok(),
                        address("m").ok(),
                        getpid().ok().label("own"),
                        pid("m").expect(Expect::DiffersFrom(at("main", "own"))).label("server"),
                        pid("m").same_as("main", "server"),
                        create_managed("l", "m", a_list([1])).ok(),
                        append("l", 2).ok(),
                        get_value("l", "now").gives_value(Datum::list([1, 2])),
                    ])
                    .each_process_method(),
                Program::new()
                    .title("two managers have two servers")
                    .manager("m")
                    .manager("n")
                    .managed("c", "m", registered(Registered::Counter, [0]))
                    .managed("d", "n", registered(Registered::Counter, [0]))
                    .main([
                        invoke("c", "pid").ok().label("first"),
                        invoke("c", "pid").same_as("main", "first"),
                        invoke("d", "pid").expect(Expect::DiffersFrom(at("main", "first"))),
                    ])
                    .process("p", [invoke("c", "pid").same_as("main", "first")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/convenience-constructor",
        level: Level::Must,
        text: "The module-level constructor returns a started manager with the standard types.",
        source: "doc Manager",
        programs: |_| {
            vec![
                Program::new()
                    .title("one of each")
                    .queue("queue", 0)
                    .joinable("joinable", 0)
                    .lock("lock")
                    .rlock("rlock")
                    .semaphore("semaphore", 1)
                    .bounded_semaphore("bounded", 1)
                    .condition("condition")
                    .event("event")
                    .barrier("barrier", 1)
                    .value("value", "i", 5)
                    .array("array", "i", &integers([1, 2]))
                    .object("list", a_list([1]))
                    .object("dict", a_dict([("k", 1)]))
                    .object("namespace", a_namespace())
                    .main([
                        put("queue", 1).ok(),
                        get("queue").gives(1),
                        put("joinable", 2).ok(),
                        get("joinable").gives(2),
                        task_done("joinable").ok(),
                        acquire("lock").acquired(),
                        try_acquire("lock").refused(),
                        acquire("rlock").acquired(),
                        acquire("rlock").acquired(),
                        acquire("semaphore").acquired(),
                        try_acquire("semaphore").refused(),
                        release("bounded").is(Outcome::OverRelease),
                        acquire("condition").acquired(),
                        notify("condition").ok(),
                        is_set("event").truth(false),
                        await_on("barrier").value(0),
                        load("value").reads(5),
                        load_at("array", 1).reads(2),
                        len_of("list").gives_value(1),
                        get_item("dict", "k").gives_value(1),
                        set_attribute("namespace", "x", 1).ok(),
                    ])
                    .in_manager("m"),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/start-once",
        level: Level::Must,
        text: "Starting a manager that is started or shut down is an error, and so is asking for its server; it \
            serves on.",
        source: "BaseManager.start/get_server",
        programs: |_| {
            vec![Program::new().manager("m").managed("l", "m", a_list([1])).main([
                start("m").one_of(&WRONG_STATE),
                serve("m").one_of(&WRONG_STATE),
                start("m").one_of(&WRONG_STATE),
                len_of("l").gives_value(1),
                shutdown("m").ok(),
                start("m").one_of(&WRONG_STATE),
                serve("m").one_of(&WRONG_STATE),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/create-before-start-error",
        level: Level::Must,
        text: "Creating an object before start or after shutdown is a usage error.",
        source: "BaseManager._create",
        programs: |_| {
            vec![Program::new().object("m", an_idle_manager()).main([
                create_managed("l", "m", a_list([1])).one_of(&WRONG_STATE),
                start("m").ok(),
                create_managed("l", "m", a_list([1])).ok(),
                len_of("l").gives_value(1),
                shutdown("m").ok(),
                create_managed("k", "m", a_list([1])).one_of(&WRONG_STATE),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/shutdown-stops-server",
        level: Level::Must,
        text: "shutdown ends the server, and returns when it has ended; it may be repeated.",
        source: "doc BaseManager.shutdown; _finalize_manager",
        programs: |_| {
            vec![
                Program::new()
                    .title("nobody serves any more, and nothing is left")
                    .manager("m")
                    .managed("l", "m", a_list([1]))
                    .main([
                        len_of("l").gives_value(1),
                        shutdown("m").ok().label("down"),
                        len_of("l").one_of(&NOBODY_SERVES),
                        shutdown("m").ok(),
                        shutdown("m").ok(),
                    ])
                    .process(
                        "p",
                        [connect_manager("n", Endpoint::Of("m".into()), Key::Unsaid)
                            .after(returned("main", "down"))
                            .one_of(&NOBODY_SERVES)],
                    )
                    .judge(Judge::NothingLeft)
                    .each_process_method(),
                Program::new()
                    .title("also while a client waits in a call")
                    .manager("m")
                    .managed("q", "m", ObjectKind::Queue { maxsize: 0 })
                    .main([shutdown("m").after(blocked("p", "wait")).ok()])
                    .process("p", [get("q").label("wait").one_of(&NOBODY_SERVES)])
                    .judge(Judge::NothingLeft),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/scope-starts-and-shuts-down",
        level: Level::Must,
        text: "Scoped use starts the manager if needed and shuts it down on leaving, also by an error.",
        source: "doc BaseManager (3.3)",
        programs: |_| {
            let ends = |title: &str, manager: ObjectKind, scope: Line| {
                Program::new()
                    .title(title)
                    .object("m", manager)
                    .main([
                        scope.ok(),
                        create_managed("l", "m", a_list([1])).one_of(&WRONG_STATE),
                        shutdown("m").ok(),
                    ])
                    .judge(Judge::NothingLeft)
            };
            vec![
                ends("one that is not started", an_idle_manager(), scope("m")),
                ends("one that is started", a_manager(), scope("m")),
                ends("left by an error", an_idle_manager(), scope_left_by_error("m")),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/shutdown-only-for-starter",
        level: Level::Should,
        text: "A manager that only connected has no shutdown.",
        source: "doc BaseManager.shutdown",
        programs: |_| {
            let mut refused = WRONG_STATE.to_vec();
            refused.push(Outcome::AttributeMissing);
            vec![
                Program::new()
                    .manager("m")
                    .managed("l", "m", a_list([1]))
                    .main([len_of("l").after(ended("p")).gives_value(1), shutdown("m").ok()])
                    .process(
                        "p",
                        [
                            connect_manager("n", Endpoint::Of("m".into()), Key::Unsaid).ok(),
                            shutdown("n").one_of(&refused),
                            create_managed("k", "n", a_list([1])).ok(),
                            len_of("k").gives_value(1),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/collected-manager-stops",
        level: Level::Should,
        text: "Dropping the last reference to the manager, or the normal exit of its process, stops the \
            server.",
        source: "doc \"Managers\"",
        programs: |_| {
            vec![
                Program::new()
                    .title("the last reference is dropped")
                    .manager("m")
                    .main([
                        create_managed("l", "m", a_list([1])).ok(),
                        on("l", Call::Forget).ok(),
                        on("m", Call::Forget).ok(),
                        connect_manager("n", Endpoint::Of("m".into()), Key::Unsaid).one_of(&NOBODY_SERVES),
                    ])
                    .judge(Judge::NothingLeft),
                Program::new()
                    .title("its process ends")
                    .manager("m")
                    .managed("l", "m", a_list([1]))
                    .main([len_of("l").gives_value(1)])
                    .judge(Judge::NothingLeft)
                    .each_process_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/join",
        level: Level::Should,
        text: "The owner can join the server process.",
        source: "BaseManager.join",
        programs: |_| {
            vec![
                Program::new().title("after a shutdown").manager("m").main([
                    shutdown("m").ok(),
                    join("m").ok(),
                    join("m").ok(),
                ]),
                Program::new()
                    .title("a time limit, while it serves")
                    .manager("m")
                    .managed("l", "m", a_list([1]))
                    .main([
                        join("m").timeout(100).one_of(&[Outcome::Ok, Outcome::Timeout]).takes(100),
                        len_of("l").gives_value(1),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/initializer",
        level: Level::Must,
        text: "An initializer runs in the server before it serves; a non-callable one raises TypeError in the \
            caller.",
        source: "doc BaseManager.start",
        programs: |_| {
            let with = |initializer| ObjectKind::Manager {
                at: Endpoint::Unsaid,
                key: Key::Unsaid,
                initializer: Some(initializer),
                idle: true,
            };
            vec![
                Program::new()
                    .title("it runs once, before the start returns")
                    .object("m", with(Initializer::Counts(3)))
                    .main([
                        word_read(3).value(0),
                        start("m").ok(),
                        word_read(3).value(1),
                        create_managed("l", "m", a_list([1])).ok(),
                        word_read(3).value(1),
                    ]),
                Program::new().title("what cannot be called").object("m", with(Initializer::Nonsense)).main(
                    [
                        start("m").is(Outcome::BadType),
                        create_managed("l", "m", a_list([1])).one_of(&WRONG_STATE),
                    ],
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/server-ignores-sigint",
        level: Level::Should,
        text: "SIGINT to the server's process is ignored so that a terminal interrupt does not cut off its \
            clients.",
        source: "bpo-36368",
        programs: |_| {
            vec![
                Program::new()
                    .manager("m")
                    .managed("c", "m", registered(Registered::Counter, [5]))
                    .main([
                        invoke("c", "interrupt").ok(),
                        invoke("c", "get").gives_value(5).label("got"),
                        create_managed("l", "m", a_list([1])).ok(),
                        invoke("c", "get").after(ended("p")).gives_value(6),
                    ])
                    .process(
                        "p",
                        [invoke_with("c", "add", [1]).after(returned("main", "got")).gives_value(6)],
                    ),
            ]
        },
        ..Clause::BLANK
    },
];
