//! What it means to start a process, and how it looks before, while and after it runs.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "process/run-executes-target-in-new-process",
        level: Level::Must,
        text: "Starting a process invokes its target exactly once, with the given positional and keyword \
            arguments, in a process whose pid differs from the creator's and equals the value of the object's pid \
            attribute.",
        source: "doc \"Process and exceptions\"; process.BaseProcess.run/start",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        own(Call::Getpid).label("pid").ok(),
                        pid("c").expect(Expect::PidOf("c".into())),
                        join("c").ok(),
                    ])
                    .process(
                        "c",
                        [
                            getpid()
                                .after(returned("main", "pid"))
                                .expect(Expect::DiffersFrom(at("main", "pid"))),
                            own(Call::Print { text: "the body ran".into() }).ok(),
                        ],
                    )
                    .judge(Judge::StdoutHas("the body ran".into()))
                    .each_process_method(),
                Program::new()
                    .title("with the objects that it was given")
                    .pipe("p")
                    .queue("q", 0)
                    .main([get("q").gives(1), recv("p.0").gives(2)])
                    .role(holding("c", &["q", "p.1"]), [put("q", 1).ok(), send("p.1", 2).ok()])
                    .each_process_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/no-target-exits-zero",
        level: Level::Must,
        text: "A process created without a target and without an overridden body does nothing and \
            terminates with exit code 0.",
        source: "process.BaseProcess.run",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        start("c").ok(),
                        join("c").ok(),
                        exitcode("c").value(0),
                        is_alive("c").truth(false),
                    ])
                    .role(Worker { bodiless: true, explicit: true, ..worker("c") }, []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/subclass-run-override",
        level: Level::Must,
        text: "A process type whose body is overridden runs that body in the child, and channels held in \
            its fields work from both sides after start.",
        source: "doc Process.run",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .main(
                        (1..=5)
                            .flat_map(|id| [send("p.0", id).ok(), recv("p.0").gives(10 + id)])
                            .chain([join("c").ok(), exitcode("c").value(0)]),
                    )
                    .role(
                        Worker { subclass: true, ..holding("c", &["p.1"]) },
                        (1..=5).flat_map(|id| [recv("p.1").gives(id), send("p.1", 10 + id).ok()]),
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/unstarted-state",
        level: Level::Must,
        text: "Before start the object reports not alive, no pid and no exit code, and it is not among \
            the active children.",
        source: "process.BaseProcess.is_alive/exitcode/ident",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        is_alive("c").truth(false),
                        pid("c").is(Outcome::Absent),
                        exitcode("c").is(Outcome::Absent),
                        is_listed("c").truth(false),
                        active_children().value(0),
                    ])
                    .explicit("c", []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/alive-and-listed-while-running",
        level: Level::Must,
        text: "From the return of start until the child ends, is_alive is true, the exit code is absent \
            and the object is in active_children.",
        source: "doc Process.is_alive",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        start("c").ok(),
                        is_alive("c").truth(true),
                        exitcode("c").is(Outcome::Absent),
                        is_listed("c").truth(true),
                        send("hold.0", 1).ok(),
                        join("c").ok(),
                        is_alive("c").truth(false),
                        exitcode("c").value(0),
                        is_listed("c").truth(false),
                    ])
                    .role(Worker { explicit: true, ..holding("c", &["hold.1"]) }, [recv("hold.1").gives(1)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/start-at-most-once",
        level: Level::Must,
        text: "A second start on the same object is a usage error and creates no process.",
        source: "doc Process.start; BaseProcess.start",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        start("c").ok(),
                        start("c").is(Outcome::Misuse),
                        active_children().value(1),
                        send("hold.0", 1).ok(),
                        join("c").ok(),
                        start("c").is(Outcome::Misuse),
                        active_children().value(0),
                    ])
                    .role(Worker { explicit: true, ..holding("c", &["hold.1"]) }, [recv("hold.1").gives(1)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/start-only-by-constructor",
        level: Level::Must,
        text: "Only the process that constructed the object may start it; a start attempted elsewhere is \
            a usage error.",
        source: "BaseProcess.start",
        programs: |_| {
            vec![
                Program::new()
                    .only(&[Method::Fork])
                    .main([join("c").ok(), pid("other").is(Outcome::Absent), active_children().value(0)])
                    .explicit("other", [])
                    .process("c", [start("other").is(Outcome::NotOwner)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/nested-processes-shared-writer",
        level: Level::Must,
        text: "Processes may be started from children to any depth, and descendants can all write to a \
            pipe inherited from the root; sequential joins give depth-first order.",
        source: "doc",
        programs: |_| {
            vec![
                Program::new()
                    .one_way("p")
                    .main(
                        ["a", "b"]
                            .into_iter()
                            .flat_map(|child| [start(child).ok(), join(child).ok()])
                            .chain([10, 11, 12, 20, 21, 22].map(|id| recv("p.0").gives(id))),
                    )
                    .role(branch("a", "main"), family(10, ["aa", "ab"]))
                    .role(branch("aa", "a"), [send("p.1", 11).ok()])
                    .role(branch("ab", "a"), [send("p.1", 12).ok()])
                    .role(branch("b", "main"), family(20, ["ba", "bb"]))
                    .role(branch("ba", "b"), [send("p.1", 21).ok()])
                    .role(branch("bb", "b"), [send("p.1", 22).ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/many-children",
        level: Level::Must,
        text: "A hundred short and a hundred terminated children started back to back all report the \
            right exit code.",
        source: "popen_fork.Popen, forkserver.main",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                (0..20).fold(
                    Program::new().main(
                        names("short")
                            .chain(names("stopped"))
                            .map(|child| start(&child).ok())
                            .chain(
                                names("stopped")
                                    .map(|child| terminate(&child).after(blocked(&child, "sleep")).ok()),
                            )
                            .chain(names("short").map(|child| join(&child).ok()))
                            .chain(names("stopped").map(|child| join(&child).ok()))
                            .chain(
                                names("short")
                                    .enumerate()
                                    .map(|(code, child)| exitcode(&child).value(code as i64)),
                            )
                            .chain(names("stopped").map(|child| exitcode(&child).value(-15))),
                    ),
                    |program, index| {
                        program
                            .explicit(&format!("short{index}"), [exit(ExitStatus::Code(index))])
                            .explicit(&format!("stopped{index}"), [sleep(60_000).label("sleep")])
                    },
                ),
            ]
        },
        ..Clause::BLANK
    },
];

/// A worker of the tree, started by a step, with the sending end.
fn branch(name: &str, parent: &str) -> Worker {
    Worker { explicit: true, parent: Some(parent.into()), ..holding(name, &["p.1"]) }
}

/// Sends its own number, then lets its children do the same, one after the other.
fn family(id: u32, children: [&'static str; 2]) -> impl Iterator<Item = Line> {
    let starts = children.into_iter().flat_map(|child| [start(child).ok(), join(child).ok()]);
    [send("p.1", id).ok()].into_iter().chain(starts)
}

/// Twenty names.
fn names(kind: &'static str) -> impl Iterator<Item = String> {
    (0..20).map(move |index| format!("{kind}{index}"))
}
