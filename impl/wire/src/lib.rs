//! What CPython's `multiprocessing` puts on the wire, as plain data.
//!
//! A peer that is no Python process can talk to one if it speaks four layers, each a module here and each
//! pure: bytes in, values or bytes out, nothing executed, no sockets, threads or clocks.
//!
//! - [`frame`]: messages on a byte stream.
//! - [`auth`]: the handshake that a shared key opens.
//! - [`pickle`]: what a message holds, as a [`Value`]; [`bridge`] turns it into Rust types and back.
//! - [`message`]: what a manager and its clients say to each other.
//!
//! Everything that a stranger's bytes decide is bounded by [`Limits`], and reader, writer, comparison and
//! drop take no stack however deep a value is.

pub mod auth;
pub mod bridge;
pub mod frame;
pub mod globals;
pub mod int;
pub mod limits;
pub mod message;
pub mod pickle;
pub mod text;
pub mod value;

pub use bridge::{from_node, from_slice, from_value, to_value, to_vec};
pub use globals::Globals;
pub use int::Int;
pub use limits::Limits;
pub use text::Text;
pub use value::{Builder, Kind, Node, Value};
