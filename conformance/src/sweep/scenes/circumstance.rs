//! Holders in circumstances in which no implementation put them: their program replaced by another, a pid
//! that others have too, much memory. These scenes are played as they are written.

use procession_contract::{Method, Worker};

use super::holder::{PLAIN, REFUSED_MS};
use crate::program::build::*;
use crate::program::{Action, Line, Program};
use crate::sweep::scene::{FIRST, Scene, VICTIM, prompt};

/// The memory of a holder whose end takes the kernel long.
const MUCH: u64 = 2 << 30;

/// The scenes.
pub const SCENES: &[Scene] = &[
    Scene {
        name: "lock-held-over-exec",
        text: "A holder that replaces its program (`exec`) holds nothing any more: the others are told.",
        program: |_| replaced(Program::new().lock("l")),
        ..PLAIN
    },
    Scene {
        name: "rlock-held-over-exec",
        text: "A holder that replaces its program (`exec`) holds nothing any more: the others are told.",
        program: |_| replaced(Program::new().rlock("l")),
        ..PLAIN
    },
    Scene {
        name: "lock-held-in-namespace",
        text: "A holder is known to be alive, and then dead, also to a process of another pid namespace with \
            the same pid.",
        program: |_| held_elsewhere(),
        ..PLAIN
    },
    Scene {
        name: "lock-awaited-in-namespace",
        text: "Who is killed while it waits has held nothing, though the holder has the same pid in another \
            pid namespace.",
        program: |_| awaited_elsewhere(),
        ..PLAIN
    },
    Scene {
        name: "lock-held-with-memory",
        text: "A holder with 2 GiB of memory, which the kernel takes long to tear down, is dead in the end.",
        heavy: true,
        program: |_| filled(),
        ..PLAIN
    },
];

/// The victim holds and becomes another program, which the suite ends when all is said.
fn replaced(program: Program) -> Program {
    program
        .main([acquire("l").after(returned(VICTIM, FIRST)).told().label("told"), release("l").ok()])
        .process(VICTIM, [acquire("l").label(FIRST).acquired(), stay_until_the_end()])
        .fault(VICTIM, Action::Exec, [returned(VICTIM, FIRST)])
        .kill(VICTIM, [returned("main", "told")])
}

/// The victim and `w` are each the first process of a pid namespace.
fn in_namespaces(program: Program, victim: Vec<Line>, other: Vec<Line>) -> Program {
    let parent = |child: &str| {
        let begun = if child == VICTIM { "a" } else { "b" };
        [getpid().label("begun"), start(child).after(returned(begun, "begun")).ok(), join(child).ok()]
    };
    let first_of =
        |parent: &str, name: &str| Worker { parent: Some(parent.into()), explicit: true, ..worker(name) };
    program
        .process("a", parent(VICTIM))
        .process("b", parent("w"))
        .role(first_of("a", VICTIM), victim)
        .role(first_of("b", "w"), other)
        .fault("a", Action::NewPidNamespace, [returned("a", "begun")])
        .fault("b", Action::NewPidNamespace, [returned("b", "begun")])
        .among(&[Method::Fork, Method::Spawn])
}

fn held_elsewhere() -> Program {
    let program = Program::new().lock("l").main([getpid().after(ended("w"))]);
    let victim = vec![acquire("l").label(FIRST).acquired(), stay_until_the_end()];
    let other = vec![
        acquire("l").timeout(REFUSED_MS).after(returned(VICTIM, FIRST)).label("refused").refused(),
        prompt(acquire("l").after(gone(VICTIM))).told(),
        release("l").ok(),
    ];
    in_namespaces(program, victim, other).kill(VICTIM, [returned("w", "refused")])
}

/// A robust mutex of the C library, of the type that lets its holder wait for itself, fails here and not
/// when it is held elsewhere: the kernel marks the mutex for which a dying thread waited, if the owner
/// written in it has that thread's id, and asks nobody in which namespace.
fn awaited_elsewhere() -> Program {
    let refused = acquire("l").timeout(REFUSED_MS).after(gone(VICTIM)).label("refused").refused();
    let then = prompt(acquire("l").after(returned("w", "released"))).acquired();
    let program = Program::new().lock("l").main([refused, then, release("l").ok()]);
    let victim = vec![acquire("l").after(returned("w", "held")).label(FIRST)];
    let other = vec![
        acquire("l").label("held").acquired(),
        release("l").after(returned("main", "refused")).label("released").ok(),
    ];
    in_namespaces(program, victim, other).kill(VICTIM, [blocked(VICTIM, FIRST)])
}

fn filled() -> Program {
    Program::new()
        .lock("l")
        .main([acquire("l").after(returned(VICTIM, FIRST)).told(), release("l").ok()])
        .process(VICTIM, [acquire("l").label(FIRST).acquired(), stay_until_the_end()])
        .fault(VICTIM, Action::Fill(MUCH), [returned(VICTIM, FIRST)])
        .kill(VICTIM, [returned(VICTIM, FIRST)])
}
