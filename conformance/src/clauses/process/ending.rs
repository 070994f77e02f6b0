//! The end of a process: what it waits for, what it takes with it, what it leaves.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "process/daemon-terminated-at-creator-exit",
        level: Level::Must,
        text: "When a process ends normally it sends SIGTERM to its live daemonic children and waits for \
            them.",
        source: "doc Process.daemon; util._exit_function",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([getpid().after(blocked("d", "stay")).ok()])
                    .role(
                        // Both ends, so that nothing but the signal ends it.
                        Worker { daemon: Some(true), ..holding("d", &["hold.0", "hold.1"]) },
                        [recv("hold.1").label("stay")],
                    )
                    .judge(Judge::GoneWithMain("d".into(), 0))
                    .judge(Judge::MainEnded(0)),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/nondaemon-joined-at-creator-exit",
        level: Level::Must,
        text: "When a process ends normally it waits for its live non-daemonic children before exiting.",
        source: "doc \"Joining processes that use queues\"; util._exit_function",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([])
                    .process("c", [getpid().after(quiescence()).ok()])
                    .judge(Judge::Finished("c".into()))
                    .judge(Judge::GoneWithMain("c".into(), 0))
                    .judge(Judge::MainEnded(0)),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/exit-order",
        level: Level::Should,
        text: "When a process ends normally, first its queues are told to flush, then its daemonic \
            children are terminated, then the other children are joined, then the flush is waited for.",
        source: "util._exit_function; Finalize exit priorities",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .pipe("hold")
                    .main([put("q", Item::bytes(1, 1_000_000)).after(blocked("d", "stay")).ok()])
                    .role(
                        Worker { daemon: Some(true), ..holding("d", &["hold.1"]) },
                        [recv("hold.1").label("stay")],
                    )
                    .process(
                        "c",
                        [
                            get("q").after(gone("d")).gives(Item::bytes(1, 1_000_000)),
                            getpid().after(quiescence()).ok(),
                        ],
                    )
                    .judge(Judge::Finished("c".into()))
                    .judge(Judge::GoneWithMain("c".into(), 0))
                    .judge(Judge::GoneWithMain("d".into(), 0))
                    .judge(Judge::MainEnded(0)),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/active-children-snapshot",
        level: Level::Must,
        text: "active_children returns a fresh list of the caller's own live children only.",
        source: "doc active_children",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .pipe("q")
                    .main([
                        join("c").ok(),
                        active_children().value(2),
                        is_listed("a").truth(true),
                        is_listed("b").truth(true),
                        is_listed("c").truth(false),
                        send("p.0", 1).ok(),
                        join("a").ok(),
                        active_children().value(1),
                        send("q.0", 1).ok(),
                        join("b").ok(),
                        active_children().value(0),
                    ])
                    .role(holding("a", &["p.1"]), [recv("p.1").gives(1)])
                    .role(holding("b", &["q.1"]), [recv("q.1").gives(1), active_children().value(0)])
                    .process("c", []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/active-children-reaps",
        level: Level::Must,
        text: "Calling active_children, starting another process or calling is_alive collects finished \
            children so that no zombie remains.",
        source: "doc \"Joining zombie processes\"; process._cleanup",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                collected_by([active_children().after(gone("c")).value(0)])
                    .title("asking for the active children"),
                collected_by([is_alive("c").after(gone("c")).truth(false)]).title("asking whether it runs"),
                collected_by([start("other").after(gone("c")).ok(), join("other").ok()])
                    .title("starting another process")
                    .role(Worker { bodiless: true, explicit: true, ..worker("other") }, []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/child-stdin-is-null",
        level: Level::Should,
        text: "A child's standard input is the null device.",
        source: "util._close_stdin",
        programs: |_| {
            vec![Program::new().main([join("c").ok()]).process("c", [own(Call::ReadStdin).value(0)])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/stdio-flushed-at-exit",
        level: Level::Should,
        text: "Text the child buffered on standard output and error is flushed before it exits; streams \
            that are closed or missing do not turn success into failure.",
        source: "util._flush_std_streams",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .title("what was buffered is written")
                    .main([join("c").ok(), exitcode("c").value(0)])
                    .process("c", [own(Call::Print { text: "from the buffer".into() }).ok()])
                    .judge(Judge::StdoutHas("from the buffer".into())),
                Program::new()
                    .title("a closed stream is no failure")
                    .main([join("c").ok(), exitcode("c").value(0)])
                    .process("c", [own(Call::CloseStdout).ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/child-waits-for-own-threads",
        level: Level::Should,
        text: "A child waits for its non-daemonic threads before exiting and abandons daemonic ones.",
        source: "BaseProcess._bootstrap",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .main([
                        join("c").ok().waits_for_return("t", "send"),
                        recv("p.0").gives(1),
                        exitcode("c").value(0),
                    ])
                    .role(holding("c", &["p.1"]), [])
                    .thread("t", "c", [send("p.1", 1).label("send").after(quiescence()).ok()]),
                Program::new()
                    .title("but not for daemonic ones")
                    .pipe("p")
                    .main([join("c").ok(), exitcode("c").value(0)])
                    .role(holding("c", &["p.1"]), [getpid().after(blocked("t", "stay")).ok()])
                    .role(
                        Worker { kind: WorkerKind::DaemonThread, parent: Some("c".into()), ..worker("t") },
                        [recv("p.1").label("stay")],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/exit-handlers-run-in-child",
        level: Level::Should,
        text: "Exit handlers registered in the child run when its body ends (CPython 3.13; 3.11 and \
            older skip them in forked children).",
        source: "popen_fork.Popen._launch (3.13)",
        programs: |_| {
            vec![Program::new().pipe("p").main([recv("p.0").gives(5), join("c").ok()]).role(
                holding("c", &["p.1"]),
                [own(Call::AtExitSend { connection: "p.1".into(), item: Item::int(5) }).ok()],
            )]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/daemons-die-with-their-creator",
        level: Level::Beyond,
        text: "Daemonic children end when their creator dies, by whatever cause.",
        source: "gh-80180; bbot#3203, mloda#1292/#1323",
        origin: Some("process/hazard-orphans-after-sigkill"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        start("c").ok(),
                        close("hold.1").ok(),
                        recv("hold.0").is(Outcome::Eof),
                        own(Call::Getpid).after(gone("d")).ok(),
                    ])
                    .role(
                        Worker { explicit: true, ..holding("c", &["hold.1"]) },
                        [sleep(60_000).label("stay")],
                    )
                    .role(
                        Worker { parent: Some("c".into()), daemon: Some(true), ..holding("d", &["hold.1"]) },
                        [recv("hold.1").label("stay")],
                    )
                    .kill("c", [blocked("c", "stay"), blocked("d", "stay")]),
            ]
        },
    },
    Clause {
        id: "process/no-lock-is-held-at-birth",
        level: Level::Beyond,
        text: "Nothing in a new process is locked on behalf of a thread that does not exist in it.",
        source: "doc \"Contexts and start methods\"; gh-100228, gh-84622, gh-91776",
        origin: Some("process/hazard-fork-copies-held-locks"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([start("c").after(returned("t", "lock")).ok(), join("c").ok()])
                    .thread(
                        "t",
                        "main",
                        [
                            own(Call::MutexLock { timeout_ms: None }).label("lock").ok(),
                            own(Call::MutexUnlock).after(ended("c")).ok(),
                        ],
                    )
                    .explicit(
                        "c",
                        [own(Call::MutexLock { timeout_ms: Some(500) }).ok(), own(Call::MutexUnlock).ok()],
                    ),
            ]
        },
    },
];

/// A process that has ended, and that these calls collect: afterwards the system knows it no more.
fn collected_by(lines: impl IntoIterator<Item = Line>) -> Program {
    let afterwards = proc_state("c").is(Outcome::Absent);
    Program::new().main(lines.into_iter().chain([afterwards])).process("c", [])
}
