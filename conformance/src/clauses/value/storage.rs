//! What a shared value holds: who sees it, its types, zeros at first, and whose storage it is.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "value/shared-between-processes",
        level: Level::Must,
        text: "A store made by one process is seen by all that share the value.",
        source: "doc Value",
        programs: |_| {
            vec![
                shared(LockChoice::Unsaid).title("values with locks").each_method(),
                shared(LockChoice::Raw).title("bare storage").each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "value/typecodes",
        level: Level::Must,
        text: "The array-module type codes c u b B h H i I l L q Q f d and record types select the C \
            type; unknown codes raise an error.",
        source: "doc Value; sharedctypes.typecode_to_type",
        programs: |_| {
            vec![
                types()
                    .iter()
                    .fold(Program::new().title("what each type holds"), |program, (code, low, _)| {
                        program.value(&named(code), code, low.clone())
                    })
                    .main(types().iter().flat_map(|(code, low, high)| {
                        let name = named(code);
                        [
                            load(&name).reads(low.clone()),
                            store(&name, high.clone()).ok(),
                            load(&name).reads(high.clone()),
                            store(&name, low.clone()).ok(),
                            load(&name).reads(low.clone()),
                        ]
                    })),
                Program::new()
                    .title("a float has single precision, and a double has double")
                    .value("f", "f", 0.1)
                    .value("d", "d", 0.1)
                    .main([load("f").reads(f64::from(0.1_f32)), load("d").reads(0.1)]),
                Program::new()
                    .title("a record")
                    .record("r", &[("x", "h"), ("y", "d")], &[7.into(), 0.25.into()], LockChoice::Unsaid)
                    .main([load_field("r", "x").reads(7), load_field("r", "y").reads(0.25)]),
                Program::new().title("types that there are not").main(
                    ["z", "", "ii", "1", "int"]
                        .iter()
                        .map(|code| create_value("v", code).one_of(&[Outcome::BadType, Outcome::BadValue])),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "value/zero-initialised",
        level: Level::Must,
        text: "Without initial value the storage is zero, also when memory is reused.",
        source: "RawValue",
        programs: |_| {
            vec![
                Program::new().title("every type").main(types().iter().flat_map(|(code, low, _)| {
                    [create_value(&named(code), code).ok(), load(&named(code)).reads(zero_like(low))]
                })),
                Program::new().title("allocated, filled, freed and allocated again").main((0..10).flat_map(
                    |_| {
                        [
                            create_value("v", "q").ok(),
                            load("v").reads(0),
                            store("v", -1).ok(),
                            forget("v").ok(),
                        ]
                    },
                )),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "value/integer-wraparound",
        level: Level::Should,
        text: "Out-of-range integers are reduced modulo the width without error; wrong kinds raise \
            TypeError.",
        source: "ctypes",
        programs: |_| {
            let wraps = [
                ("b", 300, 44),
                ("b", 128, -128),
                ("B", -1, 255),
                ("B", 256, 0),
                ("h", 32_768, -32_768),
                ("H", -2, 65_534),
                ("i", 1 << 31, -(1 << 31)),
                ("i", (1 << 40) + 5, 5),
                ("I", -1, u32::MAX.into()),
            ];
            let numbers = || ["b", "B", "h", "H", "i", "I", "l", "L", "q", "Q"].into_iter();
            vec![
                numbers()
                    .fold(Program::new().title("integers out of range"), |program, code| {
                        program.value(&named(code), code, 0)
                    })
                    .main(wraps.into_iter().flat_map(|(code, wide, narrow)| {
                        [store(&named(code), wide).ok(), load(&named(code)).reads(narrow)]
                    })),
                numbers()
                    .fold(Program::new().title("wrong kinds for a number"), |program, code| {
                        program.value(&named(code), code, 5)
                    })
                    .main(numbers().flat_map(|code| {
                        [
                            store(&named(code), "5").is(Outcome::BadType),
                            store(&named(code), 1.5).is(Outcome::BadType),
                            store(&named(code), Scalar::None(())).is(Outcome::BadType),
                            load(&named(code)).reads(5),
                        ]
                    })),
                Program::new()
                    .title("wrong kinds for the others")
                    .value("d", "d", 2.5)
                    .value("c", "c", Scalar::bytes(b"x"))
                    .value("u", "u", "é")
                    .main([
                        store("d", "2.5").is(Outcome::BadType),
                        load("d").reads(2.5),
                        store("d", 4).ok(),
                        load("d").reads(4.0),
                        store("c", "y").is(Outcome::BadType),
                        store("c", Scalar::bytes(b"yz")).one_of(&[Outcome::BadType, Outcome::BadValue]),
                        load("c").reads(Scalar::bytes(b"x")),
                        store("u", Scalar::bytes(b"y")).is(Outcome::BadType),
                        store("u", "yz").one_of(&[Outcome::BadType, Outcome::BadValue]),
                        load("u").reads("é"),
                    ]),
                Program::new().title("a wrong kind at first").main([create_shared(
                    "v",
                    ObjectKind::Value {
                        code: "i".into(),
                        initial: Some("five".into()),
                        lock: LockChoice::Unsaid,
                    },
                )
                .is(Outcome::BadType)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "value/get-obj-live",
        level: Level::Must,
        text: "get_obj is the underlying storage, not a copy.",
        source: "doc synchronized",
        programs: |_| {
            vec![
                Program::new()
                    .value("v", "i", 1)
                    .main([
                        get_object("v", "o").ok(),
                        load("o").reads(1),
                        store("o", 5).label("below").ok(),
                        load("v").reads(5).label("seen"),
                        load("v").after(returned("c", "below")).reads(6),
                        load("o").reads(6),
                        store("v", 7).ok(),
                        load("o").reads(7),
                    ])
                    .process(
                        "c",
                        [
                            get_object("v", "o").ok(),
                            load("o").after(returned("main", "below")).reads(5),
                            store("o", 6).after(returned("main", "seen")).label("below").ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "value/not-serialisable-elsewhere",
        level: Level::Must,
        text: "A value can be shared only by starting a process with it.",
        source: "SynchronizedBase.__reduce__",
        programs: |_| {
            vec![
                Program::new()
                    .value("v", "i", 1)
                    .raw_value("raw", "i", 1)
                    .zeros("a", "i", 3)
                    .main(["v", "raw", "a"].map(|object| serialise(object).is(Outcome::NotAllowed))),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "value/storage-stays-with-its-users",
        level: Level::Beyond,
        text: "Storage that some process still uses is never handed out again, also when its creator has \
            dropped it.",
        source: "doc \"Explicitly pass resources\"; gh-85839",
        origin: Some("value/hazard-freed-storage-reused"),
        programs: |_| {
            let names: Vec<String> = (0..4).map(|index| format!("x{index}")).collect();
            let creates = names.iter().map(|name| create_value(name, "q").ok());
            let reads = names.iter().map(|name| load(name).reads(0));
            let main = [forget("v").after(returned("c", "begun")).ok()]
                .into_iter()
                .chain(creates)
                .chain([
                    load("x0").label("created").reads(0),
                    load("x0").after(returned("c", "store")).reads(0),
                ])
                .chain(reads);
            vec![Program::new().each_process_method().value("v", "q", 1).main(main).process(
                "c",
                [
                    load("v").label("begun").reads(1),
                    store("v", 99).after(returned("main", "created")).label("store").ok(),
                    load("v").reads(99),
                ],
            )]
        },
        ..Clause::BLANK
    },
];

/// The types, each with two values that it can just hold; integers of 64 bits without a sign are
/// written with one.
fn types() -> [(&'static str, Scalar, Scalar); 14] {
    let int = |code, low: i64, high: i64| (code, Scalar::Int(low), Scalar::Int(high));
    [
        ("c", Scalar::bytes(&[0x80]), Scalar::bytes(&[0xFF])),
        ("u", "é".into(), "😀".into()),
        int("b", -128, 127),
        int("B", 1, 255),
        int("h", -32_768, 32_767),
        int("H", 1, 65_535),
        int("i", i32::MIN.into(), i32::MAX.into()),
        int("I", 1, u32::MAX.into()),
        int("l", i64::MIN, i64::MAX),
        int("L", 1, -1),
        int("q", i64::MIN, i64::MAX),
        int("Q", 1, -1),
        ("f", (-0.0).into(), f64::from(f32::MAX).into()),
        ("d", (-0.0).into(), f64::MAX.into()),
    ]
}

/// The zero of the type that this is a value of.
fn zero_like(scalar: &Scalar) -> Scalar {
    match scalar {
        Scalar::Bytes { .. } => Scalar::bytes(&[0]),
        Scalar::Text(_) => "\0".into(),
        Scalar::Real(_) => 0.0.into(),
        _ => 0.into(),
    }
}

/// The name of the value of this type.
fn named(code: &str) -> String {
    format!("of-{code}")
}

/// Five values of as many types, each written by the child and by its parent, and read by the other and
/// by a third.
fn shared(lock: LockChoice) -> Program {
    let values: [(&str, Scalar, Scalar, Scalar); 5] = [
        ("i", 4_343.into(), 24_234.into(), (-1).into()),
        ("d", 3.625.into(), (-4.25).into(), 1e300.into()),
        ("h", (-232).into(), 234.into(), 1.into()),
        ("q", (1 << 33).into(), (1 << 34).into(), (1 << 35).into()),
        ("c", Scalar::bytes(b"x"), Scalar::bytes(b"y"), Scalar::bytes(b"z")),
    ];
    let program = values.iter().fold(Program::new(), |program, (code, first, ..)| {
        program.value_with(&named(code), code, first.clone(), lock.clone())
    });
    let reads = |which: fn(&(&'static str, Scalar, Scalar, Scalar)) -> Scalar, place: (&str, &str)| {
        let lines = values.iter().map(|value| load(&named(value.0)).reads(which(value)));
        lines.map(|line| line.after(returned(place.0, place.1))).collect::<Vec<_>>()
    };
    let stores = |which: fn(&(&'static str, Scalar, Scalar, Scalar)) -> Scalar, label: &str| {
        let mut lines: Vec<Line> =
            values.iter().map(|value| store(&named(value.0), which(value)).ok()).collect();
        let last = lines.pop().map(|line| line.label(label));
        lines.extend(last);
        lines
    };
    let main = reads(|value| value.2.clone(), ("c", "stored"));
    let child = values.iter().map(|value| load(&named(value.0)).reads(value.1.clone()));
    program
        .main(main.into_iter().chain(stores(|value| value.3.clone(), "stored")))
        .process(
            "c",
            child
                .chain(stores(|value| value.2.clone(), "stored"))
                .chain(reads(|value| value.3.clone(), ("main", "stored"))),
        )
        .process("d", reads(|value| value.3.clone(), ("main", "stored")))
}
