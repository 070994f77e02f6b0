//! Asking a process to end, forcing it to, and what that does to others.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "process/terminate-sends-sigterm",
        level: Level::Must,
        text: "terminate delivers SIGTERM; with the default disposition the child ends without running \
            exit handlers or cleanup blocks.",
        source: "doc Process.terminate; popen_fork.Popen.terminate",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        terminate("c").after(blocked("c", "stay")).ok(),
                        join("c").ok(),
                        exitcode("c").value(-15),
                    ])
                    .role(
                        holding("c", &["hold.1"]),
                        [recv("hold.1").label("stay"), send("hold.1", 2).expect(Expect::NotReached)],
                    ),
                Program::new()
                    .title("without exit handlers")
                    .pipe("hold")
                    .main([
                        terminate("c").after(blocked("c", "stay")).ok(),
                        join("c").ok(),
                        exitcode("c").value(-15),
                        poll("hold.0").timeout(50).truth(false),
                    ])
                    .role(
                        holding("c", &["hold.1"]),
                        [
                            own(Call::AtExitSend { connection: "hold.1".into(), item: Item::int(3) }).ok(),
                            recv("hold.1").label("stay"),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/kill-sends-sigkill",
        level: Level::Must,
        text: "kill delivers SIGKILL and cannot be refused.",
        source: "doc Process.kill",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        terminate("c").after(blocked("c", "stay")).ok(),
                        join("c").timeout(100).returns(),
                        is_alive("c").truth(true),
                        kill("c").ok(),
                        join("c").ok(),
                        exitcode("c").value(-9),
                    ])
                    .role(
                        holding("c", &["hold.1"]),
                        [on_signal(SIGTERM, SignalAction::Ignore).ok(), recv("hold.1").label("stay")],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/terminate-after-exit-noop",
        level: Level::Must,
        text: "terminate or kill on a finished, not yet closed process does nothing and raises nothing, \
            and never signals a recycled pid.",
        source: "popen_fork.Popen._send_signal",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        join("c").ok(),
                        terminate("c").ok(),
                        kill("c").ok(),
                        exitcode("c").value(0),
                        is_alive("c").truth(false),
                    ])
                    .process("c", []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/terminate-not-recursive",
        level: Level::Must,
        text: "terminate affects only the addressed process; its own children survive as orphans.",
        source: "doc Process.terminate",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .pipe("p")
                    .main([
                        terminate("c").after(blocked("c", "join")).after(blocked("g", "stay")).ok(),
                        join("c").ok(),
                        exitcode("c").value(-15),
                        send("hold.0", 1).ok(),
                        recv("p.0").gives(2),
                    ])
                    .role(holding("c", &["hold.1", "p.1"]), [join("g").label("join")])
                    .role(
                        Worker { parent: Some("c".into()), ..holding("g", &["hold.1", "p.1"]) },
                        [recv("hold.1").label("stay").gives(1), send("p.1", 2).ok()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/terminate-before-start-error",
        level: Level::May,
        text: "terminate or kill before start is refused.",
        source: "BaseProcess.terminate",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        terminate("c").one_of(&[Outcome::Misuse, Outcome::NotAllowed, Outcome::BadValue]),
                        kill("c").one_of(&[Outcome::Misuse, Outcome::NotAllowed, Outcome::BadValue]),
                    ])
                    .explicit("c", []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/killed-process-harms-no-other",
        level: Level::Must,
        text: "When a process is killed, its creator and its siblings go on.",
        source: "POSIX; process isolation",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .pipe("p")
                    .main([
                        kill("c").after(blocked("c", "stay")).ok(),
                        join("c").ok(),
                        exitcode("c").value(-9),
                        send("p.0", 1).ok(),
                        recv("p.0").gives(2),
                        join("d").ok(),
                        exitcode("d").value(0),
                    ])
                    .role(holding("c", &["hold.1"]), [recv("hold.1").label("stay")])
                    .role(holding("d", &["p.1"]), [recv("p.1").gives(1), send("p.1", 2).ok()]),
            ]
        },
        ..Clause::BLANK
    },
];
