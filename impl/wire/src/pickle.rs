//! Pickles: a closed subset of CPython's format, read into a [`Value`](crate::Value) and written from one.

mod error;
mod filling;
mod memo;
mod opcode;
mod output;
mod reader;
mod reduction;
mod runs;
mod writer;
mod written;

pub use error::{ReadError, WriteError};
pub use reader::{Reader, read};
pub use writer::{Protocol, write, write_as, write_into, write_pair, write_pair_of_atoms};
pub use written::Written;
