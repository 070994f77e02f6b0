//! One object for all who create one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::{Constructor, Creation, Referent};

/// No type of this name is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownType(pub String);

impl fmt::Display for UnknownType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no type is registered as {:?}", self.0)
    }
}

impl std::error::Error for UnknownType {}

/// What makes an object once, with the arguments of whoever was first, and gives it to all others.
pub(super) fn shared(make: Arc<Constructor>) -> Arc<Constructor> {
    let made: Mutex<Option<Arc<dyn Referent>>> = Mutex::new(None);
    Arc::new(move |creation: &mut Creation<'_>| {
        // Held while it is made: there is never a second one.
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some(object) => Ok(object.clone()),
            None => Ok(made.insert(make(creation)?).clone()),
        }
    })
}
