//! What CPython's `multiprocessing` puts on the wire, as plain data.
//!
//! Pure code: bytes in, values or bytes out; nothing executed, no sockets, threads or clocks. [`pickle`] reads
//! and writes what a message holds, as a [`Value`].
//!
//! Everything that a stranger's bytes decide is bounded by [`Limits`], and reader, writer, comparison and drop
//! take no stack however deep a value is.

pub mod globals;
pub mod int;
pub mod limits;
pub mod pickle;
pub mod text;
pub mod value;

pub use globals::Globals;
pub use int::Int;
pub use limits::Limits;
pub use text::Text;
pub use value::{Builder, Kind, Node, Value};
