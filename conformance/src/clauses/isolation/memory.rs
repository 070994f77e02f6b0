//! Threads share a process, processes share nothing: memory, files, fate and time.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "isolation/threads-share-memory",
        level: Level::Must,
        text: "What one thread writes into the memory of its process, every other thread of it reads.",
        source: "lecture: threads share one process's memory",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        global_write(7).label("first").ok(),
                        global_read().after(returned("t", "second")).value(8),
                    ])
                    .thread(
                        "t",
                        "main",
                        [
                            global_read().after(returned("main", "first")).value(7),
                            global_write(8).label("second").ok(),
                        ],
                    )
                    .thread("u", "main", [global_read().after(returned("t", "second")).value(8)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "isolation/processes-share-no-memory",
        level: Level::Must,
        text: "A variable changed in a child is unchanged in its parent and in its siblings.",
        source: "lecture: processes cannot share data directly",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .each_process_method()
                    .main([
                        global_write(1).ok(),
                        global_read().after(returned("c", "write")).value(1),
                        global_write(2).label("parent-write").ok(),
                    ])
                    .process(
                        "c",
                        [
                            global_write(5).label("write").ok(),
                            global_read().after(returned("main", "parent-write")).value(5),
                        ],
                    )
                    .process(
                        "d",
                        [
                            global_read().after(returned("c", "write")).value(0),
                            global_read().after(returned("main", "parent-write")).value(0),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "isolation/threads-share-files",
        level: Level::Must,
        text: "A file opened by one thread is open in every other thread of the process.",
        source: "lecture: threads share one process's files",
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        own(Call::OpenDescriptor { fd: DESCRIPTOR, inheritable: false }).label("open").ok(),
                        getpid().after(ended("t")).ok(),
                    ])
                    .thread(
                        "t",
                        "main",
                        [own(Call::DescriptorOpen { fd: DESCRIPTOR })
                            .after(returned("main", "open"))
                            .truth(true)],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "isolation/processes-share-no-files",
        level: Level::Must,
        text: "A file opened in one process after another was started is not open in the other.",
        source: "lecture: processes have their own files",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([own(Call::DescriptorOpen { fd: DESCRIPTOR })
                        .after(returned("c", "open"))
                        .truth(false)])
                    .process(
                        "c",
                        [
                            own(Call::OpenDescriptor { fd: DESCRIPTOR, inheritable: true })
                                .label("open")
                                .ok(),
                            own(Call::DescriptorOpen { fd: DESCRIPTOR })
                                .after(returned("d", "look"))
                                .truth(true),
                        ],
                    )
                    .process(
                        "d",
                        [own(Call::DescriptorOpen { fd: DESCRIPTOR })
                            .label("look")
                            .after(returned("c", "open"))
                            .truth(false)],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "isolation/threads-have-their-process-id",
        level: Level::Must,
        text: "All threads of a process have its process id.",
        source: "POSIX getpid",
        programs: |_| {
            vec![
                Program::new()
                    .main([getpid().label("pid").ok()])
                    .thread("t", "main", [getpid().after(returned("main", "pid")).same_as("main", "pid")])
                    .thread("u", "main", [getpid().after(returned("main", "pid")).same_as("main", "pid")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "isolation/a-childs-threads-share-its-memory",
        level: Level::Must,
        text: "A process may have several threads; they share its memory, and nothing of its parent's.",
        source: "lecture: each process may have several threads",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([global_write(1).ok(), global_read().after(returned("t", "write")).value(1)])
                    .process(
                        "c",
                        [
                            global_write(5).label("write").ok(),
                            global_read().after(returned("t", "write")).value(6),
                        ],
                    )
                    .thread(
                        "t",
                        "c",
                        [
                            global_read().after(returned("c", "write")).value(5),
                            global_write(6).label("write").ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "isolation/processes-run-in-parallel",
        level: Level::Must,
        text: "Two busy processes make progress at the same time.",
        source: "lecture: processes run truly in parallel",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([start("a").ok(), start("b").after(called("a", "burn")).ok()])
                    // Long enough for the second to be started meanwhile.
                    .explicit("a", [own(Call::Burn { ms: 600 }).label("burn").expect(Expect::AtLeast(1))])
                    .explicit("b", [own(Call::Burn { ms: 50 }).label("burn").expect(Expect::AtLeast(1))])
                    .judge(Judge::Overlap(at("a", "burn"), at("b", "burn"))),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "isolation/a-waiting-process-holds-up-no-other",
        level: Level::Must,
        text: "A process that waits in a call holds up no other, and a thread that waits holds up no \
            other thread.",
        source: "lecture: processes are independent",
        programs: |_| {
            vec![
                Program::new()
                    .queue("q", 0)
                    .main([get("q").label("get").gives(1)])
                    .thread(
                        "t",
                        "main",
                        [own(Call::Burn { ms: 30 }).label("burn").after(blocked("main", "get")).ok()],
                    )
                    .process(
                        "p",
                        [
                            own(Call::Burn { ms: 30 }).after(blocked("main", "get")).ok(),
                            put("q", 1).after(returned("t", "burn")).ok(),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "isolation/a-crash-stays-in-its-process",
        level: Level::Must,
        text: "When one process crashes, the memory and the work of the others are untouched.",
        source: "lecture: processes are isolated",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        global_write(1).ok(),
                        join("c").ok(),
                        exitcode("c").value(-11),
                        global_read().value(1),
                        join("d").ok(),
                        exitcode("d").value(0),
                    ])
                    .process("c", [global_write(5).ok(), signal_self(11)])
                    .process("d", [global_write(2).ok(), global_read().after(gone("c")).value(2)]),
            ]
        },
        ..Clause::BLANK
    },
];

/// A descriptor that nothing else uses.
const DESCRIPTOR: i32 = 77;
