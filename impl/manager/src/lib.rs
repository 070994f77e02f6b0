//! Managers, listeners and clients on CPython's own wire: a Rust process and an unmodified Python process share
//! them.

mod address;
pub mod python;
pub mod server;
mod socket;

pub use address::{Address, AddressError, Family, LONGEST_NAME};
