//! Joining: how long it waits, and for whom.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "process/join-blocks-until-end",
        level: Level::Must,
        text: "join without a timeout returns only after the child has ended, always returns nothing, \
            and afterwards the exit code is set and the object has left active_children.",
        source: "doc Process.join",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        join("c").label("join").ok().waits_for_return("c", "work"),
                        exitcode("c").value(0),
                        is_listed("c").truth(false),
                    ])
                    .process(
                        "c",
                        [getpid().after(blocked("main", "join")).after(quiescence()).label("work").ok()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/join-timeout-elapses",
        level: Level::Must,
        text: "join with a positive time limit returns after about that time; only the exit code tells \
            whether the process has ended, and it keeps running if not.",
        source: "doc Process.join; popen_fork.Popen.wait",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        join("c").timeout(100).one_of(&[Outcome::Ok, Outcome::Timeout]).takes(100),
                        exitcode("c").is(Outcome::Absent),
                        is_alive("c").truth(true),
                        send("hold.0", 1).ok(),
                        join("c").timeout(5_000).ok().at_most(2_500),
                        exitcode("c").value(0),
                    ])
                    .role(holding("c", &["hold.1"]), [recv("hold.1").gives(1)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/join-nonpositive-timeout-polls",
        level: Level::Must,
        text: "join with a zero or negative timeout returns at once.",
        source: "popen_fork.Popen.wait; connection.wait",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        join("c").timeout(0).one_of(&[Outcome::Ok, Outcome::Timeout]).at_once(),
                        join("c").timeout(-1_000).one_of(&[Outcome::Ok, Outcome::Timeout]).at_once(),
                        is_alive("c").truth(true),
                        send("hold.0", 1).ok(),
                        join("c").ok(),
                    ])
                    .role(holding("c", &["hold.1"]), [recv("hold.1").gives(1)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/join-repeatable",
        level: Level::Must,
        text: "Joining an already finished process any number of times returns immediately and does not \
            change the exit code.",
        source: "doc Process.join",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        join("c").ok(),
                        exitcode("c").value(7),
                        join("c").ok().at_once(),
                        join("c").timeout(1_000).ok().at_once(),
                        join("c").timeout(0).ok().at_once(),
                        exitcode("c").value(7),
                    ])
                    .process("c", [exit(ExitStatus::Code(7))]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/join-before-start-error",
        level: Level::Must,
        text: "Joining a process that was never started is a usage error.",
        source: "doc Process.join; BaseProcess.join",
        programs: |_| {
            vec![
                Program::new()
                    .main([join("c").is(Outcome::Misuse), join("c").timeout(100).is(Outcome::Misuse)])
                    .explicit("c", []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/join-self-or-foreign-error",
        level: Level::Must,
        text: "A process cannot join itself, and only the creator may join or test a child.",
        source: "doc Process.join; BaseProcess.join/is_alive",
        programs: |_| {
            vec![
                Program::new()
                    .title("itself")
                    .main([join("current").one_of(&[Outcome::NotOwner, Outcome::Misuse])]),
                Program::new()
                    .title("another's child")
                    .only(&[Method::Fork])
                    .main([start("other").ok(), start("c").ok(), join("c").ok(), join("other").ok()])
                    .explicit("other", [])
                    .explicit(
                        "c",
                        [join("other").is(Outcome::NotOwner), is_alive("other").is(Outcome::NotOwner)],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/join-survives-signals",
        level: Level::Must,
        text: "A handled signal arriving during join does not end the join early or lose the exit code.",
        source: "PEP 475; popen_fork.Popen.poll",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        terminate("c").after(blocked("c", "join")).ok(),
                        send("hold.0", 1).label("release").ok(),
                    ])
                    .role(
                        holding("c", &["hold.1"]),
                        [
                            on_signal(SIGTERM, SignalAction::Count).ok(),
                            start("g").ok(),
                            join("g").label("join").ok().waits_for_call("main", "release"),
                            exitcode("g").value(7),
                            signals_counted().value(1),
                        ],
                    )
                    .role(
                        Worker { explicit: true, parent: Some("c".into()), ..holding("g", &["hold.1"]) },
                        [recv("hold.1").gives(1), exit(ExitStatus::Code(7))],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/join-knows-the-exit-code",
        level: Level::Beyond,
        text: "A join without a time limit returns only when the exit code is known, whatever other \
            threads do at the same time.",
        source: "gh-130895, gh-148318",
        origin: Some("process/hazard-exitcode-missing-after-concurrent-reap"),
        programs: |_| {
            vec![(0..6).fold(
                CHILDREN.fold(Program::new().main(CHILDREN.flat_map(life)), |program, index| {
                    let name = format!("c{index}");
                    program.role(Worker { bodiless: true, explicit: true, ..worker(&name) }, [])
                }),
                |program, thread| {
                    program.thread(&format!("t{thread}"), "main", (0..1_000).map(|_| active_children().ok()))
                },
            )]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/end-is-known-whoever-collects-it",
        level: Level::Beyond,
        text: "A process that has ended is seen to have ended, leaves the active children and can be \
            closed, even where the system or somebody else collects its exit status; the status itself may then be \
            unknown.",
        source: "popen_fork.Popen.poll",
        origin: Some("process/hazard-sigchld-ignored"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        on_signal(SIGCHLD, SignalAction::Ignore).ok(),
                        start("c").ok(),
                        join("c").ok(),
                        is_alive("c").truth(false),
                        is_listed("c").truth(false),
                        exitcode("c").one_of(&[Outcome::Ok, Outcome::Absent]),
                        close("c").ok(),
                    ])
                    .role(Worker { bodiless: true, explicit: true, ..worker("c") }, []),
            ]
        },
    },
];

/// Enough children that one of them ends in the middle of somebody else's look.
const CHILDREN: std::ops::Range<u32> = 0..30;

/// Starts one child and joins it.
fn life(index: u32) -> [Line; 4] {
    let child = format!("c{index}");
    [start(&child).ok(), join(&child).ok(), exitcode(&child).value(0), is_alive(&child).truth(false)]
}

/// Tells of the end of a child.
const SIGCHLD: i32 = 17;
