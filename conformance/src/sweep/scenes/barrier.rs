//! Barriers of which a party, or whoever repairs them, is killed.

use procession_contract::{ActionEnd, BarrierAction, Outcome};

use crate::program::build::*;
use crate::program::{Judge, Line, Program};
use crate::sweep::scene::{FIRST, Scene, Stage, VICTIM, prompt};

/// What every barrier owes.
const TOLD: &str = "Who waits passes, or is told that the barrier is broken, as soon as one who has arrived \
    dies; after a reset the barrier is as new.";

/// The scenes.
pub const SCENES: &[Scene] = &[
    Scene { name: "barrier-first", text: TOLD, program: |stage| party(stage, None, true), ..Scene::BLANK },
    Scene { name: "barrier-last", text: TOLD, program: |stage| party(stage, None, false), ..Scene::BLANK },
    Scene {
        name: "barrier-action",
        text: TOLD,
        program: |stage| party(stage, Some(BarrierAction { word: 0, then: ActionEnd::Returns }), false),
        ..Scene::BLANK
    },
    Scene { name: "barrier-reset", text: TOLD, program: |stage| repairer(stage, reset("b")), ..Scene::BLANK },
    Scene { name: "barrier-abort", text: TOLD, program: |stage| repairer(stage, abort("b")), ..Scene::BLANK },
];

/// What a wait may say.
fn told(line: Line) -> Line {
    line.one_of(&[Outcome::Ok, Outcome::BrokenBarrier])
}

/// When the victim is gone, main ends the round for whoever still waits, because a party that is killed
/// before it has arrived never arrived; then it repairs the barrier, and two go through it.
fn repair() -> Vec<Line> {
    vec![
        abort("b").after(gone(VICTIM)).ok(),
        reset("b").after(ended("a")).ok(),
        await_on("b").label("again").ok(),
    ]
}

/// The last to arrive; main's own wait takes as long as this one needs to come.
fn again() -> Line {
    prompt(await_on("b").after(blocked("main", "again"))).ok()
}

/// The victim is a party of two: the first to arrive, or the last.
fn party(stage: &Stage, action: Option<BarrierAction>, is_first: bool) -> Program {
    let program = match action {
        Some(action) => Program::new().barrier_with("b", 2, action),
        None => Program::new().barrier("b", 2),
    };
    let arrives = await_on("b").after(returned("main", "begin")).label(FIRST);
    let (victim, other) = match is_first {
        true => (arrives, await_on("b").label("wait").after(stage.release()).after(blocked(VICTIM, FIRST))),
        false => (arrives.after(blocked("a", "wait")), await_on("b").label("wait")),
    };
    program
        .main([vec![getpid().label("begin")], repair()].concat())
        .process(VICTIM, [victim])
        .process("a", [told(other)])
        .process("late", [again()])
        .judge(Judge::Barrier("b".into()))
}

/// The victim resets or aborts a barrier at which another one waits.
fn repairer(stage: &Stage, call: Line) -> Program {
    Program::new()
        .barrier("b", 2)
        .main([vec![getpid().label("begin"), waiting("b").after(stage.release())], repair()].concat())
        .process(VICTIM, [call.after(returned("main", "begin")).after(blocked("a", "wait")).label(FIRST)])
        .process("a", [await_on("b").label("wait").is(Outcome::BrokenBarrier)])
        .process("late", [again()])
        .judge(Judge::Barrier("b".into()))
}
