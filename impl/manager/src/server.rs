//! The server of a manager: the objects that it holds, and the sessions in which clients call their methods.

mod acceptors;
mod arguments;
mod call;
mod caller;
mod connections;
mod creation;
mod holders;
mod limits;
mod object;
mod oneshot;
mod peer;
mod referent;
pub mod referents;
mod registry;
mod reply;
mod segments;
mod serve;
mod session;
mod stored;
mod tokens;

pub use arguments::Arguments;
pub use call::{Call, Fault, Given, Quota, Taken};
pub use caller::{Bell, Caller, CallerId, Woken};
pub use creation::{Constructor, Creation};
pub use limits::Limits;
pub use object::{Object, Objects, TableFull, UnknownObject};
pub use peer::{Departed, Peer};
pub use referent::{Referent, Whole};
pub use registry::{Function, Make, Own, OwnType, Registry, UnknownType};
pub use serve::{Server, Serving, Settings, Stopper};
pub use stored::{Stored, Storing};
