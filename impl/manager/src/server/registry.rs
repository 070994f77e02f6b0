//! The types of a server: what clients may create, by name.

mod function;
mod own;
mod shared;
mod standard;

use std::collections::HashMap;
use std::sync::Arc;

pub use function::{Function, Make};
pub use own::{Own, OwnType};
pub use shared::UnknownType;

use super::{Constructor, Creation, Fault, Referent};
use crate::python::{Class, Raise};

/// The types that a server knows.
#[derive(Clone)]
pub struct Registry {
    types: HashMap<Box<str>, Arc<Constructor>>,
}

impl Registry {
    /// No types.
    pub fn empty() -> Registry {
        Registry { types: HashMap::new() }
    }

    /// The types of Python's `SyncManager`, under the names that it has for them.
    ///
    /// `Pool` is not among them, since it runs Python functions: creating one is an error that says so.
    pub fn standard() -> Registry {
        let mut registry = Registry::empty();
        standard::TYPES.iter().for_each(|(typeid, make)| registry.add(typeid, make));
        registry
    }

    /// Registers a type under this name, in place of the one that has it. The function makes its objects; it may
    /// give one that is there already, which all its clients share then.
    pub fn add<F>(&mut self, typeid: &str, make: F)
    where
        F: Fn(&mut Creation<'_>) -> Result<Arc<dyn Referent>, Fault> + Send + Sync + 'static,
    {
        self.types.insert(typeid.into(), Arc::new(make));
    }

    /// Registers a type of one's own; what it gives names the type in [`Own::proxy`].
    pub fn register<T: Send + Sync + 'static>(&mut self, own: Own<T>) -> OwnType<T> {
        let (own, make) = own.finish();
        self.types.insert(own.typeid().into(), make);
        own
    }

    /// Registers a name for one object of a registered type, which all who create one share: programs that have
    /// nothing of each other but the server's address and key find it by that name. The first to create it gives
    /// its arguments, those of the others are not looked at; and it stays, whether or not anybody refers to it.
    ///
    /// # Errors
    /// [`UnknownType`].
    pub fn share(&mut self, name: &str, of: &str) -> Result<(), UnknownType> {
        let make = self.types.get(of).cloned().ok_or_else(|| UnknownType(of.into()))?;
        self.types.insert(name.into(), shared::shared(make));
        Ok(())
    }

    /// Registers a name without a function, as Python does: creating one with exactly one list or dict, by
    /// position, gives an object that holds it.
    pub fn stored(&mut self, typeid: &str) {
        self.add(typeid, standard::stored);
    }

    /// Registers a name for what only methods give: creating one is an error.
    pub fn result_only(&mut self, typeid: &'static str) {
        self.add(typeid, move |_| {
            let said = format!("'{typeid}' objects are results of methods and cannot be created");
            Err(Raise::text(Class::Attribute, said).into())
        });
    }

    /// Makes an object.
    ///
    /// # Errors
    /// A `KeyError` for a name that is not registered, and whatever its function raises.
    pub(super) fn make(&self, creation: &mut Creation<'_>) -> Result<Arc<dyn Referent>, Fault> {
        match self.types.get(creation.typeid) {
            Some(make) => make(creation),
            None => Err(Raise::text(Class::Key, creation.typeid).into()),
        }
    }
}

impl Default for Registry {
    /// [`Registry::standard`].
    fn default() -> Registry {
        Registry::standard()
    }
}
