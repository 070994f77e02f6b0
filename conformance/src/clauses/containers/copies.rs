//! What is copied and what is shared: plain values in managed containers, and the read and the write of
//! an update.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "containers/plain-value-stays-plain",
        level: Level::Must,
        text: "Local containers stored inside managed ones are copied by value and come back as plain \
            containers.",
        source: "doc \"Proxy Objects\"",
        programs: |_| {
            let deep = || {
                Datum::List(vec![
                    Datum::dict([("x", Datum::tuple([1, 2]))]),
                    Datum::List(vec![Datum::list([3])]),
                    Datum::Scalar(Scalar::bytes(b"\x00\xff")),
                ])
            };
            vec![
                both()
                    .title("what comes back is what was stored")
                    .main([
                        append("l", Datum::list([1])).ok(),
                        append("l", deep()).ok(),
                        set_item("d", "plain", Datum::dict([("k", 1)])).ok(),
                        set_item("d", "managed", Datum::known("l")).ok().label("stored"),
                        get_item("l", 0).gives_value(Datum::list([1])),
                        get_item("l", 1).gives_value(deep()),
                        get_item("d", "plain").gives_value(Datum::dict([("k", 1)])),
                        get_item("d", "managed").gives_object("list"),
                    ])
                    .process(
                        "p",
                        [
                            get_item("l", 1).after(returned("main", "stored")).gives_value(deep()),
                            get_item("d", "plain").gives_value(Datum::dict([("k", 1)])),
                            get_item("d", "managed").gives_object("list"),
                        ],
                    ),
                both().title("what is changed afterwards was stored before").main([
                    keep("mine", Datum::list([1])).ok(),
                    append("l", Datum::known("mine")).ok(),
                    set_item("d", "k", Datum::known("mine")).ok(),
                    append("mine", 2).ok(),
                    len_of("mine").gives_value(2),
                    get_item("l", 0).gives_value(Datum::list([1])),
                    get_item("d", "k").gives_value(Datum::list([1])),
                ]),
                both().title("what is stored twice is two").main([
                    keep("mine", Datum::list([1])).ok(),
                    append("l", Datum::known("mine")).ok(),
                    append("l", Datum::known("mine")).ok(),
                    get_item("l", 0).into_name("first").gives_value(Datum::list([1])),
                    append("first", 2).ok(),
                    set_item("l", 0, Datum::known("first")).ok(),
                    get_item("l", 0).gives_value(Datum::list([1, 2])),
                    get_item("l", 1).gives_value(Datum::list([1])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/nested-plain-mutation-does-not-propagate",
        level: Level::Must,
        text: "Changing a plain container obtained from a managed one does not change the managed one; \
            assigning it back does.",
        source: "doc \"Proxy Objects\"; gh-91192, gh-76719",
        programs: |_| {
            let empty = || Datum::List(Vec::new());
            vec![
                both()
                    .title("a list in a dictionary")
                    .main([
                        set_item("d", "k", empty()).ok(),
                        get_item("d", "k").into_name("mine").gives_value(empty()),
                        append("mine", 1).ok(),
                        len_of("mine").gives_value(1).label("changed"),
                        get_item("d", "k").gives_value(empty()),
                        set_item("d", "k", Datum::known("mine"))
                            .after(returned("p", "old"))
                            .ok()
                            .label("back"),
                        get_item("d", "k").gives_value(Datum::list([1])),
                    ])
                    .process(
                        "p",
                        [
                            get_item("d", "k")
                                .after(returned("main", "changed"))
                                .gives_value(empty())
                                .label("old"),
                            get_item("d", "k").after(returned("main", "back")).gives_value(Datum::list([1])),
                        ],
                    )
                    .each_method(),
                both().title("a dictionary in a list").main([
                    append("l", Datum::dict([("x", 1)])).ok(),
                    get_item("l", 0).into_name("mine").ok(),
                    set_item("mine", "x", 2).ok(),
                    get_item("l", 0).gives_value(Datum::dict([("x", 1)])),
                    set_item("l", 0, Datum::known("mine")).ok(),
                    get_item("l", 0).gives_value(Datum::dict([("x", 2)])),
                ]),
                both().title("a list in a list in a list").main([
                    append("l", Datum::List(vec![Datum::list([0])])).ok(),
                    get_item("l", 0).into_name("outer").ok(),
                    get_item("outer", 0).into_name("inner").ok(),
                    append("inner", 1).ok(),
                    get_item("outer", 0).gives_value(Datum::list([0, 1])),
                    get_item("l", 0).gives_value(Datum::List(vec![Datum::list([0])])),
                    set_item("l", 0, Datum::known("outer")).ok(),
                    get_item("l", 0).gives_value(Datum::List(vec![Datum::list([0, 1])])),
                ]),
                both()
                    .title("several processes append to their copies")
                    .main(several_append())
                    .process("p", append_to_a_copy())
                    .process("q", append_to_a_copy())
                    .process("r", append_to_a_copy()),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/compound-update-not-atomic",
        level: Level::Must,
        text: "Reading, changing and storing an element are separate calls and can lose updates; under a lock \
            that all of them take, none is lost.",
        source: "managers._BaseDictProxy",
        programs: |_| {
            // Both read before either writes: one update is lost, whoever is first.
            let updates = |container: &'static str, at: Datum, other: &str| {
                [
                    get_item(container, at.clone()).label("read").gives_value(0),
                    set_item(container, at, 1).after(returned(other, "read")).ok(),
                ]
            };
            let both_ended = |line: Line| line.after(ended("p")).after(ended("q"));
            let lost = |title: &str, container: &'static str, at: Datum| {
                zeros()
                    .title(title)
                    .main([both_ended(get_item(container, at.clone())).gives_value(1)])
                    .process("p", updates(container, at.clone(), "q"))
                    .process("q", updates(container, at, "p"))
            };
            let adds = || (0..40).map(|_| add_to("d", "c", 1).ok());
            let locked = || {
                (0..40).flat_map(|_| [acquire("k").acquired(), add_to("d", "c", 1).ok(), release("k").ok()])
            };
            vec![
                lost("an entry of a dictionary", "d", "c".into()),
                lost("an element of a list", "l", 0.into()),
                zeros()
                    .title("as often as they like: no update is made up")
                    .main([both_ended(get_item("d", "c"))
                        .expect(Expect::AtLeast(2))
                        .expect(Expect::AtMost(80))])
                    .process("p", adds())
                    .process("q", adds())
                    .judge(Judge::Entries("d".into())),
                zeros()
                    .title("with a lock around each")
                    .managed("k", "m", ObjectKind::Lock)
                    .main([both_ended(get_item("d", "c")).gives_value(80)])
                    .process("p", locked())
                    .process("q", locked()),
            ]
        },
        ..Clause::BLANK
    },
];

/// A managed list `l` and a managed dictionary `d`, both empty.
fn both() -> Program {
    Program::new().manager("m").managed("l", "m", an_empty_list()).managed("d", "m", an_empty_dict())
}

/// A managed list `l` with a zero, and a managed dictionary `d` with one under `c`.
fn zeros() -> Program {
    Program::new().manager("m").managed("l", "m", a_list([0])).managed("d", "m", a_dict([("c", 0)]))
}

/// What main does while three others append to copies of `d["log"]`.
fn several_append() -> [Line; 2] {
    [
        set_item("d", "log", Datum::List(Vec::new())).ok().label("begin"),
        get_item("d", "log")
            .after(ended("p"))
            .after(ended("q"))
            .after(ended("r"))
            .gives_value(Datum::List(Vec::new())),
    ]
}

fn append_to_a_copy() -> Vec<Line> {
    (0..5)
        .flat_map(|round| {
            let read = get_item("d", "log").into_name("log").gives_value(Datum::List(Vec::new()));
            let read = if round == 0 { read.after(returned("main", "begin")) } else { read };
            [read, append("log", round).ok()]
        })
        .collect()
}
