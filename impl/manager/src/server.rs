//! The server of a manager: the objects that it holds, and the sessions in which clients call their methods.

mod arguments;
mod call;
mod caller;
mod creation;
mod holders;
mod object;
mod peer;
mod referent;
pub mod referents;
mod stored;
mod tokens;

pub use arguments::Arguments;
pub use call::{Call, Fault, Given, Quota};
pub use caller::{Bell, Caller, CallerId, Woken};
pub use creation::{Constructor, Creation};
pub use object::{Object, Objects, TableFull, UnknownObject};
pub use peer::Peer;
pub use referent::{Referent, Whole};
pub use stored::{Stored, Storing};
