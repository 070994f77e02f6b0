//! How long an acquire waits, and what wakes it.

use crate::clauses::acquiring;
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "lock/nonblocking-acquire",
        level: Level::Must,
        text: "acquire(block false) returns true if it got the lock and false at once if not; a timeout \
            given with it is ignored.",
        source: "doc Lock.acquire",
        programs: |_| vec![acquiring::nonblocking(ObjectKind::Lock)],
        ..Clause::BLANK
    },
    Clause {
        id: "lock/timed-acquire",
        level: Level::Must,
        text: "acquire with a positive timeout returns false not earlier than the timeout if the lock \
            stays held.",
        source: "doc Lock.acquire",
        programs: |_| vec![acquiring::timed(ObjectKind::Lock)],
        ..Clause::BLANK
    },
    Clause {
        id: "lock/nonpositive-timeout-polls",
        level: Level::Must,
        text: "A zero or negative timeout makes acquire a poll.",
        source: "doc Lock.acquire",
        programs: |_| vec![acquiring::nonpositive(ObjectKind::Lock)],
        ..Clause::BLANK
    },
    Clause {
        id: "lock/none-timeout-infinite",
        level: Level::Must,
        text: "Timeout \"none\" waits for ever.",
        source: "doc Lock.acquire",
        programs: |_| vec![acquiring::unlimited(ObjectKind::Lock)],
        ..Clause::BLANK
    },
    Clause {
        id: "lock/release-wakes-a-waiter",
        level: Level::Must,
        text: "Of several processes that wait for a lock, each release lets one go on; none sleeps on \
            while the lock is free.",
        source: "doc Lock.release",
        programs: |_| vec![acquiring::handed_on(ObjectKind::Lock)],
        ..Clause::BLANK
    },
    Clause {
        id: "lock/handled-signal-keeps-deadline",
        level: Level::Must,
        text: "A handled signal neither shortens nor extends a timed acquire.",
        source: "semaphore.c acquire loop (PEP 475)",
        claims: &[PROCESSES],
        programs: |_| [100, 850].map(|ms| acquiring::signalled(ObjectKind::Lock, ms)).into(),
        ..Clause::BLANK
    },
    Clause {
        id: "lock/interrupted-by-sigint",
        level: Level::Should,
        text: "SIGINT in the main thread interrupts a blocked acquire or condition wait; the condition's \
            lock is held again when the error surfaces.",
        source: "doc \"Synchronization primitives\" note",
        claims: &[PROCESSES, RAISING_SIGNALS],
        programs: |_| {
            vec![
                Program::new()
                    .title("an acquire")
                    .lock("l")
                    .main([acquire("l").acquired().label("held"), release("l").after(ended("w")).ok()])
                    .process(
                        "w",
                        [
                            on_signal(SIGINT, SignalAction::Raise).after(returned("main", "held")).ok(),
                            acquire("l").label("wait").is(Outcome::Interrupted),
                            on_signal(SIGINT, SignalAction::Ignore).ok(),
                        ],
                    )
                    .fault("w", Action::Signal(SIGINT), [blocked("w", "wait")]),
                Program::new()
                    .title("a wait on a condition")
                    .condition("c")
                    .main([try_acquire("c").after(returned("w", "interrupted")).refused().label("tried")])
                    .process(
                        "w",
                        [
                            on_signal(SIGINT, SignalAction::Raise).ok(),
                            acquire("c").acquired(),
                            await_on("c").label("wait").is(Outcome::Interrupted),
                            on_signal(SIGINT, SignalAction::Ignore).ok().label("interrupted"),
                            release("c").after(returned("main", "tried")).ok(),
                        ],
                    )
                    .fault("w", Action::Signal(SIGINT), [blocked("w", "wait")]),
            ]
        },
        ..Clause::BLANK
    },
];

/// The signal of the keyboard.
const SIGINT: i32 = 2;
