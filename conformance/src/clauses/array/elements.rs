//! The elements of a shared array: how many there are, which are there, and what they hold.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "array/length-and-init",
        level: Level::Must,
        text: "An integer argument gives a zeroed array of that length, a sequence gives its elements \
            and length; the length never changes.",
        source: "doc Array",
        programs: |_| {
            let fills = (0..10).map(|at| store_at("a", at, -1).ok());
            let filled = [create_shared("a", zeros("i", 10)).ok(), length("a").value(10)]
                .into_iter()
                .chain([load_slice("a", WHOLE).reads_all(integers([0; 10]))])
                .chain(fills)
                .chain([forget("a").ok()]);
            let filled: Vec<Line> = filled.collect();
            vec![
                Program::new().title("zeros, three times in a row").main((0..3).flat_map(|_| filled.clone())),
                Program::new()
                    .title("elements")
                    .array("a", "h", &integers([5, -4, 3]))
                    .main([length("a").value(3), load_slice("a", WHOLE).reads_all(integers([5, -4, 3]))]),
                Program::new()
                    .title("every type")
                    .array("c", "c", &[Scalar::bytes(b"x"), Scalar::bytes(&[0xFF])])
                    .array("u", "u", &["é".into(), "😀".into()])
                    .array("q", "q", &integers([i64::MIN, i64::MAX]))
                    .array("B", "B", &integers([0, 255]))
                    .array("d", "d", &[0.1.into(), f64::MAX.into()])
                    .main([
                        load_at("c", 0).reads(Scalar::bytes(b"x")),
                        load_at("c", 1).reads(Scalar::bytes(&[0xFF])),
                        load_at("u", 0).reads("é"),
                        load_at("u", 1).reads("😀"),
                        load_at("q", 0).reads(i64::MIN),
                        load_at("q", 1).reads(i64::MAX),
                        load_at("B", 1).reads(255),
                        load_at("d", 0).reads(0.1),
                        load_at("d", 1).reads(f64::MAX),
                    ]),
                Program::new().title("the length stays").zeros("a", "i", 3).main([
                    store_at("a", 3, 1).is(Outcome::BadValue),
                    store_slice("a", (Some(3), None, None), &integers([1])).is(Outcome::BadValue),
                    length("a").value(3),
                    load_slice("a", WHOLE).reads_all(integers([0; 3])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "array/zero-and-negative-length",
        level: Level::Should,
        text: "Length 0 is allowed, negative raises ValueError, a lengthless iterable raises TypeError.",
        source: "RawArray",
        programs: |_| {
            vec![
                Program::new().title("no elements at all").zeros("a", "i", 0).array("b", "i", &[]).main([
                    length("a").value(0),
                    length("b").value(0),
                    load_slice("a", WHOLE).reads_all(Vec::new()),
                    load_at("a", 0).is(Outcome::BadValue),
                    load_at("a", -1).is(Outcome::BadValue),
                ]),
                Program::new().title("lengths that cannot be").main([
                    create_shared("a", zeros("i", -1)).is(Outcome::BadValue),
                    create_shared("a", zeros("i", i64::MIN)).is(Outcome::BadValue),
                    create_shared("a", zeros("q", i64::MAX)).one_of(&[Outcome::BadValue, Outcome::Exhausted]),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "array/index-and-negative-index",
        level: Level::Must,
        text: "Indices from -n to n-1 work; others raise IndexError.",
        source: "ctypes.Array",
        programs: |_| {
            let outside = [4, 5, -5, -6, 1 << 31, -(1 << 31), i64::MAX, i64::MIN];
            vec![
                Program::new().title("reads").array("a", "i", &integers([10, 11, 12, 13])).main(
                    (-4..4)
                        .map(|at| load_at("a", at).reads(10 + i64::rem_euclid(at, 4)))
                        .chain(outside.map(|at| load_at("a", at).is(Outcome::BadValue))),
                ),
                Program::new().title("writes").zeros("a", "i", 4).main(
                    outside.into_iter().map(|at| store_at("a", at, -1).is(Outcome::BadValue)).chain([
                        store_at("a", 0, 1).ok(),
                        store_at("a", 1, 2).ok(),
                        store_at("a", -2, 3).ok(),
                        store_at("a", -1, 4).ok(),
                        load_slice("a", WHOLE).reads_all(integers(1..=4)),
                        store_at("a", -4, 5).ok(),
                        load_at("a", 0).reads(5),
                    ]),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "array/element-type-checked",
        level: Level::Must,
        text: "Elements of the wrong kind raise TypeError; integers wrap.",
        source: "ctypes",
        programs: |_| {
            let array = |code: &str, elements: &[Scalar]| ObjectKind::Array {
                code: code.into(),
                length: None,
                initial: Some(elements.to_vec()),
                lock: LockChoice::Unsaid,
            };
            let wrong = [Outcome::BadType, Outcome::BadValue];
            vec![
                Program::new()
                    .title("writes of single elements")
                    .array("a", "i", &integers([1, 2]))
                    .array("b", "B", &integers([1, 2]))
                    .main([
                        store_at("a", 0, "5").is(Outcome::BadType),
                        store_at("a", 0, 1.5).is(Outcome::BadType),
                        store_at("a", 1, Scalar::None(())).is(Outcome::BadType),
                        load_slice("a", WHOLE).reads_all(integers([1, 2])),
                        store_at("a", 0, 1 << 31).ok(),
                        store_at("b", 0, 256 + 7).ok(),
                        store_at("b", 1, -1).ok(),
                        load_at("a", 0).reads(-(1 << 31)),
                        load_slice("b", WHOLE).reads_all(integers([7, 255])),
                    ]),
                Program::new().title("at first").main([
                    create_shared("a", array("i", &[1.into(), "2".into()])).is(Outcome::BadType),
                    create_shared("a", array("i", &[1.into(), 2.5.into()])).is(Outcome::BadType),
                    create_shared("a", array("z", &integers([1]))).one_of(&wrong),
                    create_shared("a", zeros("", 3)).one_of(&wrong),
                    create_shared("a", array("b", &integers([128, 300]))).ok(),
                    load_slice("a", WHOLE).reads_all(integers([-128, 44])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "array/char-array-value-and-raw",
        level: Level::Must,
        text: "Character arrays have value (bytes up to the first NUL) and raw (all bytes); assigning \
            something longer raises ValueError; a shorter value is followed by NUL and leaves the tail.",
        source: "doc Array; ctypes c_char array",
        programs: |_| {
            let holds = |value: &[u8], raw: &[u8]| {
                [
                    load_field("a", "value").reads(Scalar::bytes(value)),
                    load_field("a", "raw").reads(Scalar::bytes(raw)),
                ]
            };
            let sets = |field: &str, bytes: &[u8]| store_field("a", field, Scalar::bytes(bytes));
            let steps = [
                (sets("value", b"ab").ok(), holds(b"ab", b"ab\0\0\0")),
                (sets("value", b"hello").ok(), holds(b"hello", b"hello")),
                (sets("value", b"x").ok(), holds(b"x", b"x\0llo")),
                (sets("value", b"longer").is(Outcome::BadValue), holds(b"x", b"x\0llo")),
                (sets("raw", b"longer").is(Outcome::BadValue), holds(b"x", b"x\0llo")),
                (store_field("a", "value", "text").is(Outcome::BadType), holds(b"x", b"x\0llo")),
                (sets("value", b"p\0q").ok(), holds(b"p", b"p\0q\0o")),
                (sets("value", b"").ok(), holds(b"", b"\0\0q\0o")),
                (sets("raw", b"\xFFrst\0").ok(), holds(b"\xFFrst", b"\xFFrst\0")),
            ];
            let main = steps.into_iter().flat_map(|(step, holds)| [step].into_iter().chain(holds));
            vec![
                Program::new().title("what is written").zeros("a", "c", 5).main(main),
                Program::new()
                    .title("another process")
                    .zeros("a", "c", 5)
                    .main([
                        load_field("a", "value").after(ended("c")).reads(Scalar::bytes(b"hello")),
                        load_at("a", 4).reads(Scalar::bytes(b"o")),
                    ])
                    .process("c", [sets("value", b"hello").ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "array/child-prefix-sum",
        level: Level::Must,
        text: "In-place element updates by a child equal those done locally.",
        source: "sharedctypes.SynchronizedArray",
        programs: |_| {
            let numbers = [680, 626, 934, 821, 150, 233, 548, 982, 714, 831];
            let sums: Vec<i64> = (1..=numbers.len()).map(|end| numbers[..end].iter().sum()).collect();
            let adds = |array: &str| -> Vec<Line> {
                let add = |(at, amount): (usize, i64)| {
                    let at = Some(at as i64 + 1);
                    on(array, Call::Add { at, field: None, amount, times: 1, locked: false })
                };
                sums[..sums.len() - 1].iter().copied().enumerate().map(|sum| add(sum).ok()).collect()
            };
            let all = || integers(numbers);
            vec![
                Program::new()
                    .each_method()
                    .array("a", "i", &all())
                    .array_with("raw", "i", &all(), LockChoice::Raw)
                    .array("local", "i", &all())
                    .main(adds("local").into_iter().chain([
                        load_slice("local", WHOLE).reads_all(integers(sums.clone())),
                        load_slice("a", WHOLE).after(ended("c")).reads_all(integers(sums.clone())),
                        load_slice("raw", WHOLE).reads_all(integers(sums.clone())),
                    ]))
                    .process("c", adds("a").into_iter().chain(adds("raw"))),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "array/reference-semantics-of-records",
        level: Level::Should,
        text: "An element of a record array is a live view: changing its field changes the shared array.",
        source: "ctypes.Structure",
        programs: |_| {
            vec![
                Program::new()
                    .records("r", &[("x", "i"), ("y", "d")], 3)
                    .main([
                        length("r").value(3),
                        load_field_at("r", 0, "x").reads(0),
                        store_field_at("r", 0, "x", 50).ok(),
                        store_field_at("r", -1, "y", 0.5).label("stored").ok(),
                        load_field_at("r", 0, "x").reads(50),
                        load_field_at("r", 0, "y").reads(0.0),
                        load_field_at("r", 1, "x").reads(0),
                        load_field_at("r", 1, "y").after(ended("c")).reads(-1.5),
                        load_field_at("r", 3, "x").is(Outcome::BadValue),
                    ])
                    .process(
                        "c",
                        [
                            load_field_at("r", 0, "x").after(returned("main", "stored")).reads(50),
                            load_field_at("r", 2, "y").reads(0.5),
                            store_field_at("r", 1, "y", -1.5).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
];
