//! Objects of a manager's server, ours or CPython's, reached from Rust: `multiprocessing.managers.BaseProxy`.
//!
//! A [`Remote`] is a server as its clients see it; it creates objects and gives a [`Proxy`] to each. A method is
//! called by name, with arguments and results of any type that `serde` knows, or of plain
//! [`Value`]s. The types that a `SyncManager` has, have proxies of their own, such as
//! [`ListProxy`].
//!
//! Each thread has one connection to each server, opened at its first call. The server keeps an object as long
//! as some proxy of it lives in some process: a proxy counts as one reference, and clones of it share that.

mod arguments;
mod condition;
mod dict;
mod error;
mod home;
mod line;
mod list;
mod lock;
mod namespace;
mod nested;
mod numbers;
mod queue;
mod received;
mod reference;
mod remote;
mod travel;
mod typed;
mod update;

use std::fmt;
use std::sync::Arc;

use procession_wire::message::Reply;
use procession_wire::{Node, Value};
use serde::de::DeserializeOwned;

pub use self::arguments::{Arguments, Named};
pub use self::condition::{BarrierError, BarrierProxy, ConditionError, ConditionProxy, EventProxy};
pub use self::dict::{DictIterError, DictKeys, DictProxy, EntryError};
pub use self::error::{CallError, Raised};
use self::home::Home;
pub use self::list::{FindError, ItemError, ListItems, ListProxy, SortError};
pub use self::lock::{BoundedSemaphoreProxy, Guard, LockProxy, RLockProxy, ReleaseError, SemaphoreProxy};
pub use self::namespace::{ArrayProxy, AttributeError, ElementError, NamespaceProxy, ValueProxy};
pub use self::queue::{GetError, JoinableQueueProxy, PutError, QueueProxy, TaskDoneError};
use self::received::Holding;
pub use self::received::{Answer, Received};
use self::reference::{Class, Reference};
pub use self::remote::Remote;
pub use self::update::UpdateError;
use crate::address::Address;

/// An object of a server.
///
/// Cloning shares it, and any thread may use it. When the last clone is dropped, the server is told, if it is
/// there to listen, and lets go of the object once nobody else refers to it.
///
/// A proxy can be sent through the queues and connections of this library, be an argument of a process, and be
/// part of a value in a managed container; the receiver has a reference of its own. One that was sent keeps its
/// object alive until it has arrived, as long as the sender's process lives (and has not sent a thousand more
/// that nobody received); in a message to Python it does not: there the sender must keep its own meanwhile. A
/// forked process has a reference of its own from its start on where the proxy was among its arguments, and from
/// the first use on otherwise.
#[derive(Clone)]
pub struct Proxy(Arc<Reference>);

