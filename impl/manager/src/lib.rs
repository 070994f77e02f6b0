//! Managers, listeners and clients on CPython's own wire: a Rust process and an unmodified Python process share
//! them.
//!
//! - [`Listener`] and [`connect`]: connections between any two processes, on one machine or several;
//!   [`PickleExt`] for values to and from Python, [`reduction`] for descriptors.
//! - [`proxy`]: the objects of a manager's server, ours or CPython's.
//! - [`server`]: the objects themselves, and [`python`], whose rules they keep.

mod address;
mod client;
mod family;
mod handshake;
mod listener;
mod manager;
mod per_process;
mod pickles;
pub mod proxy;
pub mod python;
mod quick_ack;
pub mod reduction;
pub mod server;
mod socket;
mod stream;

pub use address::{Address, AddressError, Family, LONGEST_NAME};
pub use client::{ConnectError, ConnectOptions, connect, connect_stream};
pub use handshake::{Unproved, prove};
pub use listener::{AcceptError, Accepted, BindError, Listener, ListenerOptions, Origin};
pub use manager::{AskError, Manager, ManagerOptions, Setup, ShutdownError, Standard, StartError};
pub use pickles::PickleExt;
pub use procession_wire::auth::Key;
pub use proxy::{Answer, Arguments, CallError, Named, Proxy, Raised, Received, Remote};
pub use stream::{ReceiveError, SendError, Stream};
