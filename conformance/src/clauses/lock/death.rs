//! What a lock is worth when one of its users dies, is stopped, or goes without a word.

use crate::clauses::dying;
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "lock/next-acquirer-is-told-of-a-dead-holder",
        level: Level::Beyond,
        text: "When the process that holds a lock is gone, however it went, the next acquire gets the lock \
            and is told, once, that its holder died.",
        source: "doc Process.terminate warning; gh-88304",
        origin: Some("lock/hazard-owner-killed"),
        claims: &[PROCESSES],
        programs: |_| dying::dead_holder(ObjectKind::Lock, Line::told),
    },
    Clause {
        id: "lock/waiter-is-told-of-a-dead-holder",
        level: Level::Beyond,
        text: "When the process that holds a lock is killed, one of those that wait for it already gets \
            it and is told.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| dying::dead_holder_and_waiters(ObjectKind::Lock, Line::told),
        ..Clause::BLANK
    },
    Clause {
        id: "lock/dead-holder-s-children-do-not-keep-it",
        level: Level::Beyond,
        text: "A lock is free of its dead holder although processes live on that the holder made while it \
            had the lock.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| dying::dead_holder_of_living_children(ObjectKind::Lock, Line::told),
        ..Clause::BLANK
    },
    Clause {
        id: "lock/dead-waiter-takes-nothing-along",
        level: Level::Beyond,
        text: "A process that is killed while it waits for a lock neither keeps it nor takes along the \
            wake-up of another one.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| dying::dead_waiter(ObjectKind::Lock),
        ..Clause::BLANK
    },
    Clause {
        id: "lock/killed-anywhere-frees-the-others",
        level: Level::Beyond,
        text: "Wherever a process is killed among its acquires and releases, the others go on, still one \
            at a time.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| dying::killed_anywhere(ObjectKind::Lock),
        ..Clause::BLANK
    },
    Clause {
        id: "lock/stopped-holder-is-not-dead",
        level: Level::Beyond,
        text: "A holder that is stopped keeps its lock, and goes on with it when it is continued.",
        source: "a promise about death must not be kept by mistake",
        claims: &[PROCESSES],
        programs: |_| vec![dying::stopped_holder(ObjectKind::Lock)],
        ..Clause::BLANK
    },
    Clause {
        id: "lock/thread-exit-is-not-death",
        level: Level::Beyond,
        text: "A lock stays held when the thread that acquired it ends and its process goes on.",
        source: "doc Lock.release: any thread may release it",
        programs: |_| vec![dying::ended_thread(ObjectKind::Lock)],
        ..Clause::BLANK
    },
    Clause {
        id: "lock/deadline-holds-while-others-die",
        level: Level::Beyond,
        text: "An acquire keeps its time limit while another waiter dies, and does not wait for its end \
            when the holder does.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| dying::deadlines(ObjectKind::Lock, Line::told),
        ..Clause::BLANK
    },
    Clause {
        id: "lock/many-short-lived-holders",
        level: Level::Beyond,
        text: "Each of many processes that come and die one after the other with the lock is told from \
            those before it.",
        source: "as for the next acquirer",
        claims: &[PROCESSES],
        programs: |_| vec![dying::short_lived(ObjectKind::Lock, Line::told)],
        ..Clause::BLANK
    },
];