impl Proxy {
    /// Calls a method and waits for what it gives.
    ///
    /// Other threads of this process can use the same proxy meanwhile.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn call(&self, method: &str, args: impl Arguments, named: impl Named) -> Result<Answer, CallError> {
        self.exchange(method, args, named, |answer, _| match answer {
            Outcome::Proxy(proxy) => Ok(Answer::Proxy(proxy)),
            Outcome::Value(node, proxies) => Ok(Answer::Value(Received::new(node.to_value(), proxies))),
        })
    }

    /// Calls a method whose result is of this type, which may have proxies in it.
    ///
    /// # Errors
    /// See [`CallError`]; [`CallError::Result`] for a result of another type.
    pub fn get<T: DeserializeOwned>(&self, method: &str, args: impl Arguments) -> Result<T, CallError> {
        self.exchange(method, args, (), |answer, home| match answer {
            Outcome::Value(node, proxies) => {
                let _holding = Holding::begin(&proxies, home);
                Ok(procession_wire::from_node(node)?)
            }
            Outcome::Proxy(proxy) => {
                let value = proxy.to_value();
                let _holding = Holding::begin(std::slice::from_ref(&proxy), home);
                Ok(procession_wire::from_value(&value)?)
            }
        })
    }

    /// A copy of the whole object, of this type.
    ///
    /// # Errors
    /// See [`CallError`]; [`CallError::Unserializable`] for what cannot be copied, such as a lock.
    pub fn get_value<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        self.get("#GETVALUE", ())
    }

    /// The text that Python's `str` gives for the object; a word about the proxy where the server is gone.
    pub fn display(&self) -> String {
        self.get("__str__", ()).unwrap_or_else(|_| format!("{self:?}; no server answers"))
    }

    /// Whether both are the same proxy or clones of it; two proxies of one object are not.
    pub fn is(&self, other: &Proxy) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The name of its type at the server.
    pub fn typeid(&self) -> &str {
        &self.0.typeid
    }

    /// The name of the object at the server.
    pub fn ident(&self) -> &str {
        &self.0.ident
    }

    /// The server that holds the object.
    pub fn remote(&self) -> Remote {
        Remote::of(Arc::clone(&self.0.home))
    }

    /// Where the server is.
    pub fn address(&self) -> &Address {
        &self.0.home.address
    }

    /// The methods that can be called. Asks the server, the first time, where the proxy was not told.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn methods(&self) -> Result<&[Box<str>], CallError> {
        self.0.methods()
    }

    /// Makes sure that this process has a reference of its own. One that was forked while the proxy was not among
    /// its arguments has none before its first call: the object lives no longer than its parent's reference. This
    /// asks the server for one, once; elsewhere it does nothing.
    ///
    /// # Errors
    /// See [`CallError`]: [`CallError::Remote`] where the object is gone already.
    pub fn claim(&self) -> Result<(), CallError> {
        self.0.claim().map(drop)
    }

    /// A proxy of an object of which this process already has a reference that nobody else counts.
    fn adopt(home: Arc<Home>, typeid: &str, ident: &str, exposed: Option<Vec<Box<str>>>) -> Proxy {
        let class = Class::of_type(typeid);
        Proxy(Reference::adopted(home, typeid, ident, class, exposed))
    }

    fn exchange<R>(
        &self,
        method: &str,
        args: impl Arguments,
        named: impl Named,
        take: impl FnOnce(Outcome<'_>, &Arc<Home>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let process = self.0.claim()?;
        let home = &self.0.home;
        let request = line::request(Some(&self.0.ident), method, &args, &named)?;
        let bytes = line::exchange(home, process, &request)?;
        let outcome = self.read(&bytes, take);
        line::keep_space(bytes);
        outcome
    }

    /// What came of a call, out of the reply.
    fn read<R>(
        &self,
        bytes: &[u8],
        take: impl FnOnce(Outcome<'_>, &Arc<Home>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let home = &self.0.home;
        let reply = line::read(bytes)?;
        match Reply::read(reply.root())? {
            Reply::Return(node) => {
                // Before this thread asks anything else, which would let the server forget what it sent.
                let proxies = match reply.has_objects() {
                    true => nested::proxies(node, home)?,
                    false => Vec::new(),
                };
                take(Outcome::Value(node, proxies), home)
            }
            Reply::Proxy { exposed, token } => {
                let exposed = exposed.iter().map(|name| name.to_str_lossy().into()).collect();
                let (typeid, ident) = (token.typeid.to_str_lossy(), token.ident.to_str_lossy());
                // It was created with a reference, which becomes ours.
                let proxy = Proxy::adopt(Arc::clone(home), &typeid, &ident, Some(exposed));
                take(Outcome::Proxy(proxy), home)
            }
            other => Err(CallError::of_reply(&other)),
        }
    }

    /// The proxy as it stands in a value on the wire, without a key: whoever receives it uses his own, as
    /// Python's proxies do.
    pub fn to_value(&self) -> Value<'static> {
        self.0.to_value()
    }
}

/// What came of a call.
enum Outcome<'a> {
    Proxy(Proxy),
    Value(Node<'a>, Vec<Proxy>),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reference { typeid, ident, home, .. } = &*self.0;
        write!(f, "<proxy of {typeid} {ident} at {}>", home.address)
    }
}

#[cfg(test)]
mod tests;
