//! A proxy as part of a value: in a managed container or a message to Python as Python writes it, in a queue, a
//! connection or the arguments of a process as what names the object.

use procession_reference::transfer::{self, Purpose};
use procession_wire::Value;
use procession_wire::auth::Key;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Proxy;
use super::home::Home;
use super::nested::{home_of, refer};
use super::received::Holding;
use super::reference::{Class, Reference, read};
use crate::family::process_key;
use crate::reduction::Place;
use crate::reduction::sharer::{self, Kept};

/// A proxy between processes of this library.
#[derive(Serialize, Deserialize)]
struct Travelling {
    address: String,
    /// The key, where the receiver's own would not do.
    key: Option<Vec<u8>>,
    typeid: Box<str>,
    ident: Box<str>,
    class: (Box<str>, Box<str>),
    exposed: Option<Vec<Box<str>>>,
    /// Where the sender keeps the object alive until the receiver has a reference of its own.
    kept: Option<(String, u64)>,
}

impl Serialize for Proxy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // In a forked copy of the process, which shows by this that it has the proxy.
        self.0.claim().map_err(S::Error::custom)?;
        if serializer.is_human_readable() {
            return self.0.to_value().serialize(serializer);
        }
        let Reference { home, typeid, ident, class, exposed, .. } = &*self.0;
        let starting = transfer::purpose() == Some(Purpose::Starting);
        let kept = if starting {
            // A process that is being started says when it has a reference of its own.
            transfer::hold(self.clone());
            None
        } else {
            let place = sharer::offer(Kept::Alive(Box::new(self.clone()))).map_err(S::Error::custom)?;
            let kept = (place.address.to_string(), place.number);
            // A value that does not fit at once is encoded again, and this is then word of nothing.
            transfer::undo(move || sharer::withdraw(&place));
            Some(kept)
        };
        let key = (starting || home.key != process_key()).then(|| home.key.as_bytes().to_vec());
        Travelling {
            address: home.address.to_string(),
            key,
            typeid: typeid.clone(),
            ident: ident.clone(),
            class: (class.module.clone(), class.name.clone()),
            exposed: exposed.get().map(|exposed| exposed.to_vec()),
            kept,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Proxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Proxy, D::Error> {
        if deserializer.is_human_readable() {
            let value = Value::deserialize(deserializer)?;
            let found = read(&value).map_err(D::Error::custom)?;
            return match Holding::find(&found) {
                Some(held) => Ok(held),
                None => {
                    let home = home_of(&found, Holding::home().as_ref());
                    refer(&found, home).map_err(D::Error::custom)
                }
            };
        }
        let Travelling { address, key, typeid, ident, class, exposed, kept } =
            Travelling::deserialize(deserializer)?;
        let address = address.parse().map_err(D::Error::custom)?;
        let key = key.map_or_else(process_key, Key::even_empty);
        let class = Class { module: class.0, name: class.1 };
        let reference = Reference::taken(Home::of(address, key), &typeid, &ident, class, exposed);
        let proxy = reference.map(Proxy).map_err(D::Error::custom)?;
        if let Some((address, number)) = kept {
            let address = address.parse().map_err(D::Error::custom)?;
            Place { address, number }.settle();
        }
        Ok(proxy)
    }
}
