//! How the end of a process is told to its creator.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "process/exitcode-zero-on-return",
        level: Level::Must,
        text: "A body that returns, whatever the returned value, gives exit code 0.",
        source: "BaseProcess._bootstrap",
        programs: |_| {
            vec![ends([
                ("a", exit(ExitStatus::Returned(5)), 0),
                ("b", exit(ExitStatus::Returned(0)), 0),
                ("c", exit(ExitStatus::Returned(-1)), 0),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/exitcode-explicit-integer",
        level: Level::Must,
        text: "An explicit integer exit request gives that value reduced modulo 256 as the parent sees \
            it (300→44, −1→255).",
        source: "doc Process.exitcode; BaseProcess._bootstrap; os.waitstatus_to_exitcode",
        programs: |_| {
            vec![ends([
                ("a", exit(ExitStatus::Code(0)), 0),
                ("b", exit(ExitStatus::Code(8)), 8),
                ("c", exit(ExitStatus::Code(300)), 44),
                ("d", exit(ExitStatus::Code(-1)), 255),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/exitcode-none-and-bool",
        level: Level::Should,
        text: "An exit request carrying nothing or false gives 0, true gives 1.",
        source: "BaseProcess._bootstrap",
        programs: |_| {
            vec![ends([
                ("a", exit(ExitStatus::Nothing), 0),
                ("b", exit(ExitStatus::Flag(false)), 0),
                ("c", exit(ExitStatus::Flag(true)), 1),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/exitcode-nonint-reason",
        level: Level::Should,
        text: "An exit request carrying any other value writes that value's text plus a newline to \
            standard error and gives exit code 1.",
        source: "BaseProcess._bootstrap",
        programs: |_| {
            vec![
                ends([("a", exit(ExitStatus::Text("ignorance is no excuse".into())), 1)])
                    .judge(Judge::StderrFirstLine("ignorance is no excuse".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/exitcode-uncaught-error",
        level: Level::Must,
        text: "An error escaping the body gives exit code 1 and a report on standard error whose first \
            line names the process.",
        source: "BaseProcess._bootstrap",
        programs: |_| {
            vec![
                Program::new()
                    .main([join("c").ok(), exitcode("c").value(1)])
                    .role(Worker { process_name: Some("N1".into()), ..worker("c") }, [own(Call::Raise)])
                    .judge(Judge::StderrContains("N1".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/exitcode-negative-signal",
        level: Level::Must,
        text: "Death by signal N is reported as exit code −N (−15, −9, −11, −10 …).",
        source: "doc Process.exitcode",
        claims: &[PROCESSES],
        programs: |_| {
            vec![ends([
                ("term", signal_self(15), -15),
                ("kill", signal_self(9), -9),
                ("segv", signal_self(11), -11),
                ("usr1", signal_self(10), -10),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/exitcode-sigint-is-language-default",
        level: Level::May,
        text: "SIGINT to a child may be turned into a language-level interruption and so end with exit \
            code 1 rather than −2, as CPython does.",
        source: "Python default SIGINT handler + BaseProcess._bootstrap",
        claims: &[PROCESSES],
        programs: |_| {
            vec![
                Program::new()
                    .main([
                        join("c").ok(),
                        exitcode("c").expect(Expect::Any(vec![Expect::Value(1), Expect::Value(-2)])),
                    ])
                    .process("c", [signal_self(2), sleep(60_000)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "process/immediate-exit-is-told",
        level: Level::Should,
        text: "A process that ends itself at once, without any closing, is reported with its exit status \
            all the same.",
        source: "POSIX _exit; BaseProcess.exitcode",
        claims: &[PROCESSES],
        programs: |_| vec![ends([("a", exit_immediately(0), 0), ("b", exit_immediately(9), 9)])],
        ..Clause::BLANK
    },
];

/// Processes that each end in one step, and the exit codes that their creator must see.
fn ends<const N: usize>(children: [(&str, Line, i64); N]) -> Program {
    let joins = children.iter().flat_map(|(name, _, code)| [join(name).ok(), exitcode(name).value(*code)]);
    let program = Program::new().main(joins);
    children.into_iter().fold(program, |program, (name, line, _)| program.process(name, [line]))
}
