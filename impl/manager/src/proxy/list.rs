//! A managed list.

use std::ops::Range;

use procession_wire::{Builder, Value, to_value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::typed::{failures, typed};
use super::update::update;
use super::{CallError, Remote, UpdateError};

typed! {
    /// A list in a server. What it gives are copies: changing one changes nothing there until it is
    /// [`set`](Self::set).
    ///
    /// Negative indices count from the end.
    ListProxy<T>
}

failures! {
    /// Why an item was not reached.
    ItemError {
        /// There is no item at this index.
        OutOfRange("IndexError") => "there is no item at this index",
    }

    /// Why an item was not found.
    FindError {
        /// No item is equal to it.
        NotFound("ValueError") => "no item is equal to it",
    }

    /// Why the items were not sorted.
    SortError {
        /// Some of them have no order, such as a number and a text.
        NotComparable("TypeError") => "some of the items have no order",
    }
}

impl Remote {
    /// Creates a list of these items.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn list<T: Serialize>(&self, items: &[T]) -> Result<ListProxy<T>, CallError> {
        self.create("list", (items,), ()).map(ListProxy::from)
    }
}

/// What a method of Python's list gives that gives nothing.
type Nothing<E = CallError> = Result<(), E>;

impl<T: Serialize + DeserializeOwned> ListProxy<T> {
    /// How many items it has.
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

    /// A copy of the item at this index.
    ///
    /// # Errors
    /// See [`ItemError`].
    pub fn get(&self, index: i64) -> Result<T, ItemError> {
        Ok(self.proxy.get("__getitem__", (index,))?)
    }

    /// Puts an item in the place of the one at this index.
    ///
    /// # Errors
    /// See [`ItemError`].
    pub fn set(&self, index: i64, item: &T) -> Nothing<ItemError> {
        Ok(self.proxy.get("__setitem__", (index, item))?)
    }

    /// Takes out the item at this index.
    ///
    /// # Errors
    /// See [`ItemError`].
    pub fn delete(&self, index: i64) -> Nothing<ItemError> {
        Ok(self.proxy.get("__delitem__", (index,))?)
    }

    /// Adds an item at the end.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn append(&self, item: &T) -> Nothing {
        self.proxy.get("append", (item,))
    }

    /// Adds items at the end, in one step.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn extend(&self, items: &[T]) -> Nothing {
        self.proxy.get("extend", (items,))
    }

    /// Adds an item before the one at this index, or at the end that is nearer.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn insert(&self, index: i64, item: &T) -> Nothing {
        self.proxy.get("insert", (index, item))
    }

    /// Takes out the last item and gives it.
    ///
    /// # Errors
    /// See [`ItemError`].
    pub fn pop(&self) -> Result<T, ItemError> {
        Ok(self.proxy.get("pop", ())?)
    }

    /// Takes out the item at this index and gives it.
    ///
    /// # Errors
    /// See [`ItemError`].
    pub fn pop_at(&self, index: i64) -> Result<T, ItemError> {
        Ok(self.proxy.get("pop", (index,))?)
    }

    /// Takes out the first item that is equal to this one.
    ///
    /// # Errors
    /// See [`FindError`].
    pub fn remove(&self, item: &T) -> Nothing<FindError> {
        Ok(self.proxy.get("remove", (item,))?)
    }

    /// The index of the first item that is equal to this one.
    ///
    /// # Errors
    /// See [`FindError`].
    pub fn index(&self, item: &T) -> Result<u64, FindError> {
        Ok(self.proxy.get("index", (item,))?)
    }

    /// How many items are equal to this one.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn count(&self, item: &T) -> Result<u64, CallError> {
        self.proxy.get("count", (item,))
    }

    /// Whether an item is equal to this one.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn contains(&self, item: &T) -> Result<bool, CallError> {
        self.proxy.get("__contains__", (item,))
    }

    /// Turns the order round.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn reverse(&self) -> Nothing {
        self.proxy.get("reverse", ())
    }

    /// Sorts the items as Python does, equal ones keeping their order.
    ///
    /// # Errors
    /// See [`SortError`].
    pub fn sort(&self) -> Nothing<SortError> {
        Ok(self.proxy.get("sort", ())?)
    }

    /// Repeats the items so many times; 0 takes them all out.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn repeat(&self, times: u64) -> Nothing {
        self.proxy.call("__imul__", (times,), ()).map(drop)
    }

    /// Copies of the items at these indices, as many as there are.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn slice(&self, indices: Range<u64>) -> Result<Vec<T>, CallError> {
        self.proxy.get("__getitem__", (slice(indices),))
    }

    /// Copies of all items, as they were at one moment.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn to_vec(&self) -> Result<Vec<T>, CallError> {
        self.proxy.get_value()
    }

    /// The items one by one, each as it is when it is asked for.
    pub fn iter(&self) -> ListItems<'_, T> {
        ListItems { list: self, next: Some(0) }
    }

    /// Changes the item at this index in one step: `change` is given what is there, and called again where
    /// somebody else was faster. Gives what was stored.
    ///
    /// # Errors
    /// See [`UpdateError`].
    pub fn update(&self, index: i64, change: impl FnMut(T) -> T) -> Result<T, UpdateError> {
        let key = to_value(&index).map_err(CallError::Argument)?;
        update(&self.proxy, Some(key), |proxy| proxy.call("__getitem__", (index,), ())?.value(), change)
    }
}

/// The items of a list; see [`ListProxy::iter`].
#[derive(Debug)]
pub struct ListItems<'a, T> {
    list: &'a ListProxy<T>,
    /// Nothing after the end or an error.
    next: Option<i64>,
}

impl<T: Serialize + DeserializeOwned> Iterator for ListItems<'_, T> {
    type Item = Result<T, CallError>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.next.take()?;
        match self.list.get(index) {
            Ok(item) => {
                self.next = Some(index + 1);
                Some(Ok(item))
            }
            Err(ItemError::OutOfRange) => None,
            Err(ItemError::Call(error)) => Some(Err(error)),
        }
    }
}

impl<'a, T: Serialize + DeserializeOwned> IntoIterator for &'a ListProxy<T> {
    type Item = Result<T, CallError>;
    type IntoIter = ListItems<'a, T>;

    fn into_iter(self) -> ListItems<'a, T> {
        self.iter()
    }
}

/// The `slice` of Python.
pub(super) fn slice(indices: Range<u64>) -> Value<'static> {
    let mut builder = Builder::new();
    let class = builder.global("builtins", "slice");
    let bound = |index: u64| i64::try_from(index).unwrap_or(i64::MAX);
    let (start, end, step) =
        (builder.int(bound(indices.start)), builder.int(bound(indices.end)), builder.none());
    let slice = builder.call(class, &[start, end, step]);
    builder.finish(slice)
}
