//! Managed queues: what is put is there when the put returns.

use super::programs_of;
use crate::clauses::prelude::*;
use crate::program::random;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "mgrsync/queue",
        level: Level::Must,
        text: "A managed queue follows the in-process queue: exact emptiness and size, FIFO in order of \
            arrival at the server, Empty and Full told apart; a negative timeout is refused.",
        source: "doc SyncManager.Queue",
        programs: |seed| {
            let mut programs = programs_of(
                &[
                    "queue/put-blocks-when-full",
                    "queue/put-nonblocking-full",
                    "queue/put-timeout-full",
                    "queue/get-nonblocking-empty",
                    "queue/get-timeout-empty",
                    "queue/blocking-get-waits-forever",
                    "queue/put-wakes-one-waiting-get",
                    "queue/get-wakes-one-waiting-put",
                    "queue/fifo-per-producer",
                    "queue/qsize-counts-put-minus-got",
                    "queue/full-reflects-bound",
                    "queue/maxsize-nonpositive-unbounded",
                    "queue/none-and-empty-payloads",
                ],
                seed,
            );
            programs.extend([
                Program::new()
                    .title("what is put later is taken later, whoever puts it")
                    .queue("q", 0)
                    .main([
                        put("q", 1).ok().label("first"),
                        get("q").after(ended("p")).gives(1),
                        get("q").gives(2),
                    ])
                    .process("p", [put("q", 2).after(returned("main", "first")).ok()])
                    .in_manager("m"),
                Program::new()
                    .title("size and emptiness as another process sees them")
                    .queue("q", 2)
                    .main([
                        empty("q").truth(true),
                        put("q", 1).ok(),
                        put("q", 2).ok().label("full"),
                        qsize("q").after(ended("p")).value(1),
                        full("q").truth(false),
                        empty("q").truth(false),
                    ])
                    .process(
                        "p",
                        [
                            qsize("q").after(returned("main", "full")).value(2),
                            full("q").truth(true),
                            empty("q").truth(false),
                            get("q").gives(1),
                        ],
                    )
                    .in_manager("m"),
                Program::new()
                    .title("negative time limits")
                    .queue("q", 1)
                    .main([
                        get("q").timeout(-1_000).is(Outcome::BadValue),
                        put("q", 1).ok(),
                        put("q", 2).timeout(-1_000).is(Outcome::BadValue),
                        qsize("q").value(1),
                    ])
                    .in_manager("m"),
            ]);
            programs.extend((0..RANDOM_PROGRAMS).filter_map(|index| any_program(seed.wrapping_add(index))));
            programs
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/queue-put-is-synchronous",
        level: Level::Must,
        text: "A put has happened when it returns: no feeder, no loss at exit, no join-before-drain deadlock, \
            errors at the caller.",
        source: "doc \"Pipes and Queues\" warning",
        claims: &[PROCESSES],
        programs: |seed| {
            let mut programs = programs_of(
                &["queue/item-visible-when-put-returns", "queue/nonblocking-get-finds-what-is-there"],
                seed,
            );
            programs.extend([
                Program::new()
                    .title("a producer leaves at once, and is joined before anything is taken")
                    .queue("q", 0)
                    .main([
                        start("p").ok(),
                        join("p").ok(),
                        get("q").gives(Item::bytes(1, 1_000_000)),
                        get("q").gives(2),
                        get_nowait("q").is(Outcome::Empty),
                    ])
                    .explicit(
                        "p",
                        [put("q", Item::bytes(1, 1_000_000)).ok(), put("q", 2).ok(), exit_immediately(0)],
                    )
                    .in_manager("m"),
                Program::new()
                    .title("a producer is killed")
                    .queue("q", 0)
                    .main([
                        get_nowait("q").after(gone("p")).gives(1),
                        get_nowait("q").gives(2),
                        get_nowait("q").is(Outcome::Empty),
                    ])
                    .process("p", [put("q", 1).ok(), put("q", 2).ok().label("put"), stay_until_the_end()])
                    .kill("p", [returned("p", "put")])
                    .in_manager("m"),
                Program::new()
                    .title("an item that cannot be encoded")
                    .queue("q", 0)
                    .main([
                        put("q", item(1, ItemKind::Unencodable)).is(Outcome::EncodeFailed),
                        qsize("q").value(0),
                        put("q", 2).ok(),
                        get("q").gives(2),
                    ])
                    .in_manager("m"),
                Program::new()
                    .title("what is changed afterwards was put before")
                    .queue("q", 0)
                    .main([
                        put_then_clear("q", item(1, ItemKind::List)).ok(),
                        get("q").gives(item(1, ItemKind::List)),
                    ])
                    .in_manager("m"),
            ]);
            programs
        },
        ..Clause::BLANK
    },
    Clause {
        id: "mgrsync/queue-has-task-done",
        level: Level::Should,
        text: "Both managed queue types offer task_done and join.",
        source: "SyncManager.register",
        programs: |seed| {
            const IDS: [&str; 4] = [
                "joinable/join-waits-for-all-task-done",
                "joinable/join-immediate-when-none",
                "joinable/task-done-too-often-error",
                "joinable/any-process-may-call",
            ];
            let joinable = programs_of(&IDS, seed);
            let plain = joinable.clone().into_iter().map(|mut program| {
                for object in &mut program.objects {
                    if let ObjectKind::Managed { of, .. } = &mut object.kind
                        && let ObjectKind::JoinableQueue { maxsize } = **of
                    {
                        **of = ObjectKind::Queue { maxsize };
                    }
                }
                let title = format!("{}, on a queue of the other type", program.title);
                program.title(title)
            });
            let plain: Vec<Program> = plain.collect();
            joinable.into_iter().chain(plain).collect()
        },
        ..Clause::BLANK
    },
];

/// How many random programs are looked at: those about simple queues are of no use here.
const RANDOM_PROGRAMS: u64 = 8;

/// A random program about a managed queue, whose calls are linearizable to one first-in-first-out queue.
fn any_program(seed: u64) -> Option<Program> {
    let mut program = random::queue_program(seed);
    let maxsize = program.objects.iter().find_map(|object| match object.kind {
        ObjectKind::Queue { maxsize } | ObjectKind::JoinableQueue { maxsize } => Some(maxsize),
        _ => None,
    })?;
    // A proxy is not closed.
    for role in &mut program.roles {
        role.lines.retain(|line| !matches!(line.step.call, Call::Close));
    }
    program.judges = vec![Judge::LinearizableFifo("q".into(), maxsize.max(0) as u32)];
    Some(program.in_manager("m"))
}
