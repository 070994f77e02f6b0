//! The table of a server's objects: who refers to each, and when it goes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use procession_wire::Node;

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
    /// Every object of this server of which a proxy or token is in the value, each once.
    pub fn named_in(&self, _node: Node<'_>) -> Vec<Arc<Object>> {
        Vec::new()
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if let Some(table) = self.table.upgrade() {
            table.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.ident);
        }
    }
}
