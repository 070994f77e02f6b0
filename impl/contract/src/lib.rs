//! What an implementation of inter-process communication is asked to do, and how it answers.
//!
//! A [`Script`] says which objects exist and which [`Worker`]s use them; a worker is a list of
//! [`Step`]s, and a step is one [`Call`] on one object. A call is answered by an [`Answer`], whose
//! [`Outcome`] is a closed enum: what happened, never how a message was worded. Calls and answers
//! are kept as 32-byte [`Record`]s, so that a killed worker loses nothing of its history.
//!
//! The same types are spoken by implementations in Rust, which implement [`Implementation`], and by
//! programs in any language, which read them as JSON. This crate knows nothing of testing.

mod answer;
mod call;
mod datum;
mod implementation;
mod item;
mod manifest;
mod record;
mod scalar;
mod script;
mod served;
mod shared_words;

pub use answer::{Answer, Outcome};
pub use call::{Call, ExitStatus, SignalAction, Step};
pub use datum::Datum;
pub use implementation::{Body, Ending, Implementation, Object, Objects, Processes, Ticket};
pub use item::{Item, ItemKind, Value};
pub use manifest::{Manifest, QueueLevel};
pub use record::{HEADER_BYTES, MAGIC, Phase, RECORD_BYTES, Record, RecordError};
pub use scalar::{Real, Scalar};
pub use script::{Field, LockChoice, Method, ObjectKind, ObjectSpec, Script, Worker, WorkerKind, kind_of};
pub use served::{Endpoint, Initializer, Key, Registered};
pub use shared_words::{
    ActionEnd, ActionFailed, BarrierAction, SharedWords, install, read_word, run_directory,
};
