//! What becomes of the permits of processes that die.

use crate::clauses::dying;
use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "semaphore/permits-of-the-dead-come-back",
        level: Level::Beyond,
        text: "The permits that a process holds when it is gone, however it went, come back; who gets one \
            may be told.",
        source: "gh-88304",
        origin: Some("semaphore/hazard-permit-lost-on-kill"),
        claims: &[PROCESSES],
        programs: |_| {
            let mut programs = dying::dead_holder(bounded(1), Line::acquired_or_told);
            programs.push(
                Program::new()
                    .title("two of three permits")
                    .bounded_semaphore("s", 3)
                    .main(finds(3, gone("h")))
                    .process(
                        "h",
                        [
                            acquire("s").acquired(),
                            acquire("s").acquired().label("second"),
                            stay_until_the_end(),
                        ],
                    )
                    .kill("h", [returned("h", "second")]),
            );
            programs.push(
                Program::new()
                    .title("permits of two")
                    .bounded_semaphore("s", 2)
                    .main(finds(2, gone("h")).map(|line| line.after(gone("i"))))
                    .process("h", [acquire("s").acquired().label("held"), stay_until_the_end()])
                    .process("i", [acquire("s").acquired().label("held"), stay_until_the_end()])
                    .kill("h", [returned("h", "held"), returned("i", "held")])
                    .kill("i", [gone("h")]),
            );
            programs
        },
    },
    Clause {
        id: "semaphore/waiter-gets-a-dead-holder-s-permit",
        level: Level::Beyond,
        text: "When a process that holds a permit is killed, one that waits for it already gets it.",
        source: "gh-88304",
        claims: &[PROCESSES],
        programs: |_| dying::dead_holder_and_waiters(bounded(1), Line::acquired_or_told),
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/permits-never-exceed-the-initial-value",
        level: Level::Beyond,
        text: "What comes back from the dead never lifts a semaphore above its initial value, nor does it \
            let a bounded one be released too often.",
        source: "as for the permits of the dead",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("somebody else has released the dead one's permit already")
                    .semaphore("s", 1)
                    .main(
                        [release("s").after(returned("h", "held")).ok().label("released")]
                            .into_iter()
                            .chain(finds(1, gone("h"))),
                    )
                    .process("h", [acquire("s").acquired().label("held"), stay_until_the_end()])
                    .kill("h", [returned("main", "released")]),
                Program::new()
                    .title("the dead one had released what it had")
                    .semaphore("s", 2)
                    .main(finds(2, gone("h")))
                    .process(
                        "h",
                        [
                            acquire("s").acquired(),
                            acquire("s").acquired(),
                            release("s").ok(),
                            release("s").ok(),
                            exit_immediately(0),
                        ],
                    ),
                Program::new()
                    .title("releases of a bounded one afterwards")
                    .bounded_semaphore("s", 2)
                    .main(finds(2, gone("h")).chain([
                        release("s").ok(),
                        release("s").ok(),
                        release("s").is(Outcome::OverRelease),
                    ]))
                    .process("h", [acquire("s").acquired().label("held"), stay_until_the_end()])
                    .kill("h", [returned("h", "held")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/dead-holder-s-children-do-not-keep-its-permit",
        level: Level::Beyond,
        text: "A permit comes back from its dead holder although processes live on that the holder made \
            while it had it.",
        source: "as for the permits of the dead",
        claims: &[PROCESSES],
        programs: |_| dying::dead_holder_of_living_children(bounded(1), Line::acquired_or_told),
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/dead-waiter-takes-nothing-along",
        level: Level::Beyond,
        text: "A process that is killed while it waits for a permit takes along neither a permit nor the \
            wake-up of another one.",
        source: "as for the permits of the dead",
        claims: &[PROCESSES],
        programs: |_| dying::dead_waiter(bounded(1)),
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/killed-anywhere-frees-the-others",
        level: Level::Beyond,
        text: "Wherever a process is killed among its acquires and releases, all permits are there in the \
            end, and never more.",
        source: "as for the permits of the dead",
        claims: &[PROCESSES],
        programs: |_| dying::killed_anywhere(bounded(1)),
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/stopped-holder-is-not-dead",
        level: Level::Beyond,
        text: "A holder that is stopped keeps its permit, and goes on with it when it is continued.",
        source: "a promise about death must not be kept by mistake",
        claims: &[PROCESSES],
        programs: |_| vec![dying::stopped_holder(bounded(1))],
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/deadline-holds-while-others-die",
        level: Level::Beyond,
        text: "An acquire keeps its time limit while another waiter dies, and does not wait for its end \
            when the holder does.",
        source: "as for the permits of the dead",
        claims: &[PROCESSES],
        programs: |_| dying::deadlines(bounded(1), Line::acquired_or_told),
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/many-short-lived-holders",
        level: Level::Beyond,
        text: "The permits of many processes that come and die one after the other all come back.",
        source: "as for the permits of the dead",
        claims: &[PROCESSES],
        programs: |_| vec![dying::short_lived(bounded(1), Line::acquired_or_told)],
        ..Clause::BLANK
    },
];

fn bounded(value: i64) -> ObjectKind {
    ObjectKind::BoundedSemaphore { value: Some(value.into()) }
}

/// Acquires that find exactly so many permits once this holds.
fn finds(permits: usize, after: Condition) -> impl Iterator<Item = Line> {
    (0..permits)
        .map(move |_| try_acquire("s").after(after.clone()).acquired_or_told())
        .chain([try_acquire("s").refused()])
}
