//! Where managers and listeners are found, with which key, and what a manager's server does first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An address to serve at, or to connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Nothing is said.
    #[default]
    Unsaid,
    /// A path that the implementation finds, said to be of the Unix family.
    Unix,
    /// Port 0 of 127.0.0.1, which becomes a free one.
    Tcp,
    /// A name in Linux's abstract namespace, made of this one and the run's directory: such names are the
    /// whole machine's, and no other run has this directory.
    Abstract(String),
    /// A path in the run's directory with this name.
    Path(String),
    /// The address at which this manager or listener of the run is, as the file `NAME.address` in the run's
    /// directory has it: written as soon as the address is known, `unix:PATH`, `tcp:HOST:PORT` or
    /// `abstract:NAME`.
    Of(String),
    /// The same, with `localhost` in place of the host.
    LocalhostOf(String),
    /// A port of 127.0.0.1 on which nobody listens: one that was free a moment ago.
    NobodyTcp,
    /// A path in the run's directory where nothing is.
    NobodyUnix,
    /// Something that has the form of no address.
    Nonsense,
    /// The family is said, and is one that there is not.
    UnknownFamily,
}

/// The key by which both sides prove that they belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// Nothing is said: the process's own key for a manager, none for a listener.
    #[default]
    Unsaid,
    /// None is named (`authkey=None`).
    Absent,
    /// These characters' bytes; perhaps none.
    Given(String),
    /// Something that is no byte string.
    Nonsense,
}

/// What a manager's server does before it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Initializer {
    /// Adds 1 to this shared word.
    Counts(u32),
    /// Raises an error.
    Raises,
    /// Is nothing that can be called.
    Nonsense,
}

/// The types that every adapter registers with its managers, beside those that the implementation has:
/// what `registered` objects are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Registered {
    /// A counter, made anew for each creation, with its first value as argument. All of its public methods
    /// are exposed: `add(n)` adds and returns the sum, `get()` returns it, `unserialisable()` returns what
    /// cannot be encoded, `pause(ms)` sleeps, `pid()` is the server's process id, `interrupt()` sends SIGINT
    /// to the server's process and returns. `_secret()` is not public.
    ///
    /// `fail(kind)` raises the error of this kind with the arguments `("as asked", 7)`: `value`, `key`,
    /// `index`, `attribute`, `type`, `runtime` of those that the language has, `own` and `own_strict` of the
    /// adapter's own, which are answered as `action_failed`; the constructor of `own_strict` takes the two
    /// arguments and hands only the first on to that of errors in general. The answer's `aux` is the
    /// fingerprint of the arguments that arrived, as a tuple. With the kind `exit` it does what ends a program, or
    /// at least the part of the server that serves this caller (in Python it raises `SystemExit`).
    Counter,
    /// The same, of which there is one: every creation gives that.
    SharedCounter,
    /// The same, exposing only `get` and `_secret`, which returns 42.
    Reserved,
    /// The same, and `twin()` returns another counter of the same value, mapped to `counter`: its result is
    /// a proxy; `plain()` returns a list of its value, mapped to nothing.
    Maker,
    /// Registered without a function that makes one: creating it with exactly one argument stores that.
    Stored,
    /// Registered like `counter`, without a creation method of its own.
    ResultOnly,
    /// Its function raises an error (`ValueError`).
    Failing,
    /// No adapter registers this.
    Unknown,
}

impl Registered {
    /// The identifier under which it is registered.
    pub fn name(self) -> &'static str {
        match self {
            Registered::Counter => "counter",
            Registered::SharedCounter => "shared_counter",
            Registered::Reserved => "reserved",
            Registered::Maker => "maker",
            Registered::Stored => "stored",
            Registered::ResultOnly => "result_only",
            Registered::Failing => "failing",
            Registered::Unknown => "unknown",
        }
    }
}
