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
            // The consumers begin when whatever carries the items has carried them all.
            let there = own(Call::Getpid).after(quiescence()).label("there");
            let main = (0..300).map(|id| put("q", id).ok()).chain([there]);
            let takes = |program: Program, consumer: &str| {
                let first = get_nowait("q").after(returned("main", "there")).ok();
                program.process(consumer, [first].into_iter().chain((1..100).map(|_| get_nowait("q").ok())))
            };
            vec![["a", "b", "c"].into_iter().fold(Program::new().queue("q", 0).main(main), takes)]
        },
        ..Clause::BLANK
    },
];
