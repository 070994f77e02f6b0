//! A shareable list in several hands: attaching, copying, writing at once, dying.

use crate::clauses::access::{TIME_TO_WRITE_MS, killed_from};
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "shlist/attach-and-share",
        level: Level::Must,
        text: "Attaching by name shows all writes made through other handles.",
        source: "doc ShareableList",
        programs: |_| {
            let elements = ["abc".into(), 1.into(), Scalar::None(()), 2.5.into()];
            vec![
                Program::new().title("two handles of one process").main([
                    new_list("l", "a", &elements).ok(),
                    attach_list("m", "a").value(4),
                    load_at("m", 0).reads("abc"),
                    store_at("m", 0, "xyz").ok(),
                    load_at("l", 0).reads("xyz"),
                    store_at("l", 1, "text").ok(),
                    load_at("m", 1).reads("text"),
                    load_at("m", 3).reads(2.5),
                    unlink("l").ok(),
                    attach_list("n", "a").is(Outcome::NameMissing),
                ]),
                Program::new()
                    .title("two processes")
                    .each_method()
                    .main([
                        new_list("l", "a", &elements).label("created").ok(),
                        load_at("l", 0).after(returned("c", "stored")).reads("def"),
                        load_at("l", 2).reads(-1),
                        store_at("l", 0, 5).label("stored").ok(),
                        unlink("l").after(returned("c", "over")),
                    ])
                    .process(
                        "c",
                        [
                            attach_list("m", "a").after(returned("main", "created")).value(4),
                            load_at("m", 0).reads("abc"),
                            load_at("m", 2).reads(Scalar::None(())),
                            store_at("m", 2, -1).ok(),
                            store_at("m", 0, "def").label("stored").ok(),
                            load_at("m", 0).after(returned("main", "stored")).label("over").reads(5),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/copy-from-list",
        level: Level::Should,
        text: "Building from another shareable list gives an independent copy with the same layout.",
        source: "ShareableList.__init__",
        programs: |_| {
            vec![Program::new().main([
                new_list("l", "a", &["abc".into(), 1.into(), Scalar::None(())]).ok(),
                copy_list("c", "b", "l").value(3),
                load_at("c", 0).reads("abc"),
                load_at("c", 1).reads(1),
                load_at("c", 2).reads(Scalar::None(())),
                store_at("c", 0, "xyz").ok(),
                store_at("l", 1, 2).ok(),
                load_at("l", 0).reads("abc"),
                load_at("c", 1).reads(1),
                unlink("l").ok(),
                load_at("c", 0).reads("xyz"),
                unlink("c").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/no-synchronisation",
        level: Level::Must,
        text: "Accesses are not locked; concurrent writes to one slot need outside synchronisation.",
        source: "ShareableList.__setitem__ (no lock)",
        programs: |_| {
            let first: [Scalar; 3] = ["left....".into(), "middle..".into(), "right...".into()];
            // What the contested slot holds while both write is nobody's promise, if only it is told.
            let told = [Outcome::Ok, Outcome::DecodeFailed, Outcome::Corrupt];
            let writes = |text: &'static str| {
                (0..100).flat_map(move |_| {
                    [
                        store_at("l", 1, text).ok(),
                        load_at("l", 1).one_of(&told),
                        load_at("l", 0).reads("left...."),
                        load_at("l", 2).reads("right..."),
                    ]
                })
            };
            let update = |text: &'static str| {
                (0..20).flat_map(move |_| {
                    [
                        acquire("k").value(1),
                        store_at("l", 1, text).ok(),
                        load_at("l", 1).reads(text),
                        release("k").ok(),
                    ]
                })
            };
            let create = || new_list("l", "a", &first).label("created").ok();
            let attach = || attach_list("l", "a").after(returned("main", "created")).ok();
            let over = || load_at("l", 0).after(ended("c")).reads("left....");
            vec![
                Program::new()
                    .title("without a lock only the contested slot is in doubt")
                    .main([create()].into_iter().chain(writes("aaaaaaaa")).chain([over(), unlink("l")]))
                    .process("c", [attach()].into_iter().chain(writes("bbbbbbbb"))),
                Program::new()
                    .title("with a lock from outside nothing is")
                    .lock("k")
                    .main([create()].into_iter().chain(update("aaaaaaaa")).chain([over(), unlink("l")]))
                    .process("c", [attach()].into_iter().chain(update("b"))),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/killed-writer-harms-nobody",
        level: Level::Beyond,
        text: "When a process is killed while it writes a slot, the slot of a number holds the old or the \
            new one, the other slots are as they were, and others go on with every slot.",
        source: "ShareableList.__setitem__ takes no lock",
        claims: &[PROCESSES],
        programs: |_| {
            const LOW: i64 = 0x1122_3344_5566_7788;
            let writes =
                (0..2_000).map(|round| store_at("m", 1, if round % 2 == 0 { -LOW } else { LOW })).collect();
            vec![
                Program::new()
                    .queue("idle", 0)
                    .main([
                        new_list("l", "a", &["left".into(), LOW.into(), "right".into()])
                            .label("created")
                            .ok(),
                        load_at("l", 1).after(gone("w")).reads_one_of(integers([LOW, -LOW])),
                        load_at("l", 0).reads("left"),
                        load_at("l", 2).reads("right"),
                        length("l").value(3),
                        store_at("l", 1, "other").ok(),
                        load_at("l", 1).reads("other"),
                        unlink("l"),
                    ])
                    .process(
                        "w",
                        [attach_list("m", "a").after(returned("main", "created")).ok()]
                            .into_iter()
                            .chain(killed_from(100, writes)),
                    )
                    .kill("w", [called("w", "late")])
                    .later(TIME_TO_WRITE_MS),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shlist/a-block-that-is-no-list-is-refused",
        level: Level::Beyond,
        text: "Attaching to a block that holds no list is refused, whatever is in it, and changes nothing \
            in it; so is a name that there is not, or that is taken.",
        source: "ShareableList.__init__ unpacks what it finds",
        programs: |_| {
            let refused = [Outcome::Corrupt, Outcome::BadValue, Outcome::DecodeFailed];
            // As a length: 200 elements in 64 bytes, a great many, and a negative number.
            let lengths: [(&str, &[u8]); 3] = [
                ("a length that the block is too short for", &[200, 0, 0, 0, 0, 0, 0, 0]),
                ("a length beyond all memory", &[0, 0, 0, 0, 0, 0, 0, 0x40]),
                ("a negative length", &[0xFF; 8]),
            ];
            let program = |(title, bytes): (&str, &[u8])| {
                let words = bytes.chunks(4).map(|word| {
                    let word: [u8; 4] = word.try_into().expect("eight bytes are two words");
                    Item::bytes(u32::from_le_bytes(word), 4)
                });
                let writes = (0..)
                    .step_by(4)
                    .zip(words.collect::<Vec<_>>())
                    .map(|(at, item)| write_block("b", at, item).ok());
                Program::new().title(title).main(
                    [new_block("b", "a", 64).ok()].into_iter().chain(writes).chain([
                        attach_list("l", "a").one_of(&refused),
                        read_block("b", 0, 8).reads_bytes(bytes),
                        unlink("b").ok(),
                    ]),
                )
            };
            let mut programs: Vec<Program> = lengths.map(program).into();
            programs.push(Program::new().title("no such name, and a name that is taken").main([
                attach_list("l", "a").is(Outcome::NameMissing),
                new_list("l", "a", &integers([1])).ok(),
                new_list("m", "a", &integers([2, 3])).is(Outcome::NameTaken),
                load_at("l", 0).reads(1),
                length("l").value(1),
                unlink("l").ok(),
            ]));
            programs
        },
        ..Clause::BLANK
    },
];
