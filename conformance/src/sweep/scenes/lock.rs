//! Locks and semaphores whose holder is killed.

use procession_contract::Outcome;

use crate::program::build::*;
use crate::program::{Judge, Line, Program};
use crate::sweep::scene::{FIRST, LAST, Scene, Stage, VICTIM, prompt};

/// What every lock owes.
const LOCKED: &str = "Nobody else holds the lock meanwhile; the others get it, and the first of them is told \
    if its holder died.";

/// What every semaphore owes.
const PERMITS: &str = "The permits of the dead come back, once, and the others go on.";

/// The scenes.
pub const SCENES: &[Scene] = &[
    Scene { name: "lock", text: LOCKED, program: lock, ..Scene::BLANK },
    Scene { name: "rlock", text: LOCKED, program: rlock, ..Scene::BLANK },
    Scene { name: "semaphore", text: PERMITS, program: semaphore, ..Scene::BLANK },
    Scene { name: "semaphore-signal", text: SIGNALLED, program: signal, ..Scene::BLANK },
    Scene { name: "bounded-semaphore", text: PERMITS, program: bounded, ..Scene::BLANK },
];

/// What a semaphore owes whose permits are signals.
const SIGNALLED: &str = "A permit that was released is acquired once; none appears by itself.";

/// What an acquire without a limit may say: it has the lock, and perhaps it is told of a death.
fn held(line: Line) -> Line {
    line.one_of(&[Outcome::Ok, Outcome::OwnerDied])
}

/// A survivor in its turn.
fn turns(stage: &Stage, object: &str, times: usize) -> Vec<Line> {
    let turn = || [held(acquire(object).after(stage.release())), release(object).ok()];
    (0..times).flat_map(|_| turn()).collect()
}

/// When everybody else has come to an end, one more turn, at once.
fn last_turn(object: &str) -> Vec<Line> {
    vec![
        getpid().label("begin"),
        prompt(held(acquire(object).after(gone(VICTIM)).after(ended("a")).after(ended("b")))),
        release(object).ok(),
        prompt(acquire(object).value(1)),
        release(object).ok(),
    ]
}

fn lock(stage: &Stage) -> Program {
    Program::new()
        .lock("l")
        .main(last_turn("l"))
        .process(
            VICTIM,
            [acquire("l").after(returned("main", "begin")).label(FIRST), release("l").label(LAST)],
        )
        .process("a", turns(stage, "l", 2))
        .process("b", turns(stage, "l", 2))
        .judge(Judge::Lock("l".into()))
}

fn rlock(stage: &Stage) -> Program {
    Program::new()
        .rlock("l")
        .main(last_turn("l"))
        .process(
            VICTIM,
            [
                acquire("l").after(returned("main", "begin")).label(FIRST),
                acquire("l"),
                release("l"),
                release("l").label(LAST),
            ],
        )
        .process("a", turns(stage, "l", 2))
        .process("b", turns(stage, "l", 2))
        .judge(Judge::Rlock("l".into()))
}

/// Two permits, of which the victim holds at most one: at the end both are there and no third.
fn counted() -> Vec<Line> {
    let mut lines = last_turn("s");
    lines.truncate(2);
    lines.extend([
        prompt(held(acquire("s"))),
        acquire("s").nonblocking().value(0),
        release("s").ok(),
        release("s").ok(),
    ]);
    lines
}

fn semaphore(stage: &Stage) -> Program {
    permits(stage, Program::new().semaphore("s", 2), counted())
}

fn bounded(stage: &Stage) -> Program {
    let mut lines = counted();
    lines.push(release("s").is(Outcome::OverRelease));
    permits(stage, Program::new().bounded_semaphore("s", 2), lines)
}

fn permits(stage: &Stage, program: Program, main: Vec<Line>) -> Program {
    program
        .main(main)
        .process(
            VICTIM,
            [acquire("s").after(returned("main", "begin")).label(FIRST), release("s").label(LAST)],
        )
        .process("a", turns(stage, "s", 2))
        .process("b", turns(stage, "s", 2))
        .judge(Judge::Semaphore("s".into()))
}

/// The victim releases what others acquire: what it did not release nobody gets.
fn signal(stage: &Stage) -> Program {
    Program::new()
        .semaphore("s", 0)
        .main([
            getpid().label("begin"),
            release("s").after(stage.release()).ok(),
            release("s").ok(),
            prompt(acquire("s").nonblocking().after(gone(VICTIM)).after(ended("a"))),
        ])
        .process(VICTIM, [release("s").after(returned("main", "begin")).label(FIRST)])
        .process("a", [acquire("s").ok(), acquire("s").ok()])
        .judge(Judge::Semaphore("s".into()))
}
