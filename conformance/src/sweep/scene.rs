//! A scene: a program with a victim, written for any place at which the victim may be killed.

use crate::program::build::{called, gone};
use crate::program::{Condition, Line, Program};

use super::Schedule;

/// The worker that is killed.
pub const VICTIM: &str = "victim";

/// The labels of the victim's lines between which it is killed: from the call of the first to the return
/// of the last. The first has a gate.
pub const FIRST: &str = "first";
/// See [`FIRST`].
pub const LAST: &str = "last";

/// How long a call of a survivor may take, in milliseconds, when the victim is dead and nobody else is in
/// its way. The machine's own lag comes on top of it.
const PROMPT_MS: u64 = 1_000;

/// A scene.
#[derive(Clone, Copy)]
pub struct Scene {
    /// Its name: the object, and what the victim does with it.
    pub name: &'static str,
    /// What the survivors are owed, wherever the victim is killed.
    pub text: &'static str,
    /// Whether the victim is killed at every point; otherwise the program says what is done to it.
    pub swept: bool,
    /// Whether it takes much memory or time, and is played only when asked for.
    pub heavy: bool,
    /// The program.
    pub program: fn(&Stage) -> Program,
}

impl Scene {
    /// A scene of which nothing is said yet.
    pub const BLANK: Scene =
        Scene { name: "", text: "", swept: true, heavy: false, program: |_| Program::new() };
}

impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scene").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a scene is told of the run.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// When its survivors run.
    pub schedule: Schedule,
}

impl Stage {
    /// When the survivors are let go.
    pub fn release(&self) -> Condition {
        match self.schedule {
            Schedule::Racing => called(VICTIM, FIRST),
            Schedule::After => gone(VICTIM),
        }
    }

    /// Expects of a survivor's call that it does not take long, where nobody who lives is in its way.
    pub fn prompt(&self, line: Line) -> Line {
        match self.schedule {
            Schedule::Racing => line,
            Schedule::After => prompt(line),
        }
    }
}

/// Expects of a call that begins after the victim's end that it does not take long.
pub fn prompt(line: Line) -> Line {
    line.at_most(PROMPT_MS)
}
