//! Managed locks, semaphores, conditions, events and barriers.

use super::programs_of;
use crate::clauses::acquiring;
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "mgrsync/lock",
        level: Level::Must,
        text: "A managed lock excludes clients; anyone may release it; releasing it unheld is refused.",
        source: "doc SyncManager.Lock",
        programs: |seed| {
            let mut programs = programs_of(
                &[
                    "lock/mutual-exclusion",
                    "lock/acquire-returns-true",
                    "lock/not-recursive",
                    "lock/release-by-anyone",
                    "lock/over-release-error",
                    "lock/timed-acquire",
                    "lock/none-timeout-infinite",
                    "lock/release-wakes-a-waiter",
                ],
                seed,
            );
            programs.push(polls("a lock that another process holds", ObjectKind::Lock));
            programs
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/rlock-owner-is-client-thread",
        level: Level::Must,
        text: "A managed recursive lock is owned by the client thread; others fail to acquire or release.",
        source: "doc SyncManager.RLock",
        programs: |seed| {
            let mut programs = programs_of(
                &[
                    "rlock/recursive",
                    "rlock/owner-is-process-and-thread",
                    "rlock/release-by-non-owner-error",
                    "rlock/held-until-last-release",
                ],
                seed,
            );
            programs.push(polls("a recursive lock that another process owns", ObjectKind::Rlock));
            programs
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/semaphores",
        level: Level::Must,
        text: "Managed semaphores count; the bounded one refuses an over-release; negative initial values are \
            refused.",
        source: "threading.Semaphore in the server",
        programs: |seed| {
            let mut programs = programs_of(
                &[
                    "semaphore/unbounded-release",
                    "semaphore/bounded-over-release-error",
                    "semaphore/cross-process-release",
                ],
                seed,
            );
            programs.extend(programs_of(&["semaphore/counting"], seed));
            programs
                .push(polls("a semaphore whose only permit is taken", ObjectKind::Semaphore { value: None }));
            let negative = ObjectKind::Semaphore { value: Some((-1).into()) };
            let refused = [Outcome::RemoteError, Outcome::BadValue];
            programs.push(Program::new().title("a negative number of permits").manager("m").main(
                [create_managed("s", "m", negative).one_of(&refused)].into_iter().chain([
                    create_managed("t", "m", ObjectKind::Semaphore { value: Some(0.into()) }).ok(),
                    try_acquire("t").refused(),
                ]),
            ));
            programs
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/condition",
        level: Level::Must,
        text: "A managed condition waits and notifies across clients; using it unowned is refused; the \
            predicate of wait_for runs in the client.",
        source: "managers.ConditionProxy",
        programs: |seed| {
            programs_of(
                &[
                    "condition/notify-requires-ownership",
                    "condition/wait-requires-ownership",
                    "condition/wait-result",
                    "condition/wait-releases-and-reacquires",
                    "condition/notify-one",
                    "condition/notify-all",
                    "condition/notify-not-remembered",
                    "condition/wait-for-returns-predicate",
                    "condition/wait-for-timeout",
                    "condition/no-lost-wakeup-with-predicate",
                    "condition/shared-between-threads-and-processes",
                ],
                seed,
            )
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/event",
        level: Level::Must,
        text: "A managed event follows the thread event, including that a pulse is not lost.",
        source: "managers.EventProxy",
        programs: |seed| {
            programs_of(
                &[
                    "event/initially-clear",
                    "event/set-is-sticky-and-idempotent",
                    "event/wait-returns-immediately-when-set",
                    "event/wait-timeout-false",
                    "event/wait-without-limit-waits",
                    "event/set-wakes-all",
                    "event/wait-result-reflects-set",
                    "event/pulse-wakes-everybody",
                ],
                seed,
            )
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/barrier",
        level: Level::Must,
        text: "A managed barrier with parties, n_waiting, broken, abort and reset works across clients, and \
            that it is broken is told apart from every other error.",
        source: "managers.BarrierProxy",
        programs: |seed| {
            programs_of(
                &[
                    "barrier/releases-all-together",
                    "barrier/reusable",
                    "barrier/index-unique",
                    "barrier/attributes",
                    "barrier/single-party",
                    "barrier/timeout-breaks",
                    "barrier/default-timeout",
                    "barrier/abort",
                    "barrier/reset-with-waiters",
                    "barrier/reset-after-break",
                ],
                seed,
            )
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/condition-on-lock-proxy",
        level: Level::Should,
        text: "A condition may be built on a managed lock, which it then shares.",
        source: "doc SyncManager.Condition",
        programs: |seed| {
            let mut programs = programs_of(&["condition/default-lock-recursive"], seed);
            programs.retain(|program| program.title.ends_with(": a lock that was given"));
            programs.push(
                Program::new()
                    .title("a wait gives up the lock that was given")
                    .lock("l")
                    .condition_over("c", "l")
                    .main([
                        acquire("l").acquired(),
                        await_on("c").label("wait").truth(true).waits_for_call("p", "notify"),
                        try_acquire("l").refused(),
                        release("l").ok(),
                    ])
                    .process(
                        "p",
                        [
                            acquire("l").after(blocked("main", "wait")).acquired(),
                            notify("c").ok().label("notify"),
                            release("l").ok(),
                        ],
                    )
                    .in_manager("m"),
            );
            programs
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/condition-on-recursive-lock-proxy",
        level: Level::Beyond,
        text: "A condition that is built on a managed recursive lock knows the lock's owner as the lock does.",
        source: "as mgrsync/condition-on-lock-proxy",
        programs: |seed| {
            let mut programs = programs_of(&["condition/default-lock-recursive"], seed);
            programs.retain(|program| program.title.ends_with(": a recursive lock that was given"));
            programs
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/scoped-acquire",
        level: Level::Must,
        text: "Managed locks, semaphores and conditions can be used as scoped locks.",
        source: "managers.AcquirerProxy",
        programs: |_| {
            [
                ObjectKind::Lock,
                ObjectKind::Rlock,
                ObjectKind::Semaphore { value: None },
                ObjectKind::BoundedSemaphore { value: None },
                ObjectKind::Condition { lock: None },
            ]
            .map(|kind| {
                let title = format!("scopes of a {}", kind.name());
                acquiring::scoped(kind).title(title).in_manager("m")
            })
            .into()
        },
        ..Clause::BLANK
    },
];

/// Acquires that do not wait, of what another process has.
fn polls(title: &str, kind: ObjectKind) -> Program {
    Program::new()
        .title(title)
        .object("l", kind)
        .main([
            try_acquire("l").after(returned("h", "held")).refused().at_once(),
            acquire("l").timeout(0).refused().at_once().label("last"),
            acquire("l").timeout(0).after(returned("h", "release")).acquired(),
            release("l").ok(),
            try_acquire("l").acquired(),
            release("l").ok(),
        ])
        .process(
            "h",
            [
                acquire("l").label("held").acquired(),
                release("l").label("release").after(returned("main", "last")).ok(),
            ],
        )
        .in_manager("m")
}
