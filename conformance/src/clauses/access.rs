//! Programs about access to shared values, which clauses of several areas share.

use std::cmp::Ordering;

use super::prelude::*;

/// A worker holds the lock while another makes this access, which returns only after the release.
pub fn waits_for_the_lock(program: Program, lock: &str, access: Line) -> Program {
    program
        .main([
            acquire(lock).value(1).label("held"),
            release(lock).after(blocked("c", "access")).label("release").ok(),
        ])
        .process(
            "c",
            [access.after(returned("main", "held")).label("access").waits_for_call("main", "release")],
        )
}

/// A worker is killed after these steps, in which it acquires the lock of this object; then the main
/// worker does its own.
pub fn killed_after(
    program: Program,
    steps: impl IntoIterator<Item = Line>,
    main: impl IntoIterator<Item = Line>,
) -> Program {
    let mut main = main.into_iter();
    let first = main.next().map(|line| line.after(gone("w")));
    program
        .queue("idle", 0)
        .main(first.into_iter().chain(main))
        .process("w", steps.into_iter().chain([stay("idle")]))
        .kill("w", [blocked("w", "stay")])
}

/// The next to acquire is told that the holder died, and from then on the lock is as any other.
pub fn told_once(object: &str, meanwhile: impl IntoIterator<Item = Line>) -> Vec<Line> {
    let mut lines = vec![acquire(object).timeout(1_000).is(Outcome::OwnerDied)];
    lines.extend(meanwhile);
    lines.extend([release(object).ok(), acquire(object).timeout(1_000).value(1), release(object).ok()]);
    lines
}

/// Acquires, whether or not a holder died.
pub fn acquire_anyhow(object: &str) -> Line {
    let told = Expect::Outcome(Outcome::OwnerDied);
    acquire(object).timeout(1_000).expect(Expect::Any(vec![Expect::Value(1), told]))
}

/// For each type code, a wide one first, two values that differ in every byte of it, as far as they can.
pub fn pairs() -> Vec<(&'static str, Scalar, Scalar)> {
    let int = |code, one: i64, other: i64| (code, Scalar::Int(one), Scalar::Int(other));
    vec![
        int("q", 0x1122_3344_5566_7788, -0x1122_3344_5566_7789),
        ("c", Scalar::bytes(&[0x11]), Scalar::bytes(&[0xEE])),
        int("b", 0x11, -0x12),
        int("B", 0x11, 0xEE),
        int("h", 0x1122, -0x1123),
        int("H", 0x1122, 0xEEDD),
        int("i", 0x1122_3344, -0x1122_3345),
        int("I", 0x1122_3344, 0xEEDD_CCBB),
        int("l", 0x1122_3344_5566_7788, -0x1122_3344_5566_7789),
        int("L", 0x1122_3344_5566_7788, -0x1122_3344_5566_7789),
        int("Q", 0x1122_3344_5566_7788, -0x1122_3344_5566_7789),
        ("f", Scalar::real(f64::from(f32::from_bits(0x1122_3344))), Scalar::real(-1.0)),
        ("d", Scalar::real(f64::from_bits(0x1122_3344_5566_7788)), Scalar::real(-1.0)),
    ]
}

/// How often a writer that is to be killed writes each value: before the kill is called for, and in all.
const ROUNDS: [usize; 2] = [20, 200];

/// How long after the call that it names a kill comes: whoever stops in the middle of a write is there
/// by then, and others are at some later write.
pub const TIME_TO_WRITE_MS: u64 = 2;

/// What a worker does that is killed while it does it: it succeeds in so many lines, the next is labelled
/// `late`, and what comes from then on may never be reached.
pub fn killed_from(late: usize, lines: Vec<Line>) -> Vec<Line> {
    let lines = lines.into_iter().enumerate().map(|(index, line)| match index.cmp(&late) {
        Ordering::Less => line.ok(),
        Ordering::Equal => line.label("late"),
        Ordering::Greater => line,
    });
    lines.chain([stay("idle")]).collect()
}

/// A worker writes one value and then the other, again and again, and is killed in the middle of it:
/// afterwards one of the two is there. `write` and `read` make the lines for a type.
pub fn killed_while_writing(
    program: Program,
    write: impl Fn(&str, Scalar) -> Line,
    read: impl Fn(&str) -> Line,
) -> Program {
    let reads =
        pairs().into_iter().map(|(code, one, other)| read(code).after(gone("w")).reads_one_of([one, other]));
    let mut writes = Vec::new();
    for round in 0..ROUNDS[1] {
        for (code, one, other) in pairs() {
            writes.push(write(code, if round % 2 == 0 { other } else { one }));
        }
    }
    program
        .queue("idle", 0)
        .main(reads)
        .process("w", killed_from(ROUNDS[0] * pairs().len(), writes))
        .kill("w", [called("w", "late")])
        .later(TIME_TO_WRITE_MS)
}
