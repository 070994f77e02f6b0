//! A proxy in another process, or in a container.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "proxy/transferable",
        level: Level::Must,
        text: "A proxy can be handed to children and sent through pipes and queues; the copy addresses the \
            same referent.",
        source: "doc \"Proxy Objects\"",
        programs: |_| {
            let lists = |title: &str| Program::new().title(title).manager("m").managed("l", "m", a_list([1]));
            let received = |through: &str| {
                [
                    take_over(through, "theirs").ok(),
                    get_value("theirs", "now").gives_value(Datum::list([1])),
                    append("theirs", 2).ok(),
                ]
            };
            let sees = || get_value("l", "now").after(ended("p")).gives_value(Datum::list([1, 2]));
            vec![
                lists("handed to a child")
                    .main([sees()])
                    .process("p", [get_value("l", "now").gives_value(Datum::list([1])), append("l", 2).ok()])
                    .each_method(),
                lists("handed to a child, and by it to its own")
                    .main([sees()])
                    .process("p", [own(Call::Getpid).after(ended("g"))])
                    .role(Worker { parent: Some("p".into()), ..worker("g") }, [append("l", 2).ok()])
                    .each_process_method(),
                lists("through a pipe")
                    .pipe("c")
                    .main([hand("c.0", "l").ok(), sees()])
                    .role(holding("p", &["c.1"]), received("c.1"))
                    .each_process_method(),
                lists("through a queue")
                    .queue("q", 0)
                    .main([hand("q", "l").ok(), sees()])
                    .role(holding("p", &["q"]), received("q"))
                    .each_process_method(),
                lists("through a managed queue")
                    .managed("q", "m", ObjectKind::Queue { maxsize: 0 })
                    .main([hand("q", "l").ok(), sees()])
                    .role(holding("p", &["q"]), received("q")),
                lists("back again, and every kind of object")
                    .pipe("c")
                    .managed("d", "m", a_dict([("k", 1)]))
                    .managed("n", "m", a_namespace())
                    .managed("k", "m", ObjectKind::Lock)
                    .managed("e", "m", ObjectKind::Event)
                    .main([
                        hand("c.0", "d").ok(),
                        hand("c.0", "n").ok(),
                        hand("c.0", "k").ok(),
                        hand("c.0", "e").ok(),
                        take_over("c.0", "back").ok(),
                        get_item("back", "k").gives_value(2),
                        get_attribute("n", "x").gives_value(3),
                        try_acquire("k").refused(),
                        is_set("e").truth(true),
                    ])
                    .role(
                        holding("p", &["c.1"]),
                        [
                            take_over("c.1", "d2").ok(),
                            take_over("c.1", "n2").ok(),
                            take_over("c.1", "k2").ok(),
                            take_over("c.1", "e2").ok(),
                            set_item("d2", "k", 2).ok(),
                            set_attribute("n2", "x", 3).ok(),
                            acquire("k2").acquired(),
                            set("e2").ok(),
                            hand("c.1", "d2").ok(),
                            stay_until_the_end(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/nested",
        level: Level::Must,
        text: "A proxy stored in a managed container comes back as a proxy to the same referent, which stays \
            alive through the container alone; self-reference is allowed.",
        source: "doc SyncManager (3.6)",
        programs: |_| {
            let outer = |title: &str, of: ObjectKind, inner: ObjectKind| {
                Program::new()
                    .title(title)
                    .manager("m")
                    .managed("outer", "m", of)
                    .managed("inner", "m", inner)
            };
            let stored = |line: Line| [line.ok(), on("inner", Call::Forget).ok()];
            let in_list = || append("outer", Datum::known("inner"));
            let in_dict = || set_item("outer", "k", Datum::known("inner"));
            // Main no longer has the inner proxy: only the container refers to what it stood for.
            let grows = |at: Datum| {
                [
                    get_item("outer", at.clone()).into_name("mine").gives_object("list").label("read"),
                    append("mine", 2).ok().label("grown"),
                    get_item("outer", at).into_name("again").gives_object("list"),
                    get_value("again", "now")
                        .after(returned("p", "grown"))
                        .gives_value(Datum::list([1, 2, 3])),
                ]
            };
            let grows_in_p = |at: Datum| {
                [
                    get_item("outer", at)
                        .after(returned("main", "grown"))
                        .into_name("mine")
                        .gives_object("list"),
                    get_value("mine", "now").gives_value(Datum::list([1, 2])),
                    append("mine", 3).ok().label("grown"),
                ]
            };
            let in_p = |at: Datum| (holding("p", &["outer"]), grows_in_p(at));
            let with_p = |program: Program, at: Datum| {
                let (worker, lines) = in_p(at);
                program.role(worker, lines)
            };
            vec![
                with_p(
                    outer("a list in a list", an_empty_list(), a_list([1]))
                        .main(stored(in_list()).into_iter().chain(grows(0.into()))),
                    0.into(),
                ),
                with_p(
                    outer("a list in a dictionary", an_empty_dict(), a_list([1]))
                        .main(stored(in_dict()).into_iter().chain(grows("k".into()))),
                    "k".into(),
                ),
                outer("a dictionary in a dictionary in a list", an_empty_dict(), a_dict([("x", 1)]))
                    .managed("l", "m", an_empty_list())
                    .main(stored(in_dict()).into_iter().chain([
                        append("l", Datum::known("outer")).ok().label("stored"),
                        get_item("outer", "k").after(ended("p")).into_name("mine").gives_object("dict"),
                        get_item("mine", "x").gives_value(2),
                    ]))
                    .role(
                        holding("p", &["l"]),
                        [
                            get_item("l", 0)
                                .after(returned("main", "stored"))
                                .into_name("one")
                                .gives_object("dict"),
                            get_item("one", "k").into_name("two").gives_object("dict"),
                            get_item("two", "x").gives_value(1),
                            set_item("two", "x", 2).ok(),
                        ],
                    ),
                outer("a queue in a dictionary", an_empty_dict(), ObjectKind::Queue { maxsize: 0 }).main(
                    [put("inner", 1).ok()].into_iter().chain(stored(in_dict())).chain([
                        get_item("outer", "k").into_name("mine").ok(),
                        get("mine").gives(1),
                        put("mine", 2).ok(),
                        get_item("outer", "k").into_name("again").ok(),
                        get("again").gives(2),
                    ]),
                ),
                outer("a list in itself", an_empty_list(), a_list([1])).main([
                    append("outer", Datum::known("outer")).ok(),
                    get_item("outer", 0).into_name("same").gives_object("list"),
                    append("same", 5).ok(),
                    len_of("outer").gives_value(2),
                    get_item("outer", 1).gives_value(5),
                    get_item("same", 0).into_name("deeper").gives_object("list"),
                    get_item("deeper", 1).gives_value(5),
                ]),
                outer("in a plain list, and given at the creation", an_empty_dict(), a_list([1])).main([
                    set_item("outer", "k", Datum::List(vec![0.into(), Datum::known("inner")])).ok(),
                    get_item("outer", "k").into_name("plain").ok(),
                    get_item("plain", 1).into_name("mine").gives_object("list"),
                    append("mine", 2).ok(),
                    get_value("inner", "now").gives_value(Datum::list([1, 2])),
                    create_managed("given", "m", a_list([Datum::known("inner")])).ok(),
                    get_item("given", 0).into_name("third").gives_object("list"),
                    append("third", 3).ok(),
                    get_value("inner", "now").gives_value(Datum::list([1, 2, 3])),
                ]),
                outer("put in, changed, and taken out again", an_empty_list(), a_list([1])).main([
                    append("outer", Datum::known("inner")).ok(),
                    append("inner", 2).ok(),
                    invoke("outer", "pop").into_name("out").gives_object("list"),
                    len_of("outer").gives_value(0),
                    append("out", 3).ok(),
                    get_value("inner", "now").gives_value(Datum::list([1, 2, 3])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/works-the-same-in-every-process",
        level: Level::Beyond,
        text: "In a process that received the proxy, methods that return proxies work as in the one that made \
            it: iterating a managed dict is the common case.",
        source: "gh-99595, PR 17333",
        origin: Some("proxy/hazard-result-proxy-fails-after-transfer"),
        programs: |_| {
            vec![
                Program::new()
                    .title("a child goes through a dictionary")
                    .manager("m")
                    .managed("d", "m", a_dict([("a", 1), ("b", 2)]))
                    .main([iterate("d").gives_values(["a", "b"])])
                    .process("p", [iterate("d").gives_values(["a", "b"])])
                    .each_process_method(),
                Program::new()
                    .title("through a pipe")
                    .manager("m")
                    .managed("d", "m", a_dict([("a", 1), ("b", 2)]))
                    .pipe("c")
                    .main([hand("c.0", "d").ok()])
                    .role(
                        holding("p", &["c.1"]),
                        [take_over("c.1", "theirs").ok(), iterate("theirs").gives_values(["a", "b"])],
                    ),
                Program::new()
                    .title("a method whose result is mapped to a type")
                    .manager("m")
                    .managed("k", "m", registered(Registered::Maker, [5]))
                    .main([invoke("k", "get").after(ended("p")).gives_value(5)])
                    .process(
                        "p",
                        [
                            invoke("k", "twin").into_name("twin").gives_object("counter"),
                            invoke_with("twin", "add", [1]).gives_value(6),
                        ],
                    ),
                Program::new()
                    .title("out of a container")
                    .manager("m")
                    .managed("d", "m", a_dict([("a", 1), ("b", 2)]))
                    .managed("l", "m", an_empty_list())
                    .main([
                        append("l", Datum::known("d")).ok(),
                        get_item("l", 0).into_name("again").gives_object("dict"),
                        iterate("again").gives_values(["a", "b"]),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/custom-key-is-carried",
        level: Level::Beyond,
        text: "With a key other than the process's own, a proxy sent to another process or nested in a \
            container works as any other.",
        source: "gh-139801, gh-78740, bpo-7503",
        origin: Some("proxy/hazard-custom-key-not-carried"),
        programs: |_| {
            let manager = || ObjectKind::Manager {
                at: Endpoint::Unsaid,
                key: Key::Given("another key".into()),
                initializer: None,
                idle: false,
            };
            let with_key = |title: &str| {
                Program::new().title(title).object("m", manager()).managed("l", "m", a_list([1]))
            };
            vec![
                with_key("through a pipe")
                    .pipe("c")
                    .main([
                        hand("c.0", "l").ok(),
                        get_value("l", "now").after(ended("p")).gives_value(Datum::list([1, 2])),
                    ])
                    .role(
                        holding("p", &["c.1"]),
                        [take_over("c.1", "theirs").ok(), append("theirs", 2).ok()],
                    ),
                with_key("in a container").managed("d", "m", an_empty_dict()).main([
                    set_item("d", "k", Datum::known("l")).ok(),
                    get_item("d", "k").into_name("again").gives_object("list"),
                    append("again", 2).ok(),
                    len_of("l").gives_value(2),
                ]),
            ]
        },
        ..Clause::BLANK
    },
];
