//! Programs about acquiring and releasing that locks, recursive locks and semaphores of one permit share.

use crate::clauses::prelude::*;

/// Signals that a worker counts: SIGUSR1.
const SIGUSR1: i32 = 10;

/// Another process holds `l` from the line `held` on, until its line `release`, which follows `last`.
fn held_by_another(kind: ObjectKind, main: impl IntoIterator<Item = Line>) -> Program {
    Program::new().object("l", kind).main(main).process(
        "h",
        [
            acquire("l").label("held").acquired(),
            release("l").label("release").after(returned("main", "last")).ok(),
        ],
    )
}

/// An acquire that does not wait.
pub fn nonblocking(kind: ObjectKind) -> Program {
    held_by_another(
        kind,
        [
            try_acquire("l").after(returned("h", "held")).refused().at_once(),
            try_acquire("l").timeout(5_000).refused().at_once().label("last"),
            try_acquire("l").after(returned("h", "release")).acquired(),
            release("l").ok(),
        ],
    )
    .title("an acquire that does not wait")
}

/// An acquire with a time limit that is over before the release.
pub fn timed(kind: ObjectKind) -> Program {
    held_by_another(
        kind,
        [
            acquire("l").timeout(100).after(returned("h", "held")).refused().takes(100).label("last"),
            acquire("l").timeout(5_000).acquired().waits_for_call("h", "release").at_most(2_000),
            release("l").ok(),
        ],
    )
    .title("a time limit")
}

/// An acquire with a time limit that is none.
pub fn nonpositive(kind: ObjectKind) -> Program {
    held_by_another(
        kind,
        [
            acquire("l").timeout(0).after(returned("h", "held")).refused().at_once(),
            acquire("l").timeout(-1_000).refused().at_once().label("last"),
            acquire("l").timeout(0).after(returned("h", "release")).acquired(),
            release("l").ok(),
        ],
    )
    .title("a time limit of nothing or less")
}

/// An acquire without a time limit.
pub fn unlimited(kind: ObjectKind) -> Program {
    Program::new()
        .title("no time limit")
        .object("l", kind)
        .main([
            acquire("l").label("wait").after(returned("h", "held")).acquired().waits_for_call("h", "release"),
            release("l").ok(),
        ])
        .process(
            "h",
            [
                acquire("l").label("held").acquired(),
                release("l").label("release").after(blocked("main", "wait")).after(quiescence()).ok(),
            ],
        )
}

/// Scopes, left normally and by an error.
pub fn scoped(kind: ObjectKind) -> Program {
    Program::new()
        .title("scopes")
        .object("l", kind)
        .main([
            scope("l").label("wait").after(returned("h", "held")).acquired().waits_for_call("h", "release"),
            try_acquire("l").acquired(),
            release("l").ok(),
            scope_left_by_error("l").acquired().label("left"),
        ])
        .process(
            "h",
            [
                acquire("l").label("held").acquired(),
                release("l").label("release").after(blocked("main", "wait")).ok(),
                try_acquire("l").after(returned("main", "left")).acquired(),
                release("l").ok(),
            ],
        )
}

/// A handled signal in the middle of an acquire with a time limit, this much after its beginning.
pub fn signalled(kind: ObjectKind, after_ms: u64) -> Program {
    Program::new()
        .title(format!("a signal after {after_ms} ms of 1000"))
        .object("l", kind)
        .main([acquire("l").label("held").acquired(), release("l").after(returned("w", "wait")).ok()])
        .process(
            "w",
            [
                on_signal(SIGUSR1, SignalAction::Count).after(returned("main", "held")).ok(),
                acquire("l").timeout(1_000).label("wait").refused().at_least(1_000).at_most(1_000),
                signals_counted().value(1),
            ],
        )
        .fault("w", Action::Signal(SIGUSR1), [blocked("w", "wait")])
        .later(after_ms)
}

/// Several wait, and each release lets one of them go on.
pub fn handed_on(kind: ObjectKind) -> Program {
    let waits = |program: Program, name: &&str| {
        program.process(
            name,
            [
                acquire("l").label("wait").after(returned("main", "held")).acquired(),
                word_swap(0, 1).value(0),
                word_swap(0, 0).value(1),
                release("l").ok(),
            ],
        )
    };
    let main = [
        acquire("l").label("held").acquired(),
        release("l").after(blocked("a", "wait")).after(blocked("b", "wait")).after(blocked("c", "wait")).ok(),
    ];
    ["a", "b", "c"].iter().fold(Program::new().title("three wait").object("l", kind).main(main), waits)
}

/// Passages through a critical section again and again, some of them slow.
fn passages() -> impl Iterator<Item = Line> {
    (0..50).flat_map(|round| {
        let [acquire, enter, leave, release] = passage("l", 0, Line::acquired);
        let stays = (round % 5 == 0).then(|| own(Call::Burn { ms: 1 }));
        [acquire, enter].into_iter().chain(stays).chain([leave, release])
    })
}

/// Processes that pass through a critical section.
pub fn exclusion(kind: ObjectKind) -> Program {
    Program::new()
        .title("four processes")
        .object("l", kind)
        .main(passages())
        .process("a", passages())
        .process("b", passages())
        .process("c", passages())
        .each_process_method()
}

/// The same with threads, of one process and of two.
pub fn exclusion_of_threads(kind: ObjectKind) -> Program {
    Program::new()
        .title("two threads each of two processes")
        .object("l", kind)
        .main(passages())
        .thread("a", "main", passages())
        .process("b", passages())
        .thread("c", "b", passages())
}

/// Two processes release what is held once, at the same time.
pub fn racing_releases(kind: ObjectKind) -> Program {
    const ROUNDS: usize = 30;
    let both = |round: usize, line: Line| {
        let released = format!("release{round}");
        line.after(returned("a", &released)).after(returned("b", &released))
    };
    let main = std::iter::once(acquire("l").acquired().label("held0")).chain((0..ROUNDS).flat_map(|round| {
        [
            both(round, try_acquire("l")).acquired(),
            try_acquire("l").refused().label(&format!("held{}", round + 1)),
        ]
    }));
    let releases = || {
        (0..ROUNDS).map(|round| {
            release("l")
                .after(returned("main", &format!("held{round}")))
                .label(&format!("release{round}"))
                .one_of(&[Outcome::Ok, Outcome::OverRelease])
        })
    };
    Program::new().object("l", kind).main(main).process("a", releases()).process("b", releases())
}
