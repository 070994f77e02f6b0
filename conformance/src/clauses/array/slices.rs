//! Slices of a shared array: copies when they are read, of equal length when they are written.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "array/slice-read-copies",
        level: Level::Must,
        text: "A slice read gives an independent copy (list, or byte string for character arrays), any \
            stride.",
        source: "ctypes.Array",
        programs: |_| {
            let slices: [(Slice, &[i64]); 11] = [
                (WHOLE, &[1, 2, 3, 4, 5]),
                ((Some(1), Some(3), None), &[2, 3]),
                ((None, None, Some(-1)), &[5, 4, 3, 2, 1]),
                ((None, None, Some(2)), &[1, 3, 5]),
                ((Some(3), Some(0), Some(-2)), &[4, 2]),
                ((Some(-2), None, None), &[4, 5]),
                ((None, Some(-3), None), &[1, 2]),
                ((Some(3), Some(1), None), &[]),
                ((Some(2), Some(100), None), &[3, 4, 5]),
                ((Some(-100), Some(2), None), &[1, 2]),
                ((Some(7), None, None), &[]),
            ];
            vec![
                Program::new().title("any part, any stride").array("a", "i", &integers(1..=5)).main(
                    slices.map(|(slice, elements)| {
                        load_slice("a", slice).reads_all(integers(elements.iter().copied()))
                    }),
                ),
                Program::new()
                    .title("characters")
                    .array("a", "c", &b"abc".map(|byte| Scalar::bytes(&[byte])))
                    .main([load_slice("a", (None, None, Some(-2)))
                        .reads_all(vec![Scalar::bytes(b"c"), Scalar::bytes(b"a")])]),
                Program::new().title("a stride of nothing").zeros("a", "i", 3).main([load_slice(
                    "a",
                    (None, None, Some(0)),
                )
                .is(Outcome::BadValue)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "array/slice-write-same-length",
        level: Level::Must,
        text: "A slice write needs exactly as many elements (ValueError otherwise) and accepts any \
            sequence.",
        source: "ctypes.Array",
        programs: |_| {
            let refused = |slice: Slice, count: i64| {
                [
                    store_slice("a", slice, &integers((0..count).map(|_| -1))).is(Outcome::BadValue),
                    load_slice("a", WHOLE).reads_all(integers(1..=5)),
                ]
            };
            vec![
                Program::new().title("as many").zeros("a", "i", 5).main([
                    store_slice("a", WHOLE, &integers(1..=5)).ok(),
                    load_slice("a", WHOLE).reads_all(integers(1..=5)),
                    store_slice("a", (Some(1), Some(3), None), &integers([20, 30])).ok(),
                    load_slice("a", WHOLE).reads_all(integers([1, 20, 30, 4, 5])),
                    store_slice("a", (Some(-1), None, None), &integers([50])).ok(),
                    store_slice("a", (Some(3), Some(3), None), &[]).ok(),
                    load_slice("a", WHOLE).reads_all(integers([1, 20, 30, 4, 50])),
                ]),
                Program::new().title("more or fewer").array("a", "i", &integers(1..=5)).main(
                    [
                        (WHOLE, 4),
                        (WHOLE, 6),
                        (WHOLE, 0),
                        ((Some(1), Some(3), None), 3),
                        ((Some(1), Some(3), None), 1),
                        ((Some(5), None, None), 1),
                    ]
                    .into_iter()
                    .flat_map(|(slice, count)| refused(slice, count)),
                ),
                Program::new()
                    .title("written by one process, read by another")
                    .zeros("a", "i", 5)
                    .main([load_slice("a", WHOLE).after(ended("c")).reads_all(integers([0, 7, 8, 9, 0]))])
                    .process("c", [store_slice("a", (Some(1), Some(4), None), &integers(7..=9)).ok()]),
            ]
        },
        ..Clause::BLANK
    },
];
