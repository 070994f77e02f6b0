//! The reference implementation: `multiprocessing` in Rust, crash-safe.

mod channel;
mod closable;
pub mod connection;
pub mod deadline;
#[cfg(feature = "fault")]
pub mod fault;
mod liveness;
pub mod os_pipe;
pub mod pipeline;
mod region;
mod sync;
pub mod transfer;
pub mod wait;

pub use deadline::Deadline;
