//! What a managed list does: the operations of a list of the caller's own, each a call to the server.

use crate::clauses::prelude::*;
use crate::program::random;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "containers/list-operations",
        level: Level::Must,
        text: "A managed list supports reading, slicing, length, membership, count, index, append, extend, \
            insert, pop, remove, reverse, sort, concatenation and repetition like a local one.",
        source: "managers.BaseListProxy",
        programs: |_| {
            vec![
                on_list([30, 10, 20]).title("asking").main([
                    len_of("l").gives_value(3),
                    get_item("l", 0).gives_value(30),
                    get_item("l", 2).gives_value(20),
                    get_item("l", -1).gives_value(20),
                    get_item("l", -3).gives_value(30),
                    invoke_with("l", "__contains__", [10]).gives_value(true),
                    invoke_with("l", "__contains__", [11]).gives_value(false),
                    invoke_with("l", "count", [10]).gives_value(1),
                    invoke_with("l", "count", [11]).gives_value(0),
                    invoke_with("l", "index", [20]).gives_value(2),
                ]),
                on_list([1, 2, 3]).title("making it longer and shorter").main([
                    append("l", 4).ok(),
                    invoke_with("l", "extend", [Datum::list([5, 6])]).ok(),
                    invoke_with("l", "insert", [0, 0]).ok(),
                    whole("l").gives_value(Datum::list(0..7)),
                    invoke("l", "pop").gives_value(6),
                    invoke_with("l", "pop", [0]).gives_value(0),
                    invoke_with("l", "pop", [-2]).gives_value(4),
                    invoke_with("l", "remove", [2]).ok(),
                    whole("l").gives_value(Datum::list([1, 3, 5])),
                    set_item("l", 1, "three").ok(),
                    del_item("l", -1).ok(),
                    whole("l").gives_value(Datum::List(vec![1.into(), "three".into()])),
                ]),
                on_list([3, 1, 2]).title("changing its order").main([
                    invoke("l", "sort").ok(),
                    whole("l").gives_value(Datum::list([1, 2, 3])),
                    invoke("l", "reverse").ok(),
                    whole("l").gives_value(Datum::list([3, 2, 1])),
                ]),
                on_list([0, 1, 2, 3, 4, 5]).title("slices").main([
                    get_item("l", Datum::slice(Some(1), Some(4))).gives_value(Datum::list([1, 2, 3])),
                    get_item("l", Datum::slice(None, None)).gives_value(Datum::list(0..6)),
                    get_item("l", Datum::slice(Some(-2), None)).gives_value(Datum::list([4, 5])),
                    get_item("l", Datum::slice(Some(4), Some(2))).gives_value(Datum::List(Vec::new())),
                    get_item("l", Datum::Slice { slice: (None, None, Some(2)) })
                        .gives_value(Datum::list([0, 2, 4])),
                    get_item("l", Datum::Slice { slice: (None, None, Some(-1)) })
                        .gives_value(Datum::list((0..6).rev())),
                    set_item("l", Datum::slice(Some(1), Some(5)), Datum::list([10, 20])).ok(),
                    whole("l").gives_value(Datum::list([0, 10, 20, 5])),
                    del_item("l", Datum::slice(None, Some(2))).ok(),
                    whole("l").gives_value(Datum::list([20, 5])),
                ]),
                on_list([1, 2]).title("concatenation and repetition").main([
                    invoke_with("l", "__add__", [Datum::list([3])]).gives_value(Datum::list([1, 2, 3])),
                    invoke_with("l", "__mul__", [2]).gives_value(Datum::list([1, 2, 1, 2])),
                    invoke_with("l", "__rmul__", [2]).gives_value(Datum::list([1, 2, 1, 2])),
                    invoke_with("l", "__mul__", [0]).gives_value(Datum::List(Vec::new())),
                    whole("l").gives_value(Datum::list([1, 2])),
                ]),
                Program::new()
                    .title("a list without elements at first")
                    .manager("m")
                    .managed("l", "m", an_empty_list())
                    .main([
                        len_of("l").gives_value(0),
                        whole("l").gives_value(Datum::List(Vec::new())),
                        append("l", Datum::Scalar(Scalar::None(()))).ok(),
                        append("l", Datum::tuple([1, 2])).ok(),
                        append("l", 2.5).ok(),
                        get_item("l", 0).gives_value(Datum::Scalar(Scalar::None(()))),
                        get_item("l", 1).gives_value(Datum::tuple([1, 2])),
                        get_item("l", 2).gives_value(2.5),
                    ]),
                on_list([1, 2, 3])
                    .title("what one process does, another one sees")
                    .main([
                        append("l", 4).ok(),
                        set_item("l", 0, 10).ok().label("changed"),
                        whole("l").after(returned("p", "popped")).gives_value(Datum::list([10, 2, 3, 5])),
                    ])
                    .process(
                        "p",
                        [
                            whole("l")
                                .after(returned("main", "changed"))
                                .gives_value(Datum::list([10, 2, 3, 4])),
                            invoke("l", "pop").gives_value(4),
                            append("l", 5).ok().label("popped"),
                        ],
                    )
                    .each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/list-results-are-copies",
        level: Level::Must,
        text: "Slices and concatenations give local lists.",
        source: "managers.BaseListProxy",
        programs: |_| {
            vec![
                on_list([1, 2, 3]).main([
                    get_item("l", Datum::slice(Some(0), Some(2)))
                        .into_name("part")
                        .gives_value(Datum::list([1, 2])),
                    append("part", 9).ok(),
                    len_of("part").gives_value(3),
                    whole("l").gives_value(Datum::list([1, 2, 3])),
                    invoke_with("l", "__add__", [Datum::list([4])])
                        .into_name("sum")
                        .gives_value(Datum::list([1, 2, 3, 4])),
                    invoke("sum", "clear").ok(),
                    len_of("sum").gives_value(0),
                    whole("l").gives_value(Datum::list([1, 2, 3])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/list-inplace-operators-keep-proxy",
        level: Level::Must,
        text: "In-place add and multiply change the referent and leave the variable a proxy.",
        source: "managers.ListProxy",
        programs: |_| {
            vec![
                on_list([1])
                    .main([
                        invoke_with("l", "__iadd__", [Datum::list([2])])
                            .into_name("same")
                            .gives_object("list"),
                        invoke_with("same", "__imul__", [2]).into_name("again").gives_object("list"),
                        append("again", 3).ok().label("appended"),
                        whole("l").gives_value(Datum::list([1, 2, 1, 2, 3])),
                    ])
                    .process(
                        "p",
                        [whole("l")
                            .after(returned("main", "appended"))
                            .gives_value(Datum::list([1, 2, 1, 2, 3]))],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/list-errors",
        level: Level::Must,
        text: "Index, value and empty-pop errors are those of a local list, and change nothing.",
        source: "Server.serve_client (#ERROR)",
        programs: |_| {
            vec![on_list([1, 2]).managed("e", "m", an_empty_list()).main([
                get_item("l", 99).is(Outcome::OutOfRange),
                get_item("l", -3).is(Outcome::OutOfRange),
                set_item("l", 2, 0).is(Outcome::OutOfRange),
                del_item("l", 2).is(Outcome::OutOfRange),
                invoke_with("l", "pop", [2]).is(Outcome::OutOfRange),
                invoke("e", "pop").is(Outcome::OutOfRange),
                invoke_with("l", "remove", [9]).is(Outcome::BadValue),
                invoke_with("l", "index", [9]).is(Outcome::BadValue),
                get_item("l", "one").is(Outcome::BadType),
                invoke_with("l", "extend", [5]).is(Outcome::BadType),
                whole("l").gives_value(Datum::list([1, 2])),
                len_of("e").gives_value(0),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/list-iteration-by-index",
        level: Level::Should,
        text: "Iterating a managed list fetches element by element by index and sees concurrent changes.",
        source: "sequence protocol",
        programs: |_| {
            vec![
                on_list([1, 2, 3])
                    .title("from the first to the last, in every process")
                    .managed("e", "m", an_empty_list())
                    .main([
                        iterate("l").gives_values([1, 2, 3]),
                        iterate("l").gives_values([1, 2, 3]),
                        iterate("e").value(0),
                    ])
                    .process("p", [iterate("l").gives_values([1, 2, 3])]),
                on_list([1, 2, 3, 4]).title("the last one is taken away meanwhile").main([iterate_with(
                    "l",
                    invoke("l", "pop"),
                )
                .gives_values([1, 2, 3])]),
                on_list([1, 2])
                    .title("one is added meanwhile")
                    .main([iterate_with("l", append("l", 3)).gives_values([1, 2, 3])]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/list-in-any-program",
        level: Level::Must,
        text: "Whatever several processes append to a managed list and read of it, one order of their calls \
            explains what each of them sees, and every element is there in the end, once.",
        source: "as manager/single-call-atomicity",
        programs: |seed| {
            (0..random::MANAGED_PROGRAMS)
                .map(|index| random::list_program(seed.wrapping_add(index)))
                .collect()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/missing-newer-methods",
        level: Level::May,
        text: "Newer methods (list clear and copy, dict merge operators) may be missing (added in 3.14).",
        source: "gh-103134",
        programs: |_| {
            let or_missing = |line: Line, otherwise: Expect| {
                line.expect(Expect::Any(vec![otherwise, Expect::Outcome(Outcome::AttributeMissing)]))
            };
            let merged = Datum::dict([("a", 1), ("b", 2)]);
            vec![on_list([1, 2]).managed("d", "m", a_dict([("a", 1)])).main([
                or_missing(invoke("l", "copy"), Expect::Gives(Datum::list([1, 2]))),
                or_missing(invoke("l", "clear"), Expect::Outcome(Outcome::Ok)),
                or_missing(invoke_with("d", "__or__", [Datum::dict([("b", 2)])]), Expect::Gives(merged)),
                append("l", 3).ok(),
            ])]
        },
        ..Clause::BLANK
    },
];

/// A managed list `l` of the manager `m`.
fn on_list(initial: impl IntoIterator<Item = i64>) -> Program {
    Program::new().manager("m").managed("l", "m", a_list(initial))
}

/// Everything that a list holds.
fn whole(list: &str) -> Line {
    get_value(list, "whole")
}
