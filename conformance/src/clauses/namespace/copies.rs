//! What of a namespace is shared and what is copied: the lecture's third and fourth programs.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "namespace/plain-list-mutation-does-not-propagate",
        level: Level::Must,
        text: "Appending to a plain list read from a namespace changes only a local copy: the shared one \
            stays as it was.",
        source: "doc \"Proxy Objects\"",
        programs: |_| {
            let empty = || Datum::List(Vec::new());
            let appends = |name: &'static str| {
                (0..10).flat_map(move |_| {
                    [
                        get_attribute("n", "log").into_name("log").gives_value(empty()),
                        append("log", name).ok(),
                    ]
                })
            };
            let one = |name: &str| {
                Program::new().title(name).manager("m").managed("n", "m", namespace_with("log", empty()))
            };
            vec![
                one("entrance and exit: two processes write a log, which stays empty")
                    .main([get_attribute("n", "log")
                        .after(ended("entrance"))
                        .after(ended("exit"))
                        .gives_value(empty())])
                    .process("entrance", appends("Entered"))
                    .process("exit", appends("Left"))
                    .each_method(),
                ten(
                    one("ten processes write a log, which stays empty")
                        .main([ended_all(get_attribute("n", "log").gives_value(empty()))]),
                    |_| appends("Entered"),
                ),
                one("a dictionary, and a list in a list").main([
                    set_attribute("n", "seen", Datum::dict([("a", 1)])).ok(),
                    get_attribute("n", "seen").into_name("seen").ok(),
                    set_item("seen", "b", 2).ok(),
                    len_of("seen").gives_value(2),
                    get_attribute("n", "seen").gives_value(Datum::dict([("a", 1)])),
                    set_attribute("n", "deep", Datum::List(vec![Datum::list([1])])).ok(),
                    get_attribute("n", "deep").into_name("deep").ok(),
                    get_item("deep", 0).into_name("inner").ok(),
                    append("inner", 2).ok(),
                    get_item("deep", 0).gives_value(Datum::list([1, 2])),
                    get_attribute("n", "deep").gives_value(Datum::List(vec![Datum::list([1])])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "namespace/reassignment-propagates",
        level: Level::Must,
        text: "Assigning the changed container back makes the change visible.",
        source: "doc \"Proxy Objects\"",
        programs: |_| {
            vec![
                Program::new()
                    .manager("m")
                    .managed("n", "m", namespace_with("log", Datum::List(Vec::new())))
                    .main([
                        get_attribute("n", "log").into_name("log").ok(),
                        append("log", 1).ok(),
                        set_attribute("n", "log", Datum::known("log")).ok().label("back"),
                        get_attribute("n", "log").gives_value(Datum::list([1])),
                        append("log", 2).ok(),
                        get_attribute("n", "log").gives_value(Datum::list([1])).label("seen"),
                        get_attribute("n", "log").after(ended("p")).gives_value(Datum::list([1, 3])),
                    ])
                    .process(
                        "p",
                        [
                            get_attribute("n", "log")
                                .after(returned("main", "back"))
                                .into_name("log")
                                .gives_value(Datum::list([1])),
                            append("log", 3).ok(),
                            set_attribute("n", "log", Datum::known("log"))
                                .after(returned("main", "seen"))
                                .ok(),
                        ],
                    )
                    .each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "namespace/managed-list-attribute-propagates",
        level: Level::Must,
        text: "If the attribute is itself a managed list, appends by all workers are kept.",
        source: "doc \"Proxy Objects\" (nesting)",
        programs: |_| {
            let with_log = |title: &str| {
                Program::new().title(title).manager("m").managed("n", "m", a_namespace()).managed(
                    "log",
                    "m",
                    an_empty_list(),
                )
            };
            let stored = || set_attribute("n", "log", Datum::known("log")).ok().label("stored");
            // Each reads the attribute anew, as a program that writes `n.log.append(…)` does.
            let appends = |name: &'static str| {
                (0..10).flat_map(move |round| {
                    let read = get_attribute("n", "log").into_name("mine").gives_object("list");
                    let read = if round == 0 { read.after(returned("main", "stored")) } else { read };
                    [read, append("mine", name).ok()]
                })
            };
            let two_ended = |line: Line| line.after(ended("entrance")).after(ended("exit"));
            vec![
                with_log("entrance and exit: twenty entries, ten of each")
                    .main([
                        stored(),
                        two_ended(len_of("log")).gives_value(20),
                        invoke_with("log", "count", ["Entered"]).gives_value(10),
                        invoke_with("log", "count", ["Left"]).gives_value(10),
                    ])
                    .process("entrance", appends("Entered"))
                    .process("exit", appends("Left"))
                    .each_method(),
                ten(
                    with_log("ten processes append, each its own entries in order")
                        .main([stored(), ended_all(iterate("log")).ok()])
                        .judge(Judge::List("log".into())),
                    |index| (0..10).map(move |round| append("log", 100 * index as i64 + round).ok()),
                ),
                with_log("a managed dictionary, and a managed list in it")
                    .managed("d", "m", an_empty_dict())
                    .main([
                        set_attribute("n", "d", Datum::known("d")).ok(),
                        set_item("d", "log", Datum::known("log")).ok().label("stored"),
                        get_value("log", "now").after(ended("p")).gives_value(Datum::list([1, 2])),
                        get_item("d", "k").gives_value(5),
                    ])
                    .process(
                        "p",
                        [
                            get_attribute("n", "d").after(returned("main", "stored")).into_name("mine").ok(),
                            set_item("mine", "k", 5).ok(),
                            get_item("mine", "log").into_name("inner").gives_object("list"),
                            append("inner", 1).ok(),
                            append("inner", 2).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "namespace/increment-not-atomic",
        level: Level::Must,
        text: "Adding to an attribute is a read and a write as separate calls; concurrent increments can be \
            lost, and under a lock that all of them take none is.",
        source: "NamespaceProxy",
        programs: |_| {
            let counting = |title: &str| {
                Program::new().title(title).manager("m").managed("n", "m", namespace_with("count", 0.into()))
            };
            let both_ended = |line: Line| line.after(ended("entrance")).after(ended("exit"));
            // Both read before either writes, and the order of the writes is known.
            let reads = || get_attribute("n", "count").label("read").gives_value(0);
            let locked = |amount: i64| {
                (0..30).flat_map(move |_| {
                    [acquire("k").acquired(), add_to("n", "count", amount).ok(), release("k").ok()]
                })
            };
            vec![
                counting("two increments between two reads become one")
                    .main([both_ended(get_attribute("n", "count")).gives_value(1)])
                    .process(
                        "entrance",
                        [reads(), set_attribute("n", "count", 1).after(returned("exit", "read")).ok()],
                    )
                    .process(
                        "exit",
                        [reads(), set_attribute("n", "count", 1).after(returned("entrance", "read")).ok()],
                    ),
                counting("one in and one out need not be nought")
                    .main([both_ended(get_attribute("n", "count")).gives_value(-1)])
                    .process(
                        "entrance",
                        [
                            reads(),
                            set_attribute("n", "count", 1)
                                .after(returned("exit", "read"))
                                .ok()
                                .label("written"),
                        ],
                    )
                    .process(
                        "exit",
                        [
                            reads(),
                            set_attribute("n", "count", -1).after(returned("entrance", "written")).ok(),
                        ],
                    ),
                counting("as often as they like: no update is made up")
                    .main([both_ended(get_attribute("n", "count"))
                        .expect(Expect::AtLeast(-20))
                        .expect(Expect::AtMost(20))])
                    .process("entrance", (0..20).map(|_| add_to("n", "count", 1).ok()))
                    .process("exit", (0..20).map(|_| add_to("n", "count", -1).ok()))
                    .judge(Judge::Entries("n".into())),
                counting("with a lock around each, it ends at nought")
                    .managed("k", "m", ObjectKind::Lock)
                    .main([both_ended(get_attribute("n", "count")).gives_value(0)])
                    .process("entrance", locked(1))
                    .process("exit", locked(-1)),
            ]
        },
        ..Clause::BLANK
    },
];

/// A namespace with one attribute.
fn namespace_with(name: &str, value: Datum) -> ObjectKind {
    ObjectKind::Namespace { initial: vec![(name.into(), value)] }
}

/// The ten processes of the larger programs.
const TEN: [&str; 10] = ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9"];

/// The line, once all ten have ended.
fn ended_all(line: Line) -> Line {
    TEN.iter().fold(line, |line, name| line.after(ended(name)))
}

/// Ten processes with these lines each.
fn ten<I: IntoIterator<Item = Line>>(program: Program, lines: impl Fn(usize) -> I) -> Program {
    TEN.iter().enumerate().fold(program, |program, (index, name)| program.process(name, lines(index)))
}
