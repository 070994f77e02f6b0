//! The reference implementation: `multiprocessing` in Rust, crash-safe.

mod channel;
pub mod deadline;
#[cfg(feature = "fault")]
pub mod fault;
mod liveness;
mod region;
mod sync;

pub use deadline::Deadline;
