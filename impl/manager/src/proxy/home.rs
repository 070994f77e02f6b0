//! A server as this process knows it: where it is, and the key to it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use procession_wire::auth::Key;

use crate::address::Address;
use crate::family::process_key;

/// Where a server is, and the key to it.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) address: Address,
    pub(crate) key: Key,
}

/// The servers that proxies of this process refer to.
static HOMES: Mutex<Vec<Weak<Home>>> = Mutex::new(Vec::new());

impl Home {
    /// The server at this address, by this key: one for all who ask.
    pub(crate) fn of(address: Address, key: Key) -> Arc<Home> {
        let mut homes = HOMES.lock().unwrap_or_else(PoisonError::into_inner);
        homes.retain(|home| home.strong_count() > 0);
        let known =
            homes.iter().filter_map(Weak::upgrade).find(|home| home.address == address && home.key == key);
        known.unwrap_or_else(|| {
            let home = Arc::new(Home { address, key });
            homes.push(Arc::downgrade(&home));
            home
        })
    }

    /// The server at this address, by the key by which this process knows it; by the process's own otherwise.
    pub(crate) fn at(address: Address) -> Arc<Home> {
        let known = {
            let homes = HOMES.lock().unwrap_or_else(PoisonError::into_inner);
            homes.iter().filter_map(Weak::upgrade).find(|home| home.address == address)
        };
        known.unwrap_or_else(|| Home::of(address, process_key()))
    }
}
