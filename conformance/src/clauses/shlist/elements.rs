//! What a shareable list holds: its types, its length, its indices, and finding an element.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "shlist/types",
        level: Level::Must,
        text: "Elements may be 64-bit integers, floats, booleans, text, byte strings and none; other \
            types and larger integers are refused.",
        source: "doc ShareableList",
        programs: |_| {
            let each: Vec<Scalar> = vec![
                i64::MIN.into(),
                i64::MAX.into(),
                0.into(),
                (-273.15).into(),
                f64::MAX.into(),
                (-0.0).into(),
                true.into(),
                false.into(),
                "howdy".into(),
                "".into(),
                "é😀".into(),
                Scalar::bytes(b"\x01HoWdY\xFF"),
                Scalar::bytes(b""),
                Scalar::None(()),
                "last".into(),
            ];
            let reads: Vec<Line> =
                (0..).zip(&each).map(|(at, scalar)| load_at("l", at).reads(scalar.clone())).collect();
            let length = length("l").value(each.len() as i64);
            vec![
                Program::new().main(
                    [new_list("l", "a", &each).value(each.len() as i64), length]
                        .into_iter()
                        .chain(reads)
                        .chain([unlink("l").ok()]),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/fixed-length",
        level: Level::Must,
        text: "The length is fixed: no append, insert, delete or slice.",
        source: "doc ShareableList",
        programs: |_| {
            vec![Program::new().main([
                new_list("l", "a", &integers([1, 2, 3])).ok(),
                store_at("l", 3, 4).is(Outcome::BadValue),
                length("l").value(3),
                store_at("l", 2, Scalar::None(())).ok(),
                store_at("l", 0, Scalar::None(())).ok(),
                length("l").value(3),
                load_at("l", 0).reads(Scalar::None(())),
                load_at("l", 1).reads(2),
                attach_list("m", "a").value(3),
                length("m").value(3),
                unlink("l").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/index-errors",
        level: Level::Must,
        text: "Reading or writing past the end raises IndexError; negative indices count from the end.",
        source: "ShareableList.__getitem__/__setitem__",
        programs: |_| {
            vec![
                Program::new().main(
                    [new_list("l", "a", &integers([10, 11, 12])).ok()]
                        .into_iter()
                        .chain((-3..3).map(|at| load_at("l", at).reads(10 + i64::rem_euclid(at, 3))))
                        .chain([3, 4, 1 << 40].map(|at| load_at("l", at).is(Outcome::BadValue)))
                        .chain([3, 4, 1 << 40].map(|at| store_at("l", at, 1).is(Outcome::BadValue)))
                        .chain([
                            store_at("l", -1, 22).ok(),
                            store_at("l", -3, 20).ok(),
                            load_at("l", 0).reads(20),
                            load_at("l", 1).reads(11),
                            load_at("l", 2).reads(22),
                            unlink("l").ok(),
                        ]),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/count-and-index",
        level: Level::Must,
        text: "count and index work by equality; a missing value raises ValueError.",
        source: "doc ShareableList",
        programs: |_| {
            let elements =
                ["b".into(), 7.into(), "b".into(), 2.5.into(), Scalar::None(()), Scalar::bytes(b"b")];
            vec![Program::new().main([
                new_list("l", "a", &elements).ok(),
                count_of("l", "b").value(2),
                count_of("l", 7).value(1),
                count_of("l", 8).value(0),
                count_of("l", Scalar::None(())).value(1),
                count_of("l", Scalar::bytes(b"b")).value(1),
                index_of("l", "b").value(0),
                index_of("l", 7).value(1),
                index_of("l", 2.5).value(3),
                index_of("l", Scalar::bytes(b"b")).value(5),
                index_of("l", "c").is(Outcome::BadValue),
                index_of("l", 8).is(Outcome::BadValue),
                store_at("l", 0, "c").ok(),
                index_of("l", "b").value(2),
                count_of("l", "b").value(1),
                unlink("l").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/empty",
        level: Level::Should,
        text: "An empty list is allowed.",
        source: "ShareableList.__init__",
        programs: |_| {
            vec![Program::new().main([
                new_list("l", "a", &[]).value(0),
                length("l").value(0),
                load_at("l", 0).is(Outcome::BadValue),
                count_of("l", 1).value(0),
                attach_list("m", "a").value(0),
                unlink("l").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/indices-below-the-first-are-refused",
        level: Level::Beyond,
        text: "Indices below -n are refused, for reading and for writing, and touch nothing.",
        source: "ShareableList.__getitem__/__setitem__",
        origin: Some("shlist/hazard-negative-index-out-of-bounds"),
        programs: |_| {
            let outside = [-4, -5, -6, -100, i64::MIN];
            vec![
                Program::new().main(
                    [new_list("l", "a", &integers([1, 2, 3])).ok()]
                        .into_iter()
                        .chain(outside.map(|at| load_at("l", at).is(Outcome::BadValue)))
                        .chain(outside.map(|at| store_at("l", at, 77).is(Outcome::BadValue)))
                        .chain((0..3).map(|at| load_at("l", at).reads(at + 1)))
                        .chain([length("l").value(3), unlink("l").ok()]),
                ),
            ]
        },
        ..Clause::BLANK
    },
];
