//! What is the worker's own affair: its end, its signals, and the list of such calls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Call;

impl Call {
    /// The calls that are the worker's own affair: no object of the implementation answers them.
    pub const OWN: &[&str] = &[
        "sleep",
        "exit",
        "raise",
        "signal_self",
        "on_signal",
        "signals_counted",
        "getpid",
        "getppid",
        "print",
        "close_stdout",
        "read_stdin",
        "count_descriptors",
        "open_descriptor",
        "descriptor_open",
        "global_write",
        "global_read",
        "mutex_lock",
        "mutex_unlock",
        "burn",
        "word_swap",
        "word_add",
        "word_read",
        "block_mode",
        "forget",
    ];
}

/// How a worker's body ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExitStatus {
    /// The body returns this value, which is no exit request.
    Returned(i64),
    /// An exit request with a number.
    Code(i64),
    /// An exit request without a value.
    Nothing,
    /// An exit request with a truth value.
    Flag(bool),
    /// An exit request with a text.
    Text(String),
    /// The process ends at once (`_exit`), without any closing of the implementation.
    Immediate(i32),
}

/// What a signal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalAction {
    /// Nothing: the signal is ignored.
    Ignore,
    /// What the system does by default.
    Default,
    /// A function that raises an error, where the language has such (`KeyboardInterrupt`).
    Raise,
    /// A function that counts it and returns; interrupted system calls are not restarted by the
    /// kernel (no SA_RESTART).
    Count,
}
