//! Several clients of one server: that a call is atomic, and that nobody waits for another.

use crate::clauses::prelude::*;
use crate::program::random;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "manager/one-server-thread-per-client-thread",
        level: Level::Should,
        text: "Each client thread has its own connection; a call that waits does not delay other clients.",
        source: "BaseProxy._connect; Server.accept_connection",
        programs: |_| {
            let works = |after: Condition| {
                [
                    append("l", 1).after(after).ok(),
                    put("other", 1).ok(),
                    get("other").gives(1),
                    len_of("l").expect(Expect::AtLeast(1)),
                ]
            };
            let objects = || Program::new().queue("q", 0).queue("other", 0).object("l", an_empty_list());
            vec![
                objects()
                    .main(
                        works(blocked("p", "wait"))
                            .into_iter()
                            .chain([put("q", 7).after(blocked("t", "wait")).ok(), put("q", 8).ok()]),
                    )
                    .process("p", [get("q").label("wait").ok()])
                    .thread("t", "main", [get("q").label("wait").ok()])
                    .in_manager("m"),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/single-call-atomicity",
        level: Level::Must,
        text: "A single call on a built-in container is atomic; a sequence of calls is not.",
        source: "Server.serve_client (one thread per client, interpreter lock)",
        programs: |seed| {
            const WORKERS: [&str; 4] = ["a", "b", "c", "e"];
            let all_ended = |line: Line| WORKERS.iter().fold(line, |line, name| line.after(ended(name)));
            let with_workers = |program: Program, lines: fn(i64) -> Vec<Line>| {
                (0..).zip(WORKERS).fold(program, |program, (index, name)| program.process(name, lines(index)))
            };
            let lists =
                |title: &str| Program::new().title(title).manager("m").managed("l", "m", an_empty_list());
            let mut programs = vec![
                with_workers(
                    lists("four append")
                        .main([all_ended(iterate("l")).value(200)])
                        .judge(Judge::List("l".into())),
                    |index| (0..50).map(|round| append("l", 100 * index + round).ok()).collect(),
                ),
                with_workers(
                    lists("four extend by three at once, and read")
                        .main([all_ended(iterate("l")).value(180)])
                        .judge(Judge::List("l".into())),
                    |index| {
                        (0..15)
                            .flat_map(|round| {
                                let first = 1000 * index + 3 * round;
                                let three = Datum::list(first..first + 3);
                                [invoke_with("l", "extend", [three]).ok(), get_value("l", "seen").ok()]
                            })
                            .collect()
                    },
                ),
                with_workers(
                    Program::new()
                        .title("four take what there is, each element once")
                        .manager("m")
                        .managed("l", "m", a_list(0..80))
                        .main([all_ended(len_of("l")).gives_value(0)]),
                    |_| (0..20).flat_map(|_| [invoke("l", "pop").ok(), word_add(0, 1).ok()]).collect(),
                ),
                with_workers(
                    Program::new()
                        .title("four set what is missing: one of them does")
                        .manager("m")
                        .managed("d", "m", an_empty_dict())
                        .main([all_ended(len_of("d")).gives_value(20)])
                        .judge(Judge::Entries("d".into())),
                    |index| {
                        (0..20)
                            .map(|key| invoke_with("d", "setdefault", [key, 100 * index + key]).ok())
                            .collect()
                    },
                ),
            ];
            programs.extend(
                (0..random::MANAGED_PROGRAMS).map(|index| random::managed_program(seed.wrapping_add(index))),
            );
            programs
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/number-of-objects",
        level: Level::May,
        text: "The server can report how many objects it holds.",
        source: "BaseManager._number_of_objects",
        programs: |_| {
            vec![Program::new().manager("m").managed("l", "m", a_list([1])).main([
                number_of_objects("m").label("first").expect(Expect::AtLeast(1)),
                create_managed("k", "m", a_list([1])).ok(),
                number_of_objects("m").expect(Expect::Plus(at("main", "first"), 1)),
                create_managed("d", "m", an_empty_dict()).ok(),
                number_of_objects("m").expect(Expect::Plus(at("main", "first"), 2)),
                on("k", Call::Forget).ok(),
                number_of_objects("m").expect(Expect::Plus(at("main", "first"), 1)),
                on("d", Call::Forget).ok(),
                number_of_objects("m").same_as("main", "first"),
            ])]
        },
        ..Clause::BLANK
    },
];
