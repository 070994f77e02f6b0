//! Records with named fields, copies of shared storage, and putting a lock around it.

use crate::clauses::access::{killed_after, told_once, waits_for_the_lock};
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "sharedctypes/record-fields-synchronised",
        level: Level::Must,
        text: "A synchronised record exposes each field with locked access.",
        source: "sharedctypes.synchronized",
        programs: |_| {
            let first = [7.into(), (1.0 / 3.0).into(), (1 << 33).into()];
            let doubled: [Scalar; 3] = [14.into(), (2.0 / 3.0).into(), (1 << 34).into()];
            let record = || Program::new().record("r", &FIELDS, &first, LockChoice::Unsaid);
            let reads = |fields: &[Scalar; 3]| {
                FIELDS.into_iter().zip(fields.clone()).map(|((name, _), to)| load_field("r", name).reads(to))
            };
            let stores = FIELDS
                .into_iter()
                .zip(doubled.clone())
                .map(|((name, _), to)| store_field("r", name, to).ok());
            vec![
                record()
                    .title("a child doubles every field")
                    .main(
                        [load_field("r", "x").after(ended("c")).reads(14)].into_iter().chain(reads(&doubled)),
                    )
                    .process("c", reads(&first).chain(stores)),
                waits_for_the_lock(
                    record().title("a field is read under the lock"),
                    "r",
                    load_field("r", "y").reads(1.0 / 3.0),
                ),
                waits_for_the_lock(
                    record().title("a field is written under the lock"),
                    "r",
                    store_field("r", "x", 8).ok(),
                ),
                record().title("a field that there is not, and a wrong kind").main([
                    load_field("r", "w").one_of(&[Outcome::BadValue, Outcome::BadType]),
                    store_field("r", "x", "7").is(Outcome::BadType),
                    load_field("r", "x").reads(7),
                    store_field("r", "x", 1 << 31).ok(),
                    load_field("r", "x").reads(-(1 << 31)),
                    load_field("r", "y").reads(1.0 / 3.0),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "sharedctypes/copy-independent",
        level: Level::Must,
        text: "copy gives a shared object equal to, and independent of, its source.",
        source: "doc sharedctypes.copy",
        programs: |_| {
            let first = [7.into(), 0.5.into(), (1 << 33).into()];
            vec![
                Program::new().title("a record").record("r", &FIELDS, &first, LockChoice::Raw).main([
                    copy("r", "c").ok(),
                    load_field("c", "x").reads(7),
                    load_field("c", "y").reads(0.5),
                    load_field("c", "z").reads(1 << 33),
                    store_field("r", "x", 8).ok(),
                    load_field("c", "x").reads(7),
                    store_field("c", "y", 0.25).ok(),
                    load_field("r", "y").reads(0.5),
                    load_field("r", "x").reads(8),
                    load_field("c", "y").reads(0.25),
                ]),
                Program::new()
                    .title("an array")
                    .array_with("a", "i", &integers(1..=3), LockChoice::Raw)
                    .main([
                        copy("a", "c").ok(),
                        store_at("a", 0, 10).ok(),
                        store_at("c", 2, 30).ok(),
                        load_slice("c", WHOLE).reads_all(integers([1, 2, 30])),
                        load_slice("a", WHOLE).reads_all(integers([10, 2, 3])),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "sharedctypes/double-wrapping-error",
        level: Level::Should,
        text: "Synchronising an already synchronised object is a usage error (AssertionError).",
        source: "sharedctypes.synchronized",
        programs: |_| {
            vec![
                Program::new().title("what has a lock").value("v", "i", 1).zeros("a", "i", 3).main([
                    synchronise("v", "s").is(Outcome::Misuse),
                    synchronise("a", "s").is(Outcome::Misuse),
                    load("v").reads(1),
                ]),
                Program::new().title("what has none").raw_value("v", "i", 1).main([
                    synchronise("v", "s").ok(),
                    acquire("s").value(1),
                    store("s", 2).ok(),
                    release("s").ok(),
                    load("v").reads(2),
                    synchronise("s", "t").is(Outcome::Misuse),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "sharedctypes/allocator-coalesces",
        level: Level::May,
        text: "Freed blocks are merged and whole arenas are returned to the system.",
        source: "heap.Heap (bpo-32759)",
        programs: |_| {
            // Larger than any arena that an allocator may want to keep for later.
            let large = || [create_shared("a", zeros("B", 8 << 20)).ok(), forget("a").ok()];
            let small = || (0..50).map(|index| create_value(&format!("v{index}"), "q").ok());
            let drops = || (0..50).map(|index| forget(&format!("v{index}")).ok());
            vec![
                Program::new().main(
                    small()
                        .chain(drops())
                        .chain(large())
                        .chain([count_descriptors().label("before").ok()])
                        .chain((0..20).flat_map(|_| large()))
                        .chain((0..5).flat_map(|_| small().chain(drops())))
                        .chain([count_descriptors().same_as("main", "before")]),
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "sharedctypes/killed-updater-is-told",
        level: Level::Beyond,
        text: "When a process is killed between two fields of an update under a record's lock, the next to \
            acquire the lock is told that the record may be half updated.",
        source: "the promise of lock/hazard-owner-killed, for the lock of a record; gh-88304",
        claims: &[PROCESSES],
        programs: |_| {
            let first = [1.into(), 1.0.into(), 1.into()];
            vec![killed_after(
                Program::new().record("r", &FIELDS, &first, LockChoice::Unsaid),
                [acquire("r").value(1), store_field("r", "x", 2).ok()],
                told_once(
                    "r",
                    [
                        load_field("r", "x").reads(2),
                        load_field("r", "z").reads(1),
                        store_field("r", "z", 2).ok(),
                        load_field("r", "z").reads(2),
                    ],
                ),
            )]
        },
        ..Clause::BLANK
    },
];

/// The fields of the records here.
const FIELDS: [(&str, &str); 3] = [("x", "i"), ("y", "d"), ("z", "q")];
