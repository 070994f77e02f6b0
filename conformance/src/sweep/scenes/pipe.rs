//! Pipes whose sender or receiver is killed.

use procession_contract::{Item, Outcome};

use crate::program::build::*;
use crate::program::{Judge, Program};
use crate::sweep::scene::{FIRST, LAST, Scene, Stage, VICTIM, prompt};

/// The scenes.
pub const SCENES: &[Scene] = &[
    Scene {
        name: "pipe-send",
        text: "The receiver gets the message whole or not at all, and then the end of the stream.",
        program: |stage| send_scene(stage, 40),
        ..Scene::BLANK
    },
    Scene {
        name: "pipe-send-large",
        text: "The receiver gets the message whole or not at all, and then the end of the stream.",
        program: |stage| send_scene(stage, 70_000),
        ..Scene::BLANK
    },
    Scene {
        name: "pipe-recv",
        text: "The sender is told that nobody receives any more, and never waits for ever.",
        program: recv_scene,
        ..Scene::BLANK
    },
];

fn send_scene(stage: &Stage, len: u32) -> Program {
    let messages = [Item::bytes(1, len), Item::bytes(2, len)];
    Program::new()
        .one_way("p")
        .main([
            close("p.1").ok().label("begin"),
            stage.prompt(recv("p.0").after(stage.release())).gives_or_is(messages, &[Outcome::Eof]),
            stage.prompt(recv("p.0")).gives_or_is(messages, &[Outcome::Eof]),
            prompt(recv("p.0").after(gone(VICTIM))).is(Outcome::Eof),
        ])
        .role(
            holding(VICTIM, &["p.1"]),
            [
                send("p.1", messages[0]).after(returned("main", "begin")).label(FIRST),
                send("p.1", messages[1]).label(LAST),
            ],
        )
        .judge(Judge::ConnectionOrder("p".into()))
}

fn recv_scene(stage: &Stage) -> Program {
    let either = [Outcome::Ok, Outcome::BrokenPipe];
    Program::new()
        .one_way("p")
        .main([
            close("p.0").ok(),
            send("p.1", 1).ok().label("begin"),
            stage.prompt(send("p.1", 2).after(stage.release())).one_of(&either),
            stage.prompt(send("p.1", 3)).one_of(&either),
            prompt(send("p.1", 4).after(gone(VICTIM))).is(Outcome::BrokenPipe),
        ])
        .role(
            holding(VICTIM, &["p.0"]),
            [recv("p.0").after(returned("main", "begin")).label(FIRST), getpid().label(LAST)],
        )
        .judge(Judge::ConnectionOrder("p".into()))
}
