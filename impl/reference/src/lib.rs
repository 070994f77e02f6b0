//! The reference implementation: `multiprocessing` in Rust, crash-safe.

mod channel;
mod closable;
mod codec;
pub mod connection;
pub mod deadline;
#[cfg(feature = "fault")]
pub mod fault;
mod joinable_queue;
mod liveness;
pub mod os_pipe;
pub mod pipeline;
mod queue;
mod queue_core;
mod region;
mod simple_queue;
mod sync;
pub mod context;
pub mod exit;
pub mod process;
mod start;
pub mod transfer;
pub mod wait;

pub use codec::CodecError;
pub use deadline::Deadline;
pub use joinable_queue::{JoinError, JoinableQueue, TaskDoneError};
pub use queue::{Queue, QueueOptions};
pub use queue_core::{ClosedError, CreateError, GetError, NotClosedError, PutError, PutManyError};
pub use region::AttachError;
pub use simple_queue::SimpleQueue;
