//! Rust types as Python values and back, through `serde`.
//!
//! | Rust | Python |
//! |---|---|
//! | `bool` | `bool` |
//! | integers, also `i128` and `u128` | `int` |
//! | `f32`, `f64` | `float` |
//! | `char`, `str` | `str` |
//! | bytes (`serde_bytes`) | `bytes` |
//! | `()`, unit structs, `Option::None` | `None` |
//! | `Option::Some(x)`, newtype structs | as `x` |
//! | sequences, also Rust's sets | `list` |
//! | tuples, arrays, tuple structs | `tuple` |
//! | maps | `dict`, in the order in which the map gives its pairs |
//! | structs | `dict` with field names as keys |
//! | unit variants | `str`, the name of the variant |
//! | other variants | `dict` of one pair: the name, and a value, tuple or dict |
//! | [`Value`] | itself |
//!
//! The way back is more generous: any of list, tuple, set and frozenset is a sequence; a bytearray is bytes;
//! an int is taken for a float. Classes, functions and objects have no Rust type. Texts with surrogates are
//! no `str`. Types that borrow, such as `&str`, borrow from the pickle in [`from_slice`] and from the value
//! in [`from_value`].

mod de;
mod error;
mod raw;
mod ser;

use serde::{Deserialize, Serialize};

pub use error::{Error, Problem};

use crate::limits::Limits;
use crate::pickle::{Protocol, Reader, write_as};
use crate::value::{Builder, Id, Node, Value};

/// How deep Rust types and values can nest: `serde` takes stack for each level.
pub const DEEPEST: usize = 128;

/// The value of a Rust type.
///
/// # Errors
/// See [`Problem`]; the error names the place.
pub fn to_value<T: Serialize + ?Sized>(from: &T) -> Result<Value<'static>, Error> {
    let mut builder = Builder::new();
    let root = add(&mut builder, from)?;
    Ok(builder.finish(root))
}

/// Adds the value of a Rust type to a value that is being built.
///
/// # Errors
/// See [`to_value`].
pub fn add<T: Serialize + ?Sized>(builder: &mut Builder, from: &T) -> Result<Id, Error> {
    from.serialize(ser::Serializer { builder, depth: 0 })
}

/// The pickle of a Rust type, in protocol 4.
///
/// # Errors
/// See [`to_value`].
pub fn to_vec<T: Serialize + ?Sized>(from: &T) -> Result<Vec<u8>, Error> {
    let value = to_value(from)?;
    write_as(value.root(), Protocol::Four).map_err(|error| Problem::Write(error).into())
}

/// The Rust type of a value.
///
/// # Errors
/// See [`Problem`]; the error names the place.
pub fn from_value<'v, T: Deserialize<'v>>(value: &'v Value<'_>) -> Result<T, Error> {
    from_node(value.root())
}

/// The Rust type of one object of a value.
///
/// # Errors
/// See [`from_value`].
pub fn from_node<'v, T: Deserialize<'v>>(node: Node<'v>) -> Result<T, Error> {
    let store = node.store();
    let lent = de::Lent { source: &store.source, added: Some(&store.added) };
    de::read(node, lent, Limits::default().items)
}

/// The Rust type of a pickle, under the bounds that are usual.
///
/// ```
/// let pair: (u8, &str) = procession_wire::from_slice(b"\x80\x04K\x01\x8c\x03two\x94\x86\x94.").unwrap();
/// assert_eq!(pair, (1, "two"));
/// ```
///
/// # Errors
/// See [`from_value`].
pub fn from_slice<'de, T: Deserialize<'de>>(pickle: &'de [u8]) -> Result<T, Error> {
    from_slice_with(&Reader::default(), pickle)
}

/// The Rust type of a pickle, under chosen bounds. [`Limits::items`] also bounds what shared parts unfold to.
///
/// # Errors
/// See [`from_value`].
pub fn from_slice_with<'de, T: Deserialize<'de>>(reader: &Reader, pickle: &'de [u8]) -> Result<T, Error> {
    let value = reader.read(pickle).map_err(Problem::Read)?;
    de::read(value.root(), de::Lent { source: pickle, added: None }, reader.limits.items)
}
