//! What a call gave: a copy of a value, or an object that stayed with the server.

use std::cell::RefCell;
use std::sync::Arc;

use procession_wire::{Node, Value, message};
use serde::de::DeserializeOwned;

use super::Proxy;
use super::error::CallError;
use super::home::Home;
use crate::family::named;

/// What a method gave.
#[derive(Debug)]
pub enum Answer {
    /// An object that stays with the server.
    Proxy(Proxy),
    /// A copy of a value.
    Value(Received),
}

/// A value from a server, with the proxies in it: their objects live at least as long as this does.
#[derive(Debug)]
pub struct Received {
    value: Value<'static>,
    proxies: Vec<Proxy>,
}

impl Answer {
    /// The value.
    ///
    /// # Errors
    /// [`CallError::Nonsense`] for an object that stayed with the server.
    pub fn value(self) -> Result<Received, CallError> {
        match self {
            Answer::Value(received) => Ok(received),
            Answer::Proxy(proxy) => {
                Err(CallError::Nonsense(format!("a value was expected, the method gave {proxy:?}")))
            }
        }
    }

    /// The object that stayed with the server, or the one that the value is a proxy of.
    ///
    /// # Errors
    /// [`CallError::Nonsense`] for another value.
    pub fn proxy(self) -> Result<Proxy, CallError> {
        match self {
            Answer::Proxy(proxy) => Ok(proxy),
            Answer::Value(received) => received.proxy_at(received.value.root()).ok_or_else(|| {
                CallError::Nonsense(format!("a proxy was expected, the method gave {:?}", received.value))
            }),
        }
    }
}

impl Received {
    pub(super) fn new(value: Value<'static>, proxies: Vec<Proxy>) -> Received {
        Received { value, proxies }
    }

    /// The value; a proxy in it is the object that describes one.
    pub fn value(&self) -> &Value<'static> {
        &self.value
    }

    /// The proxies in it, one for each object, in no order.
    pub fn proxies(&self) -> &[Proxy] {
        &self.proxies
    }

    /// The proxy that this part of the value describes, if it does.
    pub fn proxy_at(&self, node: Node<'_>) -> Option<Proxy> {
        let found = message::Proxy::read(node).ok()??;
        among(&self.proxies, &found)
    }

    /// The value in a Rust type, in which there may be proxies.
    ///
    /// # Errors
    /// [`CallError::Result`] where it is of another type.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        let _holding = Holding::begin_among(&self.proxies);
        Ok(procession_wire::from_value(&self.value)?)
    }
}

fn among(proxies: &[Proxy], found: &message::Proxy<'_>) -> Option<Proxy> {
    let ident = found.token.ident.to_str_lossy();
    let address = named(&found.token.address);
    let is_it = |proxy: &&Proxy| proxy.ident() == ident && *proxy.address() == address;
    // The server may spell its address otherwise than this process does.
    let same = proxies.iter().find(is_it).or_else(|| proxies.iter().find(|proxy| proxy.ident() == ident));
    same.cloned()
}

thread_local! {
    /// What is being decoded in this thread, the innermost last.
    static HELD: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}

struct Held {
    proxies: Vec<Proxy>,
    home: Option<Arc<Home>>,
}

/// While it lives, what is decoded in this thread takes its proxies from those that are held already.
pub(super) struct Holding(());

impl Holding {
    /// Of a reply of this server.
    pub(super) fn begin(proxies: &[Proxy], home: &Arc<Home>) -> Holding {
        Holding::push(proxies, Some(Arc::clone(home)))
    }

    fn begin_among(proxies: &[Proxy]) -> Holding {
        Holding::push(proxies, None)
    }

    fn push(proxies: &[Proxy], home: Option<Arc<Home>>) -> Holding {
        HELD.with(|held| held.borrow_mut().push(Held { proxies: proxies.to_vec(), home }));
        Holding(())
    }

    /// The proxy that is held already.
    pub(super) fn find(found: &message::Proxy<'_>) -> Option<Proxy> {
        HELD.with(|held| among(&held.borrow().last()?.proxies, found))
    }

    /// The server whose reply is being decoded.
    pub(super) fn home() -> Option<Arc<Home>> {
        HELD.with(|held| held.borrow().last()?.home.clone())
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        // Dropped outside the borrow: the last clone of a proxy may be among them.
        let gone = HELD.with(|held| held.borrow_mut().pop());
        drop(gone);
    }
}
