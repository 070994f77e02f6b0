//! What travels through the reference's own pipes and queues, and to new processes: items, and what a worker
//! hands over.

use procession_contract::{Answer, Item, Outcome, Value};
use procession_wire::Globals;
use procession_wire::pickle::{Reader, write};
use serde::{Deserialize, Serialize};

use super::managed::ManagedHandle;
use super::thing::{Shared, Thing};

/// Something on its way.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Parcel {
    /// A plain value.
    Value(Value),
    /// A proxy of a managed object.
    Proxy(ManagedHandle),
    /// A tuple with something in it that is no plain value.
    Tuple(Vec<Parcel>),
    /// A list.
    List(Vec<Parcel>),
    /// A dictionary.
    Dict(Vec<(Parcel, Parcel)>),
    /// A typed array.
    Array(char, Vec<Parcel>),
    /// A slice.
    Slice([Option<i64>; 3]),
    /// What came over the wire and is none of these: its kind and its pickle.
    Pickled(String, Vec<u8>),
}

impl Parcel {
    /// An item.
    pub(super) fn of_item(item: &Item) -> Parcel {
        Parcel::Value(item.value())
    }

    /// What a worker hands over.
    pub(super) fn of_thing(thing: &Thing) -> Result<Parcel, Answer> {
        if let Some(value) = thing.value() {
            return Ok(Parcel::Value(value));
        }
        let all = |things: &[Thing]| things.iter().map(Parcel::of_thing).collect::<Result<_, _>>();
        Ok(match thing {
            Thing::Scalar(value) => Parcel::Value(value.clone()),
            Thing::Proxy(handle) => Parcel::Proxy(handle.clone()),
            Thing::Tuple(elements) => Parcel::Tuple(all(elements)?),
            Thing::List(elements) => Parcel::List(all(&elements.lock())?),
            Thing::Dict(entries) => {
                let entries = entries.lock();
                let both =
                    |(key, value): &(Thing, Thing)| Ok((Parcel::of_thing(key)?, Parcel::of_thing(value)?));
                Parcel::Dict(entries.iter().map(both).collect::<Result<_, Answer>>()?)
            }
            Thing::Array(letter, elements) => Parcel::Array(*letter, all(&elements.lock())?),
            Thing::Slice(parts) => Parcel::Slice(*parts),
            Thing::Other(kind, value) => Parcel::Pickled(kind.clone(), pickle(value)?),
        })
    }

    /// What it is for the worker that received it.
    pub(super) fn thing(self) -> Result<Thing, Answer> {
        let all = |parcels: Vec<Parcel>| parcels.into_iter().map(Parcel::thing).collect::<Result<_, _>>();
        Ok(match self {
            Parcel::Value(value) => Thing::of_value(value),
            Parcel::Proxy(handle) => Thing::Proxy(handle),
            Parcel::Tuple(elements) => Thing::Tuple(all(elements)?),
            Parcel::List(elements) => Thing::list(all(elements)?),
            Parcel::Dict(entries) => {
                let both = |(key, value): (Parcel, Parcel)| Ok((key.thing()?, value.thing()?));
                Thing::dict(entries.into_iter().map(both).collect::<Result<_, Answer>>()?)
            }
            Parcel::Array(letter, elements) => Thing::Array(letter, Shared::new(all(elements)?)),
            Parcel::Slice(parts) => Thing::Slice(parts),
            Parcel::Pickled(kind, pickle) => Thing::Other(kind, unpickle(&pickle)?.into()),
        })
    }

    /// The answer to receiving it as an item.
    pub(super) fn received(&self) -> Answer {
        match self {
            Parcel::Value(value) => Answer::received(value),
            other => match other.clone().thing() {
                Ok(thing) => Answer::received(&thing.reported()),
                Err(answer) => answer,
            },
        }
    }
}

/// The value in a pickle. Whatever it names is let through, since nothing here looks any name up.
pub(super) fn unpickle(pickle: &[u8]) -> Result<procession_wire::Value<'static>, Answer> {
    let reader = Reader { globals: Globals::everything(), ..Reader::default() };
    match reader.read(pickle) {
        Ok(value) => Ok(value.into_owned()),
        Err(error) => Err(Answer::error(Outcome::DecodeFailed, error)),
    }
}

/// The pickle of a value.
pub(super) fn pickle(value: &procession_wire::Value<'_>) -> Result<Vec<u8>, Answer> {
    write(value).map_err(|error| Answer::error(Outcome::EncodeFailed, error))
}
