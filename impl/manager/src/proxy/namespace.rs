//! A managed namespace, a managed value and a managed array.

use std::collections::BTreeMap;
use std::ops::Range;

use procession_wire::{Kind, Value, to_value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::list::{ItemError, slice};
use super::typed::{failures, typed};
use super::update::update;
use super::{Answer, CallError, Named, Remote, UpdateError};

typed! {
    /// Attributes in a server, each of any type. What it gives are copies: changing one changes nothing there
    /// until it is [`set`](Self::set).
    NamespaceProxy
}

typed! {
    /// One value in a server, of any type.
    ValueProxy<T>
}

typed! {
    /// A row of numbers of one type in a server. Negative indices count from the end.
    ArrayProxy<T>
}

failures! {
    /// Why an attribute was not reached.
    AttributeError {
        /// There is no such attribute.
        Missing("AttributeError") => "there is no such attribute",
    }

    /// Why a number was not stored.
    ElementError {
        /// There is no element at this index.
        OutOfRange("IndexError") => "there is no element at this index",
        /// It is too large for the type of the array.
        TooLarge("OverflowError") => "the number is too large for the array",
        /// It is of another type than the array's.
        WrongType("TypeError") => "it is of another type than the array's",
    }
}

impl Remote {
    /// Creates a namespace with these attributes.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn namespace(&self, attributes: impl Named) -> Result<NamespaceProxy, CallError> {
        self.create("Namespace", (), attributes).map(NamespaceProxy::from)
    }

    /// Creates a value. `typecode` is kept for its text and not heeded.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn value<T: Serialize>(&self, typecode: &str, value: &T) -> Result<ValueProxy<T>, CallError> {
        self.create("Value", (typecode, value), ()).map(ValueProxy::from)
    }

    /// Creates an array of these numbers, of the type of this code, as Python's `array` has them: `i` for an
    /// `i32`, `d` for an `f64`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn array<T: Serialize>(&self, typecode: char, numbers: &[T]) -> Result<ArrayProxy<T>, CallError> {
        self.create("Array", (typecode, numbers), ()).map(ArrayProxy::from)
    }
}

impl NamespaceProxy {
    /// A copy of an attribute.
    ///
    /// # Errors
    /// See [`AttributeError`].
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, AttributeError> {
        Ok(self.proxy.get("__getattribute__", (name,))?)
    }

    /// Stores an attribute.
    ///
    /// # Errors
    /// See [`AttributeError`].
    pub fn set<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), AttributeError> {
        Ok(self.proxy.get("__setattr__", (name, value))?)
    }

    /// Takes out an attribute.
    ///
    /// # Errors
    /// See [`AttributeError`].
    pub fn delete(&self, name: &str) -> Result<(), AttributeError> {
        Ok(self.proxy.get("__delattr__", (name,))?)
    }

    /// Copies of all attributes at one moment.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn to_map(&self) -> Result<BTreeMap<String, Value<'static>>, CallError> {
        let received = self.proxy.call("#GETVALUE", (), ()).and_then(Answer::value)?;
        let root = received.value().root();
        let Kind::Object(namespace) = root.kind() else {
            return Err(CallError::Nonsense(format!("a namespace was asked for: {:?}", received.value())));
        };
        // Python gives no state to what has no attributes.
        let Some(Kind::Dict(attributes)) = namespace.state.map(|state| state.kind()) else {
            return Ok(BTreeMap::new());
        };
        let text = |name: procession_wire::Node<'_>| Some(name.text()?.to_str_lossy().into_owned());
        Ok(attributes.iter().filter_map(|(name, value)| Some((text(name)?, value.to_value()))).collect())
    }

    /// Changes an attribute in one step: `change` is given what is there, and called again where somebody else
    /// was faster. Gives what was stored.
    ///
    /// # Errors
    /// See [`UpdateError`].
    pub fn update<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        change: impl FnMut(T) -> T,
    ) -> Result<T, UpdateError> {
        let key = to_value(name).map_err(CallError::Argument)?;
        update(&self.proxy, Some(key), |proxy| proxy.call("__getattribute__", (name,), ())?.value(), change)
    }
}

impl<T: Serialize + DeserializeOwned> ValueProxy<T> {
    /// A copy of the value.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn get(&self) -> Result<T, CallError> {
        self.proxy.get("get", ())
    }

    /// Stores a value.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn set(&self, value: &T) -> Result<(), CallError> {
        self.proxy.get("set", (value,))
    }

    /// Changes the value in one step: `change` is given what is there, and called again where somebody else was
    /// faster. Gives what was stored.
    ///
    /// # Errors
    /// See [`UpdateError`].
    pub fn update(&self, change: impl FnMut(T) -> T) -> Result<T, UpdateError> {
        update(&self.proxy, None, |proxy| proxy.call("get", (), ())?.value(), change)
    }
}

impl<T: Serialize + DeserializeOwned> ArrayProxy<T> {
    /// How many numbers it has.
    ///
    /// # Errors
    /// See [`CallError`].
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

    /// The number at this index.
    ///
    /// # Errors
    /// See [`ItemError`].
    pub fn get(&self, index: i64) -> Result<T, ItemError> {
        Ok(self.proxy.get("__getitem__", (index,))?)
    }

    /// Stores a number at this index.
    ///
    /// # Errors
    /// See [`ElementError`].
    pub fn set(&self, index: i64, number: &T) -> Result<(), ElementError> {
        Ok(self.proxy.get("__setitem__", (index, number))?)
    }

    /// The numbers at these indices, as many as there are, at one moment.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn slice(&self, indices: Range<u64>) -> Result<Vec<T>, CallError> {
        let received = self.proxy.call("__getitem__", (slice(indices),), ()).and_then(Answer::value)?;
        super::numbers::of(received.value())
    }

    /// All numbers at one moment.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn to_vec(&self) -> Result<Vec<T>, CallError> {
        let received = self.proxy.call("#GETVALUE", (), ()).and_then(Answer::value)?;
        super::numbers::of(received.value())
    }
}
