//! The reference implementation: `multiprocessing` in Rust, crash-safe.

pub mod context;
pub mod exit;
pub mod process;
mod start;
pub mod transfer;
