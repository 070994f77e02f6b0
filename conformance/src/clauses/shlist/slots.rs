//! The room of a slot: what fits, what does not, and that a neighbour never notices.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "shlist/capacity-per-slot",
        level: Level::Must,
        text: "Each slot keeps the storage it got at creation (text and bytes rounded up to 8); a longer \
            encoded value raises ValueError and leaves old content and neighbours intact.",
        source: "ShareableList.__setitem__",
        programs: |_| {
            let slot = |title: &str, first: Scalar, full: Scalar, over: Scalar| {
                Program::new().title(title).main([
                    new_list("l", "a", &["left".into(), first, "right".into()]).ok(),
                    store_at("l", 1, full.clone()).ok(),
                    load_at("l", 1).reads(full.clone()),
                    store_at("l", 1, over).is(Outcome::BadValue),
                    load_at("l", 1).reads(full),
                    load_at("l", 0).reads("left"),
                    load_at("l", 2).reads("right"),
                    store_at("l", 1, "").ok(),
                    load_at("l", 1).reads(""),
                    load_at("l", 2).reads("right"),
                    unlink("l").ok(),
                ])
            };
            vec![
                slot("text", "abc".into(), "12345678".into(), "a text too long".repeat(2).as_str().into()),
                slot("bytes", Scalar::bytes(b"abc"), Scalar::bytes(b"12345678"), Scalar::bytes(&[b'x'; 30])),
                slot("text of several bytes a character", "é".into(), "éééé".into(), "ééééé".into()),
                slot("one byte too many", "abc".into(), "12345678".into(), "123456789".into()),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/type-change-allowed",
        level: Level::Must,
        text: "A slot may change type within its capacity.",
        source: "doc ShareableList",
        programs: |_| {
            let values: [Scalar; 7] = [
                "text".into(),
                42.into(),
                2.5.into(),
                true.into(),
                Scalar::bytes(b"\xFFb"),
                Scalar::None(()),
                "again".into(),
            ];
            let changes = values
                .into_iter()
                .flat_map(|value| [store_at("l", 0, value.clone()).ok(), load_at("l", 0).reads(value)]);
            vec![
                Program::new().main(
                    [new_list("l", "a", &[Scalar::None(()), 7.into()]).ok()]
                        .into_iter()
                        .chain(changes)
                        .chain([load_at("l", 1).reads(7), unlink("l").ok()]),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/format-string",
        level: Level::May,
        text: "The storage layout is exposed as a packing string.",
        source: "ShareableList.format",
        programs: |_| {
            vec![Program::new().main([
                new_list("l", "a", &[1.into(), "abc".into(), 2.5.into()]).ok(),
                on("l", Call::Format).label("before").ok(),
                attach_list("m", "a").ok(),
                on("m", Call::Format).same_as("main", "before"),
                store_at("l", 0, 1.5).ok(),
                on("l", Call::Format).expect(Expect::DiffersFrom(at("main", "before"))),
                unlink("l").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/trailing-zeros-are-kept",
        level: Level::Beyond,
        text: "Text and bytes come back with the zero bytes at their end.",
        source: "gh-96779, gh-106939, gh-145261",
        origin: Some("shlist/hazard-trailing-nul-stripped"),
        programs: |_| {
            let elements =
                [Scalar::bytes(b"ab\0\0"), "x\0".into(), Scalar::bytes(b"\0"), Scalar::bytes(&[0; 8])];
            let reads: Vec<Line> =
                (0..).zip(&elements).map(|(at, scalar)| load_at("l", at).reads(scalar.clone())).collect();
            vec![Program::new().main([new_list("l", "a", &elements).ok()].into_iter().chain(reads).chain([
                store_at("l", 3, Scalar::bytes(b"1\0\0\0")).ok(),
                load_at("l", 3).reads(Scalar::bytes(b"1\0\0\0")),
                unlink("l").ok(),
            ]))]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/text-is-measured-in-bytes",
        level: Level::Beyond,
        text: "A slot has room for every byte of its text, so a text of several bytes a character is \
            neither cut nor spilled into the next slot.",
        source: "gh-88336, gh-145261",
        origin: Some("shlist/hazard-multibyte-underallocation"),
        programs: |_| {
            let texts = ["€€€", "😀😀😀😀😀", "ééééééééééé"];
            let elements: Vec<Scalar> = texts.iter().flat_map(|text| [(*text).into(), 7.into()]).collect();
            let reads: Vec<Line> =
                (0..).zip(&elements).map(|(at, scalar)| load_at("l", at).reads(scalar.clone())).collect();
            vec![Program::new().main(
                [new_list("l", "a", &elements).ok()].into_iter().chain(reads).chain([unlink("l").ok()]),
            )]
        },
        ..Clause::BLANK
    },
];
