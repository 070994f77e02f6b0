//! Sizes and bounds of a block, and what closing a handle ends.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "shm/size-at-least-requested",
        level: Level::Must,
        text: "The block is at least as large as requested (exactly, on Linux) and starts zeroed.",
        source: "doc SharedMemory",
        programs: |_| {
            let program = |size: i64| {
                Program::new().title(format!("{size} bytes")).main([
                    new_block("b", "a", size).expect(Expect::AtLeast(size)),
                    length("b").expect(Expect::AtLeast(size)),
                    read_block("b", 0, size).reads_bytes(&vec![0; size as usize]),
                    write_block("b", 0, Item::bytes(7, size as u32)).ok(),
                    read_block("b", 0, size).reads_bytes(&Item::bytes(7, size as u32).raw_bytes()),
                    unlink("b").ok(),
                    new_block("c", "a", size).ok(),
                    read_block("c", 0, size).reads_bytes(&vec![0; size as usize]),
                    unlink("c").ok(),
                ])
            };
            [1, 10, 4_096, 4_097, 100_000].map(program).into()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/attach-ignores-size",
        level: Level::Must,
        text: "A size given when attaching is ignored; there is no resizing.",
        source: "doc SharedMemory",
        programs: |_| {
            let attaches = [None, Some(200), Some(1), Some(0)]
                .into_iter()
                .map(|size| open_block("x", Some("a"), false, size).same_as("main", "created"));
            vec![
                Program::new().main(
                    [new_block("b", "a", 10).label("created").ok(), length("b").label("length").ok()]
                        .into_iter()
                        .chain(attaches)
                        .chain([
                            length("x").same_as("main", "length"),
                            length("b").same_as("main", "length"),
                            unlink("b").ok(),
                        ]),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/buffer-bounds",
        level: Level::Must,
        text: "Accesses beyond the block, and slice writes of different length, raise errors and change \
            nothing.",
        source: "memoryview",
        programs: |_| {
            let write = |at: i64, len: Option<i64>, size: u32| {
                on("b", Call::WriteBlock { at, len, item: Item::bytes(9, size) }).is(Outcome::BadValue)
            };
            let with = |title: &str, lines: Vec<Line>| {
                let unchanged = read_block("b", 0, 64).reads_bytes(&Item::bytes(7, 64).raw_bytes());
                Program::new().title(title).main(
                    [new_block("b", "a", 64).ok(), write_block("b", 0, Item::bytes(7, 64)).ok()]
                        .into_iter()
                        .chain(lines.into_iter().flat_map(|line| [line, unchanged.clone()]))
                        .chain([unlink("b").ok()]),
                )
            };
            let beyond = [(64, 1), (63, 2), (0, 65), (1_000, 1), (1 << 40, 8)];
            vec![
                with("writes beyond the end", beyond.map(|(at, size)| write(at, None, size)).into()),
                with(
                    "writes of another length",
                    vec![write(2, Some(2), 3), write(2, Some(4), 3), write(0, Some(0), 1)],
                ),
                with(
                    "reads beyond the end",
                    beyond
                        .map(|(at, len)| (at, len.into()))
                        .into_iter()
                        .chain([(1, i64::MAX), (i64::MAX, 1)])
                        .map(|(at, len)| read_beyond(at, len))
                        .collect(),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/close-is-local",
        level: Level::Must,
        text: "close ends this object's access only; the block and other attachments live on; it is \
            repeatable and the buffer becomes unavailable while name and size stay readable.",
        source: "doc SharedMemory.close",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        new_block("b", "a", 64).ok(),
                        write_block("b", 0, Item::bytes(7, 64)).ok(),
                        length("b").label("length").ok(),
                        name("b").label("name").ok(),
                        attach("x", "a").label("attached").ok(),
                        close("b").after(returned("c", "attached")).label("closed").ok(),
                        read_block("b", 0, 1).is(Outcome::Closed),
                        write_block("b", 0, Item::bytes(1, 1)).is(Outcome::Closed),
                        close("b").ok(),
                        length("b").same_as("main", "length"),
                        name("b").same_as("main", "name"),
                        read_block("x", 0, 64).label("read").reads_bytes(&Item::bytes(7, 64).raw_bytes()),
                        attach("y", "a").ok(),
                        read_block("y", 60, 4).after(returned("c", "written")).reads_bytes(&[1, 0, 0, 0]),
                        unlink("x").label("over"),
                    ])
                    .process(
                        "c",
                        [
                            attach("z", "a").after(returned("main", "attached")).label("attached").ok(),
                            read_block("z", 0, 64)
                                .after(returned("main", "closed"))
                                .reads_bytes(&Item::bytes(7, 64).raw_bytes()),
                            write_block("z", 60, Item::bytes(1, 4))
                                .after(returned("main", "read"))
                                .label("written")
                                .ok(),
                            close("z").after(returned("main", "over")).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
];

/// A read of which a part lies beyond the block of 64 bytes: it is refused or, as slices are in some
/// languages, cut where the block ends.
fn read_beyond(at: i64, len: i64) -> Line {
    let bytes = Item::bytes(7, 64).raw_bytes();
    let inside = |place: i64| usize::try_from(place).unwrap_or(0).min(bytes.len());
    let part = &bytes[inside(at)..inside(at.saturating_add(len))];
    let cut = Expect::Reads(Scalar::bytes(part));
    read_block("b", at, len).expect(Expect::Any(vec![Expect::Outcome(Outcome::BadValue), cut]))
}
