//! Updates of one entry in one step.

use procession_wire::Node;

use super::{Entries, Incoming};
use crate::python::{Key, Raise};
use crate::server::referents::arithmetic::sum;
use crate::server::referents::exchange::{exchanged, is_still};
use crate::server::referents::hold::Held;
use crate::server::{Call, Fault, Given, Stored};

impl Held<Entries> {
    /// `compare_exchange(key, expected, new)`: gives the key the new value if it has the expected one. Without an
    /// expected value the key must be missing, and without a new one it is taken out.
    pub fn exchange(
        &self,
        key: Key,
        name: Node<'_>,
        read: Option<Node<'_>>,
        new: Option<Node<'_>>,
        call: &mut Call<'_>,
    ) -> Result<Given, Fault> {
        let mut incoming = new.map(|new| {
            Incoming::one(key.clone(), Stored::of(name, call.objects), Stored::of(new, call.objects))
        });
        let mut entries = self.lock();
        let present = entries.get(&key).map(|entry| entry.value.clone());
        let stores = match (&present, read) {
            (None, None) => true,
            (Some(present), Some(read)) => is_still(present, read, call.work)?,
            _ => false,
        };
        let mut gone = None;
        if stores {
            match &mut incoming {
                Some(incoming) => entries.update(incoming, call.quota)?,
                None => gone = entries.remove(&key),
            }
        }
        drop(entries);
        drop(gone);
        Ok(exchanged(stores, present.as_ref()))
    }

    /// `fetch_add(key, amount)`: adds to a number, and gives what it was before.
    pub fn fetch_add(
        &self,
        key: Key,
        amount: Node<'_>,
        call: &Call<'_>,
        missing: impl FnOnce() -> Raise,
    ) -> Result<Given, Fault> {
        let mut entries = self.lock();
        let Some(entry) = entries.get(&key) else { return Err(missing().into()) };
        let (before, name) = (entry.value.clone(), entry.name.clone());
        let sum = sum(before.root(), amount)?;
        let mut incoming = Incoming::one(key, name, sum);
        let updated = entries.update(&mut incoming, call.quota);
        drop(entries);
        updated?;
        Ok(Given::Value(before))
    }
}
