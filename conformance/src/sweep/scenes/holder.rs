//! Holders that are not killed at a point of a call but otherwise out of the ordinary: stopped, not
//! reaped, forked, or only a thread of a process. These scenes are played as they are written.

use procession_contract::{Method, Outcome, Worker};

use crate::program::build::*;
use crate::program::{Action, Expect, Judge, Line, Program};
use crate::sweep::scene::{FIRST, Scene, VICTIM, prompt};

/// How long a survivor is refused what a holder who lives has, in milliseconds: several rounds of
/// whatever looks for the dead.
pub const REFUSED_MS: i64 = 400;

/// How many processes come and go one after the other.
const STORM: usize = 1_000;

/// The scenes.
pub const SCENES: &[Scene] = &[
    Scene {
        name: "lock-held-stopped",
        text: "A holder that is stopped (SIGSTOP) is not dead: nobody gets what it holds, and nobody is told.",
        program: |_| stopped(Program::new().lock("l").judge(Judge::Lock("l".into()))),
        ..PLAIN
    },
    Scene {
        name: "rlock-held-stopped",
        text: "A holder that is stopped (SIGSTOP) is not dead: nobody gets what it holds, and nobody is told.",
        program: |_| stopped(Program::new().rlock("l").judge(Judge::Rlock("l".into()))),
        ..PLAIN
    },
    Scene {
        name: "semaphore-held-stopped",
        text: "A holder that is stopped (SIGSTOP) is not dead: nobody gets what it holds, and nobody is told.",
        program: |_| stopped(Program::new().semaphore("l", 1).judge(Judge::Semaphore("l".into()))),
        ..PLAIN
    },
    Scene {
        name: "lock-held-zombie",
        text: "A holder that was killed is dead, also before its parent has reaped it.",
        program: |_| zombie(),
        ..PLAIN
    },
    Scene {
        name: "lock-held-by-ended-thread",
        text: "A lock is held by a process: that the thread which acquired it has ended tells nobody anything.",
        program: |_| ended_thread(),
        ..PLAIN
    },
    Scene {
        name: "lock-held-over-fork",
        text: "A copy of the holder's process holds nothing: when the holder is killed the others are told, \
            although the copy lives.",
        program: |_| forked(Program::new().lock("l").judge(Judge::Lock("l".into())), None),
        ..PLAIN
    },
    Scene {
        name: "rlock-held-over-fork",
        text: "A copy of the holder's process holds nothing and cannot release: when the holder is killed the \
            others are told, although the copy lives.",
        program: |_| {
            let cannot = release("l").is(Outcome::NotOwner);
            forked(Program::new().rlock("l").judge(Judge::Rlock("l".into())), Some(cannot))
        },
        ..PLAIN
    },
    Scene {
        name: "lock-storm",
        text: "A thousand processes, each of which ends while it holds the lock: each gets it in its turn.",
        heavy: true,
        program: |_| storm(),
        ..PLAIN
    },
];

/// A scene that is played as it is written.
pub const PLAIN: Scene = Scene { swept: false, ..Scene::BLANK };

/// The victim holds, is stopped and continued, and releases.
fn stopped(program: Program) -> Program {
    program
        .main([
            acquire("l").timeout(REFUSED_MS).after(blocked(VICTIM, "stay")).label("refused").refused(),
            prompt(acquire("l").after(returned(VICTIM, "released"))).acquired(),
            release("l").ok(),
        ])
        .process(
            VICTIM,
            [
                acquire("l").label(FIRST).acquired(),
                // Long enough for the stop to meet it here.
                sleep(150).label("stay"),
                release("l").after(returned("main", "refused")).label("released").ok(),
            ],
        )
        .fault(VICTIM, Action::Stop, [returned(VICTIM, FIRST)])
        .fault(VICTIM, Action::Continue, [returned("main", "refused")])
}

fn zombie() -> Program {
    let state = Expect::Any(vec![Expect::Text("Z".into()), Expect::Outcome(Outcome::Absent)]);
    Program::new()
        .lock("l")
        .main([
            proc_state(VICTIM).after(gone(VICTIM)).expect(state),
            prompt(acquire("l")).told(),
            release("l").ok(),
        ])
        .process(VICTIM, [acquire("l").label(FIRST), stay_until_the_end()])
        .kill(VICTIM, [returned(VICTIM, FIRST)])
        .judge(Judge::Lock("l".into()))
}

fn ended_thread() -> Program {
    Program::new()
        .lock("l")
        .main([
            acquire("l").timeout(REFUSED_MS).after(ended("t")).label("refused").refused(),
            prompt(acquire("l").after(returned(VICTIM, "released"))).acquired(),
            release("l").ok(),
        ])
        .process(
            VICTIM,
            [release("l").after(ended("t")).after(returned("main", "refused")).label("released").ok()],
        )
        .thread("t", VICTIM, [acquire("l").acquired()])
}

/// The victim holds, is copied, and killed.
fn forked(program: Program, copy_tries: Option<Line>) -> Program {
    let copy =
        Worker { parent: Some(VICTIM.into()), explicit: true, method: Some(Method::Fork), ..worker("copy") };
    let tried = copy_tries.unwrap_or_else(|| getpid().ok()).label("tried");
    program
        .main([prompt(acquire("l").after(gone(VICTIM))).told(), release("l").ok()])
        .process(VICTIM, [acquire("l").label(FIRST), start("copy"), stay_until_the_end()])
        .role(copy, [tried, stay_until_the_end()])
        .kill(VICTIM, [returned("copy", "tried")])
        .only(&[Method::Fork])
}

fn storm() -> Program {
    let name = |n: usize| format!("{VICTIM}{n}");
    let main = (0..STORM).flat_map(|n| [start(&name(n)).ok(), join(&name(n)).ok()]);
    let last = [prompt(acquire("l")).acquired_or_told(), release("l").ok()];
    let main: Vec<Line> = main.chain(last).collect();
    (0..STORM).fold(Program::new().lock("l").main(main), |program, n| {
        program.explicit(&name(n), [acquire("l").acquired_or_told(), exit_immediately(0)])
    })
}
