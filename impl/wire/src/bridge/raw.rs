//! Values within Rust types: where a field is a [`Value`], it takes and gives any of Python's, also those that no
//! Rust type stands for.
//!
//! It travels through `serde` as a newtype of this name around a pickle, which only this bridge looks into; any
//! other format of `serde` carries the bytes of the pickle.

use std::fmt;

use serde::de::{self, Deserialize, Visitor};
use serde::ser::{Error as _, Serialize};

use super::error::{Error, Problem};
use crate::globals::Globals;
use crate::limits::Limits;
use crate::pickle::{Protocol, Reader, write_as};
use crate::value::{Builder, Id, Node, Value};

/// What the newtype is called.
pub(super) const NAME: &str = "$procession_wire::Value";

impl Serialize for Value<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pickle = write_as(self.root(), Protocol::Four).map_err(S::Error::custom)?;
        serializer.serialize_newtype_struct(NAME, &Pickle(&pickle))
    }
}

impl<'de> Deserialize<'de> for Value<'static> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, Newtype)
    }
}

/// The pickle inside the newtype.
struct Pickle<'a>(&'a [u8]);

impl Serialize for Pickle<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

struct Newtype;

impl<'de> Visitor<'de> for Newtype {
    type Value = Value<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pickle of a value")
    }

    fn visit_newtype_struct<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_byte_buf(self)
    }

    fn visit_bytes<E: de::Error>(self, pickle: &[u8]) -> Result<Self::Value, E> {
        // Names are let through: what was allowed to come in is only passed on.
        let reader = Reader { globals: Globals::everything(), ..Reader::default() };
        reader.read(pickle).map(Value::into_owned).map_err(E::custom)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut bytes: A) -> Result<Self::Value, A::Error> {
        let mut pickle = Vec::new();
        while let Some(byte) = bytes.next_element()? {
            pickle.push(byte);
        }
        de::Visitor::visit_bytes(self, &pickle)
    }
}

/// Adds what is inside the newtype to a builder, itself and not its pickle.
pub(super) fn add<T: Serialize + ?Sized>(builder: &mut Builder, inside: &T) -> Result<Id, Error> {
    // The only type of this name serialises as bytes.
    let mut holder = Builder::new();
    let bytes = super::add(&mut holder, inside)?;
    let holder = holder.finish(bytes);
    let crate::value::Kind::Bytes(pickle) = holder.root().kind() else {
        return Err(Problem::NoType { found: "a newtype that is named like a value and is none" }.into());
    };
    let limits = Limits { bytes: u32::MAX as usize, ..Limits::default() };
    let reader = Reader { limits, globals: Globals::everything() };
    let value = reader.read(pickle).map_err(Problem::Read)?;
    Ok(builder.copy(value.root()))
}

/// The pickle of an object, for what is inside the newtype.
pub(super) fn pickle(node: Node<'_>) -> Result<Vec<u8>, Error> {
    write_as(node, Protocol::Four).map_err(|error| Problem::Write(error).into())
}
