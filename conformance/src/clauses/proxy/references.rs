//! How long a referent lives.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "proxy/referent-lives-while-referenced",
        level: Level::Must,
        text: "A referent lives as long as any proxy anywhere refers to it and is dropped after the last one \
            goes.",
        source: "doc \"Cleanup\"",
        programs: |_| {
            vec![
                Program::new()
                    .title("a second proxy in the same process")
                    .manager("m")
                    .managed("outer", "m", an_empty_list())
                    .main([
                        number_of_objects("m").label("before").ok(),
                        create_managed("l", "m", a_list([1])).ok(),
                        number_of_objects("m").expect(Expect::Plus(at("main", "before"), 1)),
                        append("outer", Datum::known("l")).ok(),
                        get_item("outer", 0).into_name("second").ok(),
                        on("l", Call::Forget).ok(),
                        len_of("second").gives_value(1),
                        number_of_objects("m").expect(Expect::Plus(at("main", "before"), 1)),
                    ]),
                Program::new()
                    .title("the only proxy goes")
                    .manager("m")
                    .managed("kept", "m", a_list([1]))
                    .main([
                        number_of_objects("m").label("before").ok(),
                        create_managed("l", "m", a_list([1])).ok(),
                        number_of_objects("m").expect(Expect::Plus(at("main", "before"), 1)),
                        on("l", Call::Forget).ok(),
                        number_of_objects("m").same_as("main", "before"),
                        len_of("kept").gives_value(1),
                    ]),
                Program::new()
                    .title("a proxy in another process outlives the one here")
                    .manager("m")
                    .managed("l", "m", a_list([1]))
                    .pipe("c")
                    .main([
                        number_of_objects("m").label("before").ok(),
                        hand("c.0", "l").ok(),
                        on("l", Call::Forget).after(returned("p", "used")).ok().label("forgotten"),
                        // Also what it had by birth is given back when its process is over.
                        join("p").ok(),
                        number_of_objects("m").expect(Expect::Plus(at("main", "before"), -1)),
                    ])
                    .role(
                        holding("p", &["c.1"]),
                        [
                            take_over("c.1", "theirs").ok(),
                            len_of("theirs").gives_value(1).label("used"),
                            append("theirs", 2).after(returned("main", "forgotten")).ok(),
                            get_value("theirs", "now").gives_value(Datum::list([1, 2])),
                            on("theirs", Call::Forget).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/child-takes-own-reference",
        level: Level::Must,
        text: "A child that inherits a proxy takes its own reference, given back at its normal exit.",
        source: "BaseProxy._after_fork",
        programs: |_| vec![child_of_its_own_reference().among(&[Method::Fork, Method::Forkserver])],
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/spawned-child-takes-own-reference",
        level: Level::Beyond,
        text: "A child that is a fresh program takes its own reference, too, to what it is given.",
        source: "as proxy/child-takes-own-reference",
        claims: &[PROCESSES],
        programs: |_| vec![child_of_its_own_reference().only(&[Method::Spawn])],
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/in-transit-keeps-its-referent",
        level: Level::Beyond,
        text: "A proxy that was sent keeps its referent alive until it is received, though the sender drops \
            its own.",
        source: "gh-75275, gh-119937",
        origin: Some("proxy/hazard-referent-dropped-in-transit"),
        programs: |_| {
            // Made when the others have begun, so that nobody has a copy by birth.
            let sent = |through: &str| {
                [
                    create_managed("l", "m", a_list([1])).ok(),
                    hand(through, "l").ok(),
                    on("l", Call::Forget).ok().label("forgotten"),
                ]
            };
            let received = |through: &str| {
                [
                    take_over(through, "theirs").after(returned("main", "forgotten")).ok(),
                    get_value("theirs", "now").gives_value(Datum::list([1])),
                    append("theirs", 2).ok(),
                    len_of("theirs").gives_value(2),
                ]
            };
            let lists = |title: &str| Program::new().title(title).manager("m");
            vec![
                lists("in a pipe").pipe("c").main(sent("c.0")).role(holding("p", &["c.1"]), received("c.1")),
                lists("in a queue").queue("q", 0).main(sent("q")).role(holding("p", &["q"]), received("q")),
                lists("in a managed queue")
                    .managed("q", "m", ObjectKind::Queue { maxsize: 0 })
                    .main(sent("q"))
                    .role(holding("p", &["q"]), received("q")),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/nested-referents-are-freed",
        level: Level::Beyond,
        text: "What was nested in a managed container is freed when neither a proxy nor a container refers to \
            it any more.",
        source: "gh-103136, gh-119937",
        origin: Some("proxy/hazard-nested-referents-never-freed"),
        claims: &[PROCESSES],
        programs: |_| {
            // Each round a list of four megabytes comes and goes, in a server that has room for a few of them.
            const ROUNDS: usize = 60;
            const ELEMENTS: i64 = 1 << 19;
            const ROOM: u64 = 128 << 20;
            let rounds = (0..ROUNDS).flat_map(|_| {
                [
                    create_managed("l", "n", a_list([0])).ok(),
                    invoke_with("l", "__imul__", [ELEMENTS]).into_name("same").ok(),
                    append("outer", Datum::known("l")).ok(),
                    on("same", Call::Forget).ok(),
                    on("l", Call::Forget).ok(),
                    del_item("outer", 0).ok(),
                ]
            });
            let begin = [
                connect_manager("n", Endpoint::Of("m".into()), Key::Unsaid).after(blocked("s", "serve")).ok(),
                create_managed("outer", "n", an_empty_list()).ok(),
                len_of("outer").gives_value(0).label("ready"),
            ];
            vec![
                Program::new()
                    .object("m", an_idle_manager())
                    .main(begin.into_iter().chain(rounds).chain([len_of("outer").gives_value(0)]))
                    .process("s", [serve("m").label("serve")])
                    .fault("s", Action::LimitMemory(ROOM), [returned("main", "ready")])
                    .kill("s", [ended("main")]),
            ]
        },
    },
];

/// Main gives a list to a child and drops its own proxy of it.
fn child_of_its_own_reference() -> Program {
    Program::new()
        .manager("m")
        .managed("l", "m", a_list([1]))
        .managed("kept", "m", a_list([1]))
        .main([
            number_of_objects("m").after(returned("p", "begun")).label("before").ok(),
            on("l", Call::Forget).ok().label("forgotten"),
            number_of_objects("m").same_as("main", "before").label("counted"),
            join("p").ok(),
            number_of_objects("m").expect(Expect::Plus(at("main", "before"), -1)),
            len_of("kept").gives_value(1),
        ])
        .process(
            "p",
            [
                own(Call::Getpid).ok().label("begun"),
                append("l", 2).after(returned("main", "counted")).ok(),
                get_value("l", "now").gives_value(Datum::list([1, 2])),
            ],
        )
}
