//! Adapter protocol 1: the messages between the suite and an adapter, one JSON object a line.

use procession_contract::{Manifest, Script, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version that this suite speaks.
pub const VERSION: u32 = 1;

/// The environment variable that names the suite's Unix socket.
pub const SOCKET: &str = "PROCESSION_SOCKET";

/// What an adapter says: on its control connection (`hello`, `ended`, `clean`, `error`), or on a
/// worker's own connection (`worker`, `at`, `text`, `done`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", rename_all = "snake_case", deny_unknown_fields)]
pub enum FromAdapter {
    /// The first message of the control connection.
    Hello {
        /// The protocol versions that the adapter speaks.
        protocol: Vec<u32>,
        /// What the implementation offers and claims.
        manifest: Box<Manifest>,
    },
    /// The main worker's process of a run has ended.
    Ended {
        /// The run.
        run: String,
        /// Its exit status, negative for a signal.
        status: i32,
    },
    /// Nothing of a run is left in the adapter: the answer to `teardown`.
    Clean {
        /// The run.
        run: String,
    },
    /// The adapter cannot go on with a run.
    Error {
        /// The run.
        run: String,
        /// What kind of error.
        what: ErrorKind,
        /// In words.
        detail: String,
    },
    /// The first message of a worker's connection.
    Worker {
        /// The run.
        run: String,
        /// The worker's name.
        name: String,
        /// The id of the thread that does the steps (gettid).
        tid: i32,
    },
    /// The worker has come to a step with a gate and waits for `go`.
    At {
        /// The step's index.
        step: u16,
    },
    /// The text that belongs to a step's answer.
    Text {
        /// The step's index.
        step: u16,
        /// The text.
        text: String,
    },
    /// The worker has done its steps, and its body ends.
    Done {},
}

/// What the suite says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", rename_all = "snake_case", deny_unknown_fields)]
pub enum ToAdapter {
    /// The answer to `hello`.
    Welcome {
        /// The version that both will speak.
        protocol: u32,
        /// The name under which the suite was given this implementation.
        implementation: String,
    },
    /// Makes a run: starts the main worker's process, which does the rest.
    Run {
        /// Its name, for the other messages.
        run: String,
        /// Its directory: `NAME.history` for each worker, `words`, `stdout`, `stderr`.
        directory: String,
        /// What to do.
        script: Script,
    },
    /// Ends what is left of a run; answered by `clean`.
    Teardown {
        /// The run.
        run: String,
    },
    /// Ends the adapter.
    Bye {},
    /// To a worker: begin.
    Arm {
        /// When (CLOCK_MONOTONIC, ns); at once if that is past.
        at_ns: u64,
        /// The worker's history file, which the suite has made.
        history: String,
        /// What to do.
        steps: Vec<Step>,
    },
    /// To a worker that said `at`: do the step.
    Go {},
}

/// Why an adapter cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// An object or a call of the script is not offered.
    Unsupported,
    /// The adapter itself failed.
    Adapter,
    /// The implementation failed where no call of a worker could report it.
    Implementation,
}
