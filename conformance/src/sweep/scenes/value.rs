//! Shared values whose writer is killed.

use procession_contract::{Outcome, Scalar};

use crate::program::build::*;
use crate::program::{Judge, Line, Program};
use crate::sweep::scene::{FIRST, LAST, Scene, Stage, VICTIM};

/// The scenes.
pub const SCENES: &[Scene] = &[
    Scene {
        name: "value-add",
        text: "Every addition of a survivor counts, and each of the victim's once or not at all.",
        program: adding,
        ..Scene::BLANK
    },
    Scene {
        name: "value-store",
        text: "A reader sees a value that somebody wrote, whole; the others go on.",
        program: storing,
        ..Scene::BLANK
    },
    Scene {
        name: "array-slice",
        text: "The others read and write the array, and the first of them is told if a writer died.",
        program: slicing,
        ..Scene::BLANK
    },
];

/// What an access within a lock may say.
fn told(line: Line) -> Line {
    line.one_of(&[Outcome::Ok, Outcome::OwnerDied])
}

fn adding(stage: &Stage) -> Program {
    let adds = || told(add("v", 1, 3, true).after(stage.release()));
    Program::new()
        .value("v", "q", 0)
        .main([
            getpid().label("begin"),
            told(add("v", 0, 1, true).after(gone(VICTIM)).after(ended("a")).after(ended("b"))),
            load("v").ok(),
        ])
        .process(VICTIM, [add("v", 100, 2, true).after(returned("main", "begin")).label(FIRST)])
        .process("a", [adds()])
        .process("b", [adds()])
        .judge(Judge::Counter("v".into()))
}

fn storing(stage: &Stage) -> Program {
    Program::new()
        .value("v", "q", 1)
        .main([
            getpid().label("begin"),
            told(load("v").after(stage.release())),
            told(store("v", 3)),
            told(load("v").after(gone(VICTIM)).after(ended("a"))),
        ])
        .process(VICTIM, [store("v", 2).after(returned("main", "begin")).label(FIRST), load("v").label(LAST)])
        .process("a", [told(load("v").after(stage.release())), told(store("v", 4)), told(load("v"))])
        .judge(Judge::Register("v".into()))
}

fn slicing(stage: &Stage) -> Program {
    let scalars = |n: i64| -> Vec<Scalar> { (0..8).map(|_| Scalar::from(n)).collect() };
    let slice = |n| store_slice("v", (None, None, None), &scalars(n));
    Program::new()
        .array("v", "q", &scalars(1))
        .main([
            getpid().label("begin"),
            told(slice(3).after(stage.release())),
            told(slice(4).after(gone(VICTIM)).after(ended("a"))),
            told(load_at("v", 7)),
        ])
        .process(VICTIM, [slice(2).after(returned("main", "begin")).label(FIRST)])
        .process("a", [told(slice(5).after(stage.release())), told(load_at("v", 0))])
        .judge(Judge::Register("v".into()))
}
