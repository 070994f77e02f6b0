//! Queues whose putter or getter is killed.

use procession_contract::{Item, Outcome};

use crate::program::build::*;
use crate::program::{Judge, Line, Program};
use crate::sweep::scene::{FIRST, LAST, Scene, Stage, VICTIM, prompt};

/// What every scene of a queue owes.
const OWED: &str = "Every item is taken once and whole, or never if its putter or getter was killed with \
    it; the others go on.";

/// The scenes.
pub const SCENES: &[Scene] = &[
    Scene { name: "queue-put", text: OWED, program: |stage| put_scene(stage, 0), ..Scene::BLANK },
    Scene { name: "queue-put-bounded", text: OWED, program: |stage| put_scene(stage, 2), ..Scene::BLANK },
    Scene { name: "queue-get", text: OWED, program: |stage| get_scene(stage, 0), ..Scene::BLANK },
    Scene { name: "queue-get-bounded", text: OWED, program: |stage| get_scene(stage, 4), ..Scene::BLANK },
];

/// An item that shows if it was torn.
fn whole(id: u32) -> Item {
    Item::bytes(id, 40)
}

/// Fills a queue to the brim, and says when that is refused. Where there is no brim nothing is asked.
fn to_the_brim(bound: i64) -> impl Iterator<Item = Line> {
    (0..=bound)
        .filter(move |_| bound > 0)
        .map(|n| put_nowait("q", whole(50 + n as u32)).one_of(&[Outcome::Ok, Outcome::Full]))
}

fn put_scene(stage: &Stage, bound: i64) -> Program {
    // Three items of the putter and perhaps one of the victim: two for the taker, one for main.
    let judged = Judge::ClaimedQueueLevel("q".into(), bound as u32);
    Program::new()
        .queue("q", bound)
        .main(
            [
                getpid().label("begin"),
                prompt(get("q").after(gone(VICTIM)).after(ended("putter")).after(ended("taker")).ok()),
                prompt(put("q", whole(9)).ok()),
                prompt(get("q").ok()),
            ]
            .into_iter()
            .chain(to_the_brim(bound)),
        )
        .process(VICTIM, [put("q", whole(100)).after(returned("main", "begin")).label(FIRST)])
        .process("putter", (1..=3).map(|id| put("q", whole(id)).after(stage.release()).ok()))
        .process("taker", (0..2).map(|_| get("q").after(stage.release()).ok()))
        .judge(judged)
}

fn get_scene(stage: &Stage, bound: i64) -> Program {
    // Four items: at most one for the victim, two for the taker.
    let judged = Judge::ClaimedQueueLevel("q".into(), bound as u32);
    let filled = (1..=4).map(|id| put("q", whole(id)).ok());
    let begun = getpid().label("begin");
    let closing = [
        prompt(get("q").after(gone(VICTIM)).after(ended("taker")).ok()),
        prompt(put("q", whole(9)).ok()),
        prompt(get("q").ok()),
    ];
    let main: Vec<Line> = filled.chain([begun]).chain(closing).chain(to_the_brim(bound)).collect();
    Program::new()
        .queue("q", bound)
        .main(main)
        .process(VICTIM, [get("q").after(returned("main", "begin")).label(FIRST), getpid().label(LAST)])
        .process("taker", (0..2).map(|_| stage.prompt(get("q").after(stage.release()).ok())))
        .judge(judged)
}
