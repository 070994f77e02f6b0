//! The lock of a shared array: every access holds it, a slice as a whole; and arrays without one.

use crate::clauses::access::waits_for_the_lock;
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "array/each-access-locked",
        level: Level::Must,
        text: "Each element or slice access holds the lock once; iteration locks per element and is not \
            a snapshot.",
        source: "SynchronizedArray.__getitem__",
        programs: |_| {
            let program = |title: &str| Program::new().title(title).array("a", "i", &integers(1..=3));
            let all = |number: i64| integers([number; SLICE]);
            vec![
                waits_for_the_lock(program("reading an element"), "a", load_at("a", 1).reads(2)),
                waits_for_the_lock(program("writing an element"), "a", store_at("a", 1, 5).ok()),
                waits_for_the_lock(
                    program("reading a slice"),
                    "a",
                    load_slice("a", WHOLE).reads_all(integers(1..=3)),
                ),
                waits_for_the_lock(
                    program("writing a slice"),
                    "a",
                    store_slice("a", WHOLE, &integers(4..=6)).ok(),
                ),
                Program::new()
                    .title("a slice is read as it was at one time")
                    .array("a", "i", &all(1))
                    .main((0..100).map(|_| {
                        load_slice("a", WHOLE)
                            .expect(Expect::Any(vec![Expect::ReadsAll(all(1)), Expect::ReadsAll(all(2))]))
                    }))
                    .process("w", (0..100).map(|round| store_slice("a", WHOLE, &all(2 - round % 2)).ok())),
                program("one who reads element by element sees what is written between")
                    .main([
                        load_at("a", 0).label("first").reads(1),
                        load_at("a", 1).after(returned("w", "written")).reads(12),
                        load_at("a", 2).reads(13),
                    ])
                    .process(
                        "w",
                        [store_slice("a", WHOLE, &integers(11..=13))
                            .after(returned("main", "first"))
                            .label("written")
                            .ok()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "array/lock-options",
        level: Level::Must,
        text: "The lock options of value hold for arrays.",
        source: "doc Array",
        programs: |_| {
            let with = |lock: LockChoice| Program::new().array_with("a", "i", &integers(1..=3), lock);
            let own = |lock: LockChoice, title: &str| {
                with(lock).title(title).main([
                    get_lock("a", "l").ok(),
                    acquire("l").value(1),
                    acquire("a").nonblocking().value(1),
                    load_at("a", 0).reads(1),
                    release("a").ok(),
                    release("l").ok(),
                    release("l").is(Outcome::NotOwner),
                ])
            };
            vec![
                own(LockChoice::Unsaid, "nothing is said"),
                own(LockChoice::Own, "one of its own is asked for"),
                own(LockChoice::Absent, "none is named"),
                Program::new()
                    .title("a given lock")
                    .lock("k")
                    .array_with("a", "i", &integers(1..=3), LockChoice::Given("k".into()))
                    .main([
                        get_lock("a", "l").value(1),
                        acquire("a").value(1),
                        acquire("k").nonblocking().value(0),
                        release("k").ok(),
                        load_at("a", 0).reads(1),
                    ]),
                with(LockChoice::Raw).title("no lock").main([
                    load_at("a", 0).reads(1),
                    get_lock("a", "l").is(Outcome::BadType),
                    get_object("a", "o").is(Outcome::BadType),
                ]),
                Program::new().title("what is no lock").main([create_shared(
                    "a",
                    ObjectKind::Array {
                        code: "i".into(),
                        length: Some(3),
                        initial: None,
                        lock: LockChoice::Nonsense,
                    },
                )
                .one_of(&[Outcome::BadType, Outcome::BadValue])]),
                with(LockChoice::Unsaid).title("the storage below the lock").main([
                    get_object("a", "o").ok(),
                    store_at("o", 1, 20).ok(),
                    load_at("a", 1).reads(20),
                    store_at("a", 2, 30).ok(),
                    load_slice("o", WHOLE).reads_all(integers([1, 20, 30])),
                    length("o").value(3),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "array/raw-unprotected",
        level: Level::Must,
        text: "Raw arrays and values have no lock and may be torn for types wider than the machine \
            guarantees.",
        source: "doc RawArray",
        programs: |_| {
            let below = |title: &str, access: Line| {
                Program::new()
                    .title(title)
                    .array("a", "i", &integers(1..=3))
                    .value("v", "i", 1)
                    .main([
                        acquire("a").value(1),
                        acquire("v").value(1).label("held"),
                        release("a").after(returned("c", "access")).ok(),
                    ])
                    .process(
                        "c",
                        [
                            get_object("a", "o").ok(),
                            get_object("v", "p").ok(),
                            access.after(returned("main", "held")).label("access"),
                        ],
                    )
            };
            vec![
                below("an element below a held lock", load_at("o", 0).reads(1)),
                below("a slice below a held lock", store_slice("o", WHOLE, &integers(4..=6)).ok()),
                below("a value below a held lock", store("p", 2).ok()),
                Program::new()
                    .title("an update is two accesses")
                    .array_with("a", "i", &integers([0]), LockChoice::Raw)
                    .main([load_at("a", 0).after(returned("b", "store")).reads(1)])
                    .process(
                        "a1",
                        [
                            load_at("a", 0).label("load").reads(0),
                            store_at("a", 0, 1).after(returned("b", "load")).label("store").ok(),
                        ],
                    )
                    .process(
                        "b",
                        [
                            load_at("a", 0).after(returned("a1", "load")).label("load").reads(0),
                            store_at("a", 0, 1).after(returned("a1", "store")).label("store").ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
];

/// How many elements a slice has that is written while it is read.
const SLICE: usize = 64;
