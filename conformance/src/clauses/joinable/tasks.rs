//! Joinable queues: what has been put and not yet been reported as done.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "joinable/join-waits-for-all-task-done",
        level: Level::Must,
        text: "join returns only when as many task_done calls as puts have happened; taking items is not \
            enough.",
        source: "doc JoinableQueue.join",
        programs: |_| {
            vec![
                Program::new()
                    .joinable("q", 0)
                    .main([
                        put("q", 1).ok(),
                        put("q", 2).ok(),
                        join_tasks("q").label("join").ok().waits_for_call("w", "last"),
                    ])
                    .process(
                        "w",
                        [
                            get("q").gives(1),
                            get("q").gives(2),
                            task_done("q").after(blocked("main", "join")).ok(),
                            task_done("q").label("last").after(quiescence()).ok(),
                        ],
                    ),
                Program::new()
                    .title("taking every item is not enough")
                    .joinable("q", 0)
                    .queue("idle", 0)
                    .main([put("q", 1).ok(), join_tasks("q").after(returned("w", "take")).blocks()])
                    // Who took it lives on, and could still report it.
                    .process("w", [get("q").label("take").gives(1), stay("idle").blocks()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "joinable/join-immediate-when-none",
        level: Level::Must,
        text: "join on a queue with no unfinished items returns at once.",
        source: "JoinableQueue.join",
        programs: |_| {
            vec![Program::new().joinable("q", 0).main([
                join_tasks("q").ok(),
                put("q", 1).ok(),
                get("q").gives(1),
                task_done("q").ok(),
                join_tasks("q").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "joinable/task-done-too-often-error",
        level: Level::Must,
        text: "task_done called more often than items were put raises ValueError.",
        source: "doc JoinableQueue.task_done",
        programs: |_| {
            vec![Program::new().joinable("q", 0).main([
                task_done("q").is(Outcome::OverRelease),
                put("q", 1).ok(),
                get("q").gives(1),
                task_done("q").ok(),
                task_done("q").is(Outcome::OverRelease),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "joinable/task-done-not-tied-to-get",
        level: Level::May,
        text: "task_done may be called before the matching get; only the totals count.",
        source: "JoinableQueue.task_done",
        programs: |_| {
            vec![Program::new().joinable("q", 0).main([
                put("q", 1).ok(),
                put("q", 2).ok(),
                task_done("q").ok(),
                task_done("q").ok(),
                join_tasks("q").ok(),
                get("q").gives(1),
                get("q").gives(2),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "joinable/any-process-may-call",
        level: Level::Must,
        text: "task_done and join work from any process sharing the queue, and several joiners are all \
            released.",
        source: "JoinableQueue",
        programs: |_| {
            vec![
                four_workers(Vec::new()),
                // While items are still being put, a report too many may find nothing to report.
                four_workers(vec![returned("main", "all-put")]).title("all is put before any is reported"),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "joinable/unfinished-counted-at-put",
        level: Level::Must,
        text: "The unfinished count rises when put returns, before any consumer sees the item.",
        source: "JoinableQueue.put",
        programs: |_| {
            vec![
                Program::new()
                    .joinable("q", 0)
                    .main([put("q", 1).ok(), join_tasks("q").label("join").ok().waits_for_call("t", "done")])
                    .thread(
                        "t",
                        "main",
                        [get("q").after(blocked("main", "join")).gives(1), task_done("q").label("done").ok()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "joinable/inherits-queue",
        level: Level::Must,
        text: "All queue clauses hold for joinable queues.",
        source: "doc JoinableQueue",
        programs: |seed| queues_as_joinable(seed),
        ..Clause::BLANK
    },
    Clause {
        id: "joinable/join-learns-of-a-dead-worker",
        level: Level::Beyond,
        text: "When a process dies between taking an item and reporting it as done, join does not wait \
            for ever: it says that the one it depended on is gone.",
        source: "losoto#173",
        origin: Some("joinable/hazard-join-hangs-when-worker-dies"),
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .joinable("q", 0)
                    .queue("idle", 0)
                    .main([put("q", 1).ok(), join_tasks("q").label("join").is(Outcome::PeerDied)])
                    .process("w", [get("q").gives(1), stay("idle")])
                    .kill("w", [blocked("main", "join"), blocked("w", "stay")]),
                Program::new()
                    .title("the worker is gone before join is called")
                    .joinable("q", 0)
                    .main([put("q", 1).ok(), join_tasks("q").after(gone("w")).is(Outcome::PeerDied)])
                    .process("w", [get("q").gives(1), exit_immediately(1)]),
            ]
        },
    },
];

/// Four workers take three items each and report them, once this holds; two processes join.
fn four_workers(begin: Vec<Condition>) -> Program {
    let main = (0..12)
        .map(|id| put("q", id).ok())
        .chain([own(Call::Getpid).label("all-put"), join_tasks("q").ok().waits_for_call("w0", "done2")]);
    let worker = |program: Program, worker: usize| {
        let begin = begin.clone();
        let lines = (0..3).flat_map(move |round| {
            let after = if round == 0 { begin.clone() } else { Vec::new() };
            let take = Line { after, ..get("q").ok() };
            [take, task_done("q").label(&format!("done{round}")).ok()]
        });
        program.process(&format!("w{worker}"), lines)
    };
    (0..4)
        .fold(Program::new().joinable("q", 0).main(main), worker)
        .process("joiner", [join_tasks("q").after(returned("main", "all-put")).ok()])
        .judge(Judge::Conservation("q".into()))
}

/// The programs of every MUST clause about queues, with joinable queues in place of plain ones.
fn queues_as_joinable(seed: u64) -> Vec<Program> {
    let clauses = crate::clauses::queue::CHAPTERS.iter().copied().flatten();
    let binding = clauses.filter(|clause| clause.level == Level::Must && clause.claims.is_empty());
    binding
        .flat_map(|clause| {
            (clause.programs)(seed).into_iter().map(|mut program| {
                program.title = format!("{}: {}", clause.id, program.title);
                for object in &mut program.objects {
                    if let ObjectKind::Queue { maxsize } = object.kind {
                        object.kind = ObjectKind::JoinableQueue { maxsize };
                    }
                }
                program
            })
        })
        .collect()
}
