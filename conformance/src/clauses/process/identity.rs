//! Names, flags, the process itself and its creator, the secret.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "process/name-default-hierarchical",
        level: Level::Should,
        text: "Unnamed processes get a type-name prefix and a colon-separated path of birth numbers, \
            each counted per creating process.",
        source: "doc Process.name",
        programs: |_| {
            vec![
                Program::new()
                    .main([name("c").expect(Expect::TextEnds("-1".into())), join("c").ok()])
                    .process(
                        "c",
                        [
                            name("current").expect(Expect::TextEnds("-1".into())),
                            name("g").expect(Expect::TextEnds("-1:1".into())),
                            name("h").expect(Expect::TextEnds("-1:2".into())),
                        ],
                    )
                    .role(Worker { parent: Some("c".into()), explicit: true, ..worker("g") }, [])
                    .role(Worker { parent: Some("c".into()), explicit: true, ..worker("h") }, []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/name-is-only-a-label",
        level: Level::Must,
        text: "Names may repeat, may be changed at any time to any string, and affect nothing else.",
        source: "doc Process.name",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        name("a").text("twin"),
                        name("b").text("twin"),
                        set_name("a", "another").ok(),
                        name("a").text("another"),
                        set_name("a", "").ok(),
                        name("a").text(""),
                        name("b").text("twin"),
                        join("a").ok(),
                        join("b").ok(),
                        exitcode("a").value(3),
                        exitcode("b").value(4),
                    ])
                    .role(
                        Worker { process_name: Some("twin".into()), ..worker("a") },
                        [exit(ExitStatus::Code(3))],
                    )
                    .role(
                        Worker { process_name: Some("twin".into()), ..worker("b") },
                        [exit(ExitStatus::Code(4))],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/name-must-be-string",
        level: Level::Should,
        text: "Assigning a non-string name is a usage error; the constructor does not check.",
        source: "BaseProcess.name",
        programs: |_| {
            vec![
                Program::new()
                    .main(
                        [on("c", Call::SetName { name: None }).one_of(&[Outcome::Misuse, Outcome::BadType])],
                    )
                    .explicit("c", []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/daemon-flag-inherited",
        level: Level::Must,
        text: "The daemon flag starts as that of the creating process unless given explicitly.",
        source: "doc Process.daemon",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        daemon("current").truth(false),
                        daemon("plain").truth(false),
                        daemon("daemon").truth(true),
                        join("plain").ok(),
                        join("daemon").ok(),
                    ])
                    .process(
                        "plain",
                        [
                            daemon("current").truth(false),
                            daemon("plain-child").truth(false),
                            daemon("plain-daemon").truth(true),
                        ],
                    )
                    .role(
                        Worker { daemon: Some(true), ..worker("daemon") },
                        [
                            daemon("current").truth(true),
                            daemon("daemon-child").truth(true),
                            daemon("daemon-plain").truth(false),
                        ],
                    )
                    .role(unstarted("plain-child", "plain", None), [])
                    .role(unstarted("plain-daemon", "plain", Some(true)), [])
                    .role(unstarted("daemon-child", "daemon", None), [])
                    .role(unstarted("daemon-plain", "daemon", Some(false)), []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/daemon-flag-frozen-after-start",
        level: Level::Must,
        text: "Changing the daemon flag after start is a usage error.",
        source: "doc Process.daemon",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        set_daemon("c", true).ok(),
                        daemon("c").truth(true),
                        set_daemon("c", false).ok(),
                        start("c").ok(),
                        set_daemon("c", true).is(Outcome::Misuse),
                        daemon("c").truth(false),
                        join("c").ok(),
                    ])
                    .explicit("c", []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/daemon-cannot-have-children",
        level: Level::Must,
        text: "A daemonic process that tries to start a process gets a usage error and no process is \
            created.",
        source: "doc Process.daemon; BaseProcess.start",
        programs: |_| {
            vec![
                Program::new()
                    .main([join("d").ok(), exitcode("d").value(0)])
                    .role(
                        Worker { daemon: Some(true), ..worker("d") },
                        [start("g").is(Outcome::Misuse), active_children().value(0)],
                    )
                    .role(unstarted("g", "d", None), []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/current-process-identity",
        level: Level::Must,
        text: "In the main process the current process is named MainProcess, is alive, not daemonic, has \
            no exit code and its own pid; in a child it is the object that was started.",
        source: "doc current_process",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        name("current").text("MainProcess"),
                        is_alive("current").truth(true),
                        daemon("current").truth(false),
                        exitcode("current").is(Outcome::Absent),
                        pid("current").expect(Expect::PidOf("main".into())),
                        join("c").ok(),
                    ])
                    .role(
                        Worker { process_name: Some("the child".into()), ..worker("c") },
                        [
                            name("current").text("the child"),
                            is_alive("current").truth(true),
                            exitcode("current").is(Outcome::Absent),
                            pid("current").expect(Expect::PidOf("c".into())),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/parent-process-none-in-main",
        level: Level::Must,
        text: "The main process has no parent object; a child sees the creator's pid and name.",
        source: "doc parent_process",
        claims: &[PROCESSES],
        programs: |_| {
            vec![Program::new().main([pid("parent").is(Outcome::Absent), join("c").ok()]).process(
                "c",
                [
                    pid("parent").expect(Expect::PidOf("main".into())),
                    name("parent").text("MainProcess"),
                    is_alive("parent").truth(true),
                ],
            )]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/parent-process-liveness",
        level: Level::Must,
        text: "A child can test and wait (with timeout) for the death of its creator through the parent \
            object, even when the creator is killed.",
        source: "process._ParentProcess.is_alive/join",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .pipe("p")
                    .main([recv("p.0").gives(1)])
                    .role(holding("c", &["hold.1", "p.1"]), [recv("hold.1").label("stay")])
                    .role(
                        Worker { parent: Some("c".into()), ..holding("g", &["p.1"]) },
                        [
                            is_alive("parent").truth(true),
                            join("parent").timeout(50).one_of(&[Outcome::Ok, Outcome::Timeout]).takes(50),
                            join("parent").label("join").ok(),
                            is_alive("parent").truth(false),
                            send("p.1", 1).ok(),
                        ],
                    )
                    .kill("c", [blocked("g", "join"), blocked("c", "stay")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/authkey-inherited",
        level: Level::Must,
        text: "Each process has a byte-string secret, random in the main process, copied to children, \
            and replaceable before start.",
        source: "doc Process.authkey",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        on("current", Call::Authkey).label("key").expect(Expect::AtLeast(1)),
                        on("given", Call::SetAuthkey { item: Item::bytes(7, 20) }).ok(),
                        start("given").ok(),
                        join("c").ok(),
                        join("given").ok(),
                    ])
                    .process(
                        "c",
                        [on("current", Call::Authkey)
                            .after(returned("main", "key"))
                            .expect(Expect::SameAs(at("main", "key")))],
                    )
                    .explicit("given", [on("current", Call::Authkey).holds(Item::bytes(7, 20))]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/repr-states",
        level: Level::May,
        text: "The textual form shows type, name, pid, creator's pid and one of \
            initial/started/stopped/closed/unknown, with a symbolic signal name for signal deaths.",
        source: "BaseProcess.__repr__",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        repr("c", "a name"),
                        repr("c", "initial"),
                        start("c").ok(),
                        repr("c", "started"),
                        send("hold.0", 1).ok(),
                        join("c").ok(),
                        repr("c", "stopped"),
                        close("c").ok(),
                        repr("c", "closed"),
                    ])
                    .role(
                        Worker {
                            explicit: true,
                            process_name: Some("a name".into()),
                            ..holding("c", &["hold.1"])
                        },
                        [recv("hold.1").gives(1)],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/cpu-count-positive",
        level: Level::Must,
        text: "The reported number of CPUs is an integer ≥ 1 and is machine-wide, not the caller's \
            affinity.",
        source: "doc cpu_count",
        programs: |_| vec![Program::new().main([own(Call::CpuCount).expect(Expect::AtLeast(1))])],
        ..Clause::BLANK
    },
];

/// A process that is constructed and never started.
fn unstarted(name: &str, parent: &str, daemon: Option<bool>) -> Worker {
    Worker { explicit: true, parent: Some(parent.into()), daemon, ..worker(name) }
}

fn repr(worker: &str, contains: &str) -> Line {
    on(worker, Call::Repr).expect(Expect::TextContains(contains.into()))
}
