//! Programs about processes that die with a lock, a recursive lock or the permit of a semaphore, or while
//! they wait for it.

use crate::clauses::prelude::*;

/// What is expected of the acquire that gets what a dead process had.
pub type FromTheDead = fn(Line) -> Line;

/// A holder that stays until something ends it; it holds from the line `held` on.
fn holder() -> [Line; 2] {
    [acquire("l").label("held").acquired(), stay_until_the_end()]
}

/// What main does once it has what the dead process had: gives it back, and finds nothing left of it.
fn then_as_ever(first: Line) -> [Line; 4] {
    [first, release("l").ok(), acquire("l").acquired(), release("l").ok()]
}

/// A holder is gone, in every way in which a process may go; then somebody acquires.
pub fn dead_holder(kind: ObjectKind, told: FromTheDead) -> Vec<Program> {
    let ended = |title: &str, end: Line| {
        Program::new()
            .title(title)
            .object("l", kind.clone())
            .main(then_as_ever(told(acquire("l").after(gone("h")))))
            .process("h", [acquire("l").acquired(), end])
    };
    let killed = |title: &str, main: Line| {
        Program::new()
            .title(title)
            .object("l", kind.clone())
            .main(then_as_ever(main))
            .process("h", holder())
            .kill("h", [returned("h", "held")])
    };
    vec![
        killed("the holder is killed", told(acquire("l").after(gone("h")))).each_process_method(),
        killed(
            "an acquire with a time limit",
            told(acquire("l").timeout(5_000).after(gone("h"))).at_most(1_000),
        ),
        killed("an acquire that does not wait", told(try_acquire("l").after(gone("h")))),
        ended("the holder leaves at once", exit_immediately(0)),
        ended("the holder's body returns", own(Call::Getpid)),
        ended("the holder's body ends by an error", own(Call::Raise)),
        Program::new()
            .title("the holder is waited for by its parent")
            .object("l", kind.clone())
            .main([start("h").ok(), join("h").ok()].into_iter().chain(then_as_ever(told(acquire("l")))))
            .explicit("h", [acquire("l").acquired(), exit_immediately(3)]),
    ]
}

/// A holder is killed while others wait.
pub fn dead_holder_and_waiters(kind: ObjectKind, told: FromTheDead) -> Vec<Program> {
    let waiter = || {
        let [first, rest @ ..] = passage("l", 0, Line::acquired_or_told);
        std::iter::once(first.label("wait").after(returned("h", "held"))).chain(rest)
    };
    vec![
        Program::new()
            .title("one waits")
            .object("l", kind.clone())
            .main(then_as_ever(told(acquire("l").after(returned("h", "held")).label("wait"))))
            .process("h", holder())
            .kill("h", [blocked("main", "wait")]),
        Program::new()
            .title("three wait")
            .object("l", kind.clone())
            .main([acquire("l").after(ended("a")).after(ended("b")).after(ended("c")).acquired()])
            .process("h", holder())
            .process("a", waiter())
            .process("b", waiter())
            .process("c", waiter())
            .kill("h", [blocked("a", "wait"), blocked("b", "wait"), blocked("c", "wait")]),
    ]
}

/// A holder dies while a process lives on that it made.
pub fn dead_holder_of_living_children(kind: ObjectKind, told: FromTheDead) -> Vec<Program> {
    let holds_and_starts = |start: Line| [acquire("l").acquired(), start, stay_until_the_end()];
    vec![
        Program::new()
            .title("a child made while it was held")
            .object("l", kind.clone())
            .main(then_as_ever(told(acquire("l").after(gone("h")))))
            .process("h", holds_and_starts(start("g").ok().label("start")))
            .role(
                Worker { explicit: true, parent: Some("h".into()), ..worker("g") },
                [try_acquire("l").refused().label("tried"), stay_until_the_end()],
            )
            .kill("h", [returned("h", "start"), returned("g", "tried")])
            .each_process_method(),
        Program::new()
            .title("another program that it runs")
            .object("l", kind)
            .main(then_as_ever(told(acquire("l").after(gone("h"))).at_most(1_000)))
            .process("h", holds_and_starts(runs_a_program().label("runs")))
            .kill("h", [blocked("h", "runs")]),
    ]
}

/// Another program, which outlives whoever runs it by a while.
fn runs_a_program() -> Line {
    own(Call::Pipeline { stages: vec![vec!["sleep".into(), "3".into()]], input: None })
}

