//! The reference implementation: `multiprocessing` in Rust, crash-safe.

mod closable;
pub mod connection;
pub mod os_pipe;
pub mod pipeline;
pub mod context;
pub mod exit;
pub mod process;
mod start;
pub mod transfer;
pub mod wait;
