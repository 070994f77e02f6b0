//! What a worker is told to do: one call on one object, as a line of JSON in any language.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Item;

/// One step of a worker: a call, on an object or on the process itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The object's name, a worker's name for the process that runs it, `current` or `parent` for
    /// the process objects of the caller and its creator, or empty for calls on no object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub on: String,
    /// The call.
    #[serde(flatten)]
    pub call: Call,
    /// Before this step the worker says `at` and waits for `go`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gate: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn yes() -> bool {
    true
}

/// A call. Answers are `ok` without a result unless the call says otherwise; times are in
/// milliseconds, absent for no limit, and may be zero or negative where the caller passes that on.
///
/// `timeout_ms` and `block` go to the implementation as they are: what a zero, a negative or an
/// ignored timeout means is for the implementation to show.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Call {
    // -- Queues: `queue`, `simple_queue`, `joinable_queue` --
    /// Puts an item.
    Put {
        /// What to put.
        item: Item,
        /// Whether to wait for room.
        #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
        block: bool,
        /// How long to wait for room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
        /// Changes the value in the caller's memory right after the call has returned: the item
        /// must be a `list`, which the caller empties.
        #[serde(default, skip_serializing_if = "is_false")]
        then_clear: bool,
    },
    /// Puts an item through the call that never waits (`put_nowait`).
    PutNowait {
        /// What to put.
        item: Item,
    },
    /// Puts several items in one call, in order; `value` is how many were put.
    PutMany {
        /// What to put.
        items: Vec<Item>,
        /// How long to wait for room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
    },
    /// Takes an item: `value` is its id, `aux` its fingerprint.
    Get {
        /// Whether to wait for an item.
        #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
        block: bool,
        /// How long to wait for an item.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
    },
    /// Takes an item through the call that never waits (`get_nowait`).
    GetNowait,
    /// Takes at least one and at most `max` items: `value` is their number, `items` are they.
    GetMany {
        /// The most to take.
        max: u32,
        /// How long to wait for the first one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
    },
    /// The number of items: `value`.
    Qsize,
    /// Whether there are none: `value` 0 or 1.
    Empty,
    /// Whether a put would have to wait: `value` 0 or 1.
    Full,
    /// Waits until what this process put is where others can take it.
    JoinThread,
    /// Allows this process to end without that.
    CancelJoinThread,
    /// Reports one item as done.
    TaskDone,
    /// Waits until every item put has been reported as done.
    JoinTasks {
        /// How long, for implementations that offer a limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
    },

    // -- Connections: the ends of a `pipe` or `stream_pipe`, called NAME.0 and NAME.1 --
    /// Sends an item as an object.
    Send {
        /// What to send.
        item: Item,
    },
    /// Receives an object: `value` is its id, `aux` its fingerprint.
    Recv,
    /// Sends the raw bytes of an item.
    SendBytes {
        /// The item whose raw bytes are the buffer; of another kind than `bytes` its canonical form.
        item: Item,
        /// Where to begin; in bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offset: Option<i64>,
        /// How many bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<i64>,
        /// The width of the buffer's elements in bytes, 1 unless said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        width: Option<u8>,
    },
    /// Hands something that is no byte buffer to the call that sends bytes.
    SendNonBytes,
    /// Receives raw bytes: as `recv` does for a `bytes` payload; `items` holds one pair whose first
    /// number is the length.
    RecvBytes {
        /// The longest message to accept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
    },
    /// Receives raw bytes into a buffer that was filled with 0xEE: `value` is the length returned,
    /// `aux` the fingerprint of the whole buffer afterwards, as a `bytes` payload. When the buffer
    /// is too short, `value` is the message's length and `aux` its fingerprint.
    RecvBytesInto {
        /// The buffer's length.
        len: u32,
        /// Where the message begins in it.
        #[serde(default)]
        offset: i64,
        /// Whether the buffer is read-only.
        #[serde(default, skip_serializing_if = "is_false")]
        readonly: bool,
    },
    /// Whether a message, or the end of the stream, can be received: `value` 0 or 1.
    Poll {
        /// How long to wait; absent for the call without an argument, which does not wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
        /// Waits without limit (`poll(None)`); `timeout_ms` is then absent.
        #[serde(default, skip_serializing_if = "is_false")]
        forever: bool,
    },
    /// The descriptor: `value`.
    Fileno,
    /// Whether the descriptor survives `exec`: `value` 0 or 1.
    Inheritable,
    /// Whether this process has closed the object: `value` 0 or 1.
    IsClosed,
    /// Whether the end can receive: `value` 0 or 1.
    Readable,
    /// Whether the end can send: `value` 0 or 1.
    Writable,
    /// Writes bytes to the stream below the messages of a `stream_pipe`, to show a torn or impossible
    /// frame.
    WriteRaw {
        /// The bytes, in hexadecimal.
        hex: String,
    },
    /// Sends another connection of this worker through this one.
    SendConnection {
        /// Its name.
        name: String,
    },
    /// Receives a connection, known to this worker as `name` from then on.
    RecvConnection {
        /// Its name.
        name: String,
    },
    /// Uses the object as a scope: enters and leaves it. `value` is 1 if entering gave the object
    /// itself.
    Scope,
    /// Makes a connection of a descriptor that is none, known as `name` from then on.
    WrapDescriptor {
        /// The descriptor.
        fd: i64,
        /// The connection's name.
        name: String,
        /// Whether it is to receive.
        #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
        readable: bool,
        /// Whether it is to send.
        #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
        writable: bool,
    },
    /// Waits until one of several things is ready: `value` has bit i set if the i-th is.
    Wait {
        /// Connections, ends of OS pipes, `WORKER.sentinel`, `fd:` and the name of a connection or
        /// end for its bare descriptor, `nonsense` for what cannot be waited on.
        objects: Vec<String>,
        /// How long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
    },

    // -- Any object --
    /// Closes the object in this process.
    Close,
    /// Drops this process's last reference to the object, without closing it.
    Release,
    /// Serialises the object outside the start of a process.
    Serialise,

    // -- OS pipes, called NAME.r and NAME.w, and pipelines --
    /// Writes raw bytes: `value` is how many were written.
    Write {
        /// The item whose raw bytes are written.
        item: Item,
    },
    /// Reads at most `max` bytes: `value` is how many, `aux` their fingerprint as a `bytes` payload;
    /// none is `eof`.
    Read {
        /// The most to read.
        max: u32,
        /// Goes on until `max` bytes are there or the stream ends.
        #[serde(default, skip_serializing_if = "is_false")]
        exactly: bool,
    },
    /// Runs programs, each one's standard output connected to the next one's standard input:
    /// `text` is the last one's output, `items` holds each stage's exit code as first number
    /// (negative for a signal).
    Pipeline {
        /// Programs with their arguments.
        stages: Vec<Vec<String>>,
        /// What the first one reads; absent for nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<String>,
    },

    // -- Processes: `on` names a worker, or `current`, or `parent` --
    /// Starts the process.
    Start,
    /// Waits for its end.
    Join {
        /// How long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
    },
    /// Whether it runs: `value` 0 or 1.
    IsAlive,
    /// Its pid: `value`, or `absent`.
    Pid,
    /// How it ended: `value`, or `absent`.
    Exitcode,
    /// Asks it to end (SIGTERM).
    Terminate,
    /// Ends it (SIGKILL).
    Kill,
    /// Its sentinel: `value` is the descriptor.
    Sentinel,
    /// Its name: `text`.
    Name,
    /// Changes its name.
    SetName {
        /// The new name; absent for a value that is no text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Its daemon flag: `value` 0 or 1.
    Daemon,
    /// Changes its daemon flag.
    SetDaemon {
        /// The new flag; `daemon` in messages, where `on` already names the target.
        #[serde(rename = "daemon")]
        on: bool,
    },
    /// Whether it is among the caller's active children: `value` 0 or 1.
    IsListed,
    /// Its textual form: `text`.
    Repr,
    /// The secret: `value` is its length, `aux` its fingerprint as a `bytes` payload.
    Authkey,
    /// Replaces the secret.
    SetAuthkey {
        /// The item whose raw bytes are the new secret.
        item: Item,
    },
    /// Its state in `/proc`: `text` is one letter (`R`, `S`, `Z`, …), or `absent`.
    ProcState,

    // -- The library in this process --
    /// How many active children the caller has: `value`.
    ActiveChildren,
    /// The start methods, the default first: `text`, separated by commas.
    StartMethods,
    /// The start method in force: `text`, or `absent`. On a worker's name: that of its context.
    StartMethod {
        /// Accepts the answer "undecided" instead of deciding.
        #[serde(default, skip_serializing_if = "is_false")]
        allow_none: bool,
    },
    /// Decides the start method.
    SetStartMethod {
        /// The method's name, which may be unknown; absent to make it undecided again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<String>,
        /// Even if it was decided.
        #[serde(default, skip_serializing_if = "is_false")]
        force: bool,
    },
    /// Asks for the context of a method: `text` is the method that it reports; `value` is 1 if it is
    /// its own context too.
    Context {
        /// The method's name, which may be unknown.
        method: String,
    },
    /// Tries to change the method of a concrete context.
    SetContextMethod {
        /// The context's method.
        method: String,
        /// The method to change it to.
        to: String,
    },
    /// The number of CPUs: `value`.
    CpuCount,
    /// Kills the fork server, if there is one: `value` is its pid.
    KillForkserver,

    // -- The worker itself: nothing of the implementation is involved --
    /// Sleeps.
    Sleep {
        /// How long.
        ms: u64,
    },
    /// Ends the worker's body.
    Exit {
        /// How.
        status: ExitStatus,
    },
    /// Ends the worker's body by an error that nobody catches.
    Raise,
    /// Sends a signal to the worker's own process.
    SignalSelf {
        /// The signal's number.
        signal: i32,
    },
    /// Decides what a signal does from now on.
    OnSignal {
        /// The signal's number.
        signal: i32,
        /// What it does.
        action: SignalAction,
    },
    /// How many signals `on_signal … count` has counted: `value`.
    SignalsCounted,
    /// The process id: `value`.
    Getpid,
    /// The parent's process id, as the system sees it: `value`.
    Getppid,
    /// Writes a line to standard output through the language's buffer, without flushing.
    Print {
        /// The line.
        text: String,
    },
    /// Closes standard output.
    CloseStdout,
    /// Reads standard input to its end: `value` is how many bytes were there.
    ReadStdin,
    /// How many descriptors are open: `value`.
    CountDescriptors,
    /// Opens the null device as this descriptor.
    OpenDescriptor {
        /// The descriptor.
        fd: i32,
        /// Whether it survives `exec`.
        #[serde(default, skip_serializing_if = "is_false")]
        inheritable: bool,
    },
    /// Whether the descriptor is open: `value` 0 or 1.
    DescriptorOpen {
        /// The descriptor.
        fd: i32,
    },
    /// Writes a variable of the process (a global).
    GlobalWrite {
        /// Its new value; 0 before the first write.
        value: i64,
    },
    /// Reads it: `value`.
    GlobalRead,
    /// Takes the process's in-process mutex (no object of the implementation).
    MutexLock {
        /// How long to try; `timeout` when that is over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
    },
    /// Releases it.
    MutexUnlock,
    /// Registers a handler for the normal end of the process, which sends an item.
    AtExitSend {
        /// The connection.
        connection: String,
        /// The item.
        item: Item,
    },
    /// Keeps a CPU busy for this long: `value` is the number of rounds.
    Burn {
        /// How long.
        ms: u64,
    },
    /// Whether two workers were busy at once: sets a word that all workers of the run share
    /// (`directory/words`, eight bytes each) and returns its old value.
    WordSwap {
        /// Which word.
        index: u32,
        /// Its new value.
        value: i64,
    },
    /// Reads such a word: `value`.
    WordRead {
        /// Which word.
        index: u32,
    },
}

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
        "word_read",
        "release",
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
    /// A function that counts it and returns; interrupted system calls are not restarted by the
    /// kernel (no SA_RESTART).
    Count,
}
