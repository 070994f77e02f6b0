//! Managed values and arrays.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "mgrsync/value",
        level: Level::Must,
        text: "A managed value holds any object; get, set and value access it; it has no lock and no type \
            check.",
        source: "doc SyncManager.Value",
        programs: |_| {
            let value =
                ObjectKind::Value { code: "i".into(), initial: Some(5.into()), lock: LockChoice::Unsaid };
            let on_value =
                |title: &str| Program::new().title(title).manager("m").managed("v", "m", value.clone());
            vec![
                on_value("read and written as a value")
                    .main([
                        load("v").reads(5),
                        store("v", 7).ok(),
                        load("v").reads(7),
                        store("v", "a text").ok(),
                        load("v").reads("a text").label("written"),
                        load("v").after(ended("p")).reads(2.5),
                    ])
                    .process(
                        "p",
                        [load("v").after(returned("main", "written")).reads("a text"), store("v", 2.5).ok()],
                    )
                    .each_method(),
                on_value("get and set").main([
                    invoke("v", "get").gives_value(5),
                    invoke_with("v", "set", [Datum::list([1, 2])]).ok(),
                    invoke("v", "get").into_name("mine").gives_value(Datum::list([1, 2])),
                    append("mine", 3).ok(),
                    invoke("v", "get").gives_value(Datum::list([1, 2])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/array",
        level: Level::Must,
        text: "A managed array is typed: wrong kinds raise TypeError, out-of-range numbers OverflowError; \
            slices give arrays.",
        source: "doc SyncManager.Array",
        programs: |_| {
            let array = ObjectKind::Array {
                code: "i".into(),
                length: None,
                initial: Some(integers([1, 2, 3])),
                lock: LockChoice::Unsaid,
            };
            let on_array =
                |title: &str| Program::new().title(title).manager("m").managed("a", "m", array.clone());
            vec![
                on_array("elements")
                    .main([
                        length("a").value(3),
                        load_at("a", 0).reads(1),
                        load_at("a", -1).reads(3),
                        store_at("a", 1, 20).ok(),
                        load_at("a", 1).reads(20).label("written"),
                        load_at("a", 0).after(ended("p")).reads(10),
                    ])
                    .process(
                        "p",
                        [
                            load_at("a", 1).after(returned("main", "written")).reads(20),
                            store_at("a", 0, 10).ok(),
                        ],
                    )
                    .each_method(),
                on_array("what is refused changes nothing").main([
                    store_at("a", 0, "text").is(Outcome::BadType),
                    store_at("a", 0, 2.5).is(Outcome::BadType),
                    store_at("a", 0, 1 << 40).is(Outcome::BadValue),
                    invoke_with("a", "__setitem__", [Datum::slice(Some(0), Some(2)), Datum::list([7, 8])])
                        .is(Outcome::BadType),
                    invoke_with("a", "__getitem__", [3]).is(Outcome::OutOfRange),
                    load_at("a", 0).reads(1),
                    load_at("a", 1).reads(2),
                ]),
                on_array("a slice is an array, and a copy").main([
                    get_item("a", Datum::slice(Some(0), Some(2))).into_name("part").gives_object("array"),
                    append("part", 9).ok(),
                    len_of("part").gives_value(3),
                    length("a").value(3),
                    load_at("a", 2).reads(3),
                ]),
            ]
        },
        ..Clause::BLANK
    },
];