/// A waiter is killed while the holder lives.
pub fn dead_waiter(kind: ObjectKind) -> Vec<Program> {
    let held = || returned("main", "held");
    vec![
        Program::new()
            .title("the first of two waiters is killed")
            .object("l", kind.clone())
            .main([
                acquire("l").acquired().label("held"),
                release("l").after(gone("w")).after(blocked("a", "wait")).ok(),
                acquire("l").after(ended("a")).acquired(),
            ])
            .process("w", [acquire("l").after(held()).label("wait")])
            .process(
                "a",
                [acquire("l").after(blocked("w", "wait")).label("wait").acquired(), release("l").ok()],
            )
            .kill("w", [blocked("a", "wait")]),
        Program::new()
            .title("a waiter is killed as the lock is released")
            .object("l", kind)
            .main([
                acquire("l").acquired().label("held"),
                release("l").after(blocked("w", "wait")).after(blocked("a", "wait")).ok().label("release"),
                acquire("l").after(gone("w")).after(ended("a")).acquired_or_told(),
            ])
            .process("w", [acquire("l").after(held()).label("wait"), stay_until_the_end()])
            .process(
                "a",
                [
                    acquire("l").after(blocked("w", "wait")).label("wait").acquired_or_told(),
                    release("l").ok(),
                ],
            )
            .kill("w", [called("main", "release")]),
    ]
}

/// A process is killed somewhere among its acquires and releases, while others do the same.
pub fn killed_anywhere(kind: ObjectKind) -> Vec<Program> {
    let others = || (0..30).flat_map(|_| passage("l", 0, Line::acquired_or_told));
    let program = |after: usize| {
        let lines = (0..400).flat_map(|round| {
            [acquire("l").label(&format!("acquire{round}")), release("l").label(&format!("release{round}"))]
        });
        Program::new()
            .title(format!("it is killed after its round {after}"))
            .object("l", kind.clone())
            .main([
                acquire("l").after(gone("w")).after(ended("a")).after(ended("b")).acquired_or_told(),
                release("l").ok(),
                acquire("l").acquired(),
            ])
            .process("w", lines.chain([stay_until_the_end()]))
            .process("a", others())
            .process("b", others())
            .kill("w", [returned("w", &format!("release{after}"))])
    };
    [0, 3, 10, 30].into_iter().map(program).collect()
}

/// A holder is stopped for a while.
pub fn stopped_holder(kind: ObjectKind) -> Program {
    Program::new()
        .object("l", kind)
        .main([
            acquire("l").timeout(300).after(returned("h", "held")).label("refused").refused().takes(300),
            acquire("l").acquired().waits_for_call("h", "release"),
        ])
        .process(
            "h",
            [
                acquire("l").label("held").acquired(),
                release("l").label("release").after(returned("main", "refused")).ok(),
            ],
        )
        .fault("h", Action::Stop, [returned("h", "held")])
        .fault("h", Action::Continue, [returned("main", "refused")])
}

/// A thread ends with it; its process goes on.
pub fn ended_thread(kind: ObjectKind) -> Program {
    Program::new()
        .object("l", kind)
        .main([
            join("t").ok().label("joined"),
            try_acquire("l").refused(),
            release("l").after(ended("p")).ok(),
            acquire("l").acquired(),
        ])
        .thread("t", "main", [acquire("l").acquired()])
        .process("p", [acquire("l").timeout(200).after(returned("main", "joined")).refused().takes(200)])
}

/// Acquires with a time limit, while others die.
pub fn deadlines(kind: ObjectKind, told: FromTheDead) -> Vec<Program> {
    vec![
        Program::new()
            .title("another waiter dies, the holder lives")
            .object("l", kind.clone())
            .main([acquire("l").acquired().label("held"), release("l").after(ended("a")).ok()])
            .process("w", [acquire("l").after(returned("main", "held")).label("wait")])
            .process(
                "a",
                [acquire("l").timeout(500).after(blocked("w", "wait")).label("wait").refused().takes(500)],
            )
            .kill("w", [blocked("a", "wait")]),
        Program::new()
            .title("the holder dies before the time is over")
            .object("l", kind)
            .main([told(
                acquire("l").timeout(5_000).after(returned("h", "held")).label("wait").at_most(2_000),
            )])
            .process("h", holder())
            .kill("h", [blocked("main", "wait")]),
    ]
}

/// As many holders as a program may have die one after the other.
pub fn short_lived(kind: ObjectKind, told: FromTheDead) -> Program {
    const HOLDERS: usize = 48;
    let name = |index: usize| format!("h{index}");
    let main = (0..HOLDERS).flat_map(|index| {
        [start(&name(index)).ok(), told(acquire("l").after(gone(&name(index)))), release("l").ok()]
    });
    let last = [acquire("l").acquired(), release("l").ok()];
    let holder = |program: Program, index: usize| {
        program.explicit(&name(index), [acquire("l").acquired(), exit_immediately(0)])
    };
    (0..HOLDERS).fold(Program::new().object("l", kind).main(main.chain(last)), holder)
}
