//! What is there when put has returned.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "queue/item-visible-when-put-returns",
        level: Level::Beyond,
        text: "Once put has returned, the queue is not empty and a get that does not wait succeeds, in \
            the same process and in every other, until somebody takes the item.",
        source: "doc note (1); gh-77060, gh-142837",
        origin: Some("queue/hazard-empty-right-after-put"),
        programs: |_| {
            vec![
                Program::new().title("in the same process").queue("q", 0).main(
                    (0..100).flat_map(|id| {
                        [put("q", id).ok(), empty("q").truth(false), get_nowait("q").gives(id)]
                    }),
                ),
                Program::new()
                    .title("in another process")
                    .queue("q", 0)
                    .main((0..20).map(|id| put("q", id).label(&format!("put{id}")).ok()))
                    .process(
                        "c",
                        (0..20).flat_map(|id| {
                            [
                                empty("q").after(returned("main", &format!("put{id}"))).truth(false),
                                get_nowait("q").gives(id),
                            ]
                        }),
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/nonblocking-get-finds-what-is-there",
        level: Level::Beyond,
        text: "A get that does not wait says \"empty\" only if the queue holds no item, however many \
            others are taking at the same time.",
        source: "gh-87302",
        origin: Some("queue/hazard-spurious-empty-under-contention"),
        programs: |_| {
            vec![["a", "b", "c"].into_iter().fold(
                Program::new().queue("q", 0).main(
                    (0..300).map(|id| put("q", id).ok()).chain([sleep(50), own(Call::Getpid).label("there")]),
                ),
                |program, consumer| {
                    let first = get_nowait("q").after(returned("main", "there")).ok();
                    program
                        .process(consumer, [first].into_iter().chain((1..100).map(|_| get_nowait("q").ok())))
                },
            )]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "queue/linearizable-as-claimed",
        level: Level::Must,
        text: "The queue keeps the order that its implementation claims: every item at most once, or \
            also each producer's items in their order, or one first-in-first-out sequence of all calls, bounds and \
            refusals included.",
        source: "the implementation's own claim (queue_level)",
        programs: |_| {
            vec![
                Program::new()
                    .title("two producers that do not wait, two consumers that do not wait")
                    .queue("q", 2)
                    .main([])
                    .process("p", (100..110).map(|id| put_nowait("q", id)))
                    .process("r", (200..210).map(|id| put_nowait("q", id)))
                    .process("c", (0..10).map(|_| get_nowait("q")))
                    .process("d", (0..10).map(|_| get_nowait("q")))
                    .judge(Judge::ClaimedQueueLevel("q".into(), 2)),
                Program::new()
                    .title("a put that follows another is taken after it")
                    .queue("q", 0)
                    .main([])
                    .process("p", [put("q", 1).label("put").ok()])
                    .process("r", [put("q", 2).after(returned("p", "put")).label("put").ok()])
                    .process("c", [get("q").after(returned("r", "put")).ok(), get("q").ok()])
                    .judge(Judge::ClaimedQueueLevel("q".into(), 0)),
            ]
        },
        ..Clause::BLANK
    },
];
