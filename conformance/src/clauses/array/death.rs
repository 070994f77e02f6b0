//! What a shared array is worth when one of its users dies.

use crate::clauses::access::{
    acquire_anyhow, killed_after, killed_from, killed_while_writing, pairs, told_once,
};
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "array/killed-updater-is-told",
        level: Level::Beyond,
        text: "When a process is killed while it holds an array's lock, the next to acquire it is told so \
            and has it, and elements and slices can be used as before.",
        source: "the promise of lock/hazard-owner-killed, for the lock of an array; gh-88304",
        claims: &[PROCESSES],
        programs: |_| {
            let array = |title: &str| Program::new().title(title).array("a", "i", &integers([1; 8]));
            let all = |number: i64| integers([number; 8]);
            let each = |first: i64, second: i64| {
                (0..8).map(move |at| load_at("a", at).reads_one_of(integers([first, second])))
            };
            vec![
                killed_after(
                    array("between two elements of an update"),
                    [acquire("a").value(1), store_at("a", 0, 2).ok()],
                    told_once(
                        "a",
                        [
                            load_at("a", 0).reads(2),
                            load_at("a", 1).reads(1),
                            store_slice("a", WHOLE, &all(3)).ok(),
                            load_slice("a", WHOLE).reads_all(all(3)),
                        ],
                    ),
                ),
                array("in the middle of slices")
                    .queue("idle", 0)
                    .main([acquire_anyhow("a").after(gone("w"))].into_iter().chain(each(1, 2)).chain([
                        store_slice("a", WHOLE, &all(3)).ok(),
                        release("a").ok(),
                        load_slice("a", WHOLE).reads_all(all(3)),
                    ]))
                    .process(
                        "w",
                        killed_from(
                            100,
                            (0..200).map(|round| store_slice("a", WHOLE, &all(2 - round % 2))).collect(),
                        ),
                    )
                    .kill("w", [called("w", "late")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "array/killed-writer-tears-nothing",
        level: Level::Beyond,
        text: "A process killed while it writes an element of a type that the machine writes at once \
            leaves the old or the new element, never a part of each, also without a lock.",
        source: "doc RawArray allows torn elements; every type code has at most 8 bytes",
        claims: &[PROCESSES],
        programs: |_| {
            let program = pairs().into_iter().fold(Program::new(), |program, (code, one, _)| {
                let elements = [one.clone(), one.clone(), one];
                program.array_with(&format!("of-{code}"), code, &elements, LockChoice::Raw)
            });
            vec![killed_while_writing(
                program,
                |code, scalar| store_at(&format!("of-{code}"), 1, scalar),
                |code| load_at(&format!("of-{code}"), 1),
            )]
        },
        ..Clause::BLANK
    },
];
