//! An element read, changed and stored in one step: with our server, which stores what was computed only if
//! nobody has stored something else meanwhile.

use std::fmt;

use procession_wire::{Kind, Value, to_value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CallError, Proxy, Received};

/// The method of our server: `(key, expected, new)` gives whether it has stored, and what is there.
const EXCHANGE: &str = "compare_exchange";

/// Why an element was not changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpdateError {
    /// The call itself failed.
    Call(CallError),
    /// There is no such element, or there is none any more.
    Missing,
    /// The server cannot do it in one step: it is CPython's. A lock that all who change the element take does as
    /// well.
    NotAtomicHere,
}

impl From<CallError> for UpdateError {
    fn from(error: CallError) -> UpdateError {
        match error {
            error if ["IndexError", "KeyError", "AttributeError"].iter().any(|class| error.is(class)) => {
                UpdateError::Missing
            }
            error => UpdateError::Call(error),
        }
    }
}

impl fmt::Display for UpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UpdateError::Call(error) => error.fmt(f),
            UpdateError::Missing => f.write_str("there is no such element"),
            UpdateError::NotAtomicHere => f.write_str("the server cannot change an element in one step"),
        }
    }
}

impl std::error::Error for UpdateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            UpdateError::Call(error) => Some(error),
            _ => None,
        }
    }
}

/// Changes an element, which `read` reads: `change` is given what is there, and called again as often as somebody
/// else was faster. Gives what was stored.
pub(super) fn update<T: Serialize + DeserializeOwned>(
    proxy: &Proxy,
    key: Option<Value<'static>>,
    read: impl FnOnce(&Proxy) -> Result<Received, CallError>,
    mut change: impl FnMut(T) -> T,
) -> Result<T, UpdateError> {
    if !proxy.methods()?.iter().any(|name| &**name == EXCHANGE) {
        return Err(UpdateError::NotAtomicHere);
    }
    let mut present = read(proxy)?;
    loop {
        let new = change(present.to()?);
        let stored = to_value(&new).map_err(CallError::Argument)?;
        let args: Vec<Value<'_>> = key.iter().cloned().chain([present.value().clone(), stored]).collect();
        let answer = proxy.call(EXCHANGE, args, ())?.value()?;
        let Some(parts) = answer.value().root().tuple() else {
            let what = format!("whether it was stored was asked for: {:?}", answer.value());
            return Err(CallError::Nonsense(what).into());
        };
        if matches!(parts.get(0).map(|done| done.kind()), Some(Kind::Bool(true))) {
            return Ok(new);
        }
        present = match parts.get(1) {
            Some(node) => Received::new(node.to_value(), answer.proxies().to_vec()),
            None => return Err(UpdateError::Missing),
        };
    }
}
