//! Creating a block under a name, and attaching to it.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "shm/create-and-attach-by-name",
        level: Level::Must,
        text: "A block created under a name can be attached under that name by any process of the same \
            user; all see the same bytes.",
        source: "doc SharedMemory",
        programs: |_| {
            vec![
                Program::new()
                    .each_method()
                    .main([
                        new_block("b", "a", 64).ok(),
                        write_block("b", 0, Item::bytes(7, 16)).label("written").ok(),
                        read_block("b", 20, 8).after(returned("c", "answered")).reads_bytes(&bytes(9, 8)),
                        read_block("b", 0, 16).reads_bytes(&bytes(7, 16)),
                        unlink("b").label("over"),
                    ])
                    .process(
                        "c",
                        [
                            attach("x", "a").after(returned("main", "written")).ok(),
                            read_block("x", 0, 16).reads_bytes(&bytes(7, 16)),
                            write_block("x", 20, Item::bytes(9, 8)).label("answered").ok(),
                            read_block("x", 20, 8).after(returned("main", "over")).reads_bytes(&bytes(9, 8)),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/generated-name",
        level: Level::Must,
        text: "Without a name a fresh unique one is generated, retrying on collision.",
        source: "doc SharedMemory",
        programs: |_| {
            let unnamed = |name: &str| open_block(name, None, true, Some(16)).label(name);
            let unlike = |line: Line, other: &str| line.expect(Expect::DiffersFrom(at("main", other)));
            vec![Program::new().main([
                unnamed("b").ok(),
                unlike(unnamed("c").ok(), "b"),
                unlike(unlike(unnamed("d").ok(), "b"), "c"),
                write_block("b", 0, Item::bytes(1, 16)).ok(),
                write_block("c", 0, Item::bytes(2, 16)).ok(),
                read_block("b", 0, 16).reads_bytes(&bytes(1, 16)),
                read_block("d", 0, 16).reads_bytes(&[0; 16]),
                unlink("b").ok(),
                unlink("c").ok(),
                unlink("d").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/create-existing-error",
        level: Level::Must,
        text: "Creating an existing name raises FileExistsError.",
        source: "shared_memory.SharedMemory.__init__",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        new_block("b", "a", 64).ok(),
                        write_block("b", 0, Item::bytes(7, 64)).label("written").ok(),
                        new_block("x", "a", 64).is(Outcome::NameTaken),
                        new_block("x", "a", 1).is(Outcome::NameTaken),
                        length("b").after(returned("c", "tried")).expect(Expect::AtLeast(64)),
                        read_block("b", 0, 64).reads_bytes(&bytes(7, 64)),
                        attach("y", "a").ok(),
                        unlink("b").ok(),
                    ])
                    .process(
                        "c",
                        [new_block("x", "a", 4096)
                            .after(returned("main", "written"))
                            .label("tried")
                            .is(Outcome::NameTaken)],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/attach-missing-error",
        level: Level::Must,
        text: "Attaching a missing name raises FileNotFoundError.",
        source: "_posixshmem.shm_open ENOENT",
        programs: |_| {
            vec![Program::new().main([
                attach("b", "a").is(Outcome::NameMissing),
                open_block("b", Some("a"), false, Some(64)).is(Outcome::NameMissing),
                block_mode("a").is(Outcome::Absent),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/size-validation",
        level: Level::Must,
        text: "Creating with size zero, negative or omitted, or attaching without a name, raises \
            ValueError.",
        source: "shared_memory.SharedMemory.__init__",
        programs: |_| {
            let sizes = [Some(0), Some(-1), Some(i64::MIN), None];
            vec![
                Program::new().title("sizes").main(sizes.into_iter().flat_map(|size| {
                    [
                        open_block("b", Some("a"), true, size).is(Outcome::BadValue),
                        block_mode("a").is(Outcome::Absent),
                    ]
                })),
                Program::new().title("no name to attach to").main(
                    [None, Some(64)].map(|size| open_block("b", None, false, size).is(Outcome::BadValue)),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/name-without-slash",
        level: Level::Should,
        text: "The public name omits the leading slash used by the system.",
        source: "SharedMemory.name",
        programs: |_| {
            vec![Program::new().main([
                new_block("b", "a", 64).expect(Expect::TextBegins("procession-".into())),
                name("b").expect(Expect::TextBegins("procession-".into())),
                name("b").expect(Expect::TextEnds("-a".into())),
                unlink("b").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/name-validation",
        level: Level::Must,
        text: "Names with a NUL raise ValueError (3.13; 3.11.7 cuts the name off there); empty, over-long \
            or slashed names raise OSError.",
        source: "gh-115886",
        programs: |_| {
            let names = [
                ("a name with a NUL", block("a\0b")),
                ("an empty name", String::new()),
                ("a name of 300 characters", "procession".repeat(30)),
                ("a name with a slash", block("a/b")),
            ];
            let open = |name: &str, create: bool| Call::OpenBlock {
                name: "b".into(),
                block: Some(name.into()),
                create,
                size: create.then_some(64),
                track: None,
            };
            let refused = [Outcome::BadValue, Outcome::TooLong];
            let program = |(title, name): (&str, String)| {
                Program::new().title(title).main([
                    own(open(&name, true)).one_of(&refused),
                    own(open(&name, false)).one_of(&refused),
                    block_mode("a").is(Outcome::Absent),
                ])
            };
            names.into_iter().map(program).collect()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/owner-only-permissions",
        level: Level::Should,
        text: "The block is readable and writable only by its owner (mode 600).",
        source: "SharedMemory._mode",
        programs: |_| {
            vec![Program::new().main([
                new_block("b", "a", 64).ok(),
                block_mode("a").value(0o600),
                unlink("b").ok(),
                block_mode("a").is(Outcome::Absent),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/failed-create-leaves-nothing",
        level: Level::Should,
        text: "If creation fails halfway (no memory) the name does not remain.",
        source: "SharedMemory.__init__",
        programs: |_| {
            let refused = [Outcome::Exhausted, Outcome::BadValue, Outcome::TooLong];
            let absurd = [1 << 60, i64::MAX];
            vec![
                Program::new().main(
                    absurd
                        .into_iter()
                        .flat_map(|size| {
                            [
                                new_block("b", "a", size).one_of(&refused),
                                attach("x", "a").is(Outcome::NameMissing),
                                block_mode("a").is(Outcome::Absent),
                            ]
                        })
                        .chain([new_block("b", "a", 64).ok(), unlink("b").ok()]),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/of-several-one-creates",
        level: Level::Beyond,
        text: "Of several that create one name at once exactly one does, and of several that remove it \
            exactly one does; the others are told.",
        source: "the name is taken by O_EXCL; shm_unlink removes it once",
        programs: |_| {
            let create = || new_block("b", "a", 64).label("call").one_of(&[Outcome::Ok, Outcome::NameTaken]);
            let remove = |block: &str, before: &str| {
                unlink(block)
                    .after(returned(before, "attached"))
                    .label("call")
                    .one_of(&[Outcome::Ok, Outcome::NameMissing])
            };
            let three = || ["main", "c", "d"].map(|worker| at(worker, "call")).to_vec();
            let attached = || attach("x", "a").after(returned("main", "created")).label("attached").ok();
            vec![
                Program::new()
                    .title("three create")
                    .main([create(), attach("x", "a").after(ended("c")).after(ended("d"))])
                    .process("c", [create()])
                    .process("d", [create()])
                    .judge(Judge::ExactlyOne(Outcome::Ok, three())),
                Program::new()
                    .title("three remove")
                    .main([
                        new_block("b", "a", 64).label("created").ok(),
                        // Nobody removes it before all have it.
                        attach("x", "a")
                            .after(returned("c", "attached"))
                            .after(returned("d", "attached"))
                            .label("attached")
                            .ok(),
                        remove("b", "c"),
                        attach("y", "a").after(ended("c")).after(ended("d")).is(Outcome::NameMissing),
                    ])
                    .process("c", [attached(), remove("x", "main")])
                    .process("d", [attached(), remove("x", "main")])
                    .judge(Judge::ExactlyOne(Outcome::Ok, three())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/attaching-while-it-is-made",
        level: Level::Beyond,
        text: "Who attaches while a block is being made gets the whole block or is told that there is \
            none, never something in between.",
        source: "gh-92408; dimos#3671",
        origin: Some("shm/hazard-attach-during-creation"),
        programs: |_| {
            const BLOCKS: usize = 20;
            const TRIES: usize = 150;
            let whole = || Expect::Any(vec![Expect::Value(64), Expect::Outcome(Outcome::NameMissing)]);
            let block = move |index: usize| format!("a{index}");
            let makes = (0..BLOCKS).map(|index| {
                new_block("b", &block(index), 64).after(called("c", &block(index))).label(&block(index)).ok()
            });
            let tries = (0..BLOCKS).flat_map(|index| {
                (0..TRIES).map(move |number| {
                    let line = attach("x", &block(index)).expect(whole());
                    match (number, index) {
                        (0, 0) => line.label("a0"),
                        (0, _) => line.after(returned("main", &block(index - 1))).label(&block(index)),
                        _ => line,
                    }
                })
            });
            let last = attach("x", &block(BLOCKS - 1)).after(ended("main")).value(64);
            vec![Program::new().main(makes).process("c", tries.chain([last]))]
        },
        ..Clause::BLANK
    },
];

/// The raw bytes of an item.
fn bytes(id: u32, len: u32) -> Vec<u8> {
    Item::bytes(id, len).raw_bytes()
}
