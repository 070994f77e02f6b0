//! Who removes a block that nobody has removed, and who must not: ends and deaths of its users.

use crate::clauses::prelude::*;
use crate::program::Action;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "shm/cleaned-after-creator-killed",
        level: Level::Should,
        text: "If the creating program is killed the block is removed soon after, with a warning.",
        source: "resource_tracker",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .queue("idle", 0)
                    .main([new_block("b", "a", 64).ok(), block_mode("a").value(0o600), stay("idle")])
                    .kill("main", [blocked("main", "stay")])
                    .judge(Judge::NothingLeft),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/untracked-attach",
        level: Level::Should,
        text: "An attachment can opt out of tracking so that its exit never removes the block (3.13).",
        source: "gh-82300",
        claims: &[PROCESSES],
        programs: |_| {
            let attach = Call::OpenBlock {
                name: "x".into(),
                block: Some(block("a")),
                create: false,
                size: None,
                track: Some(false),
            };
            vec![
                Program::new()
                    .among(&[Method::Fork])
                    .main(still_there())
                    .process("c", [own(attach).after(returned("main", "written")).ok(), close("x").ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "shm/attaching-never-removes",
        level: Level::Beyond,
        text: "Who has merely attached to a block never removes it, whether it closes it, ends without \
            closing it, or is killed.",
        source: "gh-82300, gh-104291, gh-116849; LMCache#4181",
        origin: Some("shm/hazard-reader-exit-destroys-block"),
        claims: &[PROCESSES],
        programs: |_| {
            let program = |title: &str| {
                Program::new().title(title).queue("idle", 0).among(&[Method::Fork]).main(still_there())
            };
            let attaches = || attach("x", "a").after(returned("main", "written")).ok();
            let reads = || read_block("x", 0, 8).reads_bytes(&Item::bytes(7, 8).raw_bytes());
            vec![
                program("it closes the block and ends").process("c", [attaches(), reads(), close("x").ok()]),
                program("it ends with the block open").process("c", [attaches(), reads()]),
                program("it is killed with the block open")
                    .process("c", [attaches(), reads(), stay("idle")])
                    .kill("c", [blocked("c", "stay")]),
            ]
        },
    },
    Clause {
        id: "shm/failed-attach-harms-nobody",
        level: Level::Beyond,
        text: "When a process has no room to attach to a block, it is told so, and the block stays as it \
            is.",
        source: "gh-153279",
        origin: Some("shm/hazard-failed-attach-unlinks"),
        claims: &[PROCESSES],
        programs: |_| {
            const LARGE: i64 = 64 << 20;
            vec![
                Program::new()
                    .queue("idle", 0)
                    .main([
                        new_block("b", "a", LARGE).ok(),
                        write_block("b", 0, Item::bytes(7, 8)).after(blocked("c", "waits")).ok(),
                        // The fault has happened by then: both wait for the same, and a gate takes longer.
                        put("idle", 1).after(blocked("c", "waits")).ok(),
                        block_mode("a").after(returned("c", "attach")).value(0o600),
                        attach("y", "a").ok(),
                        read_block("b", 0, 8).reads_bytes(&Item::bytes(7, 8).raw_bytes()),
                        unlink("b").ok(),
                    ])
                    .process(
                        "c",
                        [
                            get("idle").label("waits").ok(),
                            attach("x", "a").label("attach").is(Outcome::Exhausted),
                        ],
                    )
                    .fault("c", Action::LimitMemory(8 << 20), [blocked("c", "waits")]),
            ]
        },
    },
    Clause {
        id: "shm/outlives-its-creator",
        level: Level::Beyond,
        text: "When the process that created a block is killed, those that are attached go on reading and \
            writing it.",
        source: "doc SharedMemory: a block may outlive the process that created it",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .queue("idle", 0)
                    .main([
                        attach("x", "a").after(returned("c", "written")).label("attached").ok(),
                        attach("y", "a").ok(),
                        read_block("x", 0, 64).after(gone("c")).reads_bytes(&Item::bytes(7, 64).raw_bytes()),
                        write_block("x", 0, Item::bytes(8, 64)).after(quiescence()).ok(),
                        read_block("y", 0, 64).reads_bytes(&Item::bytes(8, 64).raw_bytes()),
                        close("x").ok(),
                    ])
                    .process(
                        "c",
                        [
                            new_block("b", "a", 64).ok(),
                            write_block("b", 0, Item::bytes(7, 64)).label("written").ok(),
                            get("idle").after(returned("main", "attached")).label("stay"),
                        ],
                    )
                    .kill("c", [blocked("c", "stay")]),
            ]
        },
        ..Clause::BLANK
    },
];

/// Creates a block, lets `c` do with it what it does, and finds it unharmed when `c` is gone, and so is
/// whoever cleans up after it.
fn still_there() -> Vec<Line> {
    vec![
        new_block("b", "a", 64).ok(),
        write_block("b", 0, Item::bytes(7, 8)).label("written").ok(),
        block_mode("a").after(gone("c")).after(quiescence()).value(0o600),
        attach("y", "a").ok(),
        read_block("b", 0, 8).reads_bytes(&Item::bytes(7, 8).raw_bytes()),
        unlink("b").ok(),
    ]
}
