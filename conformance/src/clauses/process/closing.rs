//! The sentinel, and closing a process object.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "process/sentinel-waitable",
        level: Level::Must,
        text: "After start the sentinel is an integer file descriptor that becomes readable when the \
            process ends and stays so until the object is closed.",
        source: "doc Process.sentinel",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        sentinel("c").expect(Expect::AtLeast(0)),
                        wait(&["c.sentinel"]).timeout(0).value(0),
                        send("hold.0", 1).ok(),
                        wait(&["c.sentinel"]).value(1),
                        wait(&["c.sentinel"]).timeout(0).value(1),
                        join("c").ok(),
                        wait(&["c.sentinel"]).timeout(0).value(1),
                    ])
                    .role(holding("c", &["hold.1"]), [recv("hold.1").gives(1)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/sentinel-before-start-error",
        level: Level::Must,
        text: "Reading the sentinel before start raises ValueError.",
        source: "BaseProcess.sentinel",
        programs: |_| {
            vec![
                Program::new()
                    .main([sentinel("c").one_of(&[Outcome::Misuse, Outcome::BadValue])])
                    .explicit("c", []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/close-running-error",
        level: Level::Must,
        text: "close on a running process raises ValueError and leaves it running.",
        source: "doc Process.close",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("hold")
                    .main([
                        close("c").is(Outcome::StillRunning),
                        is_alive("c").truth(true),
                        send("hold.0", 1).ok(),
                        join("c").ok(),
                        exitcode("c").value(0),
                        close("c").ok(),
                    ])
                    .role(holding("c", &["hold.1"]), [recv("hold.1").gives(1)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/close-then-operations-error",
        level: Level::Must,
        text: "After close, is_alive, join, start, terminate, kill, pid, exit code and sentinel all \
            raise ValueError, while name and daemon flag stay readable.",
        source: "doc Process.close; BaseProcess._check_closed",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        join("c").ok(),
                        close("c").ok(),
                        is_alive("c").is(Outcome::Closed),
                        join("c").is(Outcome::Closed),
                        start("c").is(Outcome::Closed),
                        terminate("c").is(Outcome::Closed),
                        kill("c").is(Outcome::Closed),
                        pid("c").is(Outcome::Closed),
                        exitcode("c").is(Outcome::Closed),
                        sentinel("c").is(Outcome::Closed),
                        name("c").text("a name"),
                        daemon("c").truth(false),
                    ])
                    .role(Worker { process_name: Some("a name".into()), ..worker("c") }, []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/close-idempotent",
        level: Level::Must,
        text: "close may be repeated, and is allowed on an object that was never started.",
        source: "BaseProcess.close",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        join("c").ok(),
                        close("c").ok(),
                        close("c").ok(),
                        close("never").ok(),
                        close("never").ok(),
                    ])
                    .process("c", [])
                    .explicit("never", []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/close-releases-descriptors",
        level: Level::Should,
        text: "close releases the descriptors that tie the object to its child (sentinel included).",
        source: "popen_fork.Popen.close",
        programs: |_| {
            vec![
                (0..10).fold(
                    Program::new().main(
                        // The first start may open what the library needs once.
                        cycle(0)
                            .into_iter()
                            .chain([count_descriptors().label("before").ok()])
                            .chain((1..10).flat_map(cycle))
                            .chain([count_descriptors().same_as("main", "before")]),
                    ),
                    |program, index| {
                        let child = Worker { bodiless: true, explicit: true, ..worker(&format!("c{index}")) };
                        program.role(child, [])
                    },
                ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/child-fd-count-independent-of-siblings",
        level: Level::Should,
        text: "With non-fork start methods the number of descriptors in a child does not grow with the \
            number of its siblings.",
        source: "bpo-26732",
        programs: |_| {
            vec![
                (0..3).fold(
                    Program::new().among(&[Method::Spawn, Method::Forkserver]).pipe("hold").main(
                        (0..3)
                            .map(|index| {
                                let line = start(&format!("c{index}")).ok();
                                match index {
                                    0 => line,
                                    _ => line.after(returned(&format!("c{}", index - 1), "count")),
                                }
                            })
                            .chain((0..3).map(|_| send("hold.0", 1).after(returned("c2", "count")).ok())),
                    ),
                    |program, index| {
                        let count = count_descriptors().label("count");
                        let count = if index == 0 { count.ok() } else { count.same_as("c0", "count") };
                        let child = Worker { explicit: true, ..holding(&format!("c{index}"), &["hold.1"]) };
                        program.role(child, [count, recv("hold.1").after(returned("c2", "count")).returns()])
                    },
                ),
            ]
        },
        ..Clause::BLANK
    },
];

/// Starts, joins and closes one process.
fn cycle(index: usize) -> [Line; 3] {
    let child = format!("c{index}");
    [start(&child).ok(), join(&child).ok(), close(&child).ok()]
}
