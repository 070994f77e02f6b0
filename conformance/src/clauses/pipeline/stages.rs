//! Pipelines: programs that need not know of each other, each one's output the next one's input.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "pipeline/output-of-each-is-input-of-the-next",
        level: Level::Must,
        text: "Each program's output is the next one's input, and the last one's output is the result; \
            the programs need not know of each other.",
        source: "lecture: a shell pipeline; fifth program",
        programs: |_| {
            vec![
                Program::new().title("count the matching lines").main([pipeline(
                    &[&["cat"], &["grep", "pear"], &["wc", "-l"]],
                    Some(FRUIT),
                )
                .text("2\n")
                .expect(Expect::ItemValues(vec![0, 0, 0]))]),
                Program::new().title("in the order of the stages").main([pipeline(
                    &[&["sort", "-r"], &["head", "-n", "2"], &["tr", "a-z", "A-Z"]],
                    Some(FRUIT),
                )
                .text("SMALL PEAR\nPLUM\n")
                .expect(Expect::ItemValues(vec![0, 0, 0]))]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipeline/one-stage",
        level: Level::Must,
        text: "A pipeline of one program reads the input and gives the output.",
        source: "POSIX shell, pipelines",
        programs: |_| {
            vec![Program::new().main([
                pipeline(&[&["cat"]], Some(FRUIT)).text(FRUIT).expect(Expect::ItemValues(vec![0])),
                pipeline(&[&["cat"]], None).text("").expect(Expect::ItemValues(vec![0])),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipeline/exit-code-of-every-stage",
        level: Level::Must,
        text: "The exit code of every stage is told, of those that fail too.",
        source: "lecture: fifth program, the exit code of every stage",
        programs: |_| {
            vec![
                Program::new().main([
                    pipeline(&[&["cat"], &["grep", "no such fruit"], &["wc", "-l"]], Some(FRUIT))
                        .text("0\n")
                        .expect(Expect::ItemValues(vec![0, 1, 0])),
                    pipeline(&[&["sh", "-c", "exit 3"], &["sh", "-c", "cat; exit 4"]], None)
                        .text("")
                        .expect(Expect::ItemValues(vec![3, 4])),
                    pipeline(&[&["sh", "-c", "kill -9 $$"], &["wc", "-c"]], None)
                        .text("0\n")
                        .expect(Expect::ItemValues(vec![-9, 0])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipeline/stages-run-at-the-same-time",
        level: Level::Must,
        text: "The stages run at the same time, so that more than a pipe holds flows through all of \
            them.",
        source: "lecture: a shell pipeline starts each program",
        programs: |_| {
            vec![
                Program::new().main([
                    pipeline(
                        &[&["head", "-c", "3000000", "/dev/zero"], &["cat"], &["cat"], &["wc", "-c"]],
                        None,
                    )
                    .text("3000000\n")
                    .expect(Expect::ItemValues(vec![0, 0, 0, 0])),
                    pipeline(&[&["cat"], &["cat"], &["wc", "-c"]], Some(&"0123456789abcde\n".repeat(10_000)))
                        .text("160000\n")
                        .expect(Expect::ItemValues(vec![0, 0, 0])),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipeline/nothing-runs-on",
        level: Level::Must,
        text: "When a later stage ends early, the earlier ones learn of it and end; no stage is left \
            running.",
        source: "lecture: fifth program, no stage left running when a later one ends early",
        programs: |_| {
            vec![
                Program::new()
                    .main([pipeline(&[&["yes"], &["head", "-n", "1"]], None)
                        .text("y\n")
                        .expect(Expect::ItemValues(vec![-13, 0]))])
                    .judge(Judge::NothingLeft),
                Program::new()
                    .title("from the middle")
                    .main([pipeline(&[&["yes"], &["head", "-n", "3"], &["wc", "-l"]], None)
                        .text("3\n")
                        .expect(Expect::ItemValues(vec![-13, 0, 0]))])
                    .judge(Judge::NothingLeft),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipeline/unread-input-is-no-error",
        level: Level::Must,
        text: "A first stage that does not read its input does not stop the pipeline, however long the \
            input is.",
        source: "POSIX shell, pipelines",
        programs: |_| {
            vec![
                Program::new().main([pipeline(
                    &[&["echo", "done"], &["cat"]],
                    Some(&"unread\n".repeat(30_000)),
                )
                .text("done\n")
                .expect(Expect::ItemValues(vec![0, 0]))]),
            ]
        },
        ..Clause::BLANK
    },
];

/// Lines among which two match.
const FRUIT: &str = "apple\npear\nfig\nsmall pear\nplum\n";
