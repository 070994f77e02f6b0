//! What a worker is told to do: one call on one object, as a line of JSON in any language.

mod own;

pub use own::{ExitStatus, SignalAction};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Datum, Endpoint, Item, Key, ObjectSpec, Scalar};

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

fn once() -> u32 {
    1
}

fn is_once(times: &u32) -> bool {
    *times == 1
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
    /// itself or, for what can be acquired, that it was.
    Scope {
        /// Leaves it by an error, which the worker catches.
        #[serde(default, skip_serializing_if = "is_false")]
        fail: bool,
    },
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

    // -- Locks, semaphores, conditions, events and barriers --
    /// Acquires a lock, a semaphore, a condition's or a value's lock: `value` 0 or 1, whether it was
    /// got. `owner_died` says that it was got, and that a holder died.
    Acquire {
        /// Whether to wait.
        #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
        block: bool,
        /// How long to wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
    },
    /// Releases it.
    Release {
        /// How many permits at once; absent for the call without an argument.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        n: Option<i64>,
    },
    /// How many permits a semaphore has: `value`.
    Permits,
    /// Waits on a condition or an event: `value` 0 or 1, whether it was notified or set. On a barrier:
    /// `value` is the caller's index. On a condition, `owner_died` says that the caller has the lock
    /// from a holder that died; its `value` as for `ok`.
    Await {
        /// How long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
    },
    /// Waits on a condition until a word that all workers share is at least so much (`wait_for`):
    /// `value` 0 or 1, the predicate's last value.
    AwaitWord {
        /// Which word.
        index: u32,
        /// What it must be at least.
        least: i64,
        /// How long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<i64>,
    },
    /// Wakes waiters of a condition.
    Notify {
        /// At most how many; absent for the call without an argument, which wakes one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        n: Option<i64>,
    },
    /// Wakes every waiter of a condition.
    NotifyAll,
    /// Sets an event.
    Set,
    /// Clears an event.
    Clear,
    /// Whether an event is set: `value` 0 or 1.
    IsSet,
    /// Breaks a barrier.
    Abort,
    /// Brings a barrier back to its first state.
    Reset,
    /// How many parties a barrier has: `value`.
    Parties,
    /// How many of them wait: `value`.
    Waiting,
    /// Whether it is broken: `value` 0 or 1.
    Broken,

    // -- Shared values, arrays, records and lists: what is read is answered as `Scalar` says --
    /// Reads a value, an element, a field.
    Load {
        /// The element's index.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<i64>,
        /// The field's name; on an array of characters `value` or `raw`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    },
    /// Writes a value, an element, a field.
    Store {
        /// The element's index.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<i64>,
        /// The field's name; on an array of characters `value` or `raw`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        /// What to write.
        to: Scalar,
    },
    /// Adds to a number, as the language writes it (`+=`): `value` is what was written last.
    Add {
        /// The element's index.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<i64>,
        /// The field's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        /// How much.
        amount: i64,
        /// How often.
        #[serde(default = "once", skip_serializing_if = "is_once")]
        times: u32,
        /// Within a scope of the value's lock, each time.
        #[serde(default, skip_serializing_if = "is_false")]
        locked: bool,
    },
    /// Reads a slice: `value` is the number of elements, `items` are they.
    LoadSlice {
        /// The first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<i64>,
        /// Behind the last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<i64>,
        /// How far from one to the next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<i64>,
    },
    /// Writes a slice.
    StoreSlice {
        /// The first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<i64>,
        /// Behind the last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<i64>,
        /// How far from one to the next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<i64>,
        /// What to write.
        values: Vec<Scalar>,
    },
    /// The number of elements, or a block's size in bytes: `value`.
    Length,
    /// The value's lock, known to this worker as `name` from then on: `value` is 1 if it is the one that
    /// was given at its creation.
    GetLock {
        /// The lock's name.
        name: String,
    },
    /// The storage below the lock (`get_obj`), known to this worker as `name` from then on.
    GetObject {
        /// Its name.
        name: String,
    },
    /// A copy of a shared value, known to this worker as `name` from then on.
    Copy {
        /// Its name.
        name: String,
    },
    /// Puts a lock of its own around bare storage, known to this worker as `name` from then on.
    Synchronise {
        /// Its name.
        name: String,
    },

    // -- Named blocks of shared memory, and lists in such blocks --
    /// Creates a named block or attaches to one, known to this worker as `name` from then on: `text` is
    /// the block's name, `value` its size.
    OpenBlock {
        /// The name of the handle.
        name: String,
        /// The block's name, `{run}` in it standing for the run's id; absent to leave it to the
        /// implementation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        block: Option<String>,
        /// Whether to create it.
        #[serde(default, skip_serializing_if = "is_false")]
        create: bool,
        /// Its size in bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<i64>,
        /// Whether the implementation is to see to its removal; absent for its own habit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        track: Option<bool>,
    },
    /// Reads bytes of a block: `aux` is their fingerprint, as a `bytes` payload.
    ReadBlock {
        /// The first.
        at: i64,
        /// How many.
        len: i64,
    },
    /// Writes bytes to a block.
    WriteBlock {
        /// The first.
        at: i64,
        /// How many there is room for in the slice that is written to; absent for as many as there are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        len: Option<i64>,
        /// The item whose raw bytes are written.
        item: Item,
    },
    /// Takes the block's name away.
    Unlink,
    /// The permissions of a block in the file system: `value`, or `absent`. The worker's own affair.
    BlockMode {
        /// The block's name, `{run}` in it standing for the run's id.
        block: String,
    },
    /// Creates a list of scalars in a named block, or attaches to one: as `open_block`, `value` is the
    /// list's length.
    OpenList {
        /// The name of the handle.
        name: String,
        /// The block's name; absent to leave it to the implementation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        block: Option<String>,
        /// Its elements, for a new one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        values: Option<Vec<Scalar>>,
        /// Another list, by the name of its handle, whose copy it is to be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        copy: Option<String>,
    },
    /// How often a list has this element: `value`.
    Count {
        /// The element.
        of: Scalar,
    },
    /// Where a list has this element first: `value`.
    Index {
        /// The element.
        of: Scalar,
    },
    /// The storage layout of a list: `text`.
    Format,

    // -- Managers, managed objects and the worker's own plain values --
    /// Ends a manager's server.
    Shutdown,
    /// Kills a manager's server (SIGKILL) and waits until it is gone.
    KillServer,
    /// The address of a manager or a listener: `text`, as [`Endpoint::Of`] says; `absent` where it has
    /// none yet.
    Address,
    /// The permissions of the directory in which the socket of a manager or a listener lies: `value`, or
    /// `absent` if its address is no path.
    DirectoryMode,
    /// How many objects a manager's server holds: `value`.
    NumberOfObjects,
    /// Serves a manager's objects in this worker, until somebody asks it to stop. The manager is `idle`.
    Serve,
    /// Connects to a manager's server, as a manager of its own that is known to this worker by this name
    /// from then on, and has the same types.
    ConnectManager {
        /// The name of the handle.
        name: String,
        /// Where.
        to: Endpoint,
        /// With which key.
        #[serde(default)]
        key: Key,
    },
    /// Calls a method of a managed object, or of a plain value of this worker's own, by the name that it has
    /// in Python: `append`, `__getitem__`, `__iadd__`; of a namespace `__getattribute__`, `__setattr__`
    /// and `__delattr__`, which a program writes as `.NAME`; `_callmethod` with a name asks the server for a
    /// method whether or not the proxy has it. The answer reports the result as [`Datum::answer`] does; of what is
    /// no plain value as an object of its kind, with `value` 0.
    Invoke {
        /// The method.
        method: String,
        /// Its arguments.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        args: Vec<Datum>,
        /// The name by which the worker knows the result from then on, be it a proxy or a plain value; what
        /// had it before is dropped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        into: Option<String>,
    },
    /// A plain value of this worker's own, known to it by this name from then on.
    Keep {
        /// The name.
        name: String,
        /// The value.
        value: Datum,
    },
    /// What a managed object holds, as a plain value of this worker's own known by this name from then on
    /// (`_getvalue`): reported as the result of `invoke` is.
    GetValue {
        /// The name.
        name: String,
        /// By the language's own deep copy instead.
        #[serde(default, skip_serializing_if = "is_false")]
        deep: bool,
    },
    /// Whether two names stand for equal things, as the language compares them: `value` 0 or 1.
    Equals {
        /// The other name.
        other: String,
    },
    /// Goes through a container from its first element (or key) to its last: `value` is how many there
    /// were, `items` are they, each as `invoke` reports it.
    Iterate {
        /// After the first element, does this call on the same object once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        meanwhile: Option<Box<Call>>,
    },
    /// The textual form that is meant for readers (`str`): `text`.
    Display,
    /// Sends a proxy, or a plain value of this worker's own, through a connection or a queue.
    Hand {
        /// Its name.
        name: String,
    },
    /// Receives such a one: the worker knows it by this name from then on. Reported as the result of
    /// `invoke` is.
    TakeOver {
        /// The name.
        name: String,
    },

    // -- Listeners and those who connect to them --
    /// Accepts a connection, known to this worker by this name from then on.
    Accept {
        /// The name.
        name: String,
    },
    /// Where the last accepted connection came from: `text` is `tcp`, `unix` or empty; `absent` before
    /// the first.
    LastAccepted,
    /// Connects, and knows the connection by this name from then on. With a key, it gives up if the other
    /// side has not proved itself within five seconds.
    Connect {
        /// The name.
        name: String,
        /// Where.
        to: Endpoint,
        /// With which key.
        #[serde(default)]
        key: Key,
    },
    /// Reads bytes of the stream below the messages of a connection, as many as it can get up to
    /// `max` before the end: `value` is how many, `text` they in hexadecimal.
    ReadRaw {
        /// The most to read.
        max: u32,
    },
    /// Sends a descriptor through the socket of a connection, beside its messages (`send_handle`).
    SendDescriptor {
        /// The descriptor, by the name of a connection or an end that has it; or `fd:` and its number.
        of: String,
    },
    /// Receives one (`recv_handle`): `value` is its number here; the worker knows the connection that is
    /// made of it by this name from then on.
    RecvDescriptor {
        /// The name.
        name: String,
    },

    // -- Any object --
    /// Creates an object in this worker, known to it by the name in the specification.
    Create {
        /// What to create.
        object: Box<ObjectSpec>,
    },
    /// Closes the object in this process.
    Close,
    /// Drops this process's last reference to the object, without closing it.
    Forget,
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
    /// From now on this process is killed (SIGKILL) before its `n`-th shared operation, from 1; 0 spares
    /// it. Offered only by a build that has such a switch.
    DieBefore {
        /// Before which operation.
        n: u64,
    },

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
    /// Adds to such a word, in one step, and returns its old value: `value`.
    WordAdd {
        /// Which word.
        index: u32,
        /// How much.
        amount: i64,
    },
    /// Reads such a word: `value`.
    WordRead {
        /// Which word.
        index: u32,
    },
}
