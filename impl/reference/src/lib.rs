//! The reference implementation: `multiprocessing` in Rust, crash-safe.

pub mod transfer;
