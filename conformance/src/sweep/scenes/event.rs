//! Conditions and events whose waiter or waker is killed.

use procession_contract::Outcome;

use crate::program::build::*;
use crate::program::{Judge, Line, Program};
use crate::sweep::scene::{FIRST, LAST, Scene, Stage, VICTIM};

/// What every condition owes.
const WOKEN: &str = "Each notification wakes one who waited, or another one if that one dies of it; the lock \
    goes on.";

/// What every event owes.
const SET: &str = "Whoever waits is woken once the event is set, by whomever.";

/// The scenes.
pub const SCENES: &[Scene] = &[
    Scene { name: "condition-wait", text: WOKEN, program: waiter, ..Scene::BLANK },
    Scene { name: "condition-notify", text: WOKEN, program: |stage| notifier(stage, false), ..Scene::BLANK },
    Scene {
        name: "condition-notify-all",
        text: WOKEN,
        program: |stage| notifier(stage, true),
        ..Scene::BLANK
    },
    Scene { name: "event-set", text: SET, program: setter, ..Scene::BLANK },
    Scene { name: "event-wait", text: SET, program: event_waiter, ..Scene::BLANK },
];

fn held(line: Line) -> Line {
    line.one_of(&[Outcome::Ok, Outcome::OwnerDied])
}

/// A worker that waits once on the condition.
fn waits() -> Vec<Line> {
    vec![held(acquire("c")), held(await_on("c").label("wait")), release("c").ok()]
}

/// The victim waits, and so does another one; both are notified, one after the other.
fn waiter(stage: &Stage) -> Program {
    let notified = |at: Line| vec![held(at), notify("c").ok(), release("c").ok()];
    let first = acquire("c").after(stage.release()).after(blocked("w", "wait")).after(blocked(VICTIM, LAST));
    let second = acquire("c").after(gone(VICTIM)).after(blocked("w", "wait"));
    Program::new()
        .condition("c")
        .main([vec![getpid().label("begin")], notified(first), notified(second)].concat())
        .process(
            VICTIM,
            [
                acquire("c").after(returned("main", "begin")).after(blocked("w", "wait")).label(FIRST),
                await_on("c").label(LAST),
                release("c"),
            ],
        )
        .process("w", waits())
        .judge(Judge::Condition("c".into()))
}

/// The victim notifies; whatever it did not get to is made good after its end.
fn notifier(stage: &Stage, all: bool) -> Program {
    let notifies = if all { notify_all("c") } else { notify("c") };
    let both_wait = |line: Line| line.after(blocked("v", "wait")).after(blocked("w", "wait"));
    Program::new()
        .condition("c")
        .main([
            getpid().label("begin"),
            held(acquire("c").after(stage.release())),
            release("c").ok(),
            held(acquire("c").after(gone(VICTIM))),
            notify_all("c").ok(),
            release("c").ok(),
        ])
        .process(
            VICTIM,
            [
                both_wait(acquire("c").after(returned("main", "begin"))).label(FIRST),
                notifies,
                release("c").label(LAST),
            ],
        )
        .process("v", waits())
        .process("w", waits())
        .judge(Judge::Condition("c".into()))
}

/// The victim sets; main does the same, later.
fn setter(stage: &Stage) -> Program {
    Program::new()
        .event("e")
        .main([
            getpid().label("begin"),
            is_set("e").after(stage.release()),
            set("e").after(gone(VICTIM)).ok(),
            is_set("e").truth(true),
            // Who has not begun to wait by then would wait for ever.
            clear("e").after(returned("late", "wait")).ok(),
            is_set("e").truth(false),
        ])
        .process(VICTIM, [set("e").after(returned("main", "begin")).after(blocked("w", "wait")).label(FIRST)])
        .process("w", [await_on("e").label("wait").value(1)])
        .process("late", [await_on("e").after(stage.release()).label("wait").value(1)])
        .judge(Judge::Event("e".into()))
}

/// The victim waits beside another one.
fn event_waiter(stage: &Stage) -> Program {
    Program::new()
        .event("e")
        .main([
            getpid().label("begin"),
            set("e").after(stage.release()).after(blocked("w", "wait")).ok(),
            await_on("e").value(1),
            clear("e").ok(),
            set("e").after(gone(VICTIM)).ok(),
        ])
        .process(VICTIM, [await_on("e").after(returned("main", "begin")).label(FIRST)])
        .process("w", [await_on("e").label("wait").value(1)])
        .judge(Judge::Event("e".into()))
}
