//! Proxies inside values.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use procession_wire::auth::Key;
use procession_wire::{Kind, Node, message};

use super::Proxy;
use super::error::CallError;
use super::home::Home;
use super::reference::{Class, Reference};
use crate::family::named;

/// A proxy for each object that is named in the value, with a reference to it.
pub(super) fn proxies(node: Node<'_>, home: &Arc<Home>) -> Result<Vec<Proxy>, CallError> {
    let mut found: HashMap<(String, String), Proxy> = HashMap::new();
    let mut walk = node.walk();
    while let Some(node) = walk.next() {
        match message::Proxy::read(node)? {
            Some(proxy) => {
                let home = home_of(&proxy, Some(home));
                let name = (home.address.to_string(), proxy.token.ident.to_str_lossy().into_owned());
                if let Entry::Vacant(entry) = found.entry(name) {
                    entry.insert(refer(&proxy, home)?);
                }
            }
            None => walk.enter(),
        }
    }
    Ok(found.into_values().collect())
}

/// The server of a proxy that came from this one, or from anywhere.
pub(super) fn home_of(proxy: &message::Proxy<'_>, from: Option<&Arc<Home>>) -> Arc<Home> {
    let address = named(&proxy.token.address);
    if let Some(Kind::Bytes(key)) = proxy.kwargs.get("authkey").map(Node::kind) {
        return Home::of(address, Key::even_empty(key));
    }
    match from {
        Some(from) if from.address == address => Arc::clone(from),
        _ => Home::at(address),
    }
}

/// A proxy like this one, with a reference of its own. Waits for the server.
pub(super) fn refer(proxy: &message::Proxy<'_>, home: Arc<Home>) -> Result<Proxy, CallError> {
    let exposed = proxy.exposed()?;
    let exposed = exposed.map(|names| names.iter().map(|name| name.to_str_lossy().into()).collect());
    let class = Class { module: text(proxy.class.module), name: text(proxy.class.name) };
    let (typeid, ident) = (text(proxy.token.typeid), text(proxy.token.ident));
    Ok(Proxy(Reference::taken(home, &typeid, &ident, class, exposed)?))
}

fn text(text: procession_wire::Text<'_>) -> Box<str> {
    text.to_str_lossy().into()
}
