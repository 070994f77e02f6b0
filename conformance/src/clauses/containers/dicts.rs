//! What a managed dictionary does.

use crate::clauses::prelude::*;
use crate::program::random;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "containers/dict-operations",
        level: Level::Must,
        text: "A managed dict supports get, set, delete, membership, length, get, setdefault, pop, popitem, \
            update, clear and copy like a local one.",
        source: "managers._BaseDictProxy",
        programs: |_| {
            let none = || Datum::Scalar(Scalar::None(()));
            let with_default = |method: &str, key: &str, default: i64| {
                invoke_with("d", method, [Datum::from(key), default.into()])
            };
            vec![
                on_dict().title("asking").main([
                    len_of("d").gives_value(2),
                    get_item("d", "a").gives_value(1),
                    invoke_with("d", "__contains__", ["b"]).gives_value(true),
                    invoke_with("d", "__contains__", ["c"]).gives_value(false),
                    invoke_with("d", "get", ["b"]).gives_value(2),
                    invoke_with("d", "get", ["c"]).gives_value(none()),
                    with_default("get", "c", 7).gives_value(7),
                    len_of("d").gives_value(2),
                ]),
                on_dict().title("changing").main([
                    set_item("d", "c", 3).ok(),
                    set_item("d", "a", 10).ok(),
                    del_item("d", "b").ok(),
                    get_value("d", "now").gives_value(Datum::dict([("a", 10), ("c", 3)])),
                    with_default("setdefault", "a", 7).gives_value(10),
                    with_default("setdefault", "e", 7).gives_value(7),
                    invoke_with("d", "pop", ["a"]).gives_value(10),
                    with_default("pop", "a", 8).gives_value(8),
                    invoke_with("d", "pop", ["c"]).gives_value(3),
                    invoke("d", "popitem").gives_value(Datum::Tuple { tuple: vec!["e".into(), 7.into()] }),
                    len_of("d").gives_value(0),
                    invoke_with("d", "update", [Datum::dict([("x", 1), ("y", 2)])]).ok(),
                    get_value("d", "now").gives_value(Datum::dict([("x", 1), ("y", 2)])),
                    invoke("d", "clear").ok(),
                    len_of("d").gives_value(0),
                ]),
                on_dict().title("a copy").main([
                    invoke("d", "copy").into_name("copy").gives_value(Datum::dict([("a", 1), ("b", 2)])),
                    set_item("copy", "a", 9).ok(),
                    get_item("d", "a").gives_value(1),
                ]),
                Program::new()
                    .title("keys of several kinds")
                    .manager("m")
                    .managed("d", "m", an_empty_dict())
                    .main([
                        set_item("d", 1, "an integer").ok(),
                        set_item("d", "1", "a text").ok(),
                        set_item("d", Datum::tuple([1, 2]), "a tuple").ok(),
                        set_item("d", none(), "nothing").ok(),
                        len_of("d").gives_value(4),
                        get_item("d", 1).gives_value("an integer"),
                        get_item("d", "1").gives_value("a text"),
                        get_item("d", Datum::tuple([1, 2])).gives_value("a tuple"),
                        get_item("d", none()).gives_value("nothing"),
                    ]),
                on_dict()
                    .title("what one process does, another one sees")
                    .main([
                        set_item("d", "c", 3).ok().label("set"),
                        invoke_with("d", "__contains__", ["a"])
                            .after(returned("p", "deleted"))
                            .gives_value(false),
                        get_item("d", "b").gives_value(20),
                    ])
                    .process(
                        "p",
                        [
                            get_item("d", "c").after(returned("main", "set")).gives_value(3),
                            set_item("d", "b", 20).ok(),
                            del_item("d", "a").ok().label("deleted"),
                        ],
                    )
                    .each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/dict-views-are-list-snapshots",
        level: Level::Must,
        text: "keys, values and items give local list snapshots.",
        source: "rebuild_as_list",
        programs: |_| {
            let pair = |key: &str, value: i64| Datum::Tuple { tuple: vec![key.into(), value.into()] };
            vec![
                on_dict().main([
                    invoke("d", "keys").into_name("keys").gives_value(Datum::list(["a", "b"])),
                    invoke("d", "values").into_name("values").gives_value(Datum::list([1, 2])),
                    invoke("d", "items")
                        .into_name("items")
                        .gives_value(Datum::List(vec![pair("a", 1), pair("b", 2)])),
                    set_item("d", "c", 3).ok(),
                    len_of("keys").gives_value(2),
                    len_of("values").gives_value(2),
                    len_of("items").gives_value(2),
                    append("keys", "z").ok(),
                    invoke("values", "reverse").ok(),
                    len_of("d").gives_value(3),
                    invoke("d", "keys").gives_value(Datum::list(["a", "b", "c"])),
                    invoke("d", "values").gives_value(Datum::list([1, 2, 3])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/dict-iterator-proxy",
        level: Level::Should,
        text: "Iterating a managed dict uses an iterator in the server; changing its size meanwhile raises \
            RuntimeError.",
        source: "IteratorProxy",
        programs: |_| {
            vec![
                on_dict()
                    .title("every key, in the order in which they came")
                    .managed("e", "m", an_empty_dict())
                    .main([
                        iterate("d").gives_values(["a", "b"]),
                        iterate("e").value(0),
                        set_item("d", "c", 3).ok(),
                        iterate("d").gives_values(["a", "b", "c"]),
                    ]),
                on_dict().title("emptied meanwhile").main([
                    iterate_with("d", invoke("d", "clear")).is(Outcome::NotAllowed),
                    len_of("d").gives_value(0),
                    iterate("d").value(0),
                ]),
                on_dict().title("larger meanwhile").main([
                    iterate_with("d", set_item("d", "c", 3)).is(Outcome::NotAllowed),
                    iterate("d").gives_values(["a", "b", "c"]),
                ]),
                on_dict().title("another value meanwhile").main([
                    iterate_with("d", set_item("d", "b", 3)).gives_values(["a", "b"]),
                    get_item("d", "b").gives_value(3),
                ]),
                on_dict().title("two at once").main(
                    [invoke("d", "__iter__").into_name("one").gives_object("iterator")].into_iter().chain([
                        invoke("d", "__iter__").into_name("two").gives_object("iterator"),
                        invoke("one", "__next__").gives_value("a"),
                        invoke("one", "__next__").gives_value("b"),
                        invoke("two", "__next__").gives_value("a"),
                        invoke("one", "__next__").is(Outcome::Finished),
                        invoke("one", "__next__").is(Outcome::Finished),
                        invoke("two", "__next__").gives_value("b"),
                    ]),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/dict-errors",
        level: Level::Must,
        text: "A missing key raises KeyError, an unhashable key TypeError.",
        source: "Server.serve_client (#ERROR)",
        programs: |_| {
            let unhashable = || Datum::list([1]);
            vec![on_dict().managed("e", "m", an_empty_dict()).main([
                get_item("d", "c").is(Outcome::KeyMissing),
                del_item("d", "c").is(Outcome::KeyMissing),
                invoke_with("d", "pop", ["c"]).is(Outcome::KeyMissing),
                invoke("e", "popitem").is(Outcome::KeyMissing),
                get_item("d", unhashable()).is(Outcome::BadType),
                set_item("d", unhashable(), 1).is(Outcome::BadType),
                invoke_with("d", "__contains__", [unhashable()]).is(Outcome::BadType),
                get_value("d", "now").gives_value(Datum::dict([("a", 1), ("b", 2)])),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "containers/dict-in-any-program",
        level: Level::Must,
        text: "Whatever several processes do with the entries of a managed dict, each call takes place at one \
            moment between its beginning and its end; an addition is a read and a write.",
        source: "as manager/single-call-atomicity",
        programs: |seed| {
            (0..random::MANAGED_PROGRAMS)
                .map(|index| random::dict_program(seed.wrapping_add(index)))
                .collect()
        },
        ..Clause::BLANK
    },
];

/// A managed dictionary `d` of the manager `m`.
fn on_dict() -> Program {
    Program::new().manager("m").managed("d", "m", a_dict([("a", 1), ("b", 2)]))
}
