//! The table of a server's objects: who refers to each, and when it goes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use procession_wire::message::Proxy;
use procession_wire::{Kind, Node};

use super::Referent;

/// An object with its name.
///
/// It lives as long as an `Arc` of it: one is in the table while clients have references, one in every stored
/// value that names it, one in every session whose last reply named it.
pub struct Object {
    /// Its name, which no other object of this server ever had or will have.
    pub ident: Box<str>,
    /// The name of its type, under which clients find the class of its proxies.
    pub typeid: Box<str>,
    /// The object itself.
    pub referent: Arc<dyn Referent>,
    table: Weak<Table>,
}

/// The objects of a server.
#[derive(Clone)]
pub struct Objects(Arc<Table>);

struct Table {
    entries: Mutex<HashMap<Box<str>, Entry>>,
}

struct Entry {
    object: Weak<Object>,
    /// Held while `clients` is not 0.
    kept: Option<Arc<Object>>,
    /// References of clients.
    clients: u64,
}

impl Objects {
    /// No objects.
    pub fn empty() -> Objects {
        Objects(Arc::new(Table { entries: Mutex::new(HashMap::new()) }))
    }

    /// Puts an object under this name, to which clients have one reference.
    pub fn put(&self, ident: &str, typeid: &str, referent: Arc<dyn Referent>) -> Arc<Object> {
        let table = Arc::downgrade(&self.0);
        let object = Arc::new(Object { ident: ident.into(), typeid: typeid.into(), referent, table });
        let entry = Entry { object: Arc::downgrade(&object), kept: Some(object.clone()), clients: 1 };
        self.0.lock().insert(ident.into(), entry);
        object
    }

    /// Takes back a reference of a client.
    pub fn let_go(&self, ident: &str) {
        let mut entries = self.0.lock();
        let kept = entries.get_mut(ident).and_then(|entry| {
            entry.clients = entry.clients.saturating_sub(1);
            if entry.clients == 0 { entry.kept.take() } else { None }
        });
        drop(entries);
        // Outside the lock: the object may end with it.
        drop(kept);
    }

    /// Every object of this server of which a proxy is in the value, each once.
    pub fn named_in(&self, node: Node<'_>) -> Vec<Arc<Object>> {
        let mut found: Vec<Arc<Object>> = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if !seen.insert(node.id()) {
                continue;
            }
            match node.kind() {
                Kind::List(items) | Kind::Tuple(items) | Kind::Set(items) | Kind::FrozenSet(items) => {
                    open.extend(items.iter());
                }
                Kind::Dict(pairs) => open.extend(pairs.iter().flat_map(|(key, value)| [key, value])),
                Kind::Object(object) => {
                    if let Ok(Some(proxy)) = Proxy::read(node) {
                        let entries = self.0.lock();
                        let entry = proxy.token.ident.to_str().and_then(|ident| entries.get(ident));
                        found.extend(entry.and_then(|entry| entry.object.upgrade()));
                    } else {
                        open.push(object.args);
                        open.extend(object.state);
                    }
                }
                _ => {}
            }
        }
        found.sort_by_key(|object| Arc::as_ptr(object) as usize);
        found.dedup_by(|one, other| Arc::ptr_eq(one, other));
        found
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if let Some(table) = self.table.upgrade() {
            let entry = table.lock().remove(&self.ident);
            drop(entry);
        }
    }
}
