//! A managed dict.

use procession_wire::to_value;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::typed::{failures, typed};
use super::update::update;
use super::{Answer, CallError, Proxy, Remote, UpdateError};

typed! {
    /// A dict in a server, in the order of insertion. What it gives are copies: changing one changes nothing
    /// there until it is [`set`](Self::set).
    DictProxy<K, V>
}

failures! {
    /// Why an entry was not reached.
    EntryError {
        /// There is no entry under this key.
        Missing("KeyError") => "there is no entry under this key",
        /// Python cannot use the key as one: a list, say.
        Unhashable("TypeError") => "this is no key for Python",
    }

    /// Why there was no next key.
    DictIterError {
        /// Entries came or went since the iteration began.
        Changed("RuntimeError") => "the dict changed its size during the iteration",
    }
}

impl Remote {
    /// Creates a dict of these entries, a map or a list of pairs.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn dict<K, V>(&self, entries: impl Serialize) -> Result<DictProxy<K, V>, CallError> {
        self.create("dict", (entries,), ()).map(DictProxy::from)
    }
}

impl<K: Serialize + DeserializeOwned, V: Serialize + DeserializeOwned> DictProxy<K, V> {
    /// How many entries it has.
    ///
    /// # Errors
    /// See [`CallError`], here and in the following where nothing else is said.
    pub fn len(&self) -> Result<u64, CallError> {
        self.proxy.get("__len__", ())
    }

    /// Whether it has none.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn is_empty(&self) -> Result<bool, CallError> {
        Ok(self.len()? == 0)
    }

    /// A copy of the value under this key.
    ///
    /// # Errors
    /// See [`EntryError`].
    pub fn get(&self, key: &K) -> Result<V, EntryError> {
        Ok(self.proxy.get("__getitem__", (key,))?)
    }

    /// Puts a value under this key.
    ///
    /// # Errors
    /// See [`EntryError`].
    pub fn set(&self, key: &K, value: &V) -> Result<(), EntryError> {
        Ok(self.proxy.get("__setitem__", (key, value))?)
    }

    /// Takes out the entry under this key.
    ///
    /// # Errors
    /// See [`EntryError`].
    pub fn delete(&self, key: &K) -> Result<(), EntryError> {
        Ok(self.proxy.get("__delitem__", (key,))?)
    }

    /// Takes out the entry under this key and gives its value.
    ///
    /// # Errors
    /// See [`EntryError`].
    pub fn pop(&self, key: &K) -> Result<V, EntryError> {
        Ok(self.proxy.get("pop", (key,))?)
    }

    /// Takes out the entry that came last and gives it.
    ///
    /// # Errors
    /// See [`EntryError`]: [`EntryError::Missing`] where there is none.
    pub fn pop_item(&self) -> Result<(K, V), EntryError> {
        Ok(self.proxy.get("popitem", ())?)
    }

    /// The value under this key, which is put there first where there is none.
    ///
    /// # Errors
    /// See [`EntryError`].
    pub fn set_default(&self, key: &K, value: &V) -> Result<V, EntryError> {
        Ok(self.proxy.get("setdefault", (key, value))?)
    }

    /// Whether there is an entry under this key.
    ///
    /// # Errors
    /// See [`EntryError`].
    pub fn contains(&self, key: &K) -> Result<bool, EntryError> {
        Ok(self.proxy.get("__contains__", (key,))?)
    }

    /// Puts all of these entries in, a map or a list of pairs, in one step.
    ///
    /// # Errors
    /// See [`EntryError`].
    pub fn extend(&self, entries: impl Serialize) -> Result<(), EntryError> {
        Ok(self.proxy.get("update", (entries,))?)
    }

    /// Takes out all entries.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn clear(&self) -> Result<(), CallError> {
        self.proxy.get("clear", ())
    }

    /// The keys at one moment.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn keys(&self) -> Result<Vec<K>, CallError> {
        self.proxy.get("keys", ())
    }

    /// Copies of the values at one moment.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn values(&self) -> Result<Vec<V>, CallError> {
        self.proxy.get("values", ())
    }

    /// Copies of the entries at one moment.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn items(&self) -> Result<Vec<(K, V)>, CallError> {
        self.proxy.get("items", ())
    }

    /// A copy of the whole dict, in a map of any kind.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn to_map<M: DeserializeOwned>(&self) -> Result<M, CallError> {
        self.proxy.get("copy", ())
    }

    /// The keys one by one, by an iterator in the server.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn iter(&self) -> Result<DictKeys<K>, CallError> {
        let iterator = self.proxy.call("__iter__", (), ()).and_then(Answer::proxy)?;
        Ok(DictKeys { iterator: Some(iterator), _of: std::marker::PhantomData })
    }

    /// Changes the value under this key in one step: `change` is given what is there, and called again where
    /// somebody else was faster. Gives what was stored.
    ///
    /// # Errors
    /// See [`UpdateError`].
    pub fn update(&self, key: &K, change: impl FnMut(V) -> V) -> Result<V, UpdateError> {
        let name = to_value(key).map_err(CallError::Argument)?;
        update(&self.proxy, Some(name), |proxy| proxy.call("__getitem__", (key,), ())?.value(), change)
    }
}

/// The keys of a dict; see [`DictProxy::iter`].
#[derive(Debug)]
pub struct DictKeys<K> {
    /// Nothing after the end or an error.
    iterator: Option<Proxy>,
    _of: std::marker::PhantomData<fn() -> K>,
}

impl<K: DeserializeOwned> Iterator for DictKeys<K> {
    type Item = Result<K, DictIterError>;

    fn next(&mut self) -> Option<Self::Item> {
        let iterator = self.iterator.take()?;
        match iterator.get("__next__", ()) {
            Ok(key) => {
                self.iterator = Some(iterator);
                Some(Ok(key))
            }
            Err(error) if error.is("StopIteration") => None,
            Err(error) => Some(Err(error.into())),
        }
    }
}
